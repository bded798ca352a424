/**
 * Whether the lock is still ours, as the writer itself sees it. A process that is stopped for a while wakes up in the middle
 * of whatever it did, and its writer may be on the way to the next write before the part of it that renews the lease has
 * looked at a clock. So the writer looks at its own: who has not looked for a second looks before he writes.
 */
import type { Clock } from '../clock/clock.js';
import type { Disk, Entry } from '../disk/disk.js';
import { isSameFile } from '../disk/disk.js';
import { LogError } from './failure.js';

/** How old a look may be, ms: far below what the lease may go without being renewed. */
const lookEveryMs = 1_000;

export class Lease {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #fence: Int32Array;
  /** The lease that was taken, held open so that no other gets its number; undefined where none was, as when a log is made. */
  readonly #taken: Entry | undefined;
  #monotonic: number;
  #wall: number;

  /** `path`: the lease's directory, which whoever takes it over makes anew. `fence`: not 0 when it is known to be lost. */
  constructor(disk: Disk, clock: Clock, path: string, fence: Int32Array) {
    this.#disk = disk;
    this.#clock = clock;
    this.#path = path;
    this.#fence = fence;
    this.#taken = disk.entry(path) === undefined ? undefined : disk.describe(disk.open(path, 'read'));
    this.#monotonic = clock.monotonic();
    this.#wall = clock.wall();
  }

  /** MUST come before every write, and before anybody hears of one. @throws LogError if somebody else may be writing */
  check(): void {
    // Both clocks: one stands still while the machine is suspended, the other can be set.
    const monotonic = this.#clock.monotonic();
    const wall = this.#clock.wall();
    const isFresh = monotonic - this.#monotonic < lookEveryMs && Math.abs(wall - this.#wall) < lookEveryMs;
    if (!isFresh || Atomics.load(this.#fence, 0) !== 0) this.look();
  }

  /** The same, whenever the last look was. @throws LogError */
  look(): void {
    if (Atomics.load(this.#fence, 0) !== 0) throw lost('it was taken over');
    this.#monotonic = this.#clock.monotonic();
    this.#wall = this.#clock.wall();
    if (this.#taken === undefined) return;
    const there = this.#disk.entry(this.#path);
    if (there !== undefined && isSameFile(there, this.#taken)) return;
    // For good: whoever has it now may give it back, and the log is another by then.
    Atomics.store(this.#fence, 0, 1);
    throw lost(there === undefined ? 'indelible.lock is gone' : 'indelible.lock is another\'s');
  }
}

function lost(how: string): LogError {
  return new LogError('write_failed', 'lock', `the lock on the state directory was lost: ${how}`);
}
