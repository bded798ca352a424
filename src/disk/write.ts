/**
 * Writing that is whole or an error, and replacing a file so that a crash leaves the old one or the new one.
 */
import { dirname } from 'node:path';
import type { Descriptor, Disk } from './disk.js';
import { errorCode } from './disk.js';
import { readSpan } from './read.js';

/** A disk that took fewer bytes than it was given and gave no reason: how Node shows a full disk or a file size limit. */
export class ShortWrite extends Error {
  readonly code = 'ENOSPC';
  readonly syscall = 'write';

  constructor(wanted: number, written: number) {
    super(`ENOSPC: the disk took ${written} of ${wanted} bytes, write`);
    this.name = 'ShortWrite';
  }
}

/**
 * Writes all of `bytes` at `position`. A short write is taken up again; one that makes no progress is a full disk.
 * @throws ShortWrite, or Node's error; how much arrived is then unknown, and the caller takes the tail back.
 */
export function writeWhole(disk: Disk, file: Descriptor, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    const taken = disk.writeAt(file, written === 0 ? bytes : bytes.subarray(written), position + written);
    if (taken <= 0) throw new ShortWrite(bytes.length, written);
    written += taken;
  }
}

/** Copied at a time. */
const copyBytes = 1024 * 1024;

/** Writes the bytes from `from` to before `until` of one file where they stand, into another or the same. As `writeWhole`. */
export function copySpan(disk: Disk, source: Descriptor, target: Descriptor, from: number, until: number): void {
  for (let at = from; at < until; at += copyBytes) {
    writeWhole(disk, target, readSpan(disk, source, at, Math.min(copyBytes, until - at)), at);
  }
}

/**
 * Overwrites a slot, a file that is always as long as `bytes`. If that fails, or only half of it is taken, the whole of it is
 * written once more: the old slot is gone by then, and half a new one would be the end of whatever is kept in it. Only a write
 * may be tried again; an fsync that failed may not.
 * @throws ShortWrite, or Node's error
 */
export function overwrite(disk: Disk, file: Descriptor, bytes: Uint8Array): void {
  try {
    writeWhole(disk, file, bytes, 0);
  } catch {
    // What it was will be said by the second try, if it lasts.
    writeWhole(disk, file, bytes, 0);
  }
}

/** Makes a new file that is on the disk, name included, when this returns. @throws EEXIST if the name is taken. */
export function createFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, 'create');
  try {
    writeWhole(disk, file, bytes, 0);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
  disk.syncDirectory(dirname(path));
}

/** Puts `bytes` in the place of a file, or makes it: temporary name, sync, rename, sync of the directory, in this order. */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  // Left behind by a crash between the next two steps; it never had the real name, so nobody can have read it.
  removeIfThere(disk, temporary);
  createFile(disk, temporary, bytes);
  disk.rename(temporary, path);
  disk.syncDirectory(dirname(path));
}

/** Removes a file that may be absent. */
export function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Points a symbolic link at `target`, in one step for whoever reads it. A convenience, so it is not synced. */
export function replaceLink(disk: Disk, target: string, path: string): void {
  const temporary = `${path}.tmp`;
  removeIfThere(disk, temporary);
  disk.link(target, temporary);
  disk.rename(temporary, path);
}
