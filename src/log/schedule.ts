/**
 * What time makes due: a seal, a rotation, a note that the clock was set. It decides and does nothing.
 */
import type { Clock } from '../clock/clock.js';
import type { LogState } from './state.js';

/** An epoch's records at most, but for the rest of the request that reaches it: bounds what a reader walks per seal. */
export const epochRecordsMax = 100_000;
/** The wall clock against the monotonic one, ms: beyond this it was set, not slewed. */
const clockStepMs = 1000;

/** Bytes and milliseconds. */
export interface ScheduleOptions {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly sealMs: number;
  readonly heartbeatMs: number;
}

/** What fits before something ends. */
export interface Room {
  /** Until the open segment is closed. */
  readonly bytes: number;
  /** Until the open epoch is sealed. */
  readonly records: number;
}

export class Schedule {
  readonly #clock: Clock;
  readonly #options: ScheduleOptions;
  #sealedAt: number;
  #clockOffset: number;

  constructor(clock: Clock, options: ScheduleOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#sealedAt = clock.monotonic();
    this.#clockOffset = clock.wall() - clock.monotonic();
  }

  room({ segment, last, epoch }: LogState): Room {
    const recorded = last.seq - epoch.first + 1;
    return { bytes: this.#options.segmentBytes - (segment?.bytes ?? 0), records: epochRecordsMax - recorded };
  }

  mustSeal(state: LogState): boolean {
    const { sealMs, heartbeatMs } = this.#options;
    const age = this.#clock.monotonic() - this.#sealedAt;
    if (this.room(state).records <= 0) return true;
    return age >= (state.epoch.dirty ? Math.min(sealMs, heartbeatMs) : heartbeatMs);
  }

  mustRotate({ segment, last, openCommit }: LogState): boolean {
    if (segment === undefined || segment.bytes === 0 || openCommit) return false;
    // A segment that holds nothing but its first line and a seal is not closed for its age: silence is no reason.
    const isOld = this.now() - segment.openedMs >= this.#options.segmentMs && last.seq > segment.first + 1;
    return segment.bytes >= this.#options.segmentBytes || isOld;
  }

  /** A seal is durable. */
  sealed(): void {
    this.#sealedAt = this.#clock.monotonic();
  }

  /**
   * What records are dated with, ms since 1970: the wall clock, but for a step of it that is not noted yet. A step is noted
   * between two requests, and no line may have the new time before that: behind a year's pause in the middle of a request
   * nobody could tell it from a silence.
   */
  now(): number {
    const [wall, kept] = [this.#clock.wall(), Math.round(this.#clock.monotonic() + this.#clockOffset)];
    return Math.abs(wall - kept) > clockStepMs ? kept : wall;
  }

  /** By how much the wall clock was set since this was last asked, ms; undefined if it was not. */
  clockStep(): number | undefined {
    const offset = this.#clock.wall() - this.#clock.monotonic();
    const delta = Math.round(offset - this.#clockOffset);
    if (Math.abs(delta) <= clockStepMs) return undefined;
    this.#clockOffset = offset;
    return delta;
  }
}
