/**
 * A bell between two threads, rung behind every message that is posted: whoever sleeps on it wakes in the time of a system
 * call and takes the message himself, without a turn of his event loop. Invariant: he sleeps on how often it had rung for what
 * he has taken, so that a message that is there already ends the sleep before it begins.
 */
import { realClock } from '../clock/clock.js';

/** How often the count is read before the clock is read again. */
const looks = 32;

export class Bell {
  readonly #count: Int32Array;

  /** `shared`: 4 bytes that both threads have. */
  constructor(shared: SharedArrayBuffer) {
    this.#count = new Int32Array(shared);
  }

  /** `rung`: how often it was already. */
  static share(rung = 0): SharedArrayBuffer {
    const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(shared)[0] = rung;
    return shared;
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

  /** The same without sleeping, for what comes at once: to be woken up takes longer. */
  spin(rung: number, ms: number): boolean {
    const end = realClock.monotonic() + ms;
    do {
      for (let look = 0; look < looks; look += 1) if (this.rung !== rung) return true;
    } while (realClock.monotonic() < end);
    return false;
  }
}
