/**
 * The newest records of a log, read from its end: as many as are wanted, or as many as fit.
 */
import { open } from 'node:fs/promises';
import { readFlags, realDisk } from '../disk/disk.js';
import { lineFeed } from './lines.js';
import type { CommittedLines } from './mailbox.js';
import { continues } from './continuity.js';
import { parseFrame } from './record.js';
import type { SegmentFile } from './segment.js';
import { isRetired, listSegments } from './segment.js';

/** Read from the end of a segment at a time. */
const stepBytes = 4 * 1024 * 1024;

/** Lines as they were read back. */
export type StoredLines = Omit<CommittedLines, 'syncMs' | 'isRequest'>;

/** Newest records, one piece for each segment they lie in, oldest first. */
export interface Newest {
  readonly pieces: readonly StoredLines[];
  /** A closed segment that is not what the log says it was: nothing of it, or older than it, is among the pieces. */
  readonly untrusted: string | undefined;
}

/**
 * The newest records up to `last`, at most `records` and `bytes`. The newest segment was checked when the log was opened;
 * an older one is taken only if its tree is the one that the next segment's header continues, because an id that somebody
 * wrote into it would make the daemon answer for an event that was never recorded.
 */
export async function readNewest(logDirectory: string, last: number, records: number, bytes: number): Promise<Newest> {
  const pieces: StoredLines[] = [];
  let leftRecords = records;
  let leftBytes = bytes;
  let next: SegmentFile | undefined;
  for (const segment of [...listSegments(realDisk, logDirectory)].reverse()) {
    if (leftRecords <= 0 || leftBytes <= 0) break;
    let piece: StoredLines | undefined;
    try {
      if (next !== undefined && !await continues(realDisk, segment, next)) return { pieces, untrusted: segment.name };
      next = segment;
      piece = await readEnd(segment, last, leftRecords, leftBytes);
    } catch (error) {
      // Retention has taken the oldest away since they were listed.
      if (isRetired(realDisk, error, logDirectory, segment)) break;
      throw error;
    }
    if (piece === undefined) continue;
    pieces.unshift(piece);
    leftRecords -= piece.ends.length;
    leftBytes -= piece.bytes.length;
    if (piece.first > segment.first) break;
  }
  return { pieces, untrusted: undefined };
}

async function readEnd(segment: SegmentFile, last: number, records: number, bytes: number): Promise<StoredLines | undefined> {
  const file = await open(segment.path, readFlags);
  try {
    const { size } = await file.stat();
    for (let span = Math.min(size, stepBytes); ; span = Math.min(size, span * 4)) {
      const whole = span === size;
      const text = Buffer.from(new ArrayBuffer(Math.min(span, bytes)));
      const { bytesRead } = await file.read(text, 0, text.length, size - text.length);
      const piece = cut(text.subarray(0, bytesRead), whole && text.length === size, last, records);
      if (whole || text.length === bytes || piece?.ends.length === records) return piece;
    }
  } finally {
    await file.close();
  }
}

/** The last `records` whole lines of `text`, not beyond record `last`. */
function cut(text: Buffer<ArrayBuffer>, fromStart: boolean, last: number, records: number): StoredLines | undefined {
  const starts: number[] = [];
  let at = fromStart ? 0 : text.indexOf(lineFeed) + 1;
  for (let end = text.indexOf(lineFeed, at); end >= 0; end = text.indexOf(lineFeed, at)) {
    starts.push(at);
    at = end + 1;
  }
  const firstLine = starts[0];
  const first = firstLine === undefined ? undefined : frameAt(text, firstLine);
  if (first === undefined || firstLine === undefined || first.seq > last) return undefined;
  // Lines behind the last durable one are none of ours: they were not there when the log was opened.
  const lines = Math.min(starts.length, last - first.seq + 1);
  const skipped = Math.max(0, lines - records);
  const from = starts[skipped] ?? 0;
  const ends = starts.slice(skipped, lines).map((_, i) => (starts[skipped + i + 1] ?? at) - from);
  const kept = text.subarray(from, from + (ends.at(-1) ?? 0));
  return { first: first.seq + skipped, ts: first.ts, bytes: kept, ends };
}

function frameAt(text: Buffer, start: number): { readonly seq: number; readonly ts: string } | undefined {
  return parseFrame(text.subarray(start, text.indexOf(lineFeed, start)));
}
