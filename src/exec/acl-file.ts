// The ACL's file. Invariant: it is believed only if nobody but its reader and root could have written it, or put it there,
// and what is looked at is the very file that is read, not whatever has its name a moment later.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Acl, parseAcl } from './acl.js';
import { ExecError, messageOf } from './failure.js';

/** A larger file is no list that people keep by hand. */
const aclBytesMax = 1024 * 1024;
const writableByOthers = 0o022;
const sticky = 0o1000;
/** path_resolution(7): the kernel follows no more. */
const linksMax = 40;

/** An ACL and the file it stands in. */
export interface AclFile {
  readonly path: string;
  readonly acl: Acl;
}

/** Reads an ACL. `uid` is who reads it. @throws ExecError `acl`, naming the file and what is wrong */
export function readAcl(path: string, uid: number): AclFile {
  try {
    const place = trustedPlace(path, uid);
    return { path: place, acl: parseAcl(textOf(place, uid)) };
  } catch (error) {
    throw new ExecError('acl', `ACL ${path}: ${messageOf(error)}`, error);
  }
}

/**
 * The path without links. Every directory and every link on the way, also on that of a link's target, is one that strangers
 * cannot put another one in the place of: whoever may write to a directory may, unless it is sticky; its owner may always.
 */
function trustedPlace(path: string, uid: number): string {
  const namesOf = (text: string): string[] => text.split('/').filter((name) => name !== '' && name !== '.').reverse();
  // Not by `resolve`, which takes `..` for the name before it: behind a link it is another.
  const left = namesOf(path.startsWith('/') ? path : `${process.cwd()}/${path}`);
  let at = '/';
  let links = 0;
  refuseStrangers(lstatSync(at), uid, at);
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    // The directory there was looked at on the way down.
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const stat = lstatSync(next);
    if (stat.isSymbolicLink()) {
      links += 1;
      if (links > linksMax) throw new ExecError('acl', 'leads through too many links');
      refuseStrangers(stat, uid, `the link ${next}`);
      const target = readlinkSync(next);
      if (target.startsWith('/')) at = '/';
      left.push(...namesOf(target));
    } else {
      // What the last name leads to is looked at once more when it is open.
      if (left.length > 0) refuseStrangers(stat, uid, `${next}, on the way to it,`);
      at = next;
    }
  }
  return at;
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

function refuseStrangers(stat: Stats, uid: number, name: string): void {
  if (stat.uid !== 0 && stat.uid !== uid) throw new ExecError('acl', `${name} belongs to uid ${stat.uid}, neither root nor ${uid}`);
  // A link's own mode says nothing.
  if (stat.isSymbolicLink() || (stat.isDirectory() && (stat.mode & sticky) !== 0)) return;
  if ((stat.mode & writableByOthers) !== 0) {
    throw new ExecError('acl', `${name} can be written by others (mode ${(stat.mode & 0o7777).toString(8)}): chmod go-w`);
  }
}
