// The appends that wait to be sent, in the order in which they were given. Invariant: who waits is found at its place;
// who does not wait any more costs nothing for long.
import type { Pending } from './pending.js';

// Places that are passed or given up, at most; then they are cut off in one go, since shifting a long array is quadratic.
const staleMax = 4096;

/** One client's queue. */
export class Queue {
  // Read from `#head` on. Some may be elsewhere by now; their state says so.
  #places: Pending[] = [];
  #head = 0;
  #stale = 0;

  /** Adds the newest. */
  add(append: Pending): void {
    this.#places.push(append);
  }

  /** The oldest that waits; it stays where it is until its state says otherwise. */
  first(): Pending | undefined {
    for (; this.#head < this.#places.length; this.#head++) {
      const append = this.#places[this.#head];
      if (append?.state === 'waiting') break;
    }
    if (this.#head === this.#places.length || this.#head >= staleMax) this.#compact();
    return this.#places[this.#head];
  }

  /** Those of the appends that were under way wait again, in their own places. */
  restore(appends: readonly Pending[]): void {
    // Before they wait, or they would be in here twice.
    this.#compact();
    const again = appends.filter(({ state }) => state === 'flying');
    for (const append of again) append.state = 'waiting';
    this.#places = [...again, ...this.#places].sort((a, b) => a.order - b.order);
  }

  /** One that may be in here was given up: while no daemon is there nothing is read, and such must not pile up. */
  gaveUp(): void {
    this.#stale += 1;
    if (this.#stale >= staleMax) this.#compact();
  }

  #compact(): void {
    this.#places = this.#places.slice(this.#head).filter(({ state }) => state === 'waiting');
    this.#head = 0;
    this.#stale = 0;
  }
}
