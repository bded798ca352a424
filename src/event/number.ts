// Numbers as the source systems declare them. Invariant: a range is checked exactly, also beyond 2^53, where an integer
// comes as a bigint; a number that is no safe integer came as a float, and its digits are not what somebody counted.
import type { JsonValue } from './json.js';
import { type JsonText, passValue } from './pass.js';
import { type Type, plainType } from './type.js';

function integer(label: string, min: bigint, max: bigint, range: string): Type<number | bigint> {
  // Bounds as numbers for the usual case; those beyond 2^53 are rounded outwards of every safe integer.
  const [low, high] = [Number(min), Number(max)];
  return plainType(label, `a whole number from ${range}`, (value: JsonValue) =>
    (typeof value === 'number' ? Number.isSafeInteger(value) && value >= low && value <= high
      : typeof value === 'bigint' && value >= min && value <= max), (json, at) => passInteger(json, at, low, high));
}

/** Digits that are a safe integer however many of them there are; of more the value has to be looked at. */
const digitsMax = 15;
const [zero, nine, minus, dot, smallE] = [0x30, 0x39, 0x2d, 0x2e, 0x65];

function passInteger({ bytes }: JsonText, at: number, low: number, high: number): number {
  const isNegative = bytes[at] === minus;
  const first = isNegative ? at + 1 : at;
  let size = 0;
  let end = first;
  for (let byte = bytes[end] ?? 0; byte >= zero && byte <= nine; byte = bytes[end] ?? 0) {
    size = size * 10 + byte - zero;
    end += 1;
  }
  const value = isNegative ? -size : size;
  const isWhole = end > first && end - first <= digitsMax && bytes[end] !== dot && bytes[end] !== smallE;
  return isWhole && value >= low && value <= high ? end : -1;
}

/** Any number. */
function passNumber(json: JsonText, at: number): number {
  const byte = json.bytes[at] ?? 0;
  return byte === minus || (byte >= zero && byte <= nine) ? passValue(json, at) : -1;
}

export const u32 = integer('u32', 0n, 2n ** 32n - 1n, '0 to 2^32-1');
export const u64 = integer('u64', 0n, 2n ** 64n - 1n, '0 to 2^64-1');
export const i32 = integer('i32', -(2n ** 31n), 2n ** 31n - 1n, '-2^31 to 2^31-1');
export const i64 = integer('i64', -(2n ** 63n), 2n ** 63n - 1n, '-2^63 to 2^63-1');

/** Any finite number, integers of 64 bits among them. */
export const f64 = plainType<number | bigint>('f64', 'a number',
  (value) => (typeof value === 'number' ? Number.isFinite(value) : typeof value === 'bigint'), passNumber);
