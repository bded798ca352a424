/**
 * From bytes to lines, split on LF and nothing else. Memory is bounded by the longest line allowed, whatever the file
 * holds: what is longer is passed on as `overlong`, counted but not kept.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { lineBytesMax } from './record.js';

/** One piece of a file. `line`: without its LF. `rest`: what stands behind the last LF. */
export interface Line {
  readonly kind: 'line' | 'rest' | 'overlong';
  /** The bytes, valid until the next one is asked for; empty when `overlong`. */
  readonly bytes: Buffer;
  /** Where it begins in the file, bytes. */
  readonly offset: number;
  /** Where the next one begins. */
  readonly end: number;
}

/** What ends a line. */
export const lineFeed = 0x0a;

/** `overlongMax` of whoever looks for what stands behind it. */
export const overlongBytesMax = 16 * lineBytesMax;

const chunkBytes = 1024 * 1024;

/** Which lines of a file, in bytes: from `offset` on, up to `until` or its end as it is when that is reached. */
export interface Extent {
  readonly offset?: number;
  readonly until?: number;
  /**
   * How much is read of a line that is found overlong, asked again while no end of it is found: with that it is the last one, and
   * its end is that of what was read. All of it unless said: of a file of holes, more than anybody could ever read.
   */
  readonly overlongMax?: () => number;
}

/** An overlong line is the last one: nobody looks for what stands behind it. */
export const notOverlong: Extent = { overlongMax: () => 0 };

/** Reads a file's lines. */
export function* readLines(disk: Disk, file: Descriptor, extent: Extent = {}): Generator<Line> {
  const { offset = 0, until = Number.POSITIVE_INFINITY, overlongMax = () => Number.POSITIVE_INFINITY } = extent;
  let buffer = Buffer.allocUnsafe(chunkBytes);
  let filled = 0;
  /** The file's offset of the buffer's first byte. */
  let base = offset;
  /** Where a line began whose bytes were dropped for its length. */
  let overlongFrom: number | undefined;
  const piece = (kind: 'line' | 'rest', start: number, end: number, next: number): Line => overlongFrom === undefined
    ? { kind, bytes: buffer.subarray(start, end), offset: base + start, end: base + next }
    : { kind: 'overlong', bytes: buffer.subarray(0, 0), offset: overlongFrom, end: base + next };
  for (;;) {
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end >= 0 && end < filled; end = buffer.indexOf(lineFeed, start)) {
      yield piece('line', start, end, end + 1);
      start = end + 1;
      overlongFrom = undefined;
    }
    buffer.copyWithin(0, start, filled);
    filled -= start;
    base += start;
    if (filled === buffer.length) {
      if (overlongFrom !== undefined || buffer.length >= lineBytesMax) {
        overlongFrom ??= base;
        if (base + filled - overlongFrom >= overlongMax()) {
          yield piece('rest', 0, filled, filled);
          return;
        }
        base += filled;
        filled = 0;
      } else {
        const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, lineBytesMax));
        buffer.copy(larger, 0, 0, filled);
        buffer = larger;
      }
    }
    const wanted = Math.min(buffer.length - filled, until - base - filled);
    const got = wanted <= 0 ? 0 : disk.readAt(file, buffer.subarray(filled, filled + wanted), base + filled);
    if (got === 0) {
      if (filled > 0 || overlongFrom !== undefined) yield piece('rest', 0, filled, filled);
      return;
    }
    filled += got;
  }
}
