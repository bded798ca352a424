// How many commands of one rule run at once, for one user. Invariant: a slot is a lock that the kernel drops when its
// holder ends, however it ends, so none can be left behind; the files themselves mean nothing and stay.
import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../disk/disk.js';
import type { AclFile } from './acl-file.js';
import type { Rule } from './acl.js';
import { ExecError, messageOf } from './failure.js';

/** Takes the exclusive lock on an open file, or says that another has it. */
export type TryLock = (descriptor: number) => boolean;

/** A running command's place; free again when the process ends or lets it go. */
export interface Slot {
  release(): void;
}

/**
 * A free slot of a rule, or undefined when all are taken. `directory` is private to the user, and made if absent.
 * @throws ExecError `slots` when it cannot be told
 */
export function takeSlot(directory: string, file: AclFile, rule: Rule, slots: number, tryLock: TryLock): Slot | undefined {
  try {
    makePrivate(directory);
    // The rule by what it says, so that moving it within its file frees nothing.
    const name = createHash('sha256').update(JSON.stringify([file.path, rule.description, rule.argv, rule.cwd ?? null])).digest('hex');
    for (let i = 0; i < slots; i += 1) {
      const slot = openSync(join(directory, `${name.slice(0, 32)}.${i}`),
        constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      if (tryLock(slot)) return { release: () => { closeSync(slot); } };
      closeSync(slot);
    }
    return undefined;
  } catch (error) {
    throw new ExecError('slots', `running commands cannot be counted in ${directory}: ${messageOf(error)}`, error);
  }
}

function makePrivate(directory: string): void {
  realDisk.makeDirectory(directory);
  const stat = lstatSync(directory);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw new ExecError('slots', 'it is not a directory of this user alone');
  }
}
