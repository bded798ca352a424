// Looks after the sockets' places: what somebody removed or replaced is bound again, and said. A socket that nobody reaches is
// a daemon that nobody reaches, and it would never hear of it otherwise.
import type { Doors } from './doors.js';

/** How often it looks, ms. */
const lookEveryMs = 700;

export class Doorkeeper {
  readonly #doors: Doors;
  readonly #found: (finding: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** What could not be bound again and was said already, by name of the listener. */
  readonly #said = new Map<string, string>();
  #isLooking = false;

  /** `found` is told once of everything that was done to a socket, and again when it is mended. */
  constructor(doors: Doors, found: (finding: string) => void) {
    this.#doors = doors;
    this.#found = found;
    this.#timer = setInterval(() => { void this.#look(); }, lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (const { config: { name, path }, how, error } of await this.#doors.mend()) {
      const what = `the socket ${path} of listener ${name} was ${how === 'missing' ? 'removed' : 'replaced'} by somebody else`;
      if (error === undefined) {
        this.#said.delete(name);
        this.#found(`${what}; it is bound again`);
        continue;
      }
      const why = error.message;
      if (this.#said.get(name) === why) continue;
      this.#said.set(name, why);
      this.#found(`${what}, and cannot be bound again yet: ${why}`);
    }
    this.#isLooking = false;
  }
}
