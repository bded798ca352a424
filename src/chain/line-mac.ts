/**
 * The MAC of a line, fast: on a bench that is used for one line after another. Invariant: the same answer as `macOf`, which it
 * falls back to. That a comparison takes as long as it takes gives nothing away: whoever checks a file asks nobody.
 */
import { HmacBench } from '../keys/hash.js';
import { macOf } from './link.js';

/** Longer lines are rare and take the long way. */
const benchBytes = 64 * 1024;

/** Makes and checks MACs under one key after another. */
export class LineMac extends HmacBench {
  constructor() {
    super(benchBytes);
  }

  /** The MAC over `covered`, 64 lower hex. */
  of(key: Uint8Array, covered: Uint8Array): string {
    if (covered.length > benchBytes) return macOf(key, covered);
    this.bench.set(covered);
    return this.hex(key, covered.length);
  }

  /** Whether `mac` (64 lower hex) is that of `covered`. */
  matches(key: Uint8Array, covered: Uint8Array, mac: string): boolean {
    return this.of(key, covered) === mac;
  }
}
