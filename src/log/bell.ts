/**
 * A bell between two threads, rung behind every message that is posted: whoever sleeps on it wakes in the time of a system
 * call and takes the message himself, without a turn of his event loop. Invariant: `rung` is read before the messages are
 * looked for, so that one that comes in between ends the sleep before it begins.
 */
export class Bell {
  readonly #count: Int32Array;

  /** `shared`: 4 bytes that both threads have. */
  constructor(shared: SharedArrayBuffer) {
    this.#count = new Int32Array(shared);
  }

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  /** How often it was rung. */
  get rung(): number {
    return Atomics.load(this.#count, 0);
  }

  ring(): void {
    Atomics.add(this.#count, 0, 1);
    Atomics.notify(this.#count, 0);
  }

  /** Sleeps until it is rung once more than `rung` times, `ms` at most; whether it was. */
  wait(rung: number, ms: number): boolean {
    return Atomics.wait(this.#count, 0, rung, ms) !== 'timed-out';
  }
}
