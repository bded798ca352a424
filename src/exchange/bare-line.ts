// A line of a text file without what editors and other systems put around it: a byte order mark before the first, a CR before
// the LF. A CR anywhere else is a part of the line.

const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

export interface BareLine {
  readonly bytes: Buffer;
  /** Where they begin in what was given. */
  readonly start: number;
  /** It ended in CR LF. */
  readonly crlf: boolean;
}

/** `line` is without its LF; `isEnded`: it had one. */
export function bareLine(line: Buffer, isFirst: boolean, isEnded: boolean): BareLine {
  const start = isFirst && line.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
  const crlf = isEnded && line.at(-1) === carriageReturn;
  return { bytes: line.subarray(start, crlf ? -1 : undefined), start, crlf };
}
