/**
 * The file `checkpoint`: the newest signed checkpoint that may be shown. A note that finds no room is kept and tried again;
 * until it is in place nothing newer is sealed, so that the file is never more than one seal behind.
 */
import type { Verifier } from '../checkpoint/note.js';
import { openCheckpoint } from '../checkpoint/seal.js';
import type { Disk } from '../disk/disk.js';
import { replaceFile } from '../disk/write.js';
import { isPutOff, shortageOr } from './failure.js';
import type { Sealed } from './state.js';

/** What the file holds, if the identity key signed it over just so many records; undefined for whatever else is there. */
export function readCheckpoint(disk: Disk, path: string, identity: Verifier, size: number): Sealed | undefined {
  if (disk.entry(path)?.kind !== 'file') return undefined;
  const checkpoint = disk.read(path)?.toString('utf8') ?? '';
  const opened = openCheckpoint(checkpoint, [identity]);
  return opened?.origin === identity.name && opened.size === size ? { size, checkpoint } : undefined;
}

export class CheckpointFile {
  readonly #disk: Disk;
  readonly #path: string;
  #shown: string | undefined;
  #due: string | undefined;

  /** `shown`: the note of the newest seal, which a start has put in place. */
  constructor(disk: Disk, path: string, shown: string | undefined) {
    this.#disk = disk;
    this.#path = path;
    this.#shown = shown;
  }

  /** The note whose file is in place. */
  get shown(): string | undefined {
    return this.#shown;
  }

  /**
   * Puts the note of a seal in place that is durable, its epoch's key gone. What finds no room is tried again by `settle`,
   * before the next seal.
   * @throws LogError `write_failed`
   */
  offer(note: string): void {
    this.#due = note;
    try {
      this.settle();
    } catch (error) {
      if (!isPutOff(error)) throw error;
    }
  }

  /** @throws LogError `disk_full`, and then again later, or `write_failed` */
  settle(): void {
    if (this.#due === undefined) return;
    try {
      replaceFile(this.#disk, this.#path, Buffer.from(this.#due));
    } catch (error) {
      throw shortageOr(error, 'checkpoint', 'no room for the checkpoint');
    }
    this.#shown = this.#due;
    this.#due = undefined;
  }
}
