// What happened, in numbers, since the daemon started. Everything refused, doubled or failed is counted here.
import type { ErrorCode } from '../wire/message.js';

/** Fsyncs remembered for the percentiles. */
const syncSamplesMax = 1024;

export class Counters {
  readonly accepted = new Map<string, number>();
  readonly refused = new Map<ErrorCode, number>();
  duplicates = 0;
  /** Values masked in events that were taken in. */
  redacted = 0;
  writeFailures = 0;
  lastError: string | null = null;
  readonly #syncMs: number[] = [];
  #nextSample = 0;

  accept(profile: string): void {
    this.accepted.set(profile, (this.accepted.get(profile) ?? 0) + 1);
  }

  refuse(code: ErrorCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  synced(ms: number): void {
    this.#syncMs[this.#nextSample] = ms;
    this.#nextSample = (this.#nextSample + 1) % syncSamplesMax;
  }

  /** Of the last fsyncs, ms; 0 before the first. */
  syncPercentiles(): { readonly p50: number; readonly p99: number } {
    const sorted = [...this.#syncMs].sort((a, b) => a - b);
    const at = (share: number): number => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 1000) / 1000;
    return { p50: at(0.5), p99: at(0.99) };
  }
}
