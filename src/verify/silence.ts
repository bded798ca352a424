/**
 * Silence: a daemon that runs seals at every heartbeat, so a longer pause between two records means that it did not
 * run, or that its clock moved. Invariant: a pause that a stop, a start or a recorded clock step explains is not one.
 */

import type { Findings } from './finding.js';

/** A pause nobody explained. */
export interface Silence {
  readonly afterSeq: number;
  readonly ms: number;
  readonly limitMs: number;
}

/** Kinds of the log's own records that explain a pause. */
const explainingKinds: ReadonlySet<string> = new Set(['started', 'stopped', 'recovered', 'clock_stepped']);
/** Behind a pause its explanation may stand a few records later: a header before `started`, a producer before `clock_stepped`. */
const waitRecordsMax = 16;

/** Sees every record in order and tells of unexplained pauses. */
export class SilenceWatch {
  #heartbeatMs: number | undefined;
  #lastMs: number | undefined;
  #pending: { readonly silence: Silence; readonly since: number } | undefined;
  /** Records ago that something explained a pause to come: a `stopped` is followed by its seal. */
  #explainedFor = 0;

  /** A silence that is now certain, or undefined. `kind` is given for the log's own records only. */
  see(seq: number, tsMs: number, kind: string | undefined, heartbeatMs: number | undefined): Silence | undefined {
    const explains = kind !== undefined && explainingKinds.has(kind);
    const limitMs = this.#heartbeatMs === undefined ? Number.POSITIVE_INFINITY : 2 * this.#heartbeatMs;
    const pauseMs = this.#lastMs === undefined ? 0 : tsMs - this.#lastMs;
    this.#lastMs = tsMs;
    let certain = this.#pending !== undefined && seq - this.#pending.since >= waitRecordsMax ? this.#settle() : undefined;
    if (explains) this.#pending = undefined;
    else if (pauseMs > limitMs && this.#explainedFor === 0) {
      certain ??= this.#settle();
      this.#pending = { silence: { afterSeq: seq - 1, ms: pauseMs, limitMs }, since: seq };
    }
    if (heartbeatMs !== undefined) this.#heartbeatMs = heartbeatMs > 0 ? heartbeatMs : undefined;
    // What explains stays valid over the seal, and the header behind it, that follow a stop.
    if (kind === 'stopped' || kind === 'clock_stepped') this.#explainedFor = 3;
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

/** Says how long nothing was recorded. */
export function reportSilence(findings: Findings, silence: Silence): void {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  const message = `nothing was recorded for ${seconds(silence.ms)} behind record ${silence.afterSeq}; twice the heartbeat is ${seconds(silence.limitMs)}`;
  findings.add('silence', message, { seq: silence.afterSeq });
}
