/**
 * The MAC of a line, fast: HMAC-SHA-256 as its two hashes in one call each, into buffers that are used again, with
 * the key's pads made once for a commit. Invariant: the same answer as `macMatches`, which it falls back to. That the
 * comparison takes as long as it takes gives nothing away: whoever checks a file asks nobody.
 */
import * as crypto from 'node:crypto';
import { macMatches } from '../chain/link.js';
import { hashBytes } from '../checkpoint/merkle.js';

/** SHA-256's block. */
const blockBytes = 64;
const innerPad = 0x36;
const outerPad = 0x5c;
/** Longer lines are rare and take the long way. */
const scratchBytes = 64 * 1024;

/** Node has it from 20.12 on. */
const hash = 'hash' in crypto ? crypto.hash : undefined;

/** Checks MACs under one key after another. */
export class LineMac {
  readonly #inner = Buffer.alloc(scratchBytes, innerPad);
  readonly #outer = Buffer.alloc(blockBytes + hashBytes, outerPad);
  /** The key whose pads stand in the buffers. Keys are never changed but to be forgotten, so the object stands for the key. */
  #padded: Uint8Array | undefined;

  /** Whether `mac` (64 lower hex) is that of `covered` under a key of 32 bytes. */
  matches(key: Uint8Array, covered: Buffer, mac: string): boolean {
    const bytes = blockBytes + covered.length;
    if (hash === undefined || bytes > scratchBytes) return macMatches(key, covered, mac);
    if (this.#padded !== key) this.#pad(key);
    covered.copy(this.#inner, blockBytes);
    this.#outer.write(hash('sha256', this.#inner.subarray(0, bytes), 'binary'), blockBytes, 'binary');
    return hash('sha256', this.#outer, 'hex') === mac;
  }

  #pad(key: Uint8Array): void {
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ innerPad;
      this.#outer[at] = byte ^ outerPad;
    }
    this.#padded = key;
  }
}
