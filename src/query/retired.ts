/**
 * The line before the first kept segment, when retention took its segment away: a closed segment ends in a seal, and
 * seals are kept in `retired.jsonl`.
 */
import { errorCode } from '../disk/disk.js';
import type { Descriptor, Disk } from '../disk/disk.js';
import { readLines } from '../log/lines.js';
import { seqOf } from './link.js';

/** Record `seq` as `retired.jsonl` has it, a copy; undefined if it is not there. */
export function beforeFirst(disk: Disk, path: string, seq: number): Buffer | undefined {
  let file: Descriptor;
  try {
    file = disk.open(path, 'read');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    for (const line of readLines(disk, file)) {
      if (line.kind === 'line' && seqOf(line.bytes) === seq) return Buffer.from(line.bytes);
    }
    return undefined;
  } finally {
    disk.close(file);
  }
}
