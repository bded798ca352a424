// The strict scan of MessagePack bytes, which writes their JSON text as it goes. The attacker is any process that may connect: a
// decoder left to itself replaces bad UTF-8, takes extensions for objects, drops keys, and overflows its stack.
// Invariant: a value this scan passes is plain (nil, bool, number, string, array, map, timestamp), finite, valid UTF-8
// and bounded in depth; the scan never throws, and its text is exact: every digit, every key in its place.
import { isUtf8 } from 'node:buffer';
import { type JsonText, closeBrace, closeBracket, colon, comma, openBrace, openBracket } from '../event/pass.js';
import { pointerStep } from '../event/pointer.js';
import { EventText } from './event-text.js';
import { type Fault, eventNodesMax } from './fault.js';
import { KeyLooks, looksLikeTrap } from './key-looks.js';
import { depthMax } from './message.js';
import { timestampText, timestampType } from './timestamp.js';

// Outside events only the frame's size bounds them; a small integer, so that counting stays cheap.
const nodesUnbounded = 0x3fff_ffff;

const keys = new KeyLooks();

/** A cursor over one payload. After a method returned false or -1, `fault` says why and nothing more may be read. */
export class StrictScan {
  /** Offset of the next byte. */
  at = 0;
  fault: Fault | undefined = undefined;
  /** JSON pointer of the violation, from the value at which `event` began. */
  path = '';
  /** Whether the values since the last `event` hold what the fast decoder would change; see exact.ts. */
  exact = false;
  readonly #bytes: Buffer;
  readonly #end: number;
  #nodesLeft = nodesUnbounded;
  #inEvent = false;
  readonly #eventText = new EventText();
  #textFrom = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Whether a map of the last `event` may have a key twice, of which only the last is meant: `json` has both. */
  get mayRepeat(): boolean {
    return keys.mayRepeat;
  }

  /** The JSON text of the last `event`; undefined behind very much other text. Valid until another payload is scanned. */
  get json(): JsonText | undefined {
    return this.#eventText.since(this.#textFrom);
  }

  /** Whether all bytes are used up. */
  get done(): boolean {
    return this.at === this.#end;
  }

  /** The token byte of the next value without going on, -1 at the end. */
  peek(): number {
    return this.#bytes[this.at] ?? -1;
  }

  /** Passes over one event, its map being depth 1, and writes its text, which is whole if it has at most so many bytes. */
  event(bytesMax: number): boolean {
    this.#inEvent = true;
    this.#textFrom = this.#eventText.begin(this.at + bytesMax);
    this.#nodesLeft = eventNodesMax;
    this.exact = false;
    keys.clear();
    const passed = this.value(1);
    this.#inEvent = false;
    this.#eventText.end();
    this.#nodesLeft = nodesUnbounded;
    return passed;
  }

  /** Passes over one value; `depth` is the level a map or array here would have. */
  value(depth: number): boolean {
    const token = this.#bytes[this.at] ?? -1;
    if (token < 0) return this.#fail('truncated');
    if (--this.#nodesLeft < 0) return this.#fail('nodes');
    if (token < 0x80 || token >= 0xe0) {
      this.at += 1;
      this.#eventText.integer(this.at, token < 0x80 ? token : token - 0x100);
      return true;
    }
    if (token >= 0xa0 && token < 0xc0) {
      this.at += 1;
      return this.#text(token & 0x1f);
    }
    if (token < 0x90) return this.#entries(this.mapSize(), depth);
    if (token < 0xa0) return this.#elements(this.arraySize(), depth);
    return this.#wide(token, depth);
  }

  /** Entries of the map that begins here, the cursor then being at its first key; -1 when there is none. */
  mapSize(): number {
    return this.#count(0x80, 0xde);
  }

  /** Elements of the array that begins here, the cursor then being at the first one; -1 when there is none. */
  arraySize(): number {
    return this.#count(0x90, 0xdc);
  }

  /** Passes over a string, which a map's key must be; gives its length in bytes, -1 for anything else. */
  key(): number {
    const token = this.peek();
    let length: number;
    if (token >= 0xa0 && token < 0xc0) {
      this.at += 1;
      length = token & 0x1f;
    } else if (token >= 0xd9 && token <= 0xdb) {
      length = this.#size(token === 0xd9 ? 1 : token === 0xda ? 2 : 4);
      if (length < 0) return -1;
    } else {
      this.#fail(token < 0 ? 'truncated' : 'key');
      return -1;
    }
    return this.#text(length) ? length : -1;
  }

  /** Whether the `length` bytes before the cursor are this ASCII text. */
  passed(text: string, length: number): boolean {
    if (text.length !== length) return false;
    const start = this.at - length;
    for (let i = 0; i < length; i++) if (this.#bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  #wide(token: number, depth: number): boolean {
    switch (token) {
      case 0xc0: return this.#literal('null');
      case 0xc2: return this.#literal('false');
      case 0xc3: return this.#literal('true');
      case 0xc1: return this.#fail('reserved');
      case 0xca: return this.#float(5);
      case 0xcb: return this.#float(9);
      case 0xcc: case 0xd0: return this.#integer(1, token);
      case 0xcd: case 0xd1: return this.#integer(2, token);
      case 0xce: case 0xd2: return this.#integer(4, token);
      case 0xcf: case 0xd3: return this.#long(token === 0xd3);
      case 0xd9: return this.#text(this.#size(1));
      case 0xda: return this.#text(this.#size(2));
      case 0xdb: return this.#text(this.#size(4));
      case 0xdc: case 0xdd: return this.#elements(this.arraySize(), depth);
      case 0xde: case 0xdf: return this.#entries(this.mapSize(), depth);
      case 0xd6: return this.#timestamp(2, 4);
      case 0xd7: return this.#timestamp(2, 8);
      case 0xc7: return this.#timestamp(3, 12);
      case 0xc4: case 0xc5: case 0xc6: return this.#fail('binary');
      default: return this.#fail('extension');
    }
  }

  #entries(count: number, depth: number): boolean {
    if (count < 0) return this.#fail('truncated');
    if (depth > depthMax) return this.#fail('depth');
    const firstKey = keys.held;
    this.#eventText.mark(this.at, openBrace);
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#eventText.mark(this.at, comma);
      const length = this.key();
      if (length < 0) return false;
      const start = this.at - length;
      if (this.#inEvent) {
        keys.add(this.#bytes, start, this.at, firstKey);
        this.exact ||= looksLikeTrap(this.#bytes, start, this.at);
      }
      this.#eventText.mark(this.at, colon);
      if (!this.value(depth + 1)) {
        this.#within(this.#bytes.toString('utf8', start, start + length));
        return false;
      }
    }
    this.#eventText.mark(this.at, closeBrace);
    keys.held = firstKey;
    return true;
  }

  #elements(count: number, depth: number): boolean {
    if (count < 0) return this.#fail('truncated');
    if (depth > depthMax) return this.#fail('depth');
    this.#eventText.mark(this.at, openBracket);
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#eventText.mark(this.at, comma);
      if (!this.value(depth + 1)) {
        this.#within(i.toString());
        return false;
      }
    }
    this.#eventText.mark(this.at, closeBracket);
    return true;
  }

