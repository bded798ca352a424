/**
 * The machine as an examination asks it: files, /proc, the kernel's clock; one door, so that a test stands a broken
 * machine behind it. Invariant: nothing is written, no call waits longer than its limit, no link is followed and nothing but
 * a regular file is read. While two calls hang no more are made, for each costs a thread.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, statfs } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { release } from 'node:os';
import { realClock } from '../clock/clock.js';
import { errorCode } from '../disk/disk.js';
import type { ClockSync } from '../kernel/native.js';
import { clockSync } from '../kernel/native.js';
import { Hung, within } from './check.js';

/** What lies at a path, not following a link. */
export interface Stat {
  readonly kind: 'file' | 'directory' | 'link' | 'socket' | 'other';
  /** Permission bits, set-id and sticky included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names that the file has. */
  readonly links: number;
  readonly bytes: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly modifiedMs: number;
}

/** What a filesystem has left for those who are not root. */
export interface Space {
  readonly freeBytes: number;
  readonly freeInodes: number;
  /** 0: it does not count them. */
  readonly inodes: number;
}

/**
 * What is not there is undefined.
 * @throws Hung, or Node's error with its `code` (`EACCES` above all)
 */
export interface Host {
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  /** Milliseconds since 1970. */
  now(): number;
  stat(path: string): Promise<Stat | undefined>;
  realPath(path: string): Promise<string | undefined>;
  list(path: string): Promise<readonly string[] | undefined>;
  linkTarget(path: string): Promise<string | undefined>;
  /** A file of /proc, or another small one: its first 1 MiB. */
  readText(path: string): Promise<string | undefined>;
  readSpan(path: string, position: number, bytes: number): Promise<Buffer | undefined>;
  space(path: string): Promise<Space | undefined>;
  /** @throws KernelError */
  clockSync(): ClockSync;
}

const textBytesMax = 1024 * 1024;
/** One call, ms. */
const callMs = 5_000;
/** Calls that hang before no more are made: Node has four threads for them. */
const hungMax = 2;

/** The machine that this runs on. */
export class RealHost implements Host {
  readonly nodeVersion = process.versions.node;
  readonly kernelRelease = release();
  readonly #callMs: number;
  /** Calls that were given up and have not returned since. */
  #hung = 0;

  constructor(limitMs = callMs) {
    this.#callMs = limitMs;
  }

  /** Whether a call still waits, which would keep the process from ending. */
  get isStuck(): boolean {
    return this.#hung > 0;
  }

  now(): number {
    return realClock.wall();
  }

  stat(path: string): Promise<Stat | undefined> {
    return this.#ask(path, async () => statOf(await lstat(path, { bigint: true })));
  }

  realPath(path: string): Promise<string | undefined> {
    return this.#ask(path, () => realpath(path));
  }

  list(path: string): Promise<readonly string[] | undefined> {
    return this.#ask(path, async () => (await readdir(path)).sort());
  }

  linkTarget(path: string): Promise<string | undefined> {
    return this.#ask(path, () => readlink(path));
  }

  async readText(path: string): Promise<string | undefined> {
    return (await this.readSpan(path, 0, textBytesMax))?.toString('utf8');
  }

  readSpan(path: string, position: number, bytes: number): Promise<Buffer | undefined> {
    return this.#ask(path, async () => {
      // NONBLOCK, so that a FIFO of that name is refused and not waited for.
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        if (!(await file.stat()).isFile()) throw new Error(`${path} is not a regular file`);
        const into = Buffer.alloc(bytes);
        let got = 0;
        while (got < bytes) {
          const { bytesRead } = await file.read(into, got, bytes - got, position + got);
          if (bytesRead === 0) break;
          got += bytesRead;
        }
        return into.subarray(0, got);
      } finally {
        await file.close();
      }
    });
  }

  space(path: string): Promise<Space | undefined> {
    return this.#ask(path, async () => {
      const { bavail, bsize, ffree, files } = await statfs(path);
      return { freeBytes: bavail * bsize, freeInodes: ffree, inodes: files };
    });
  }

  clockSync(): ClockSync {
    return clockSync();
  }

  async #ask<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#hung >= hungMax) throw new Hung('not_asked', `${path} was not asked: ${this.#hung} calls before it hang`);
    const answer = work();
    try {
      return await within(path, this.#callMs, answer);
    } catch (error) {
      if (error instanceof Hung) {
        this.#hung += 1;
        const settled = (): void => { this.#hung -= 1; };
        answer.then(settled, settled);
      }
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return undefined;
      throw error;
    }
  }
}

function statOf(stat: BigIntStats): Stat {
  return {
    kind: kindOf(stat), mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), links: Number(stat.nlink),
    bytes: Number(stat.size), device: stat.dev, inode: stat.ino, modifiedMs: Number(stat.mtimeMs),
  };
}

function kindOf(stat: BigIntStats): Stat['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSocket()) return 'socket';
  return stat.isSymbolicLink() ? 'link' : 'other';
}
