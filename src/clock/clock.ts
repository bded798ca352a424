/**
 * The one door to time. The wall clock dates records and may step; the monotonic one measures and never does.
 */
import { performance } from 'node:perf_hooks';

/** Two clocks, both in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970, UTC, whole. */
  wall(): number;
  /** Milliseconds since some fixed moment, with fractions; only differences mean anything. */
  monotonic(): number;
}

/** The machine's clocks. */
export const realClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
};

/** RFC 3339, UTC, three fraction digits: 24 characters for the years 0 to 9999. */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

const timestampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The inverse of `timestamp`; undefined for every other spelling. */
export function parseTimestamp(text: string): number | undefined {
  if (!timestampForm.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
