// The appends that wait to be sent, in the order in which they were given. Invariant: who waits is found at its place; who
// does not wait any more costs nothing for long, and who comes back costs nobody who waits behind him anything.
import type { Pending } from './pending.js';

// Places that are passed or given up, at most; then they are cut off in one go, since shifting a long array is quadratic.
const staleMax = 4096;

/** One client's queue. */
export class Queue {
  readonly #fresh = new Row();
  // One may stand in the other row still: it is the same, and waits in both or in neither.
  readonly #again = new Row();

  /** Adds the newest. */
  add(append: Pending): void {
    this.#fresh.add(append);
  }

  /** The oldest that waits; it stays where it is until its state says otherwise. */
  first(): Pending | undefined {
    const fresh = this.#fresh.first();
    const again = this.#again.first();
    return again === undefined || (fresh !== undefined && fresh.order < again.order) ? fresh : again;
  }

  /** Those of the appends that were under way wait again, in their own places. */
  restore(appends: readonly Pending[]): void {
    for (const append of appends) {
      if (append.state !== 'flying') continue;
      append.state = 'waiting';
      this.#again.add(append);
    }
  }

  /** One that may be in here was given up: while no daemon is there nothing is read, and such must not pile up. */
  gaveUp(): void {
    this.#fresh.gaveUp();
    this.#again.gaveUp();
  }
}

// Appends in their order, whatever the order in which they come.
class Row {
  // Read from `#head` on. Some may be elsewhere by now; their state says so.
  #places: Pending[] = [];
  #head = 0;
  #stale = 0;
  #isSorted = true;

  add(append: Pending): void {
    this.#isSorted &&= append.order > (this.#places.at(-1)?.order ?? -1);
    this.#places.push(append);
  }

  first(): Pending | undefined {
    if (!this.#isSorted) this.#compact();
    for (; this.#head < this.#places.length; this.#head++) {
      const append = this.#places[this.#head];
      if (append?.state === 'waiting') break;
    }
    if (this.#head === this.#places.length || this.#head >= staleMax) this.#compact();
    return this.#places[this.#head];
  }

  gaveUp(): void {
    this.#stale += 1;
    if (this.#stale >= staleMax) this.#compact();
  }

  #compact(): void {
    const waiting = this.#places.slice(this.#head).filter(({ state }) => state === 'waiting');
    if (!this.#isSorted) waiting.sort((a, b) => a.order - b.order);
    this.#places = this.#isSorted ? waiting : waiting.filter((append, i) => append !== waiting[i - 1]);
    this.#isSorted = true;
    this.#head = 0;
    this.#stale = 0;
  }
}
