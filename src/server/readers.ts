// Tails that read the disk, few at a time: each has a file open and a piece of it in memory, and neither may run out because
// many want to read at once. A tail that keeps up reads memory, and is none of them.

/** Tails that read files at the same time; the others wait for their turn. */
export const readersMax = 32;

export class Readers {
  readonly #max: number;
  #reading = 0;
  #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** What `open` yields, once there is a place; nothing if nobody wants it any more by then. */
  async *read<T>(open: () => AsyncGenerator<T>, isWanted: () => boolean): AsyncGenerator<T> {
    if (this.#reading >= this.#max) await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    else this.#reading += 1;
    try {
      if (isWanted()) yield* open();
    } finally {
      // The place is handed on, not given back, so that nobody takes it in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#reading -= 1;
      else next();
    }
  }
}
