/**
 * A file's lines from its end to its beginning, split on LF and nothing else. Memory is bounded as forwards: by a chunk
 * and the longest line allowed; what is longer is passed on as `overlong`, counted but not kept.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { readSpan } from '../disk/read.js';
import type { Line } from './lines.js';
import { lineFeed } from './lines.js';
import { lineBytesMax } from './record.js';

const chunkBytes = 1024 * 1024;

/** Reads the lines before `until`, newest first; the bytes of one stay valid after the next was asked for. */
export function* readLinesBackward(disk: Disk, file: Descriptor, until: number): Generator<Line> {
  /** Bytes behind what was read so far that belong to a line whose beginning was not found yet. */
  let rest: Buffer[] = [];
  let restBytes = 0;
  /** Where that line's bytes end, its LF not among them; and where the next one begins. */
  let lineEnd = until;
  let next = until;
  let isLine = false;
  const piece = (offset: number, head: Buffer): Line => {
    const whole = lineEnd - offset;
    if (whole >= lineBytesMax) return { kind: 'overlong', bytes: Buffer.alloc(0), offset, end: next };
    return { kind: isLine ? 'line' : 'rest', bytes: rest.length === 0 ? head : Buffer.concat([head, ...rest.reverse()]), offset, end: next };
  };
  for (let base = until; base > 0;) {
    const wanted = Math.min(chunkBytes, base);
    const chunk = readSpan(disk, file, base - wanted, wanted);
    const start = base - wanted;
    // Shorter than it was: what is gone cannot be read, the rest still can.
    if (chunk.length < wanted) {
      lineEnd = next = start + chunk.length;
      rest = [];
      restBytes = 0;
      isLine = false;
    }
    let end = chunk.length;
    while (end > 0) {
      const at = chunk.lastIndexOf(lineFeed, end - 1);
      if (at < 0) break;
      const offset = start + at + 1;
      if (offset < next) yield piece(offset, chunk.subarray(at + 1, end));
      rest = [];
      restBytes = 0;
      isLine = true;
      next = offset;
      lineEnd = offset - 1;
      end = at;
    }
    restBytes += end;
    if (restBytes <= lineBytesMax) rest.push(chunk.subarray(0, end));
    else rest = [];
    base = start;
  }
  if (next > 0) yield piece(0, Buffer.alloc(0));
}
