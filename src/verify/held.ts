/**
 * The segments as they were listed, the oldest of them held open: retention removes from that end, and what was listed
 * must still be there when its turn to be read comes, with the size it had. Invariant: a segment that is held can be read
 * to its end, whatever became of its name.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';
import type { SegmentFile } from '../log/segment.js';

/** A segment that was listed is gone: the daemon's retention removed it, and the verification begins again. */
export class SegmentsMoved extends Error {
  readonly code = 'segments_moved';

  constructor(name: string, options?: { readonly cause: unknown }) {
    super(`${name} was removed while the log was read`, options);
    this.name = 'SegmentsMoved';
  }
}

/** Opens a segment that was listed. @throws SegmentsMoved if it is gone since */
export function openListed(disk: Disk, segment: SegmentFile): Descriptor {
  try {
    return disk.open(segment.path, 'read');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') throw new SegmentsMoved(segment.name, { cause });
    throw cause;
  }
}

/** Held open at most: what retention can take while the removed part is checked. */
const heldMax = 256;

/** See the file's head. */
export class HeldSegments {
  readonly #disk: Disk;
  readonly #files = new Map<string, Descriptor>();
  readonly #bytes = new Map<string, number>();

  constructor(disk: Disk, segments: readonly SegmentFile[]) {
    this.#disk = disk;
    for (const segment of segments) this.#look(segment);
    for (const segment of segments.slice(0, heldMax)) this.#hold(segment);
  }

  /** What a segment's size was, bytes; 0 for one that was gone already. */
  bytes(segment: SegmentFile): number {
    return this.#bytes.get(segment.name) ?? 0;
  }

  has(segment: SegmentFile): boolean {
    return this.#files.has(segment.name);
  }

  /** Hands the open file over, to be closed by whoever takes it. */
  take(segment: SegmentFile): Descriptor | undefined {
    const file = this.#files.get(segment.name);
    this.#files.delete(segment.name);
    return file;
  }

  close(): void {
    for (const file of this.#files.values()) this.#disk.close(file);
    this.#files.clear();
  }

  #look(segment: SegmentFile): void {
    const entry = this.#disk.entry(segment.path);
    if (entry?.kind === 'file') this.#bytes.set(segment.name, entry.bytes);
  }

  #hold(segment: SegmentFile): void {
    if (!this.#bytes.has(segment.name)) return;
    try {
      this.#files.set(segment.name, this.#disk.open(segment.path, 'read'));
    } catch (error) {
      // Gone since, or not to be read: whoever walks comes upon it and says so.
      if (errorCode(error) === undefined) throw error;
    }
  }
}
