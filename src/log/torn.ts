/**
 * Telling a torn tail from a tampered one. A crash leaves a last line without its end, or sectors that were allocated
 * and never written; whole bytes that are wrong are nobody's accident.
 */
import type { Descriptor, Disk } from '../disk/disk.js';

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const ZERO_SECTOR = Buffer.alloc(SECTOR_BYTES);
/** How much of a tail is looked at: more than one commit ever holds. */
const TAIL_BYTES_MAX = 64 * 1024 * 1024;
const LF = 0x0a;

/** Reads `bytes` bytes at `position`, fewer at the file's end. */
export function readSpan(disk: Disk, file: Descriptor, position: number, bytes: number): Buffer {
  const span = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const got = disk.readAt(file, span.subarray(filled), position + filled);
    if (got === 0) break;
    filled += got;
  }
  return span.subarray(0, filled);
}

/** Whether the bytes from the first invalid line at `from` to the file's end are what a crash leaves. */
export function isTornTail(disk: Disk, file: Descriptor, from: number, fileBytes: number): boolean {
  if (readSpan(disk, file, fileBytes - 1, 1)[0] !== LF) return true;
  const tail = readSpan(disk, file, from, Math.min(fileBytes - from, TAIL_BYTES_MAX));
  const firstSector = (SECTOR_BYTES - (from % SECTOR_BYTES)) % SECTOR_BYTES;
  for (let at = firstSector; at + SECTOR_BYTES <= tail.length; at += SECTOR_BYTES) {
    if (tail.subarray(at, at + SECTOR_BYTES).equals(ZERO_SECTOR)) return true;
  }
  return false;
}
