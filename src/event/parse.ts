// JSON text as values, with every digit of an integer of up to 64 bits: what `JSON.parse` rounds comes back as a bigint.
import { randomBytes } from 'node:crypto';

// No input can hold it: it is made anew in every process.
const mark = `${randomBytes(16).toString('hex')}:`;

// A string or a number, whichever begins first, so that digits inside strings are never looked at.
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const longInteger = /^-?\d{16,}$/;

/** Parses one JSON text. @throws SyntaxError */
export function parseJson(text: string): unknown {
  // Cheap and nearly always enough: without sixteen digits in a row nothing is rounded.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  // First as it is, so that what is wrong is said of the caller's own text.
  JSON.parse(text);
  const marked = text.replace(tokens, (token) =>
    longInteger.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token);
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value);
}
