// A frame: a 4-byte big-endian length and as many bytes of payload. Invariant: whatever the split of the stream, the
// same payloads come out, and never more is held than one frame and one chunk. The attacker is whoever may connect:
// one-byte writes must not cost quadratic copying, and a length alone must not cost memory.
import { SpareBuffers } from '../memory/spare-buffers.js';

/** Bytes of the length in front of every payload. */
export const frameHeaderBytes = 4;

/** What the reader has next: a payload, nothing yet, or a length that ends the conversation. */
export type FrameOutcome =
  | { readonly kind: 'payload'; readonly payload: Buffer }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'too_large'; readonly bytes: number };

const incomplete: FrameOutcome = { kind: 'incomplete' };
const empty: FrameOutcome = { kind: 'empty' };
const nothing = Buffer.alloc(0);

// The first buffer of a split frame; it doubles as bytes arrive, so that a length without bytes costs no memory.
const firstBufferBytes = 4096;

/** Cuts a byte stream into payloads: `push` a chunk, then call `next` until it is not a payload any more. */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #spare: SpareBuffers;
  #chunk: Buffer = nothing;
  #at = 0;
  // Of a frame split over chunks: its length and how many bytes of that were read; its payload, and how much of it is there.
  #length = 0;
  #lengthBytes = 0;
  #partial: Buffer = nothing;
  #held = 0;
  // What the payload before lies in, if it was such a frame.
  #lent: Buffer = nothing;

  /** `frameBytesMax`: the largest payload, in bytes, that is accepted. `spare`: memory for frames that come in pieces. */
  constructor(frameBytesMax: number, spare = new SpareBuffers(0)) {
    this.#frameBytesMax = frameBytesMax;
    this.#spare = spare;
  }

  /** Takes the next bytes of the stream; the chunk before MUST have been read to `incomplete`, or its rest is lost. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Whether a frame has begun and is not whole: what a server closes a connection for when it lasts. */
  get midFrame(): boolean {
    return this.#lengthBytes > 0;
  }

  /** Bytes of memory that the begun frame takes. */
  get heldBytes(): number {
    return this.#partial.length;
  }

  /**
   * The next whole payload. Its memory is the chunk's or a spare buffer's: it MUST NOT be looked at behind `release`.
   * `empty` is a frame of length 0, skipped; after `too_large` the stream has no meaning any more and MUST be closed.
   */
  next(): FrameOutcome {
    this.release();
    const outcome = this.#lengthBytes > 0 ? this.#rest() : this.#direct();
    // Who says nothing for a while shall not keep a chunk that was read to its end.
    if (outcome === incomplete) this.push(nothing);
    return outcome;
  }

  /** The payload before was looked at. The next call does it, too; but that may be a long time away. */
  release(): void {
    if (this.#lent.length === 0) return;
    this.#spare.give(this.#lent);
    this.#lent = nothing;
  }

  // Nothing is held: a frame that lies whole in the chunk is handed out in place, without a copy.
  #direct(): FrameOutcome {
    const available = this.#chunk.length - this.#at;
    if (available >= frameHeaderBytes) {
      const length = this.#chunk.readUInt32BE(this.#at);
      if (length > this.#frameBytesMax) return { kind: 'too_large', bytes: length };
      if (length === 0) {
        this.#at += frameHeaderBytes;
        return empty;
      }
      const start = this.#at + frameHeaderBytes;
      if (available >= frameHeaderBytes + length) {
        this.#at = start + length;
        return { kind: 'payload', payload: this.#chunk.subarray(start, this.#at) };
      }
    }
    return this.#rest();
  }

  // Its payload is copied together, as far as the chunk reaches.
  #rest(): FrameOutcome {
    while (this.#lengthBytes < frameHeaderBytes) {
      const byte = this.#chunk[this.#at];
      if (byte === undefined) return incomplete;
      this.#length = this.#length * 256 + byte;
      this.#lengthBytes += 1;
      this.#at += 1;
    }
    const length = this.#length;
    if (length > this.#frameBytesMax) return { kind: 'too_large', bytes: length };
    this.#hold(Math.min(length - this.#held, this.#chunk.length - this.#at));
    if (this.#held < length) return incomplete;
    const payload = this.#partial.subarray(0, length);
    this.#lent = this.#partial;
    this.#partial = nothing;
    this.#held = 0;
    this.#length = 0;
    this.#lengthBytes = 0;
    return length === 0 ? empty : { kind: 'payload', payload };
  }

  #hold(bytes: number): void {
    const size = this.#held + bytes;
    if (size > this.#partial.length) {
      const room = Math.max(size, Math.min(this.#length, Math.max(firstBufferBytes, this.#partial.length * 2)));
      const grown = this.#spare.take(room);
      this.#partial.copy(grown, 0, 0, this.#held);
      if (this.#partial.length > 0) this.#spare.give(this.#partial);
      this.#partial = grown;
    }
    this.#chunk.copy(this.#partial, this.#held, this.#at, this.#at + bytes);
    this.#at += bytes;
    this.#held = size;
  }
}
