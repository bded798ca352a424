/**
 * How far a log on disk is durable: what its sealed head says. Invariant: the head is read before any line, so a record
 * it covers is there when the lines are read, unless somebody took it away.
 */
import type { Disk } from '../disk/disk.js';
import { headBytes, decodeHead } from '../log/head.js';
import type { Head } from '../log/head.js';
import type { Places } from '../log/segment.js';
import { readSpan } from '../log/torn.js';

/** `unknown`: the head is missing or damaged; then nothing says which records were acknowledged. */
export type Durable =
  | { readonly kind: 'known'; readonly head: Head }
  | { readonly kind: 'unknown' };

/** A slot caught while the daemon overwrites it is whole again within microseconds. */
const readTriesMax = 5;
const pauseMs = 2;

export function readDurable(disk: Disk, places: Places): Durable {
  for (let tries = 1; tries <= readTriesMax; tries += 1) {
    if (disk.entry(places.head)?.kind !== 'file') return { kind: 'unknown' };
    const file = disk.open(places.head, 'read');
    try {
      // One byte more than a slot, so that a longer file is seen to be one.
      const head = decodeHead(readSpan(disk, file, 0, headBytes + 1));
      if (head !== undefined) return { kind: 'known', head };
    } finally {
      disk.close(file);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
  return { kind: 'unknown' };
}
