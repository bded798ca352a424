/** What chance decides in a run, all of it from one seed, so that a run can be had again. */
import { randomFrom } from './log/memory-disk.js';

/** See the file's head. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomFrom(seed);
    // Neighbouring seeds begin alike.
    for (let n = 0; n < 8; n += 1) this.#next();
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1));
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  pick<T>(among: readonly T[]): T {
    const picked = among[this.whole(0, among.length - 1)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }

  /** In an order that chance decides. */
  shuffle<T>(all: readonly T[]): T[] {
    const rest = [...all];
    return all.map(() => {
      const [taken] = rest.splice(this.whole(0, rest.length - 1), 1);
      if (taken === undefined) throw new Error('there is nothing left');
      return taken;
    });
  }

  /** A daemon's settings: small segments and short epochs, so that every boundary is met. */
  settings(): Record<string, string> {
    return {
      INDELIBLE_SYNC: this.pick(['line', 'group']),
      INDELIBLE_HEAD_SYNC: this.pick(['second', 'second', 'always']),
      INDELIBLE_SEAL_MS: String(this.pick([1, 50, 200, 500, 2000])),
      INDELIBLE_SEGMENT_BYTES: String(this.pick([65_536, 65_536, 262_144, 67_108_864])),
      INDELIBLE_HEARTBEAT_MS: String(this.pick([30_000, 900_000])),
    };
  }
}
