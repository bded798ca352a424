// JSON text as values, as it stands there: every digit of an integer of up to 64 bits, which `JSON.parse` would round, comes back
// as a bigint; and a map whose keys it would move or swallow comes back as a JsonMap. What has more bits is a float if it stands
// there as `jsonText` writes that float, so that what was recorded can be read again; any other is a bigint, too.
import { randomBytes } from 'node:crypto';
import { JsonMap, type JsonValue, isTrapKey } from './json.js';

// No input can hold it: it is made anew in every process.
const mark = `${randomBytes(16).toString('hex')}:`;

// A string, with the colon that makes it a key, or a number; whichever begins first, so that nothing inside strings is looked at.
const tokens = /"(?:[^"\\]|\\.)*"(?:\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
// As floats: the first above and, by its text, below what 64 bits hold.
const [maxU64, minI64] = [2 ** 64, -(2 ** 63)];
const longInteger = /^-?\d{16,}$/;
// Cheap, and nearly always enough. A trap key is made of digits or underscores, which may be escaped.
const needsCare = /\d{16}|"(?:\d{1,10}|__proto__)"\s*:|\\u00[35]/i;

/** Parses one JSON text. @throws SyntaxError */
export function parseJson(text: string): unknown {
  if (!needsCare.test(text)) return JSON.parse(text);
  // First as it is, so that what is wrong is said of the caller's own text.
  JSON.parse(text);
  return JSON.parse(text.replace(tokens, marked), (_key, value: unknown) => {
    if (typeof value === 'string') return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
    return isMarked(value) ? unmarked(value) : value;
  });
}

function marked(token: string): string {
  if (token.endsWith(':')) {
    const key = JSON.parse(token.slice(0, -1)) as string;
    return isTrapKey(key) ? `"${mark}${key}":` : token;
  }
  return longInteger.test(token) && !Number.isSafeInteger(Number(token)) && !isFloat(token) ? `"${mark}${token}"` : token;
}

function isFloat(token: string): boolean {
  const value = Number(token);
  return (value >= maxU64 || value <= minI64) && String(value) === token;
}

function isMarked(value: unknown): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !(value instanceof Map) && Object.keys(value).some((key) => key.startsWith(mark));
}

function unmarked(value: Readonly<Record<string, JsonValue>>): JsonMap {
  return new JsonMap(Object.entries(value).map(([key, held]) => [key.startsWith(mark) ? key.slice(mark.length) : key, held]));
}
