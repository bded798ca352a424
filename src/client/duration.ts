// How long something may take, as callers say it. Invariant: what comes out a timer of Node's can wait.
import { ClientError } from './error.js';

/** Milliseconds that a timer can wait, some 24 days; of more it would make 1. */
const timerMsMax = 2 ** 31 - 1;

/** `ms`, from 0 to some 24 days: Infinity is as long as that. Throws ClientError `bad_request` for what is no number. */
export function durationMs(name: string, ms: unknown): number {
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw new ClientError('bad_request', `${name} is ${String(ms)}; give milliseconds`);
  return Math.min(Math.max(ms, 0), timerMsMax);
}
