// How long to wait before trying again. Invariant: never longer than the cap, and spread over the whole span (full
// jitter), so that a thousand clients of a daemon that restarts do not come back in one moment.

const baseMs = 20;
const capMs = 2000;

/** Milliseconds before attempt `attempt` (0, 1, 2 …), drawn by `random` from 0 up to a span that doubles. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 16));
}
