/**
 * JSON as bytes: where a value ends, where a member of it lies, and where text stops being JSON. Invariant: nothing is
 * decoded and nothing is kept, so what is cut out of a line is what stood there, key for key and digit for digit.
 */
import { backslash, closeBrace, closeBracket, colon, comma, openBrace, openBracket, quote } from '../event/pass.js';

/** A value's end (the first byte behind it), or the first byte that no JSON value could have there. */
export type Scanned =
  | { readonly kind: 'value'; readonly end: number }
  | { readonly kind: 'wrong'; readonly at: number };

/** From `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Levels of nesting at most; the log's own events have 32, and no input may exhaust the stack. */
const depthMax = 256;

const minusByte = 0x2d;
const zeroByte = 0x30;
const literalsByFirst: ReadonlyMap<number, Buffer> = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]));
/** What may stand behind a backslash, `u` excepted. */
const escapable: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** The value that begins at `at`, spaces before it skipped. */
export function scanValue(bytes: Buffer, at = 0): Scanned {
  const cursor = new Cursor(bytes, at);
  cursor.skipSpace();
  return cursor.value(1) ? { kind: 'value', end: cursor.at } : { kind: 'wrong', at: cursor.at };
}

/** Where the first byte at or behind `at` lies that is not a space of JSON. */
export function skipSpace(bytes: Buffer, at: number): number {
  const cursor = new Cursor(bytes, at);
  cursor.skipSpace();
  return cursor.at;
}

/** The value of a map's member, its first one of that name; undefined if it has none or is no map to the end. */
export function memberSpan(bytes: Buffer, name: string): Span | undefined {
  const cursor = new Cursor(bytes, 0);
  const key = Buffer.from(JSON.stringify(name));
  let found: Span | undefined;
  const whole = bytes[0] === openBrace && cursor.map(1, (start, at, end) => {
    const isIt = at.end - at.start === key.length && bytes.compare(key, 0, key.length, at.start, at.end) === 0;
    if (isIt) found ??= { start, end };
  });
  return whole && cursor.at === bytes.length ? found : undefined;
}

type Visit = (start: number, key: Span, end: number) => void;

/** Moves over JSON; where it stops is where it is wrong. */
class Cursor {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
      this.at += 1;
    }
  }

  value(depth: number): boolean {
    const byte = this.#bytes[this.at];
    switch (byte) {
      case quote: return this.#text();
      case openBrace: return depth <= depthMax && this.map(depth);
      case openBracket: return depth <= depthMax && this.#list(depth);
      case undefined: return false;
      default: {
        const word = literalsByFirst.get(byte);
        return word === undefined ? this.#number() : this.#word(word);
      }
    }
  }

  map(depth: number, visit?: Visit): boolean {
    this.at += 1;
    this.skipSpace();
    if (this.#take(closeBrace)) return true;
    for (;;) {
      const keyStart = this.at;
      if (this.#bytes[this.at] !== quote || !this.#text()) return false;
      const keyEnd = this.at;
      this.skipSpace();
      if (!this.#take(colon)) return false;
      this.skipSpace();
      const start = this.at;
      if (!this.value(depth + 1)) return false;
      visit?.(start, { start: keyStart, end: keyEnd }, this.at);
      this.skipSpace();
      if (this.#take(closeBrace)) return true;
      if (!this.#take(comma)) return false;
      this.skipSpace();
    }
  }

  #list(depth: number): boolean {
    this.at += 1;
    this.skipSpace();
    if (this.#take(closeBracket)) return true;
    for (;;) {
      if (!this.value(depth + 1)) return false;
      this.skipSpace();
      if (this.#take(closeBracket)) return true;
      if (!this.#take(comma)) return false;
      this.skipSpace();
    }
  }

  #text(): boolean {
    for (this.at += 1; ; this.at += 1) {
      const byte = this.#bytes[this.at];
      if (byte === undefined || byte < 0x20) return false;
      if (byte === quote) {
        this.at += 1;
        return true;
      }
      if (byte === backslash && !this.#escape()) return false;
    }
  }

  // From the backslash to the last byte of what it escapes.
  #escape(): boolean {
    this.at += 1;
    const byte = this.#bytes[this.at];
    if (byte === undefined || byte !== 0x75) return byte !== undefined && escapable.has(byte);
    for (let digits = 0; digits < 4; digits += 1) {
      this.at += 1;
      if (!isHex(this.#bytes[this.at])) return false;
    }
    return true;
  }

  #number(): boolean {
    if (this.#bytes[this.at] === minusByte) this.at += 1;
    if (!this.#take(zeroByte) && !this.#digits()) return false;
    if (this.#take(0x2e) && !this.#digits()) return false;
    const byte = this.#bytes[this.at];
    if (byte !== 0x65 && byte !== 0x45) return true;
    this.at += 1;
    const sign = this.#bytes[this.at];
    if (sign === minusByte || sign === 0x2b) this.at += 1;
    return this.#digits();
  }

  #digits(): boolean {
    const from = this.at;
    while (isDigit(this.#bytes[this.at])) this.at += 1;
    return this.at > from;
  }

  #word(word: Buffer): boolean {
    for (const byte of word) if (!this.#take(byte)) return false;
    return true;
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zeroByte && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && ((byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46)));
}
