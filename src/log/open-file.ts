/**
 * The one file that is written to: whole lines behind the last durable byte, or nothing. Invariant: after every call that
 * returns or says `disk_full`, the file ends where its last durable line ends.
 */
import { dirname } from 'node:path';
import type { Descriptor, Disk, Entry } from '../disk/disk.js';
import { isSameFile } from '../disk/disk.js';
import { readSpan } from '../disk/read.js';
import { copySpan, writeWhole } from '../disk/write.js';
import { LogError, isNoSpace, noSpaceText, shortageOr, writeFailed } from './failure.js';

/** What somebody else did to the file, or to its name. */
export type SegmentMeddling = 'unlinked' | 'renamed' | 'replaced' | 'truncated' | 'appended';

export class OpenFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: Descriptor;
  readonly #self: Entry;

  private constructor(disk: Disk, path: string, file: Descriptor) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#self = disk.describe(file);
  }

  /** One that exists. */
  static open(disk: Disk, path: string): OpenFile {
    return new OpenFile(disk, path, disk.open(path, 'update'));
  }

  /** A new one, whose name was never used; the name is not durable yet. @throws LogError */
  static create(disk: Disk, path: string): OpenFile {
    try {
      return new OpenFile(disk, path, disk.open(path, 'create'));
    } catch (error) {
      throw shortageOr(error, 'open', `no room for a new segment ${path}`);
    }
  }

  /** Writes at `position`, the end. What a full disk took of it is taken back. @throws LogError */
  write(bytes: Uint8Array, position: number): void {
    try {
      writeWhole(this.#disk, this.#file, bytes, position);
    } catch (error) {
      if (!isNoSpace(error)) throw writeFailed('write', error);
      try {
        this.#disk.truncate(this.#file, position);
      } catch (second) {
        throw writeFailed('ftruncate', second);
      }
      throw new LogError('disk_full', 'write', `${noSpaceText(error)}; nothing of this was written`, error);
    }
  }

  /**
   * Returns when everything written is on the disk. After a failure the kernel may count pages as clean that never
   * arrived, so a second try would lie: the file is finished. @throws LogError `write_failed`
   */
  sync(): void {
    try {
      this.#disk.sync(this.#file);
    } catch (error) {
      throw writeFailed('fdatasync', error);
    }
  }

  /** What was done to it, `bytes` being its length when it was last written; undefined if nothing. One call of the disk. */
  meddling(bytes: number): SegmentMeddling | undefined {
    const entry = this.#disk.entry(this.#path);
    if (entry === undefined) return this.#disk.describe(this.#file).links === 0 ? 'unlinked' : 'renamed';
    if (entry.kind !== 'file' || !isSameFile(entry, this.#self)) return 'replaced';
    if (entry.bytes === bytes) return undefined;
    return entry.bytes < bytes ? 'truncated' : 'appended';
  }

  /** Names that the file has. */
  get links(): number {
    return this.#disk.describe(this.#file).links;
  }

  /** Takes off what lies behind `position`, once `keep` has it. @throws LogError */
  cut(position: number, keep: (bytes: Buffer) => void): void {
    try {
      keep(readSpan(this.#disk, this.#file, position, this.#disk.size(this.#file) - position));
      this.#disk.truncate(this.#file, position);
      this.#disk.sync(this.#file);
    } catch (error) {
      throw writeFailed('ftruncate', error);
    }
  }

  /** Writes what it holds up to `bytes` into a new file of its name, which nothing bears. @throws Node's error */
  rescue(bytes: number): void {
    const copy = this.#disk.open(this.#path, 'create');
    try {
      copySpan(this.#disk, this.#file, copy, 0, bytes);
      this.#disk.sync(copy);
    } finally {
      this.#disk.close(copy);
    }
    this.#disk.syncDirectory(dirname(this.#path));
  }

  close(): void {
    this.#disk.close(this.#file);
  }
}
