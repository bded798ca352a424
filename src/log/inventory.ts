/**
 * Whether every segment that should be there is. A start does not read the whole log, but the end of each closed segment
 * says which must follow it, and the oldest goes on from what retention removed: a segment that was taken away shows without
 * reading one that is there.
 */
import type { Disk } from '../disk/disk.js';
import { readSpan } from '../disk/read.js';
import { refused } from './failure.js';
import { lineFeed } from './lines.js';
import { parseFrame } from './record.js';
import { findRetiredEnd } from './retired-file.js';
import type { Places, SegmentFile } from './segment.js';

/** More than a seal, which a closed segment ends in, ever takes. */
const sealBytesMax = 64 * 1024;

/** Looks at what was removed and at the ends of all segments but the newest. @throws LogError `refused` */
export function checkInventory(disk: Disk, places: Places, segments: readonly SegmentFile[]): void {
  const oldest = segments[0];
  if (oldest !== undefined) findRetiredEnd(disk, places, oldest);
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next === undefined) return;
    const last = lastSeqOf(disk, segment);
    if (last === undefined) throw refused('tampered_line', `${segment.name} is closed and does not end in a record`);
    if (last + 1 !== next.first) {
      throw refused('segment_missing', `${segment.name} ends with record ${last}, and the next segment begins with ${next.first}`);
    }
  }
}

/** The last record of a segment, by its last line; undefined if that is none. */
export function lastSeqOf(disk: Disk, segment: SegmentFile): number | undefined {
  const file = disk.open(segment.path, 'read');
  try {
    const bytes = disk.size(file);
    const end = readSpan(disk, file, Math.max(0, bytes - sealBytesMax), Math.min(bytes, sealBytesMax));
    if (end.at(-1) !== lineFeed) return undefined;
    const line = end.subarray(end.lastIndexOf(lineFeed, end.length - 2) + 1, end.length - 1);
    return parseFrame(line)?.seq;
  } finally {
    disk.close(file);
  }
}
