/**
 * The MAC of a line, fast: HMAC-SHA-256 as its two hashes in one call each, into buffers that are used again, with
 * the key's pads made once for a commit. Invariant: the same answer as `macMatches`, which it falls back to. That the
 * comparison takes as long as it takes gives nothing away: whoever checks a file asks nobody.
 */
import * as crypto from 'node:crypto';
import { macMatches } from '../chain/link.js';
import { HASH_BYTES } from '../checkpoint/merkle.js';

/** SHA-256's block. */
const BLOCK_BYTES = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Longer lines are rare and take the long way. */
const SCRATCH_BYTES = 64 * 1024;

/** Node has it from 20.12 on. */
const hash = 'hash' in crypto ? crypto.hash : undefined;

/** Checks MACs under one key after another. */
export class LineMac {
  readonly #inner = Buffer.alloc(SCRATCH_BYTES, INNER_PAD);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, OUTER_PAD);
  /** The key whose pads stand in the buffers. Keys are never changed but to be forgotten, so the object stands for the key. */
  #padded: Uint8Array | undefined;

  /** Whether `mac` (64 lower hex) is that of `covered` under a key of 32 bytes. */
  matches(key: Uint8Array, covered: Buffer, mac: string): boolean {
    const bytes = BLOCK_BYTES + covered.length;
    if (hash === undefined || bytes > SCRATCH_BYTES) return macMatches(key, covered, mac);
    if (this.#padded !== key) this.#pad(key);
    covered.copy(this.#inner, BLOCK_BYTES);
    this.#outer.write(hash('sha256', this.#inner.subarray(0, bytes), 'binary'), BLOCK_BYTES, 'binary');
    return hash('sha256', this.#outer, 'hex') === mac;
  }

  #pad(key: Uint8Array): void {
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ INNER_PAD;
      this.#outer[at] = byte ^ OUTER_PAD;
    }
    this.#padded = key;
  }
}
