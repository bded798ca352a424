/**
 * A file that is one slot: held open, overwritten in place, always as long as what was last written into it. It remembers
 * what that was, and so can tell when somebody else had his hands on the file, and make it again.
 */
import type { Descriptor, Disk, Entry } from './disk.js';
import { errorCode, isSameFile } from './disk.js';
import { readExactly } from './read.js';
import { overwrite, replaceFile } from './write.js';

/** What somebody else did to a file: its name leads nowhere, or to something else, or what is in it is not ours. */
export type Meddling = 'missing' | 'replaced' | 'changed';

export class Slot {
  readonly #disk: Disk;
  readonly #path: string;
  #file: Descriptor;
  #self: Entry;
  /** The caller's own bytes, which it does not touch but to write them again. */
  #last: Uint8Array | undefined;

  private constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#file = disk.open(path, 'update');
    this.#self = disk.describe(this.#file);
  }

  static open(disk: Disk, path: string): Slot {
    return new Slot(disk, path);
  }

  /** Overwrites, not yet synced. */
  write(bytes: Uint8Array): void {
    overwrite(this.#disk, this.#file, bytes);
    this.#last = bytes;
  }

  sync(): void {
    this.#disk.sync(this.#file);
  }

  close(): void {
    this.#disk.close(this.#file);
  }

  /** What was done to it since it was last written; undefined if nothing was, or nothing was written yet. */
  meddling(): Meddling | undefined {
    if (this.#last === undefined) return undefined;
    const entry = this.#disk.entry(this.#path);
    if (entry === undefined) return 'missing';
    if (entry.kind !== 'file' || !isSameFile(entry, this.#self)) return 'replaced';
    return entry.bytes === this.#last.length && this.#isAsWritten(this.#last) ? undefined : 'changed';
  }

  /** Makes it what it was, on the disk when this returns. @throws Node's error */
  restore(meddling: Meddling): void {
    const last = this.#last;
    if (last === undefined) return;
    if (meddling === 'changed') {
      this.#disk.truncate(this.#file, last.length);
      this.write(last);
      this.sync();
      return;
    }
    replaceFile(this.#disk, this.#path, last);
    const orphan = this.#file;
    this.#file = this.#disk.open(this.#path, 'update');
    this.#self = this.#disk.describe(this.#file);
    // What is in it may be a secret of this moment: it MUST NOT outlast the moment in a file that nobody overwrites any more.
    overwrite(this.#disk, orphan, Buffer.alloc(last.length));
    this.#disk.sync(orphan);
    this.#disk.close(orphan);
  }

  #isAsWritten(last: Uint8Array): boolean {
    const there = Buffer.alloc(last.length);
    try {
      return readExactly(this.#disk, this.#file, there, 0) === last.length && there.equals(last);
    } finally {
      there.fill(0);
    }
  }
}

/** A file that was written once and stays as it is. */
export class Fixture {
  readonly #disk: Disk;
  readonly path: string;
  readonly #bytes: Buffer;
  /** As it was when it held just these bytes. */
  #seen: Entry | undefined;

  /** That should hold just these bytes, whatever is there now. */
  static holding(disk: Disk, path: string, bytes: Buffer): Fixture {
    return new Fixture(disk, path, bytes);
  }

  /** As it is now; undefined where it is not there. */
  static of(disk: Disk, path: string): Fixture | undefined {
    const bytes = disk.read(path);
    return bytes === undefined ? undefined : new Fixture(disk, path, bytes);
  }

  private constructor(disk: Disk, path: string, bytes: Buffer) {
    this.#disk = disk;
    this.path = path;
    this.#bytes = bytes;
  }

  /** What was done to it; undefined if nothing was, or if it cannot be told now. */
  meddling(): Meddling | undefined {
    const entry = this.#disk.entry(this.path);
    if (entry === undefined) return 'missing';
    if (entry.kind !== 'file') return 'replaced';
    if (entry.bytes !== this.#bytes.length) return 'changed';
    // Nobody touched it since it was last read.
    if (this.#seen !== undefined && isSameFile(entry, this.#seen) && entry.changedMs === this.#seen.changedMs) return undefined;
    let there: Buffer | undefined;
    try {
      there = this.#disk.read(this.path);
    } catch (error) {
      // No descriptors, a disk that fails for a moment: that is nobody's hand, and it is looked at again.
      if (errorCode(error) === undefined) throw error;
      return undefined;
    }
    const isSame = there?.equals(this.#bytes) === true;
    there?.fill(0);
    if (!isSame) return 'changed';
    this.#seen = entry;
    return undefined;
  }

  /** Puts it back, on the disk when this returns. @throws Node's error */
  restore(): void {
    replaceFile(this.#disk, this.path, this.#bytes);
  }
}
