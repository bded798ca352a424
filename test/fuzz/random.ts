// Chance that can be had again: every case draws from a stream of its own, named by the run's seed, what is fuzzed and
// the case's number. Invariant: a case depends on these three and on nothing that ran before it.

/** One stream of draws (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number, name: string, number: number) {
    let state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b);
    for (let i = 0; i < name.length; i += 1) state = Math.imul(state ^ name.charCodeAt(i), 0x0100_0193);
    state = Math.imul(state ^ number, 0xc2b2_ae35) ^ Math.floor(number / 2 ** 32);
    this.#state = state ^ (state >>> 15);
    this.below(2);
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** True once in so many times, on average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** From `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined && from.length === 0) throw new Error('nothing to pick from');
    return picked as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i += 1) bytes[i] = this.below(256);
    return bytes;
  }
}
