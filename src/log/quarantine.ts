/**
 * Bytes taken off a torn tail. They are kept, never deleted: first copied under `<seq>-<n>.new`, then cut off the log,
 * then named by a `recovered` record, and only when that is durable renamed without `.new`. After a crash in between the
 * next start finds the `.new` file, and names it in its own record.
 */
import { join } from 'node:path';
import type { Descriptor, Disk } from '../disk/disk.js';
import { readExactly, readSpan } from '../disk/read.js';
import { createFile, removeIfThere } from '../disk/write.js';
import { sha256Hex } from '../keys/hash.js';
import type { TornPiece } from './own.js';

const unnamedSuffix = '.new';
/** Of more zeros than this at an end nobody learns more: nobody wrote them, and a file may be made of any number of them. */
const zerosKept = 1024 * 1024;

/** What is kept of a file's bytes from `from` to before `until`: all but the zeros that they end with beyond some. */
export function worthKeeping(disk: Disk, file: Descriptor, from: number, until: number): Buffer {
  const zeros = Buffer.alloc(zerosKept);
  const last = Buffer.alloc(zerosKept);
  const endsInZeros = (end: number): boolean => {
    readExactly(disk, file, last, end - zerosKept);
    return last.equals(zeros);
  };
  let end = until;
  while (end - from > zerosKept && endsInZeros(end)) end -= zerosKept;
  return readSpan(disk, file, from, end - from);
}

/** Keeps `bytes`, which stood where record `seq` would be; they are on the disk when this returns its name to be. */
export function keepPiece(disk: Disk, directory: string, seq: number, bytes: Buffer): string {
  const names = new Set(disk.list(directory));
  // An unnamed piece that these bytes begin with is our own copy, cut short by a crash: the log still has them all.
  const again = [...names].find((name) => {
    if (!name.startsWith(`${seq}-`) || !name.endsWith(unnamedSuffix)) return false;
    const there = disk.read(join(directory, name));
    return there?.equals(bytes.subarray(0, there.length)) === true;
  });
  if (again !== undefined) removeIfThere(disk, join(directory, again));
  let n = 1;
  while (names.has(`${seq}-${n}`) || (names.has(`${seq}-${n}${unnamedSuffix}`) && again !== `${seq}-${n}${unnamedSuffix}`)) n += 1;
  createFile(disk, join(directory, `${seq}-${n}${unnamedSuffix}`), bytes);
  return `${seq}-${n}`;
}

/** What lies there that no record names yet. */
export function unnamedPieces(disk: Disk, directory: string): readonly TornPiece[] {
  return disk.list(directory).filter((name) => name.endsWith(unnamedSuffix)).map((name) => {
    const bytes = disk.read(join(directory, name)) ?? Buffer.alloc(0);
    return { file: name.slice(0, -unnamedSuffix.length), bytes: bytes.length, sha256: sha256Hex(bytes) };
  });
}

/** Takes off the `.new` of pieces that a durable record names. */
export function confirmPieces(disk: Disk, directory: string, files: readonly string[]): void {
  const names = new Set(disk.list(directory));
  const toConfirm = files.filter((file) => names.has(file + unnamedSuffix));
  for (const file of toConfirm) disk.rename(join(directory, file + unnamedSuffix), join(directory, file));
  if (toConfirm.length > 0) disk.syncDirectory(directory);
}
