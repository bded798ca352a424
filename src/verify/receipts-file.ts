/**
 * A file of receipts, as producers keep it: JSON lines `{"seq","mac"}`. Invariant: one bad line spoils the file, since
 * a receipt that is silently passed over would count as checked.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { readLines } from '../log/lines.js';
import type { Line } from '../log/lines.js';
import { UnusableInput } from './outside.js';
import { parseReceipt } from './receipts.js';
import type { Receipt } from './receipts.js';

/** A receipt with whatever else a producer keeps in its line. */
const lineBytesMax = 64 * 1024;

/** The receipts in an open file, in its order. @throws UnusableInput naming the first line that is none; Error for no file */
export function* receiptsIn(disk: Disk, file: Descriptor, name: string): Generator<Receipt> {
  let number = 0;
  for (const line of linesIn(disk, file, name)) {
    number += 1;
    const short = line.kind !== 'overlong' && line.bytes.length <= lineBytesMax;
    const receipt = short ? parseReceipt(line.bytes.toString('utf8')) : undefined;
    if (receipt === undefined) throw new UnusableInput('bad_receipts', `${name}: line ${number} is not a receipt {"seq","mac"}`);
    yield receipt;
  }
}

/** What cannot be read is the receipts' file, and none of the log's. */
function* linesIn(disk: Disk, file: Descriptor, name: string): Generator<Line> {
  try {
    yield* readLines(disk, file);
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
