// MessagePack's pieces, for both sides. Not msgpackr's own packing: that writes integers beyond 2^32 as floats (which
// typed clients refuse for an integer), `undefined` as an extension, a function as nil and a lone surrogate as U+FFFD.
// Invariant: a value is written exactly or not at all (WireError `unencodable`).
import { WireError } from './error.js';
import { frameHeaderBytes } from './frame.js';

const firstBufferBytes = 4096;
// A buffer that one large value has grown is given back behind it.
const keptBufferBytes = 256 * 1024;
// Below this a loop beats the call into the runtime.
const loopCharsMax = 48;

/** A growing buffer that values are written to one behind another; `take` hands them out and begins anew. */
export class Encoder {
  #bytes = Buffer.allocUnsafeSlow(firstBufferBytes);
  #at = 0;
  #frameAt = 0;

  /** Bytes written since they were last taken. */
  get length(): number {
    return this.#at;
  }

  /** A copy of what was written; the encoder is empty behind it. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(taken, 0, 0, this.#at);
    this.drop();
    return taken;
  }

  /** What was written is forgotten, as after a value that could not be encoded. */
  drop(): void {
    this.#at = 0;
    if (this.#bytes.length > keptBufferBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBufferBytes);
  }

  /** Begins a frame behind what is there: leaves room for its length. */
  openFrame(): void {
    this.#room(frameHeaderBytes);
    this.#frameAt = this.#at;
    this.#at += frameHeaderBytes;
  }

  /** Ends the frame that was opened last; `extra` bytes of its payload will be sent behind it by the caller. */
  closeFrame(extra = 0): void {
    this.#bytes.writeUInt32BE(this.#at - this.#frameAt - frameHeaderBytes + extra, this.#frameAt);
  }

  /** Takes back what was written of the frame that was opened last. */
  dropFrame(): void {
    this.#at = this.#frameAt;
  }

  /** Bytes that are MessagePack already. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** As `text`, for what is known to be ASCII, such as a MAC. */
  ascii(text: string): void {
    this.#room(5 + text.length);
    this.#head(text.length, 0xa0, 0x20, 0xd9, 0xda);
    this.#at += this.#bytes.write(text, this.#at, 'latin1');
  }

  /** A string that is UTF-8 already; that MUST be so. */
  utf8(bytes: Uint8Array): void {
    this.#head(bytes.length, 0xa0, 0x20, 0xd9, 0xda);
    this.raw(bytes);
  }

  /** The head of a map; `size` keys and values MUST follow. */
  map(size: number): void {
    this.#head(size, 0x80, 0x10, 0, 0xde);
  }

  /** The head of an array; `length` values MUST follow. */
  array(length: number): void {
    this.#head(length, 0x90, 0x10, 0, 0xdc);
  }

  /** nil, false or true. */
  constant(value: null | boolean): void {
    this.#room(1);
    this.#byte(value === null ? 0xc0 : value ? 0xc3 : 0xc2);
  }

  /** A string; throws for a lone surrogate, which UTF-8 cannot write. */
  text(text: string): void {
    const length = text.length;
    this.#room(5 + length * 3);
    if (length < loopCharsMax && this.#shortAscii(text, length)) return;
    if (/\p{Surrogate}/u.test(text)) throw new WireError('unencodable', 'a lone surrogate is not UTF-8');
    const bytes = Buffer.byteLength(text);
    this.#head(bytes, 0xa0, 0x20, 0xd9, 0xda);
    this.#at += this.#bytes.write(text, this.#at, bytes, 'utf8');
  }

  /** A number: as an integer whenever it is one, else as a float of 64 bits. */
  number(value: number): void {
    this.#room(9);
    if (!Number.isSafeInteger(value)) {
      this.#byte(0xcb);
      this.#at = this.#bytes.writeDoubleBE(value, this.#at);
    } else if (value >= 0) {
      this.#unsigned(value);
    } else {
      this.#negative(value);
    }
  }

  /** An integer of up to 64 bits; throws for a larger one. */
  bigint(value: bigint): void {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
      this.number(Number(value));
      return;
    }
    this.#room(9);
    if (value >= 0n && value < 2n ** 64n) {
      this.#byte(0xcf);
      this.#at = this.#bytes.writeBigUInt64BE(value, this.#at);
    } else if (value < 0n && value >= -(2n ** 63n)) {
      this.#byte(0xd3);
      this.#at = this.#bytes.writeBigInt64BE(value, this.#at);
    } else {
      throw new WireError('unencodable', 'an integer of more than 64 bits');
    }
  }

  // Written while it is looked at; false when it is not ASCII after all, and then nothing counts as written.
  #shortAscii(text: string, length: number): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (length < 0x20) bytes[at++] = 0xa0 | length;
    else {
      bytes[at++] = 0xd9;
      bytes[at++] = length;
    }
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  #unsigned(value: number): void {
    if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#sized(0xcc, value, 1);
    else if (value < 0x1_0000) this.#sized(0xcd, value, 2);
    else if (value < 0x1_0000_0000) this.#sized(0xce, value, 4);
    else {
      this.#sized(0xcf, Math.floor(value / 2 ** 32), 4);
      this.#at = this.#bytes.writeUInt32BE(value % 2 ** 32, this.#at);
    }
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#byte(0x100 + value);
    else if (value >= -0x80) this.#sized(0xd0, 0x100 + value, 1);
    else if (value >= -0x8000) this.#sized(0xd1, 0x1_0000 + value, 2);
    else if (value >= -0x8000_0000) this.#sized(0xd2, 0x1_0000_0000 + value, 4);
    else {
      this.#byte(0xd3);
      this.#at = this.#bytes.writeBigInt64BE(BigInt(value), this.#at);
    }
  }

  // fix: token of the short form, for less than fixMax; wide8: token with one byte, 0 for none; then two and four.
  #head(size: number, fix: number, fixMax: number, wide8: number, wide16: number): void {
    this.#room(5);
    if (size < fixMax) this.#byte(fix | size);
    else if (wide8 !== 0 && size < 0x100) this.#sized(wide8, size, 1);
    else if (size < 0x1_0000) this.#sized(wide16, size, 2);
    else this.#sized(wide16 + 1, size, 4);
  }

  #sized(token: number, value: number, width: 1 | 2 | 4): void {
    this.#byte(token);
    this.#at = this.#bytes.writeUIntBE(value, this.#at, width);
  }

  #byte(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
