/**
 * The reserve: a file whose only use is the room that it takes. On a full disk it goes, and what it held is enough to say
 * that the disk is full, to seal, and to let retention remove what it may. It never holds anything that anybody reads.
 */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import type { Disk, Space } from '../disk/disk.js';
import { removeIfThere, writeWhole } from '../disk/write.js';
import { LogError, isNoSpace, isOutOfRoom } from './failure.js';

const kiB = 1024;
/** A day's seals, as a removal writes them to `retired.jsonl`, and some to spare. */
const bytesMax = 4096 * kiB;
/** A record, a seal and a checkpoint, whatever the size of the disk's blocks. */
const bytesMin = 64 * kiB;
/** Of a small disk no more than this part. */
const shareOfDisk = 16;
const blockBytes = 4 * kiB;
/** Files that can still be made, for there to be room. */
const filesMin = 4;

export class Reserve {
  /** How large it is when it is there. */
  readonly bytes: number;
  readonly #disk: Disk;
  readonly #path: string;
  #isGiven = false;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    const share = Math.floor(disk.space(dirname(path)).totalBytes / shareOfDisk);
    this.bytes = Math.max(bytesMin, Math.min(bytesMax, share - share % blockBytes));
  }

  /** Whether its room was given, and it was not made again since. */
  get isGiven(): boolean {
    return this.#isGiven;
  }

  get isThere(): boolean {
    const entry = this.#disk.entry(this.#path);
    return entry?.kind === 'file' && entry.bytes === this.bytes;
  }

  /** Whether there is room for it and for as much again, so that it is not the last thing that fits. */
  hasRoom({ freeBytes, freeFiles }: Space): boolean {
    return freeBytes >= 2 * this.bytes && freeFiles >= filesMin;
  }

  /** Makes it; leaves nothing of it where that fails. @throws Node's error */
  make(): void {
    removeIfThere(this.#disk, this.#path);
    const file = this.#disk.open(this.#path, 'create');
    try {
      // Random, so that no filesystem that compresses, or leaves zeros out, takes it for less than it is.
      writeWhole(this.#disk, file, randomBytes(this.bytes), 0);
      // Some filesystems find room only now.
      this.#disk.sync(file);
      this.#isGiven = false;
    } catch (error) {
      removeIfThere(this.#disk, this.#path);
      throw error;
    } finally {
      this.#disk.close(file);
    }
  }

  /** Gives its room away, at once; false if there was none to give. @throws Node's error */
  give(): boolean {
    if (!this.isThere) return false;
    removeIfThere(this.#disk, this.#path);
    this.#isGiven = true;
    // A journal gives freed blocks out again when the removal is on the disk, and not before.
    this.#disk.syncDirectory(dirname(this.#path));
    return true;
  }

  /** Does a start's work, and on a full disk once more with what the reserve had; each piece of it may be done twice. */
  giveTo<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const isFull = error instanceof LogError ? isOutOfRoom(error) : isNoSpace(error);
      if (!isFull || !this.give()) throw error;
      return work();
    }
  }
}
