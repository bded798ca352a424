// The process group of a command that leads one. Invariant: whoever is in it counts, also when the command itself has gone;
// a process that made a session or group of its own (setsid, daemons) does not. The kernel tells nobody that a group that is
// not of children is empty, so it is looked at again and again, but only once its leader has gone.
import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '../disk/disk.js';
import { statOf } from './stat.js';

/** Between the first two looks, ms; then twice as long each time. */
const lookMs = 5;
/** Between two looks at most: a look reads a file for each process of the machine. */
const lookMsMax = 250;

/** Whether somebody in a group is alive. */
export function isPopulated(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    // Any other answer (EPERM) comes from somebody who is there and has other rights than we.
    return errorCode(error) !== 'ESRCH';
  }
  // Zombies answer, too, and in a container there may be nobody who takes them away.
  try {
    return readdirSync('/proc').some((name) => {
      const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
      return stat?.isAlive === true && stat.group === String(group);
    });
  } catch {
    return true;
  }
}

/** Resolves when nobody in a group is alive, or when told to stop waiting. Never rejects. */
export async function untilEmpty(group: number, stop: AbortSignal): Promise<void> {
  for (let ms = lookMs; !stop.aborted && isPopulated(group); ms = Math.min(2 * ms, lookMsMax)) {
    await wait(ms, undefined, { signal: stop }).catch(() => undefined);
  }
}
