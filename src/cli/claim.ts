// A daemon's state directory, before anything is written into it: made if it is missing, and closed to everybody else.
import { chmodSync, realpathSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { realDisk } from '../disk/disk.js';
import { placesIn } from '../log/segment.js';
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
    const advice = exitCode === exitCodes.usage ? '; name another in INDELIBLE_STATE_DIR' : '';
    logger.fatal(`the state directory cannot be used: ${String(error)}${advice}`);
    return { ok: false, exitCode };
  }
}
