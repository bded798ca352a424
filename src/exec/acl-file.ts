// The ACL's file. Invariant: it is believed only if nobody but its reader and root could have written it, and what is
// looked at is the very file that is read, not whatever has its name a moment later.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { type Acl, parseAcl } from './acl.js';
import { ExecError, messageOf } from './failure.js';

/** A larger file is no list that people keep by hand. */
const aclBytesMax = 1024 * 1024;
const writableByOthers = 0o022;
const sticky = 0o1000;

/** An ACL and the file it stands in. */
export interface AclFile {
  readonly path: string;
  readonly acl: Acl;
}

/** Reads an ACL. `uid` is who reads it. @throws ExecError `acl`, naming the file and what is wrong */
export function readAcl(path: string, uid: number): AclFile {
  try {
    const place = realpathSync(path);
    // Whoever may write to the directory may put another file in this one's place, unless it is sticky; its owner may always.
    const directory = statSync(dirname(place));
    refuseStrangers(directory, uid, `its directory ${dirname(place)}`, (directory.mode & sticky) !== 0);
    return { path: place, acl: parseAcl(textOf(place, uid)) };
  } catch (error) {
    throw new ExecError('acl', `ACL ${path}: ${messageOf(error)}`, error);
  }
}

function textOf(place: string, uid: number): string {
  // NONBLOCK, so that a FIFO of that name is refused and not waited for.
  const file = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new ExecError('acl', 'is not a regular file');
    if (stat.size > aclBytesMax) throw new ExecError('acl', `has ${stat.size} bytes, at most ${aclBytesMax} are read`);
    refuseStrangers(stat, uid, 'it');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function refuseStrangers(stat: Stats, uid: number, name: string, isSticky = false): void {
  if (stat.uid !== 0 && stat.uid !== uid) throw new ExecError('acl', `${name} belongs to uid ${stat.uid}, neither root nor ${uid}`);
  if (!isSticky && (stat.mode & writableByOthers) !== 0) {
    throw new ExecError('acl', `${name} can be written by others (mode ${(stat.mode & 0o7777).toString(8)}): chmod go-w`);
  }
}
