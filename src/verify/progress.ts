/**
 * A progress bar for a terminal. Invariant: nothing is drawn for what is small and quickly done, so that the usual
 * verification leaves nothing but its report.
 */
import type { Clock } from '../clock/clock.js';

/** Drawn at once for more than this. */
const largeBytes = 64 * 1024 * 1024;
/** Drawn for anything that takes longer. */
const longMs = 1000;
/** Between two drawings. */
const everyMs = 100;
const barWidth = 30;
const clearLine = '\r\u001b[K';

/** Draws on a terminal and wipes itself off again. */
export class ProgressBar {
  readonly #write: (text: string) => void;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(write: (text: string) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
  }

  /** Told of bytes done and in all. */
  update(done: number, total: number): void {
    const now = this.#clock.monotonic();
    if (total < largeBytes && now - this.#startedMs < longMs) return;
    if (now - this.#drawnMs < everyMs) return;
    this.#drawnMs = now;
    this.#drawn = true;
    const part = total === 0 ? 1 : done / total;
    const full = Math.floor(part * barWidth);
    const mib = (bytes: number): string => (bytes / (1024 * 1024)).toFixed(0);
    this.#write(`${clearLine}[${'#'.repeat(full)}${' '.repeat(barWidth - full)}] ${Math.floor(part * 100)} % of ${mib(total)} MiB`);
  }

  /** Takes it off the screen. */
  clear(): void {
    if (this.#drawn) this.#write(clearLine);
  }
}
