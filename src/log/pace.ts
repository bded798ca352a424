/**
 * How requests follow each other, and whether the writer's thread gets a core for them. Of requests two kinds are worth knowing:
 * a lone one, whose sender was the only one for a while, and a brisk one, lone and sent as soon as the one before was answered,
 * again and again. Threads that sleep between two brisk ones spend more time on being woken up than on the requests.
 */
import { availableParallelism } from 'node:os';
import { realClock } from '../clock/clock.js';
import type { Sender } from './lanes.js';

/** Behind so many requests in a row a sender counts as the only one. */
const loneRequests = 8;
/** A brisk request comes so soon behind the last answer, and is itself answered so soon, ms. */
const gapMs = 0.3;
const answerMs = 0.6;
/** What is brisk has been so for most of the last requests; half of what is known is forgotten where one was not. */
const knownMax = 16;
const briskFrom = 8;
/** Who does not sleep keeps a core from the others: there must be another. */
const hasCores = availableParallelism() > 1;

/** A thread that takes so long to wake up had to wait for a core among busy processes, ms. */
const starvedWakeMs = 0.5;
/** For so many times it woke up that is remembered. */
const starvedWakes = 256;

/** How long to look for the next step of a brisk request without sleeping, ms. */
export const briskMs = gapMs;
/** How long the event loop waits for a commit, ms; a fast disk takes a tenth of it. */
export const waitMs = 1;

export class Pace {
  readonly #now: () => number;
  #lastSender: Sender | undefined;
  /** Requests that it sent before its last one, and nobody else between them. */
  #inARow = 0;
  /** Brisk ones lately. */
  #known = 0;
  #takenAt = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #starvedWakes = 0;

  /** `now`: monotonic, ms. */
  constructor(now: () => number = () => realClock.monotonic()) {
    this.#now = now;
  }

  /** A request was taken in. `isAlone`: no other is there. */
  taken(sender: Sender, isAlone: boolean): void {
    this.#inARow = sender === this.#lastSender ? this.#inARow + 1 : 0;
    this.#lastSender = sender;
    if (this.#inARow < loneRequests || !isAlone) this.#known = 0;
    else this.#takenAt = this.#now();
  }

  /** All that was taken in is answered. */
  answered(): void {
    if (this.#inARow < loneRequests) return;
    const isBrisk = this.#takenAt - this.#answeredAt <= gapMs;
    this.#answeredAt = this.#now();
    if (isBrisk && this.#answeredAt - this.#takenAt <= answerMs) this.#known = Math.min(knownMax, this.#known + 1);
    else this.#known = Math.floor(this.#known / 2);
  }

  /** The writer's thread was asleep, and awake again so many ms behind the order; 0 where it was awake. */
  woken(ms: number): void {
    if (ms > starvedWakeMs) this.#starvedWakes = starvedWakes;
    else if (ms > 0 && this.#starvedWakes > 0) this.#starvedWakes -= 1;
  }

  /** Whether it had to wait for a core lately. One that sleeps for it gives it its own. */
  get isStarved(): boolean {
    return this.#starvedWakes > 0;
  }

  /** Whether the last request is a lone one, provided that nothing else waits. */
  get isLone(): boolean {
    return this.#inARow >= loneRequests;
  }

  /** Whether it is a brisk one, under the same condition. */
  get isBrisk(): boolean {
    return hasCores && this.#known >= briskFrom;
  }
}
