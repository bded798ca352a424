/**
 * The examination of a daemon and its log from the outside. Invariant: every check is made and shown, in one order,
 * whatever the others came to; nothing is written but the canary.
 */
import type { Clock } from '../clock/clock.js';
import type { Pace } from './age.js';
import { checkClock, checkClockSync, checkHeadAge, checkSealAge } from './age.js';
import { checkCanary } from './canary.js';
import type { Checked, CheckName, Report, Verdict } from './check.js';
import { checkNames, checked, reportOf, skip, within } from './check.js';
import { checkConfiguration } from './configuration.js';
import { checkKeyFiles, checkLogFiles, checkParents, checkStateDirectory, checkVerificationKey } from './directory.js';
import { checkLock } from './holder.js';
import type { Host } from './host.js';
import { checkFilesystem } from './mount.js';
import { checkCoreDumps, checkOpenFiles } from './process.js';
import type { Sight } from './sight.js';
import { look } from './sight.js';
import { checkFreeSpace, checkInodes } from './space.js';
import type { Subject, Wanted } from './subject.js';
import { subjectOf } from './subject.js';
import type { Open, Reached } from './talk.js';
import { checkDaemon, checkOrigin, checkSocket, reach } from './talk.js';
import { checkVersions } from './version.js';

export interface Examination {
  readonly host: Host;
  readonly clock: Clock;
  readonly open: Open;
  readonly wanted: Wanted;
  /** This command's. */
  readonly version: string;
  /** Whether an event may be recorded. */
  readonly canary: boolean;
}

/** What is gathered for the checks may take this long altogether, ms. */
const sightMs = 15_000;
/** The conversation's end, ms: nothing is under way then. */
const closeMs = 500;

/** Makes every check. */
export async function examine(examination: Examination): Promise<Report> {
  const { host, clock, open, wanted } = examination;
  const subject = await subjectOf(host, wanted);
  const reached = await reach(subject, open, () => clock.monotonic());
  try {
    const checks = checksOf(examination, subject, reached, await paceOf(subject, reached));
    const results: Checked[] = [];
    for (const name of checkNames) results.push(await checked(name, checks[name]));
    return reportOf(results);
  } finally {
    if (reached.kind === 'answers') await reached.talk.close({ timeoutMs: closeMs });
  }
}

async function paceOf({ host, places, settings }: Subject, reached: Reached): Promise<Pace> {
  let sight: Sight | Error;
  try {
    sight = await within('the newest records', sightMs, look(reached, host, places));
  } catch (error) {
    sight = error instanceof Error ? error : new Error(String(error));
  }
  return { sight, reached, settings, nowMs: host.now() };
}

function checksOf(
  { host, clock, version, canary }: Examination, subject: Subject, reached: Reached, pace: Pace,
): Readonly<Record<CheckName, () => Promise<Verdict> | Verdict>> {
  return {
    configuration: () => checkConfiguration(subject),
    state_dir: () => checkStateDirectory(subject),
    parents: () => checkParents(subject),
    filesystem: () => checkFilesystem(subject),
    log_files: () => checkLogFiles(subject),
    key_files: () => checkKeyFiles(subject),
    verification_key: () => checkVerificationKey(subject),
    lock: () => checkLock(subject.holder, subject.wanted.stateDirectory),
    socket: () => checkSocket(subject),
    daemon: () => checkDaemon(reached, subject),
    origin: () => checkOrigin(reached, subject),
    clock: () => checkClock(pace),
    clock_sync: () => checkClockSync(host),
    free_space: () => checkFreeSpace(subject),
    inodes: () => checkInodes(subject),
    head_age: () => checkHeadAge(pace),
    seal_age: () => checkSealAge(pace),
    canary: () => (canary ? checkCanary(subject, reached, () => clock.monotonic()) : skip('--no-canary was given, so nothing was recorded')),
    versions: () => checkVersions(host, reached, version),
    open_files: () => checkOpenFiles(subject),
    core_dumps: () => checkCoreDumps(subject),
  };
}
