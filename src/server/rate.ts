// How much one process may send: a bucket of tokens for each, filled at the listener's rate, ten seconds deep. What is
// refused is counted, and the counts become `gap` records, one a minute for each process that was held back.
import type { Clock } from '../clock/clock.js';
import type { Peer, Source } from './source.js';

const burstSeconds = 10;
/**
 * Buckets kept at most; the oldest without refusals is forgotten first, and a forgotten one begins full again. More are kept only
 * of processes whose refusals the log could not take yet.
 */
const bucketsMax = 4096;

interface Bucket {
  tokens: number;
  filledAt: number;
  refused: number;
  readonly source: Source;
}

/** Events that one source lost to its rate. */
export interface HeldBack {
  readonly source: Source;
  readonly count: number;
  /** Counts them again: the record of them could not be written. */
  readonly giveBack: () => void;
}

export class RateLimiter {
  readonly #clock: Clock;
  readonly #onFull: () => void;
  readonly #buckets = new Map<string, Bucket>();

  /** `onFull`: no bucket can be forgotten until `heldBack` was asked for and recorded. */
  constructor(clock: Clock, onFull: () => void) {
    this.#clock = clock;
    this.#onFull = onFull;
  }

  /** Undefined: go ahead. Else how long to wait, ms; the events are counted as refused. */
  take(peer: Peer, rate: number, events: number): number | undefined {
    if (rate <= 0) return undefined;
    const bucket = this.#bucket(peer, rate);
    const now = this.#clock.monotonic();
    const depth = rate * burstSeconds;
    bucket.tokens = Math.min(depth, bucket.tokens + ((now - bucket.filledAt) / 1000) * rate);
    bucket.filledAt = now;
    // A request larger than the bucket could never pass: a full bucket is enough for it, and it owes the rest. If it did not, the
    // largest request in ten seconds would be the rate.
    const needed = Math.min(events, depth);
    if (bucket.tokens >= needed) {
      bucket.tokens -= events;
      return undefined;
    }
    bucket.refused += events;
    return Math.ceil(((needed - bucket.tokens) / rate) * 1000);
  }

  /** What was refused since the last time this was asked. */
  heldBack(): readonly HeldBack[] {
    const found: HeldBack[] = [];
    for (const [process, bucket] of this.#buckets) {
      const count = bucket.refused;
      if (count === 0) continue;
      bucket.refused = 0;
      found.push({ source: bucket.source, count, giveBack: () => { this.#giveBack(process, bucket, count); } });
    }
    return found;
  }

  /** The bucket may have been forgotten meanwhile, or have made way for another of its process. */
  #giveBack(process: string, forgotten: Bucket, count: number): void {
    const bucket = this.#buckets.get(process) ?? forgotten;
    bucket.refused += count;
    this.#buckets.set(process, bucket);
  }

  #bucket(peer: Peer, rate: number): Bucket {
    const known = this.#buckets.get(peer.process);
    if (known !== undefined) return known;
    if (this.#buckets.size >= bucketsMax && !this.#forgetOne()) {
      this.#onFull();
      this.#forgetOne();
    }
    const bucket = { tokens: rate * burstSeconds, filledAt: this.#clock.monotonic(), refused: 0, source: peer.source };
    this.#buckets.set(peer.process, bucket);
    return bucket;
  }

  /** One without refusals to report, the least recently made of them; false if there is none. */
  #forgetOne(): boolean {
    for (const [process, bucket] of this.#buckets) {
      if (bucket.refused > 0) continue;
      this.#buckets.delete(process);
      return true;
    }
    return false;
  }
}
