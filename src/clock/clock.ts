/**
 * The one door to time. The wall clock dates records and may step; the monotonic one measures and never does.
 */
/** Two clocks, both in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970, UTC, whole. */
  wall(): number;
  /**
   * Milliseconds since some moment of this boot, with fractions; only differences mean anything. The same moment for every
   * process of one boot, so that what one noted the next can subtract; a suspended machine does not count.
   */
  monotonic(): number;
}

const nanosecondsPerMs = 1e6;

/** The machine's clocks. (`performance.now()` is counted from the start of the process, and would mean nothing to the next.) */
export const realClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => Number(process.hrtime.bigint()) / nanosecondsPerMs,
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
  // `Date.parse` takes 30 February for 2 March, and 24:00 for the next day.
  return !Number.isNaN(ms) && timestamp(ms) === text ? ms : undefined;
}
