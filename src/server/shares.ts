// Something of which there is only so much, divided among sources that nobody can trust to leave any: none may have more
// of it than is still free. One alone has at most half, many have equal parts, and there is always a part for the next.

/** Whether a source that has `own` of the `taken` may have `more`, of `max` in all. */
export function isWithinShare(own: number, more: number, taken: number, max: number): boolean {
  return own + more <= max - taken;
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
