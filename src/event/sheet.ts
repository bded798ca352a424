// Where the JSON text of events is written, once, as the bytes that will stand in the log. Invariant: what is written is what
// `jsonText` makes of the same value, byte for byte.
import { type JsonText, backslash, byteKind, byteKinds as kindsOfBytes, quote as quoteMark } from './pass.js';

/** Kept for the next request, bytes; a sheet that grew beyond it is not. Of what stands behind, nobody says where strings end. */
const keptBytes = 1024 * 1024;
const firstBytes = 16 * 1024;
/** A control character as \u00XX. */
const escapedBytesMax = 6;
/** A whole number at its longest, with its sign. */
const integerBytesMax = 17;

// What is asked for with every byte is this module's own: what is imported is read from the other module each time.
const byteKinds = kindsOfBytes;
const quote = quoteMark;
const { escaped, noAscii } = byteKind;

const zero = 0x30;
const minus = 0x2d;
const digitsAtOnce = 1e9;

/** By byte: how JSON writes it inside a string, if differently. */
const escapes = Array.from({ length: backslash + 1 }, (_, byte) => (
  Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))));

export class JsonSheet {
  /** Replaced when it grows; what was read of it before stays as it was. */
  bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  /** See `JsonText`. */
  #ends = new Int32Array(firstBytes);
  /** Behind the last byte that was written. */
  end = 0;

  /** Begins anew. Views of what was written are written over from here on. */
  clear(): void {
    this.end = 0;
    if (this.bytes.length <= keptBytes) return;
    this.bytes = Buffer.allocUnsafeSlow(firstBytes);
    this.#ends = new Int32Array(firstBytes);
  }

  /** What was written since `end` was `from`, one value; undefined where it ends too far behind to be looked at so. */
  since(from: number): JsonText | undefined {
    return this.end > this.#ends.length ? undefined : { bytes: this.bytes, from, to: this.end, ends: this.#ends };
  }

  /** Writes one byte: a bracket, a comma, a colon. */
  mark(byte: number): void {
    if (this.end === this.bytes.length) this.#grow(1);
    this.bytes[this.end] = byte;
    this.end += 1;
  }

  /** Writes a string, whose UTF-8 stands in `source`. Returns whether all of it is ASCII. */
  text(source: Uint8Array, from: number, to: number): boolean {
    this.#makeRoom(to - from + 2);
    const start = this.end;
    let { bytes, end } = this;
    let kinds = 0;
    bytes[end++] = quote;
    for (let at = from; at < to; at += 1) {
      const byte = source[at] ?? 0;
      const kind = byteKinds[byte] ?? 0;
      kinds |= kind;
      if ((kind & escaped) === 0) {
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
    this.#ends[start] = kinds === 0 ? -end : end;
    return (kinds & noAscii) === 0;
  }

  /** Writes ASCII that needs no quotes: a literal, or the digits of a number. */
  plain(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i += 1) this.bytes[this.end + i] = text.charCodeAt(i);
    this.end += text.length;
  }

  /** Writes a time as a string. */
  time(text: string): void {
    const start = this.end;
    this.plain(`"${text}"`);
    this.#ends[start] = this.end;
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
    const places = Math.min(grown.length, keptBytes);
    if (places <= this.#ends.length) return;
    const ends = new Int32Array(places);
    ends.set(this.#ends);
    this.#ends = ends;
  }
}
