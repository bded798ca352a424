// A daemon's state directory, before anything is written into it: made if it is missing, and closed to everybody else.
import { accessSync, chmodSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { errorCode, realDisk } from '../disk/disk.js';
import { listSegments, placesIn } from '../log/segment.js';
import { messageWithAdvice } from './advice.js';
import { exitCodeOf, exitCodes } from './exit.js';

/** The directory as it is really called, or how the start ends. */
export type Claim =
  | { readonly ok: true; readonly state: string }
  | { readonly ok: false; readonly exitCode: number };

/** Makes the state directory ours alone, unless it cannot be or should not be; then the reason was said. */
export function claimDirectory(path: string, logger: Logger): Claim {
  try {
    realDisk.makeDirectory(path);
    const state = realpathSync(path);
    const foreign = foreignIn(state);
    if (foreign !== undefined) {
      logger.fatal(`${foreign}, and this is uid ${process.getuid?.() ?? 0}, which may not use it: ` +
        'start the daemon as that user, give it what is in there with chown, or name another directory in INDELIBLE_STATE_DIR');
      return { ok: false, exitCode: exitCodes.usage };
    }
    const { mode } = statSync(state);
    if ((mode & 0o077) === 0) return { ok: true, state };
    // A directory full of other things was hardly meant: closing it to everybody else would break them.
    if (realDisk.list(state).length > 0 && realDisk.entry(placesIn(state).keys) === undefined) {
      logger.fatal(`${state} is neither empty nor a state directory; name one of its own in INDELIBLE_STATE_DIR`);
      return { ok: false, exitCode: exitCodes.usage };
    }
    chmodSync(state, 0o700);
    logger.warn(`${state} was open to others (mode ${(mode & 0o777).toString(8)}); it is 0700 now`);
    return { ok: true, state };
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const said = exitCode === exitCodes.usage ? `${String(error)}; name another in INDELIBLE_STATE_DIR` : messageWithAdvice(error);
    logger.fatal(`the state directory cannot be used: ${said}`);
    return { ok: false, exitCode };
  }
}

/** The first thing in a state directory that is not ours to use, with its owner; undefined if all is. */
function foreignIn(state: string): string | undefined {
  for (const path of neededOf(state)) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch (error) {
      if (errorCode(error) !== 'EACCES') continue;
      const { uid, mode } = lstatSync(path);
      return `${path} belongs to uid ${uid} and is ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
    }
  }
  return undefined;
}

/** What a start opens first; each directory before what is in it, which is looked for when the directory was seen to be ours. */
function* neededOf(state: string): Generator<string> {
  const { log, keys, head } = placesIn(state);
  yield* [state, log, keys];
  for (const name of realDisk.list(keys)) yield join(keys, name);
  yield head;
  for (const { path } of listSegments(realDisk, log).slice(-1)) yield path;
}
