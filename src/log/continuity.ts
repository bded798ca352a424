/**
 * Whether a closed segment is the one that the next segment's header goes on from: the same tree over the same lines.
 * Who trusts the header may trust every byte of the segment, without a key.
 */
import { leafHash } from '../checkpoint/merkle.js';
import type { Disk } from '../disk/disk.js';
import { readFirstLine } from './first-line.js';
import { readLines } from './lines.js';
import type { SegmentFile } from './segment.js';

/** Recomputes `segment`'s tree from its own header on and compares it with where `next` begins. */
export function continues(disk: Disk, segment: SegmentFile, next: SegmentFile): boolean {
  const expected = readFirstLine(disk, next)?.tree;
  const tree = readFirstLine(disk, segment)?.tree.copy();
  if (expected === undefined || tree === undefined) return false;
  const file = disk.open(segment.path, 'read');
  try {
    for (const line of readLines(disk, file)) {
      if (line.kind !== 'line') return false;
      tree.append(leafHash(line.bytes));
    }
  } finally {
    disk.close(file);
  }
  return tree.size === expected.size && tree.root().equals(expected.root());
}
