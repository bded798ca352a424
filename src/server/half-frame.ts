// Half a frame: a client may stop in the middle of one, but not for long, and not with many others. The time counts from
// its first byte; more bytes of the same frame gain it none.
import type { Holder, Pool } from './pool.js';

/** How long a frame may stay half sent, ms. */
export const halfFrameMs = 30_000;
/** Half frames of all connections together, in frames of the largest size. */
export const halfFramesMax = 64;

/** What whole frames that came in pieces leave for the next ones, bytes. */
export const spareFrameBytes = 4 * 1024 * 1024;

/** What a half frame tells its connection. */
export interface HalfFrameWatcher {
  /** It was half for too long. */
  late(): void;
  /** All half frames together are too much, and this one holds the most for the longest. */
  crowded(): void;
}

export class HalfFrame implements Holder {
  readonly #pool: Pool;
  readonly #watcher: HalfFrameWatcher;
  #timer: NodeJS.Timeout | undefined;
  held = 0;

  constructor(pool: Pool, watcher: HalfFrameWatcher) {
    this.#pool = pool;
    this.#watcher = watcher;
  }

  /** So many bytes are kept for it. */
  watch(bytes: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#watcher.late();
    }, halfFrameMs);
    this.held = bytes;
    this.#pool.hold(this, bytes);
  }

  forget(): void {
    if (this.#timer === undefined && this.held === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.held = 0;
    this.#pool.free(this);
  }

  letGo(): void {
    this.held = 0;
    this.#watcher.crowded();
  }
}
