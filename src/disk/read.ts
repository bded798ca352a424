// Reading from an open file until there is as much as was wanted: a single call may give less.
import type { Descriptor, Disk } from './disk.js';

/** Fills `into` from `position` on; returns how many bytes there were, fewer at the file's end. @throws Node's error */
export function readExactly(disk: Disk, file: Descriptor, into: Uint8Array, position: number): number {
  let got = 0;
  while (got < into.length) {
    const more = disk.readAt(file, into.subarray(got), position + got);
    if (more === 0) break;
    got += more;
  }
  return got;
}

/** Reads `bytes` bytes at `position`, fewer at the file's end. @throws Node's error */
export function readSpan(disk: Disk, file: Descriptor, position: number, bytes: number): Buffer {
  const span = Buffer.alloc(bytes);
  return span.subarray(0, readExactly(disk, file, span, position));
}
