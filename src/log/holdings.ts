/**
 * The segments that are there, with their sizes and what their own headers allow: counted for `status`, and looked at for
 * what retention may take. Invariant: only the newest is open; all others are closed and never change again.
 */
import type { Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';
import { readFirstLine } from './first-line.js';
import type { Retain } from './own.js';
import type { Places, SegmentFile } from './segment.js';
import { listSegments, segmentFile } from './segment.js';
import type { OpenSegment } from './state.js';

/** A closed segment. */
export interface HeldSegment extends SegmentFile {
  readonly bytes: number;
  /** By its own header, which nobody checked yet; a header that cannot be read allows nothing. */
  readonly retain: Retain;
}

const keepAlways: Retain = { bytes: 0, ms: 0 };

export class Holdings {
  readonly #disk: Disk;
  readonly #places: Places;
  /** Oldest first. */
  #closed: HeldSegment[] = [];
  #closedBytes = 0;
  #open: OpenSegment | undefined;
  /** Closed ones whose header could not be read yet: until it is, they stay. */
  readonly #unread = new Set<string>();

  /** Reads what is there; `open` is the one that is written to. */
  constructor(disk: Disk, places: Places, open: OpenSegment | undefined) {
    this.#disk = disk;
    this.#places = places;
    this.#open = open;
    for (const segment of listSegments(disk, places.log)) {
      if (segment.name !== open?.name) this.#hold(segment, disk.entry(segment.path)?.bytes ?? 0);
    }
  }

  /** How many segments there are. */
  get count(): number {
    return this.#closed.length + (this.#open === undefined ? 0 : 1);
  }

  /** Of all together. */
  get bytes(): number {
    return this.#closedBytes + (this.#open?.bytes ?? 0);
  }

  get closed(): readonly HeldSegment[] {
    return this.#closed;
  }

  get open(): OpenSegment | undefined {
    return this.#open;
  }

  /** Takes note of where the writer stands; another segment than before means that that one is closed now. */
  follow(open: OpenSegment | undefined): void {
    const before = this.#open;
    this.#open = open;
    if (before !== undefined && before.name !== open?.name) this.#hold(segmentFile(this.#places.log, before.first), before.bytes);
  }

  /** Looks again at what could not be read. */
  readAgain(): void {
    if (this.#unread.size === 0) return;
    this.#closed = this.#closed.map((held) => (this.#unread.has(held.name) ? { ...held, retain: this.#retainOf(held) } : held));
  }

  /** The oldest one is gone. */
  drop(): void {
    const gone = this.#closed.shift();
    this.#closedBytes -= gone?.bytes ?? 0;
    this.#unread.delete(gone?.name ?? '');
  }

  #hold(segment: SegmentFile, bytes: number): void {
    this.#closed.push({ ...segment, bytes, retain: this.#retainOf(segment) });
    this.#closedBytes += bytes;
  }

  #retainOf(segment: SegmentFile): Retain {
    this.#unread.delete(segment.name);
    try {
      return readFirstLine(this.#disk, segment)?.retain ?? keepAlways;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      // Nothing is recorded less for it; and descriptors come back.
      this.#unread.add(segment.name);
      return keepAlways;
    }
  }
}