  #text(length: number): boolean {
    const stop = this.at + length;
    if (length < 0 || stop > this.#end) return this.#fail('truncated');
    const bytes = this.#bytes;
    if (!this.#eventText.string(bytes, this.at, stop)) {
      if (!isUtf8(bytes.subarray(this.at, stop))) return this.#fail('utf8');
      // A decoder may take these bytes, at a string's start, for a byte order mark and drop them.
      if (bytes[this.at] === 0xef) this.exact = true;
    }
    this.at = stop;
    return true;
  }

  #literal(text: string): boolean {
    this.#eventText.plain(this.at, text);
    return this.#skip(1);
  }

  #integer(width: 1 | 2 | 4, token: number): boolean {
    const start = this.at + 1;
    if (start + width > this.#end) return this.#fail('truncated');
    const bytes = this.#bytes;
    let value = bytes[start] ?? 0;
    for (let at = start + 1; at < start + width; at += 1) value = value * 0x100 + (bytes[at] ?? 0);
    // The signed ones come behind the others.
    const isNegative = token >= 0xd0 && (bytes[start] ?? 0) >= 0x80;
    this.#eventText.integer(this.at, isNegative ? value - 2 ** (8 * width) : value);
    return this.#skip(1 + width);
  }

  #float(bytes: 5 | 9): boolean {
    if (this.at + bytes > this.#end) return this.#fail('truncated');
    const value = bytes === 5 ? this.#bytes.readFloatBE(this.at + 1) : this.#bytes.readDoubleBE(this.at + 1);
    if (!Number.isFinite(value)) return this.#fail('not_finite');
    this.#eventText.plain(this.at, String(value));
    return this.#skip(bytes);
  }

  #long(signed: boolean): boolean {
    if (this.at + 9 > this.#end) return this.#fail('truncated');
    const bytes = this.#bytes;
    const high = signed ? bytes.readInt32BE(this.at + 1) : bytes.readUInt32BE(this.at + 1);
    // Outside -2^53+1 .. 2^53-1 only a bigint keeps the digits; -2^53 itself may as well be one.
    if (high < 0x0020_0000 && high >= -0x0020_0000 + 1) {
      this.#eventText.integer(this.at, high * 2 ** 32 + bytes.readUInt32BE(this.at + 5));
    } else {
      this.exact = true;
      this.#eventText.plain(this.at, String(signed ? bytes.readBigInt64BE(this.at + 1) : bytes.readBigUInt64BE(this.at + 1)));
    }
    return this.#skip(9);
  }

  #timestamp(header: 2 | 3, length: 4 | 8 | 12): boolean {
    const start = this.at + header;
    const declared = header === 2 ? length : this.#bytes[this.at + 1];
    if (this.#bytes[start - 1] !== timestampType || !this.#inEvent) return this.#fail('extension');
    if (declared !== length) return this.#fail('timestamp');
    if (start + length > this.#end) return this.#fail('truncated');
    const text = timestampText(this.#bytes, start, length);
    if (text === undefined) return this.#fail('timestamp');
    this.#eventText.time(this.at, text);
    this.exact = true;
    return this.#skip(header + length);
  }

  #skip(bytes: number): boolean {
    this.at += bytes;
    return this.at <= this.#end || this.#fail('truncated');
  }

  #count(short: number, wide: number): number {
    const token = this.peek();
    if (token === wide) return this.#size(2);
    if (token === wide + 1) return this.#size(4);
    if ((token & 0xf0) !== short || token < 0) return -1;
    this.at += 1;
    return token & 0x0f;
  }

  // The big-endian length behind a token; -1 when it is cut short.
  #size(width: 1 | 2 | 4): number {
    const start = this.at + 1;
    if (start + width > this.#end) {
      this.#fail('truncated');
      return -1;
    }
    this.at = start + width;
    if (width === 1) return this.#bytes[start] ?? 0;
    return width === 2 ? this.#bytes.readUInt16BE(start) : this.#bytes.readUInt32BE(start);
  }

  #within(step: string): void {
    this.path = pointerStep(step) + this.path;
  }

  // The first fault is the one that is told.
  #fail(fault: Fault): false {
    this.fault ??= fault;
    return false;
  }
}
