/**
 * The log's one door to the filesystem, synchronous: order is the whole point of what is written here, and a call that
 * has returned is the only kind that can be ordered. Threads that must not wait for a disk do not call it.
 * Invariant: errors are Node's own, with `code` and `syscall`; nothing is retried and nothing is swallowed.
 */
import * as fs from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What lies at a path, without following a link, or is open. */
export interface Entry {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly bytes: number;
  /** Names the file has: more than one and it can be written under another. None: it is gone when it is closed. */
  readonly links: number;
  /** With `inode`, which file it is, under whatever name; for as long as it is open, or after that another may have them. */
  readonly device: number;
  readonly inode: number;
  /** When its bytes, its names or its rights last changed, ms. */
  readonly changedMs: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Whether two entries are one file, of which one is open. (Times of birth would tell more, and are not known everywhere.) */
export function isSameFile(one: Entry, other: Entry): boolean {
  return one.inode === other.inode && one.device === other.device;
}

/** What a filesystem has left. */
export interface Space {
  /** For users other than root. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files that can still be made; infinite where they are not counted. */
  readonly freeFiles: number;
}

/** How a file is opened: `create` fails if the name exists, so that a name is never used for two files. */
export type OpenMode = 'read' | 'update' | 'create';

/** An open file descriptor. */
export type Descriptor = number;

/** Everything the log does to a disk; a test stands a broken one in its place. */
export interface Disk {
  open(path: string, mode: OpenMode): Descriptor;
  close(file: Descriptor): void;
  /** Reads up to `into.length` bytes at `position`; returns how many, 0 at the end. */
  readAt(file: Descriptor, into: Uint8Array, position: number): number;
  /** Writes at `position`; returns how many bytes were taken, which may be fewer than given. */
  writeAt(file: Descriptor, bytes: Uint8Array, position: number): number;
  size(file: Descriptor): number;
  /** What is open. */
  describe(file: Descriptor): Entry;
  truncate(file: Descriptor, bytes: number): void;
  /** Returns when the file's bytes and length are on the disk. */
  sync(file: Descriptor): void;
  /** Returns when the names in a directory are on the disk. */
  syncDirectory(path: string): void;
  /** The whole file, or undefined if there is none. */
  read(path: string): Buffer | undefined;
  /** The names in a directory, sorted; none if there is no directory. */
  list(path: string): readonly string[];
  /** What lies at a path; undefined also where something above it is no directory. */
  entry(path: string): Entry | undefined;
  /** What is left where `path` lies. */
  space(path: string): Space;
  /** Whether names in a directory may be made and removed, by its mode and its filesystem. */
  isWritable(directory: string): boolean;
  setMode(path: string, mode: number): void;
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  link(target: string, path: string): void;
  linkTarget(path: string): string;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = fs.constants;

/**
 * NOFOLLOW, because a file of the log that became a link is somebody's doing; NONBLOCK, so that a FIFO in its place
 * cannot hang us.
 */
export const readFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const openFlags: Readonly<Record<OpenMode, number>> = {
  read: readFlags,
  update: O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
};

/** What Linux calls -122, and libuv and so Node have no name for: a full quota. */
const quotaErrno = -122;

/** Node's error code (`ENOENT`, `ENOSPC`…) of anything thrown, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  if ('errno' in error && error.errno === quotaErrno) return 'EDQUOT';
  return typeof error.code === 'string' ? error.code : undefined;
}

function unlessAbsent<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether there is nothing, also where something above it is no directory. */
function isAbsence(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
}

function entryKind(stat: fs.Stats): Entry['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

function entryOf(stat: fs.Stats): Entry {
  const { size: bytes, nlink: links, dev: device, ino: inode, ctimeMs: changedMs, mode } = stat;
  return { kind: entryKind(stat), bytes, links, device, inode, changedMs, mode: mode & 0o7777 };
}

/** With all that is missing above it. (Node's own `recursive` never returns where a parent cannot hold directories.) */
function makeDirectory(path: string): void {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && fs.statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || fs.existsSync(parent)) throw error;
    makeDirectory(parent);
    fs.mkdirSync(path, { mode: 0o700 });
  }
}

/** The operating system's filesystem. Files are made 0600, directories 0700. */
export const realDisk: Disk = {
  open: (path, mode) => fs.openSync(path, openFlags[mode], 0o600),
  close: (file) => { fs.closeSync(file); },
  readAt: (file, into, position) => fs.readSync(file, into, 0, into.length, position),
  writeAt: (file, bytes, position) => fs.writeSync(file, bytes, 0, bytes.length, position),
  size: (file) => fs.fstatSync(file).size,
  describe: (file) => entryOf(fs.fstatSync(file)),
  truncate: (file, bytes) => { fs.ftruncateSync(file, bytes); },
  sync: (file) => { fs.fdatasyncSync(file); },
  syncDirectory(path) {
    const directory = fs.openSync(path, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  },
  read: (path) => unlessAbsent(() => {
    const file = fs.openSync(path, openFlags.read);
    try {
      return fs.readFileSync(file);
    } finally {
      fs.closeSync(file);
    }
  }),
  list: (path) => unlessAbsent(() => fs.readdirSync(path).sort()) ?? [],
  entry: (path) => unlessAbsent(() => entryOf(fs.lstatSync(path))),
  space(path) {
    const { bavail, bsize, blocks, files, ffree } = fs.statfsSync(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeFiles: files === 0 ? Number.POSITIVE_INFINITY : ffree };
  },
  isWritable(directory) {
    try {
      fs.accessSync(directory, fs.constants.W_OK | fs.constants.X_OK);
      return true;
    } catch {
      // Why not is said by whatever is tried next.
      return false;
    }
  },
  setMode: (path, mode) => { fs.chmodSync(path, mode); },
  makeDirectory,
  rename: (from, to) => { fs.renameSync(from, to); },
  remove: (path) => { fs.unlinkSync(path); },
  link: (target, path) => { fs.symlinkSync(target, path); },
  linkTarget: (path) => fs.readlinkSync(path),
};

/** Free bytes where `path` lies, or null if they cannot be told. Asked off to the side: a disk that hangs must hang nobody. */
export async function freeBytesAt(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    // Shown as null, which is the answer: nobody knows.
    return null;
  }
}
