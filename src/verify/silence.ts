/**
 * Silence: a daemon that runs seals at every heartbeat, so a longer pause between two records means that it did not
 * run, or that its clock moved. Invariant: a pause behind a stop, before a start, or at a recorded step of the clock is not one.
 */

import type { Findings } from './finding.js';

/** A pause nobody explained. */
export interface Silence {
  readonly afterSeq: number;
  readonly ms: number;
  readonly limitMs: number;
}

/** The daemon did not run, and this is its next run's first word, but for a rotation that was due before it. */
const beginningKinds: ReadonlySet<string> = new Set(['started', 'recovered']);
const rotationKinds: ReadonlySet<string> = new Set(['seal', 'segment']);
/** A step of the clock may be noted a few records behind the pause that it made: a producer's were on their way. */
const waitRecordsMax = 16;
/** What explains a pause to come is followed by no more than this: a `stopped` by its seal and a header. */
const explainedRecords = 3;

/** Sees every record in order and tells of unexplained pauses. */
export class SilenceWatch {
  #heartbeatMs: number | undefined;
  #lastMs: number | undefined;
  /** `since`: the record behind the pause; `isAtStart`: nothing but a rotation came since. */
  #pending: { readonly silence: Silence; readonly since: number; isAtStart: boolean } | undefined;
  /** Records for which a pause is explained by what came before. */
  #explainedFor = 0;

  /** A silence that is now certain, or undefined. `kind` is given for the log's own records only. */
  see(seq: number, tsMs: number, kind: string | undefined, heartbeatMs: number | undefined): Silence | undefined {
    const limitMs = this.#heartbeatMs === undefined ? Number.POSITIVE_INFINITY : 2 * this.#heartbeatMs;
    const pauseMs = this.#lastMs === undefined ? 0 : tsMs - this.#lastMs;
    this.#lastMs = tsMs;
    let certain = this.#pending !== undefined && seq - this.#pending.since >= waitRecordsMax ? this.#settle() : undefined;
    if (this.#pending !== undefined && (kind === 'clock_stepped' || (this.#pending.isAtStart && isBeginning(kind)))) {
      this.#pending = undefined;
    }
    if (pauseMs > limitMs && this.#explainedFor === 0 && !isBeginning(kind) && kind !== 'clock_stepped') {
      certain ??= this.#settle();
      this.#pending = { silence: { afterSeq: seq - 1, ms: pauseMs, limitMs }, since: seq, isAtStart: isRotation(kind) };
    } else if (this.#pending !== undefined) this.#pending.isAtStart &&= isRotation(kind);
    if (heartbeatMs !== undefined) this.#heartbeatMs = heartbeatMs > 0 ? heartbeatMs : undefined;
    if (kind === 'stopped' || kind === 'clock_stepped') this.#explainedFor = explainedRecords;
    else if (this.#explainedFor > 0) this.#explainedFor -= 1;
    return certain;
  }

  /** At the end: what was still waiting for an explanation. */
  finish(): Silence | undefined {
    return this.#settle();
  }

  #settle(): Silence | undefined {
    const silence = this.#pending?.silence;
    this.#pending = undefined;
    return silence;
  }
}

function isRotation(kind: string | undefined): boolean {
  return kind !== undefined && rotationKinds.has(kind);
}

function isBeginning(kind: string | undefined): boolean {
  return kind !== undefined && beginningKinds.has(kind);
}

/** Says how long nothing was recorded. */
export function reportSilence(findings: Findings, silence: Silence): void {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  const message = `nothing was recorded for ${seconds(silence.ms)} behind record ${silence.afterSeq}; twice the heartbeat is ${seconds(silence.limitMs)}`;
  findings.add('silence', message, { seq: silence.afterSeq });
}
