// First in, first out. Invariant: what has left is not held on to. An array with a mark for its first element would hold it
// until it is cut, and the garbage collector would carry along what is dead: where much passes through, many times as much
// as what waits.

/** Places to begin with, and when nothing waits after a rush. */
const placesMin = 8;
const placesKeptMax = 1024;

export class Fifo<T extends object> {
  /** A circle, a power of two long. */
  #places: (T | undefined)[] = [];
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The item so many places behind the oldest; undefined beyond the end. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#places[(this.#first + index) & (this.#places.length - 1)] : undefined;
  }

  push(item: T): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#places[(this.#first + this.#length) & (this.#places.length - 1)] = item;
    this.#length += 1;
  }

  /** Takes the oldest out. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#places[this.#first];
    this.#places[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#places.length - 1);
    this.#length -= 1;
    if (this.#length === 0 && this.#places.length > placesKeptMax) this.clear();
    return item;
  }

  clear(): void {
    this.#places = [];
    this.#first = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<T, void> {
    for (let index = 0; index < this.#length; index += 1) {
      const item = this.at(index);
      if (item !== undefined) yield item;
    }
  }

  #grow(): void {
    const grown = new Array<T | undefined>(Math.max(placesMin, 2 * this.#places.length)).fill(undefined);
    for (let index = 0; index < this.#length; index += 1) grown[index] = this.at(index);
    this.#places = grown;
    this.#first = 0;
  }
}
