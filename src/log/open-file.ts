/**
 * The one file that is written to: whole lines behind the last durable byte, or nothing. Invariant: after every call that
 * returns or says `disk_full`, the file ends where its last durable line ends.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { writeWhole } from '../disk/write.js';
import { LogError, isNoSpace, shortageOr, writeFailed } from './failure.js';

export class OpenFile {
  readonly #disk: Disk;
  readonly #file: Descriptor;

  private constructor(disk: Disk, file: Descriptor) {
    this.#disk = disk;
    this.#file = file;
  }

  /** One that exists. */
  static open(disk: Disk, path: string): OpenFile {
    return new OpenFile(disk, disk.open(path, 'update'));
  }

  /** A new one, whose name was never used; the name is not durable yet. @throws LogError */
  static create(disk: Disk, path: string): OpenFile {
    try {
      return new OpenFile(disk, disk.open(path, 'create'));
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
      throw new LogError('disk_full', 'write', 'the disk is full; nothing of this was written', error);
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

  close(): void {
    this.#disk.close(this.#file);
  }
}
