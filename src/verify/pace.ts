/**
 * When the records of a stretch were recorded, for whoever knows what came before it. It stands where a `SilenceWatch`
 * does and judges nothing: whether a pause is a silence depends on a heartbeat that was stated in an earlier segment.
 */
import type { Silence, SilenceWatch } from './silence.js';

/** What a watch would have been shown, in order. */
export interface PaceTrace {
  /** Milliseconds since 1970. */
  readonly times: Float64Array<ArrayBuffer>;
  /** The log's own records: index in `times`, kind, and the heartbeat that a `started` states. */
  readonly own: readonly { readonly at: number; readonly kind: string; readonly heartbeatMs: number | undefined }[];
}

const firstCapacity = 4096;

/** See the file's head. */
export class Pace {
  #times = new Float64Array(firstCapacity);
  #count = 0;
  readonly #own: { at: number; kind: string; heartbeatMs: number | undefined }[] = [];

  see(_seq: number, tsMs: number, kind: string | undefined, heartbeatMs: number | undefined): undefined {
    if (this.#count === this.#times.length) {
      const times = new Float64Array(this.#count * 2);
      times.set(this.#times);
      this.#times = times;
    }
    if (kind !== undefined) this.#own.push({ at: this.#count, kind, heartbeatMs });
    this.#times[this.#count] = tsMs;
    this.#count += 1;
  }

  get trace(): PaceTrace {
    return { times: this.#times.slice(0, this.#count), own: this.#own };
  }
}

/** Shows a watch what a stretch behind `seq` saw; every silence that became certain. */
export function* replayPace(trace: PaceTrace, seq: number, watch: Pick<SilenceWatch, 'see'>): Generator<Silence> {
  let nextOwn = 0;
  for (const [at, tsMs] of trace.times.entries()) {
    const own = trace.own[nextOwn]?.at === at ? trace.own[nextOwn] : undefined;
    if (own !== undefined) nextOwn += 1;
    const silence = watch.see(seq + at + 1, tsMs, own?.kind, own?.heartbeatMs);
    if (silence !== undefined) yield silence;
  }
}
