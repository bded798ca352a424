/**
 * The line before the first kept segment, when retention took its segment away: a closed segment ends in a seal, and
 * seals are kept in `retired.jsonl`. Invariant: where that file cannot be read, the tally says so.
 */
import { basename } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { readLines } from '../log/lines.js';
import { seqOf } from './link.js';
import { openFile, reasonOf } from './open.js';
import type { Tally } from './tally.js';

/** Record `seq` as `retired.jsonl` has it, a copy; undefined if it is not there, or cannot be read. */
export function beforeFirst(disk: Disk, path: string, seq: number, tally: Tally): Buffer | undefined {
  const opened = openFile(disk, path);
  if (opened.kind === 'unusable') tally.lose(basename(path), opened.reason);
  if (opened.kind !== 'open') return undefined;
  try {
    for (const line of readLines(disk, opened.file)) {
      if (line.kind === 'line' && seqOf(line.bytes) === seq) return Buffer.from(line.bytes);
    }
  } catch (error) {
    tally.lose(basename(path), reasonOf(error));
  } finally {
    disk.close(opened.file);
  }
  return undefined;
}
