/**
 * A segment's first line: the genesis, or the header that says where the log stood before it and what may become of the
 * segment. What is read here was checked by nobody; it is a claim until the tree bears it out.
 */
import { Frontier } from '../checkpoint/merkle.js';
import type { Disk } from '../disk/disk.js';
import { readSpan } from '../disk/read.js';
import { lineFeed } from './lines.js';
import type { Retain } from './own.js';
import { firstLineBytesMax, parseGenesis, parseHeader } from './own.js';
import type { Frame } from './record.js';
import { parseFrame } from './record.js';
import type { SegmentFile } from './segment.js';

/** What a first line says. */
export interface FirstLine {
  readonly frame: Frame;
  readonly origin: string;
  readonly retain: Retain;
  /** Over all records before the segment. */
  readonly tree: Frontier;
}

/** The frame of a file's first line; undefined if that is no record, or longer than any header. */
export function readFirstFrame(disk: Disk, path: string): Frame | undefined {
  const file = disk.open(path, 'read');
  try {
    const start = readSpan(disk, file, 0, firstLineBytesMax);
    const end = start.indexOf(lineFeed);
    return end < 0 ? undefined : parseFrame(start.subarray(0, end));
  } finally {
    disk.close(file);
  }
}

/** Reads it; undefined if it is not the first line of this segment. */
export function readFirstLine(disk: Disk, segment: SegmentFile): FirstLine | undefined {
  const frame = readFirstFrame(disk, segment.path);
  if (frame?.seq !== segment.first) return undefined;
  if (segment.first === 1) {
    const genesis = parseGenesis(frame.body);
    if (genesis === undefined) return undefined;
    return { frame, origin: genesis.origin, retain: genesis.retain, tree: Frontier.empty() };
  }
  const header = parseHeader(frame.body);
  if (header?.first !== segment.first || header.tree_size !== segment.first - 1) return undefined;
  return { frame, origin: header.origin, retain: header.retain, tree: header.tree };
}
