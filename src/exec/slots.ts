// How many commands of one rule run at once, for one user. Invariant: a slot is a lock that the kernel drops when its
// holder ends, however it ends, so none can be left behind; the files themselves mean nothing and stay. Where they are, the
// environment has no say in, or another XDG_RUNTIME_DIR would be another count; but it may name what only root can have made.
// Still they are the user's own files, and `exec` is the user's own process: who may remove the one or kill the other is not
// limited by this.
import { closeSync, constants, lstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { errorCode, realDisk } from '../disk/disk.js';
import { sha256Hex } from '../keys/hash.js';
import type { AclFile } from './acl-file.js';
import type { Rule } from './acl.js';
import { ExecError, messageOf } from './failure.js';

/** Takes the exclusive lock on an open file, or says that another has it. */
export type TryLock = (descriptor: number) => boolean;

/** A running command's place; free again when the process ends or lets it go. */
export interface Slot {
  release(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the commands of a user are counted: below the home that the user database gives him; where he has none, below
 * /run/user/UID, which is second because it comes and goes with his sessions; and where there is neither, as for a service with
 * DynamicUser=, below what systemd made for it and names in `environment`. @throws ExecError `slots` where he has none of them
 */
export function slotDirectory(uid: number, environment: Environment, home = homeOf, runtime = '/run/user'): string {
  const own = home();
  if (own !== undefined && ownerOf(own) === uid) return join(own, '.local', 'state', 'indelible', 'exec');
  const sessions = join(runtime, String(uid));
  const there = ownerOf(sessions) === uid ? sessions : serviceDirectory(uid, environment);
  if (there !== undefined) return join(there, 'indelible', 'exec');
  throw new ExecError('slots', `a rule limits concurrency, and there is no place to count in: uid ${uid} has no home of its own in the user ` +
    `database, no ${sessions} (loginctl enable-linger makes that), and no directory from systemd (StateDirectory= in a service's unit makes that)`);
}

/**
 * The first of what systemd.exec(5) names for a service. The state before what goes when the service stops. Only one that root
 * made, beside which the user can make no other: the variables are his. He has as many counts as root made such directories.
 */
function serviceDirectory(uid: number, environment: Environment): string | undefined {
  const named = ['STATE_DIRECTORY', 'RUNTIME_DIRECTORY'].flatMap((name) => environment[name]?.split(':') ?? []);
  return named.find((path) => isAbsolute(path) && ownerOf(path) === uid && isOfRoot(path));
}

/** Whether nobody but root can have put a directory where it is. */
function isOfRoot(path: string): boolean {
  const above = statSync(dirname(realpathSync(path)));
  return above.uid === 0 && (above.mode & 0o022) === 0;
}

/** Whose it is; undefined where there is nothing, or where it is kept from us, as homes are from a service with ProtectHome=. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return undefined;
    throw new ExecError('slots', `running commands cannot be counted: ${messageOf(error)}`, error);
  }
}

function homeOf(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // A uid without an entry in the user database.
    return undefined;
  }
}

/**
 * A free slot of a rule, or undefined when all are taken. `directory` is private to the user, and made if absent.
 * @throws ExecError `slots` when it cannot be told
 */
export function takeSlot(directory: string, file: AclFile, rule: Rule, slots: number, tryLock: TryLock): Slot | undefined {
  try {
    makePrivate(directory);
    for (let i = 0; i < slots; i += 1) {
      const slot = openSync(join(directory, slotName(file, rule, i)),
        constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      if (tryLock(slot)) return { release: () => { closeSync(slot); } };
      closeSync(slot);
    }
    return undefined;
  } catch (error) {
    throw new ExecError('slots', `running commands cannot be counted in ${directory}: ${messageOf(error)}`, error);
  }
}

/** The file of a rule's slot. The rule by what it says, so that moving it within its file frees nothing. */
export function slotName({ path }: AclFile, { description, argv, cwd }: Rule, slot: number): string {
  const name = sha256Hex(Buffer.from(JSON.stringify([path, description, argv, cwd ?? null])));
  return `${name.slice(0, 32)}.${slot}`;
}

function makePrivate(directory: string): void {
  realDisk.makeDirectory(directory);
  const stat = lstatSync(directory);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw new ExecError('slots', 'it is not a directory of this user alone');
  }
}
