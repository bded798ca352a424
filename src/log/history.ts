/**
 * Records that are older than memory, read back from the segments without ever holding up the thread that asks: a disk
 * that hangs, hangs the reader and nobody else.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { readFlags, realDisk } from '../disk/disk.js';
import { lineFeed } from './lines.js';
import { lineBytesMax } from './record.js';
import { isRetired, listSegments } from './segment.js';

/** Read at a time, and looked at in one turn of the event loop. */
const chunkBytes = 256 * 1024;
/** `{"seq":` and the digits behind it. */
const seqForm = /^\{"seq":([1-9]\d{0,15}),/;
const seqBytesMax = 24;
/** Looked at to find a line's beginning; in a longer line there is none, and a piece more is read. */
const probeBytes = 16 * 1024;

/** A record as it stands in the log, without its LF; valid until the next is asked for. */
export interface StoredLine {
  readonly seq: number;
  readonly line: Buffer;
}

/**
 * Yields the records from `from`, or from the oldest that is kept, to `until()`, asked anew as it goes: what is not durable
 * yet MUST NOT be shown.
 */
export async function* readHistory(logDirectory: string, from: number, until: () => number): AsyncGenerator<StoredLine> {
  const segments = listSegments(realDisk, logDirectory);
  const at = Math.max(0, segments.findLastIndex((segment) => segment.first <= from));
  for (const segment of segments.slice(at)) {
    if (segment.first > until()) return;
    try {
      for await (const stored of readSegment(segment.path, chunkBytes, from)) {
        if (stored.seq > until()) return;
        if (stored.seq >= from) yield stored;
      }
    } catch (error) {
      // Who reads slower than retention removes goes on with the oldest that is kept; the numbers show what is gone.
      if (!isRetired(realDisk, error, logDirectory, segment)) throw error;
    }
  }
}

/**
 * A segment's records in their order, what is none passed over. Rejects for a line longer than any record, which would
 * fill the memory. `pieceBytes` are read at a time; those before record `from` need not be among them.
 */
export async function* readSegment(path: string, pieceBytes: number, from = 0): AsyncGenerator<StoredLine> {
  const file = await open(path, readFlags);
  try {
    let buffer = Buffer.allocUnsafe(pieceBytes);
    let filled = 0;
    let position = from === 0 ? 0 : await placeBefore(file, from);
    for (;;) {
      if (filled >= lineBytesMax) throw new Error(`${path} has a line that is longer than a record may be`);
      if (filled === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      filled += bytesRead;
      let start = 0;
      for (let end = buffer.indexOf(lineFeed); end >= 0 && end < filled; end = buffer.indexOf(lineFeed, start)) {
        const line = buffer.subarray(start, end);
        const seq = seqOf(line);
        if (Number.isSafeInteger(seq)) yield { seq, line };
        start = end + 1;
      }
      buffer.copyWithin(0, start, filled);
      filled -= start;
    }
  } finally {
    await file.close();
  }
}

/** NaN where a line does not begin as one. */
function seqOf(line: Buffer): number {
  return Number(seqForm.exec(line.toString('latin1', 0, seqBytesMax))?.[1]);
}

/** Where a line begins that is not behind record `from`; not far before it, by halving: records stand in their order. */
async function placeBefore(file: FileHandle, from: number): Promise<number> {
  const probe = Buffer.allocUnsafe(probeBytes);
  let low = 0;
  let high = (await file.stat()).size;
  while (high - low > chunkBytes) {
    const middle = Math.floor((low + high) / 2);
    const { bytesRead } = await file.read(probe, 0, probe.length, middle);
    const start = probe.subarray(0, bytesRead).indexOf(lineFeed) + 1;
    if (start > 0 && seqOf(probe.subarray(start, bytesRead)) <= from) low = middle + start;
    else high = middle;
  }
  return low;
}
