/** A wall clock that can be set, for daemons that are started by it: libfaketime, with its offset in a file. */
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const day = 86_400;
const year = 365 * day;
/** Where the clock is set to, in seconds from the true time. */
export const offsets = [0, year, -year, year, -year, day, -day, 90, -90];

/** Of a process that is started in its environment the wall clock, and nothing else, is off by what a file says. */
export class FakeClock {
  readonly #file: string;
  readonly #library: string;
  readonly #pids: number[] = [];
  #offset = 0;

  /** `directory`: where the file is. @throws where libfaketime is not installed */
  constructor(directory: string) {
    const { stdout, error } = spawnSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
    if (error !== undefined || stdout.trim() === '') throw new Error('faketime is not installed: the clock cannot be set');
    this.#library = stdout.trim();
    this.#file = join(directory, 'clock');
    this.set(0);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Takes effect at once: the file is read again for every look at the clock. */
  set(seconds: number): void {
    this.#offset = seconds;
    // Renamed into place, so that no look at the clock meets half a number.
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** As after a real step, the monotonic clock runs on, and files keep the times they have. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: this.#library, FAKETIME_TIMESTAMP_FILE: this.#file, FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1',
    };
  }

  /** Whoever was started by it says so, for `clear`. */
  startedBy(pid: number | undefined): void {
    if (pid !== undefined) this.#pids.push(pid);
  }

  /** A process that was killed leaves the library's shared memory behind. */
  clear(): void {
    for (const pid of this.#pids) for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(join('/dev/shm', name), { force: true });
  }
}
