// Base64 in its one spelling: standard, padded, no bit left over. Of bytes, straight into a buffer, for what is secret and
// moves: a key that becomes a string stays in the heap until the engine feels like collecting it, and nobody can wipe it.
import { secretBuffer } from '../memory/secret.js';

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const pad = 0x3d;

/** Writes standard padded base64 of `bytes` at `at`; returns how many characters that were. */
export function writeBase64(bytes: Uint8Array, into: Uint8Array, at: number): number {
  let to = at;
  for (let from = 0; from < bytes.length; from += 3) {
    const left = bytes.length - from;
    const group = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    into[to] = alphabet[group >>> 18] ?? 0;
    into[to + 1] = alphabet[(group >>> 12) & 63] ?? 0;
    into[to + 2] = left > 1 ? alphabet[(group >>> 6) & 63] ?? 0 : pad;
    into[to + 3] = left > 2 ? alphabet[group & 63] ?? 0 : pad;
    to += 4;
  }
  return to - at;
}

/** The value of each digit, -1 for what is none. */
const values = Int8Array.from({ length: 256 }, (_, code) => alphabet.indexOf(code));

/** The inverse for exactly `bytes` bytes; undefined for any other spelling. */
export function readBase64(digits: Uint8Array, bytes: number): Buffer | undefined {
  const decoded = secretBuffer(bytes);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const digit of digits) {
    const value = values[digit] ?? -1;
    if (value < 0) break;
    held = ((held << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    if (at < bytes) decoded[at] = (held >>> bits) & 0xff;
    at += 1;
  }
  // Whatever does not print again as the same digits was another spelling.
  const again = secretBuffer(4 * Math.ceil(bytes / 3));
  writeBase64(decoded, again, 0);
  const isCanonical = at === bytes && again.equals(digits);
  again.fill(0);
  return isCanonical ? decoded : undefined;
}

/** What a text spells, of any length; undefined for any other spelling. The text stays in the heap: not for keys that move. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
