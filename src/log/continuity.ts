/**
 * Whether a closed segment is the one that the next segment's header goes on from: the same tree over the same lines.
 * Who trusts the header may trust every byte of the segment, without a key.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { leafHash } from '../checkpoint/merkle.js';
import type { Disk } from '../disk/disk.js';
import { readFirstLine } from './first-line.js';
import { notOverlong, readLines } from './lines.js';
import type { SegmentFile } from './segment.js';

/** Read between two turns of the event loop, bytes: a segment may be a terabyte, and somebody says that the start gets on. */
const turnBytes = 16 * 1024 * 1024;

/** Recomputes `segment`'s tree from its own header on and compares it with where `next` begins. */
export async function continues(disk: Disk, segment: SegmentFile, next: SegmentFile): Promise<boolean> {
  const expected = readFirstLine(disk, next)?.tree;
  const tree = readFirstLine(disk, segment)?.tree.copy();
  if (expected === undefined || tree === undefined) return false;
  const file = disk.open(segment.path, 'read');
  try {
    let read = 0;
    for (const line of readLines(disk, file, notOverlong)) {
      if (line.kind !== 'line') return false;
      tree.append(leafHash(line.bytes));
      read += line.bytes.length;
      if (read < turnBytes) continue;
      read = 0;
      await turn();
    }
  } finally {
    disk.close(file);
  }
  return tree.size === expected.size && tree.root().equals(expected.root());
}
