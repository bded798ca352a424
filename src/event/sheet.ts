// Where the JSON text of events is written, once, as the bytes that will stand in the log. Invariant: what is written is what
// `jsonText` makes of the same value, byte for byte.
import { backslash, quote } from './pass.js';

/** Kept for the next request, bytes; a sheet that grew beyond it is not. */
const keptBytes = 1024 * 1024;
const firstBytes = 16 * 1024;
/** A control character as \u00XX. */
const escapedBytesMax = 6;
/** A whole number at its longest, with its sign. */
const integerBytesMax = 17;

const zero = 0x30;
const minus = 0x2d;
const digitsAtOnce = 1e9;

/** By byte: 1 where JSON writes it differently inside a string. */
const isEscaped = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte < 0x20 || byte === quote || byte === backslash));
/** By byte: how. */
const escapes = Array.from({ length: backslash + 1 }, (_, byte) => (
  Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))));

export class JsonSheet {
  /** Replaced when it grows; what was read of it before stays as it was. */
  bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  /** Behind the last byte that was written. */
  end = 0;

  /** Begins anew. Views of what was written are written over from here on. */
  clear(): void {
    this.end = 0;
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** Writes one byte: a bracket, a comma, a colon. */
  mark(byte: number): void {
    if (this.end === this.bytes.length) this.#grow(1);
    this.bytes[this.end] = byte;
    this.end += 1;
  }

  /** Writes a string, whose UTF-8 stands in `source`. Returns its bytes, bitwise or: 0x80 and more where not all is ASCII. */
  text(source: Uint8Array, from: number, to: number): number {
    this.#makeRoom(to - from + 2);
    let { bytes, end } = this;
    let seen = 0;
    bytes[end++] = quote;
    for (let at = from; at < to; at += 1) {
      const byte = source[at] ?? 0;
      seen |= byte;
      if (isEscaped[byte] === 0) {
        bytes[end++] = byte;
        continue;
      }
      this.end = end;
      this.#makeRoom(to - at + escapedBytesMax + 1);
      ({ bytes } = this);
      for (const one of escapes[byte] ?? []) bytes[end++] = one;
    }
    bytes[end++] = quote;
    this.end = end;
    return seen;
  }

  /** Writes ASCII that needs no quotes: a literal, or the digits of a number. */
  plain(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i += 1) this.bytes[this.end + i] = text.charCodeAt(i);
    this.end += text.length;
  }

  /** Writes a whole number of at most 2^53-1 either way. */
  integer(value: number): void {
    this.#makeRoom(integerBytesMax);
    if (value < 0) this.bytes[this.end++] = minus;
    const size = Math.abs(value);
    if (size < digitsAtOnce) {
      this.#digits(size, 1);
      return;
    }
    const high = Math.floor(size / digitsAtOnce);
    this.#digits(high, 1);
    this.#digits(size - high * digitsAtOnce, 9);
  }

  /** Writes what is below 10^9, with so many digits at least. */
  #digits(value: number, least: number): void {
    let count = least;
    for (let power = 10 ** least; value >= power; power *= 10) count += 1;
    let rest = value;
    for (let at = this.end + count - 1; at >= this.end; at -= 1) {
      const next = (rest / 10) | 0;
      this.bytes[at] = zero + rest - next * 10;
      rest = next;
    }
    this.end += count;
  }

  #makeRoom(bytes: number): void {
    if (this.end + bytes > this.bytes.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.end + bytes));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }
}
