/**
 * The MAC of a line, fast: HMAC-SHA-256 as its two hashes in one call each, into buffers that are used again, with the
 * key's pads made once for a commit. Invariant: the same answer as `macOf`, which it falls back to. That a comparison
 * takes as long as it takes gives nothing away: whoever checks a file asks nobody.
 */
import * as crypto from 'node:crypto';
import { macOf } from './link.js';

/** SHA-256's block and its result. */
const blockBytes = 64;
const hashBytes = 32;
const innerPad = 0x36;
const outerPad = 0x5c;
/** Longer lines are rare and take the long way. */
const benchBytes = 64 * 1024;

/** Node has it from 20.12 on. */
const hash = 'hash' in crypto ? crypto.hash : undefined;

/** Makes and checks MACs under one key after another. */
export class LineMac {
  readonly #inner = Buffer.alloc(blockBytes + benchBytes, innerPad);
  readonly #outer = Buffer.alloc(blockBytes + hashBytes, outerPad);
  /** The key whose pads stand in the buffers. Keys are never changed but to be forgotten, so the object stands for the key. */
  #padded: Uint8Array | undefined;

  /** Where a line may be put together, so that its MAC needs no copy of it. */
  readonly bench: Buffer = this.#inner.subarray(blockBytes);
  /** One byte and the bench behind it; the byte is the pad's last, and MUST be as it was before the next MAC. */
  readonly prefixed: Buffer = this.#inner.subarray(blockBytes - 1);

  /** The MAC over the first `bytes` of the bench, 64 lower hex, under a key of 32 bytes. */
  ofBench(key: Uint8Array, bytes: number): string {
    if (hash === undefined) return macOf(key, this.bench.subarray(0, bytes));
    if (this.#padded !== key) this.#pad(key);
    this.#outer.write(hash('sha256', this.#inner.subarray(0, blockBytes + bytes), 'binary'), blockBytes, hashBytes, 'latin1');
    return hash('sha256', this.#outer, 'hex');
  }

  /** The MAC over `covered`. */
  of(key: Uint8Array, covered: Uint8Array): string {
    if (covered.length > benchBytes) return macOf(key, covered);
    this.bench.set(covered);
    return this.ofBench(key, covered.length);
  }

  /** Whether `mac` (64 lower hex) is that of `covered`. */
  matches(key: Uint8Array, covered: Uint8Array, mac: string): boolean {
    return this.of(key, covered) === mac;
  }

  /** Overwrites what came of the key: who takes this memory MUST NOT find one that was used. */
  forget(): void {
    this.#inner.fill(innerPad, 0, blockBytes);
    this.#outer.fill(outerPad, 0, blockBytes);
    this.#padded = undefined;
  }

  #pad(key: Uint8Array): void {
    for (let at = 0; at < key.length; at += 1) {
      const byte = key[at] ?? 0;
      this.#inner[at] = byte ^ innerPad;
      this.#outer[at] = byte ^ outerPad;
    }
    this.#padded = key;
  }
}
