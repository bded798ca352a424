// Lines from a stream such as stdin, as bytes. Invariant: split at LF and nothing else, and never more is held than the longest
// line allowed; what is longer is passed on as `overlong`, counted but not kept.
import { lineFeed } from '../log/lines.js';
import { lineBytesMax } from '../log/record.js';
import { bareLine } from './bare-line.js';

/** One line, without its end and, the first one, without a byte order mark. */
export interface InputLine {
  /** Counted from 1. */
  readonly number: number;
  readonly kind: 'line' | 'overlong';
  /** Empty when `overlong`. */
  readonly bytes: Buffer;
}

/** All lines; the last one may lack its LF. `bytesMax`: of one line. */
export async function* inputLines(stream: AsyncIterable<Buffer>, bytesMax = lineBytesMax): AsyncGenerator<InputLine> {
  let number = 0;
  let parts: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= bytesMax) parts.push(part);
    else parts = [];
  };
  const take = (isEnded: boolean): InputLine => {
    number += 1;
    const line: InputLine = bytes > bytesMax ? { number, kind: 'overlong', bytes: Buffer.alloc(0) }
      : { number, kind: 'line', bytes: bareLine(Buffer.concat(parts), number === 1, isEnded).bytes };
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      add(chunk.subarray(start, end));
      yield take(true);
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (bytes > 0) yield take(false);
}
