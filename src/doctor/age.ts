// Time: whether the clock can be right, and whether records and seals come as often as the daemon promised.
import { parseTimestamp, timestamp } from '../clock/clock.js';
import { defaults } from '../config/config.js';
import { spanText } from './amount.js';
import type { Verdict } from './check.js';
import { fail, forbiddenText, isForbidden, ok, skip, warn } from './check.js';
import type { Host } from './host.js';
import type { Promised, Sight } from './sight.js';
import type { Settings } from './subject.js';
import type { Reached } from './talk.js';

/** A newest record this far ahead of the clock is no reading error any more, ms. */
const aheadWarnMs = 2_000;
const aheadFailMs = 5 * 60_000;
/** What a busy machine may be late by, ms. */
const lateMs = 5_000;
/** Of a kernel that says it is synchronised: an error that is worth a word, ms. */
const clockErrorMs = 1_000;

/** What is known of the log's pace; the sight, or why there is none. */
export interface Pace {
  readonly sight: Sight | Error;
  readonly reached: Reached;
  readonly settings: Settings;
  readonly nowMs: number;
}

/** The newest record's time, by the daemon's status or by the files. */
function newestMs({ sight, reached }: Pace): { readonly seq: number; readonly tsMs: number } | undefined {
  if (reached.kind === 'answers') {
    const { seq, ts } = reached.status.head;
    const tsMs = parseTimestamp(ts ?? '');
    if (tsMs !== undefined) return { seq, tsMs };
  }
  return sight instanceof Error ? undefined : sight.newest;
}

const readersSay = 'run this as root, as the daemon\'s user, or as one of INDELIBLE_READERS';

function unseen({ sight }: Pace): Verdict {
  if (!(sight instanceof Error)) return skip('no record was found');
  if (!isForbidden(sight)) return skip(`the newest records are not to be seen: ${sight.message}`);
  return skip(`the newest records are not to be seen: ${forbiddenText(sight)}`, readersSay);
}

export function checkClock(pace: Pace): Verdict {
  const newest = newestMs(pace);
  if (newest === undefined) return unseen(pace);
  const ahead = newest.tsMs - pace.nowMs;
  const now = timestamp(pace.nowMs);
  const advice = 'set the clock, or find out who set it back; records keep the times they have';
  if (ahead > aheadFailMs) return fail(`it is ${now} here, and record ${newest.seq} was made ${spanText(ahead)} later than that`, advice, 'timedatectl status');
  if (ahead > aheadWarnMs) return warn(`it is ${now} here, and record ${newest.seq} was made ${spanText(ahead)} later than that`, advice, 'timedatectl status');
  return ok(`it is ${now} here, and the newest record ${newest.seq} was made ${spanText(Math.max(0, -ahead))} ago`);
}

export function checkClockSync(host: Host): Verdict {
  const { isSynchronised, maxErrorMs } = host.clockSync();
  if (!isSynchronised) {
    return warn('the kernel says that nobody keeps its clock right (no NTP)', 'run a time service, or take the records\' times for what this clock said', 'timedatectl set-ntp true');
  }
  if (maxErrorMs > clockErrorMs) {
    return warn(`the clock is synchronised and may be wrong by ${spanText(maxErrorMs)}`, 'see what the time service does', 'timedatectl timesync-status');
  }
  return ok(`the clock is synchronised, wrong by at most ${spanText(Math.max(1, maxErrorMs))}`);
}

interface KnownPace extends Promised {
  /** Who said so. */
  readonly by: string;
}

function promised({ sight, settings }: Pace): KnownPace {
  if (!(sight instanceof Error) && sight.promised !== undefined) return { ...sight.promised, by: 'as its last start said' };
  const { sealMs, heartbeatMs } = settings.config ?? defaults;
  return { sealMs, heartbeatMs, by: settings.isDaemons ? 'by its environment' : 'if it has this environment' };
}

export function checkHeadAge(pace: Pace): Verdict {
  const newest = newestMs(pace);
  if (newest === undefined) return unseen(pace);
  const { heartbeatMs, by } = promised(pace);
  const age = Math.max(0, pace.nowMs - newest.tsMs);
  const found = `the newest record ${newest.seq} is ${spanText(age)} old; one is due every ${spanText(heartbeatMs)}, ${by}`;
  if (age <= 2 * heartbeatMs + lateMs) return ok(found);
  return warn(found, 'a running daemon records at least its heartbeat: see daemon and free_space above');
}

/** How long something has been due; what was left by an earlier run is due from the daemon's start on. */
function ageOf(tsMs: number, { nowMs, reached }: Pace): number {
  const age = Math.max(0, nowMs - tsMs);
  return reached.kind === 'answers' ? Math.min(age, reached.status.uptime_ms) : age;
}

export function checkSealAge(pace: Pace): Verdict {
  const { sight } = pace;
  if (sight instanceof Error) return unseen(pace);
  const { sealMs, heartbeatMs, by } = promised(pace);
  const { seal, unsealed } = sight;
  if (unsealed !== undefined) {
    const age = ageOf(unsealed.tsMs, pace);
    const found = `record ${unsealed.seq} has waited ${spanText(age)} for a seal; one is due after ${spanText(sealMs)}, ${by}`;
    return age <= 2 * sealMs + lateMs ? ok(found) : warn(found, 'what is not sealed rests on this host\'s keys: see daemon and free_space');
  }
  if (seal === undefined) return skip(`no seal was found among what ${sight.from} showed`, 'see what the daemon has', 'indelible checkpoint');
  const age = ageOf(seal.tsMs, pace);
  const found = `the newest seal ${seal.seq} is ${spanText(age)} old and covers all before it; one is due every ${spanText(heartbeatMs)}, ${by}`;
  return age <= 2 * heartbeatMs + lateMs ? ok(found) : warn(found, 'a running daemon seals at every heartbeat: see daemon and free_space');
}
