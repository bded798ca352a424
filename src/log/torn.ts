/**
 * Telling a crash from a hand. Behind the sealed head nothing was acknowledged, and a power cut may leave there a
 * line without its end, or sectors that were never written. Invariant: only bytes behind the head are ever judged
 * here, so that no acknowledged byte can be explained away.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { readExactly } from '../disk/read.js';
import { lineFeed } from './lines.js';

/** What disks write whole. */
const sectorBytes = 512;
/** Read at a time; a multiple of the sector. */
const chunkBytes = 64 * sectorBytes;

/**
 * Whether the bytes from `from` (the first that are not a valid record) to the end are what a crash leaves: no LF at
 * the end, or a whole sector of zeros, or zeros from `from` to the end of its sector, whose beginning was synced with
 * an earlier commit.
 */
export function isTorn(disk: Disk, file: Descriptor, from: number): boolean {
  const buffer = Buffer.alloc(chunkBytes);
  let base = from - (from % sectorBytes);
  let last: number | undefined;
  for (;;) {
    const got = readExactly(disk, file, buffer, base);
    for (let at = 0; at + sectorBytes <= got; at += sectorBytes) {
      const sector = buffer.subarray(Math.max(at, from - base), at + sectorBytes);
      if (sector.every((byte) => byte === 0)) return true;
    }
    if (got > 0) last = buffer[got - 1];
    if (got < buffer.length) return last !== lineFeed;
    base += got;
  }
}
