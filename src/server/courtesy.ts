// Reading beside writing. Who follows the log wants every record, and at full load would take from the writers what it costs
// to send them to him, and himself, on a machine that has no core to spare, what it costs to take them. So while events wait
// and the event loop has no time left, all that follow get a hundredth of it together, and catch up later.
import { realClock } from '../clock/clock.js';

/** How long the event loop is looked at before a word is said of it, ms. */
const windowMs = 50;
/** It has no time left where it was idle for less than this part of it. */
const idleFrom = 0.2;
/** What all that follow take of it then, at most: to take what they are sent costs them several times as much again. */
const share = 0.01;
/** To find and to send a record, ms, and so much more for each of its bytes: measured from memory, from files, rounded up. */
const recordMs = 0.001;
const byteMs = 1.5e-6;
/** Nobody waits longer than this before he asks again, ms: there may be time by then. */
const askAgainMs = 100;

/** Milliseconds that the event loop was busy and idle, since it began. */
export interface LoopTime {
  readonly active: number;
  readonly idle: number;
}

export class Courtesy {
  readonly #doEventsWait: () => boolean;
  readonly #loop: () => LoopTime;
  readonly #now: () => number;
  #mark: LoopTime;
  #isBusy = false;
  /** When those who follow have had no more than their part. */
  #evenAt = 0;

  /** `now`: monotonic, ms. */
  constructor(
    doEventsWait: () => boolean,
    loop: () => LoopTime = () => performance.eventLoopUtilization(),
    now: () => number = () => realClock.monotonic(),
  ) {
    this.#doEventsWait = doEventsWait;
    this.#loop = loop;
    this.#now = now;
    this.#mark = loop();
  }

  /** One that follows was sent so many records, of so many bytes. When it is his turn again, on the clock that was given. */
  took(records: number, bytes: number): number {
    const now = this.#now();
    this.#evenAt = Math.max(this.#evenAt, now) + (records * recordMs + bytes * byteMs) / share;
    return this.#evenAt;
  }

  /** How many ms one whose turn is at `turnAt` should wait before he asks again; 0: he may go on. */
  wait(turnAt: number): number {
    this.#look();
    const now = this.#now();
    if (this.#isBusy) return Math.min(askAgainMs, Math.max(0, turnAt - now));
    this.#evenAt = now;
    return 0;
  }

  #look(): void {
    const { active, idle } = this.#loop();
    const spanMs = active + idle - this.#mark.active - this.#mark.idle;
    if (spanMs < windowMs) return;
    this.#isBusy = this.#doEventsWait() && idle - this.#mark.idle < idleFrom * spanMs;
    this.#mark = { active, idle };
  }
}
