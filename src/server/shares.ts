// Something of which there is only so much, divided among sources that nobody can trust to leave any: none may have more
// of it than is still free. One alone has at most half, many that go on come to equal parts. They do not come at once,
// though, and the first ones have the most; so a part is kept for those that have next to nothing.

/** Of all, kept for sources with little. */
const keptShare = 1 / 8;
/** Of all, what counts as little. */
const littleShare = 1 / 1024;

/** Whether a source that has `own` of the `taken` may have `more`, of `max` in all. */
export function isWithinShare(own: number, more: number, taken: number, max: number): boolean {
  const free = max - taken;
  const isAlone = own === taken;
  return own + more <= Math.max(isAlone ? free : free - max * keptShare, Math.min(free, max * littleShare));
}

export class Shares {
  readonly max: number;
  readonly #of = new Map<string, number>();
  #taken = 0;

  constructor(max: number) {
    this.max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  hasRoom(source: string, more: number): boolean {
    return isWithinShare(this.#of.get(source) ?? 0, more, this.#taken, this.max);
  }

  take(source: string, amount: number): void {
    this.#taken += amount;
    this.#of.set(source, (this.#of.get(source) ?? 0) + amount);
  }

  /** What was taken comes back. */
  give(source: string, amount: number): void {
    this.#taken -= amount;
    const left = (this.#of.get(source) ?? 0) - amount;
    if (left > 0) this.#of.set(source, left);
    else this.#of.delete(source);
  }
}
