/**
 * Records that are older than memory, read back from the segments without ever holding up the thread that asks: a disk
 * that hangs, hangs the reader and nobody else.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { realDisk } from '../disk/disk.js';
import { lineBytesMax } from './record.js';
import { isRetired, listSegments } from './segment.js';

/** Read at a time, and looked at in one turn of the event loop. */
const chunkBytes = 256 * 1024;
const lineFeed = 0x0a;
/** `{"seq":` and the digits behind it. */
const seqForm = /^\{"seq":([1-9]\d{0,15}),/;
const seqBytesMax = 24;

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
      for await (const stored of readSegment(segment.path, chunkBytes)) {
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
 * fill the memory. `pieceBytes` are read at a time.
 */
export async function* readSegment(path: string, pieceBytes: number): AsyncGenerator<StoredLine> {
  // No link that was put in its place is followed, and no FIFO waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    let buffer = Buffer.allocUnsafe(pieceBytes);
    let filled = 0;
    let position = 0;
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
        const seq = Number(seqForm.exec(line.toString('latin1', 0, seqBytesMax))?.[1]);
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
