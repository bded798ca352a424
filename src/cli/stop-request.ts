// The wish for a clean stop: SIGTERM or SIGINT, heard from the beginning. A process that is killed by one while its log is being
// opened leaves what the next start must call a crash.

export class StopRequest {
  /** The first signal. */
  readonly signal: Promise<NodeJS.Signals>;
  #isMade = false;

  /** Listens from here on, for as long as the process lives. */
  constructor() {
    this.signal = new Promise((resolve) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) {
        process.on(name, () => {
          this.#isMade = true;
          resolve(name);
        });
      }
    });
  }

  /** Whether there was one by now. */
  async isMade(): Promise<boolean> {
    // What came while this thread was busy is told in the next turn.
    await new Promise((resolve) => { setImmediate(resolve); });
    return this.#isMade;
  }
}
