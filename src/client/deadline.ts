// The end of somebody's patience. Invariant: when it has come, all that had arrived before was read. A process that was busy
// meanwhile finds its timers first, and only behind them the answer that lies in the socket.

/** Calls `passed` after `ms` milliseconds, unless it is cleared before; `ms` MUST be what a timer can wait. */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  #look: NodeJS.Immediate | undefined = undefined;

  constructor(ms: number, passed: () => void) {
    // Node reads its sockets between timers and immediates.
    this.#timer = setTimeout(() => { this.#look = setImmediate(passed); }, ms);
  }

  /** It does not keep the process alive. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#look);
  }
}
