/**
 * Whether a closed segment is the one that the next segment's header goes on from: the same tree over the same lines.
 * Who trusts the header may trust every byte of the segment, without a key.
 */
import { Frontier, leafHash } from '../checkpoint/merkle.js';
import type { Disk } from '../disk/disk.js';
import { readLines } from './lines.js';
import { parseHeader } from './own.js';
import { parseFrame } from './record.js';
import type { SegmentFile } from './segment.js';

/** Recomputes `segment`'s tree from its own header on and compares it with where `next` begins. */
export function continues(disk: Disk, segment: SegmentFile, next: SegmentFile): boolean {
  const expected = treeAtStart(disk, next);
  const tree = treeAtStart(disk, segment);
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

/** The tree over all records before a segment, as its header says it. */
function treeAtStart(disk: Disk, segment: SegmentFile): Frontier | undefined {
  if (segment.first === 1) return Frontier.empty();
  const file = disk.open(segment.path, 'read');
  try {
    for (const line of readLines(disk, file)) {
      const frame = line.kind === 'line' ? parseFrame(line.bytes) : undefined;
      return frame === undefined ? undefined : parseHeader(frame.body)?.tree.copy();
    }
    return undefined;
  } finally {
    disk.close(file);
  }
}
