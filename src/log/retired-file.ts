/**
 * `log/retired.jsonl`: header and seals of every removed segment, byte for byte. What counts of it ends with the last seal
 * before the oldest segment that is still there; behind that may lie what an interrupted removal wrote, and the next
 * attempt writes over it. Invariant: nothing before that end is ever written to again.
 */
import { openNote } from '../checkpoint/note.js';
import { parseSeal } from '../checkpoint/seal.js';
import type { Disk } from '../disk/disk.js';
import { writeWhole } from '../disk/write.js';
import { readLinesBackward } from './backward.js';
import { refused, shortageOr } from './failure.js';
import { readFirstLine } from './first-line.js';
import { parseSealEvent } from './own.js';
import type { Frame, Link } from './record.js';
import { logStart, parseFrame } from './record.js';
import type { Places, SegmentFile } from './segment.js';

/** Where the removed part of the log ends. */
export interface RetiredEnd {
  /** Where the next entry goes. */
  readonly bytes: number;
  /** The last removed record, a seal; seq 0 if none is removed. */
  readonly last: Link;
  /** The vkey that it names for the epoch behind it. */
  readonly nextVkey: string | undefined;
}

/** Of a log that nothing was removed from. */
const nothingRetired: RetiredEnd = { bytes: 0, last: logStart, nextVkey: undefined };

/** The vkey that a seal names, its signature not checked; undefined if the record is no seal. */
function nextVkeyIn(frame: Frame): string | undefined {
  const event = parseSealEvent(frame.body);
  const note = event === undefined ? undefined : openNote(event.seal, []);
  return note?.ok === true ? parseSeal(note.text)?.next.vkey : undefined;
}

/**
 * Finds the end before `oldest`, the oldest segment that counts. Read from the back, because the file grows for as long as
 * the log lives; the memory it takes is one line. @throws LogError `refused` if `oldest` does not go on from there
 */
export function findRetiredEnd(disk: Disk, places: Places, oldest: SegmentFile): RetiredEnd {
  if (oldest.first === 1) return nothingRetired;
  if (disk.entry(places.retired) === undefined) {
    throw refused('segment_missing', `the oldest segment is ${oldest.name}, and log/retired.jsonl does not say what became of those before`);
  }
  const file = disk.open(places.retired, 'read');
  try {
    for (const line of readLinesBackward(disk, file, disk.size(file))) {
      const frame = line.kind === 'line' ? parseFrame(line.bytes) : undefined;
      // What is no record, or is still in a segment, was left by an interrupted removal.
      if (frame === undefined || frame.seq >= oldest.first) continue;
      const nextVkey = nextVkeyIn(frame);
      if (frame.seq !== oldest.first - 1 || nextVkey === undefined) break;
      // An oldest segment that cannot be read is a matter for whoever reads it.
      const prev = readFirstLine(disk, oldest)?.frame.prev ?? frame.mac;
      if (prev !== frame.mac) break;
      return { bytes: line.end, last: { seq: frame.seq, mac: frame.mac }, nextVkey };
    }
  } finally {
    disk.close(file);
  }
  throw refused('retired_gap', `the oldest segment is ${oldest.name}, and log/retired.jsonl does not end with the seal before it`);
}

/**
 * Writes a segment's header and seals, each with its LF, to where `at` says, and nothing behind them. On the disk when this
 * returns, the file's name included. @throws LogError `disk_full`, and what was there counts as before, or `write_failed`
 */
export function appendRetired(disk: Disk, places: Places, at: RetiredEnd, entries: readonly Buffer[]): number {
  const bytes = Buffer.concat(entries);
  const end = at.bytes + bytes.length;
  const doing = <T>(call: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw shortageOr(error, call, 'no room for the header and seals of a segment that is to be removed');
    }
  };
  const isThere = disk.entry(places.retired) !== undefined;
  const file = doing('open', () => disk.open(places.retired, isThere ? 'update' : 'create'));
  try {
    doing('write', () => { writeWhole(disk, file, bytes, at.bytes); });
    doing('ftruncate', () => { disk.truncate(file, end); });
    doing('fdatasync', () => { disk.sync(file); });
  } finally {
    disk.close(file);
  }
  // Whether it was made now or by an attempt that got no further: without its name it would be gone with the power.
  doing('fsync', () => { disk.syncDirectory(places.log); });
  return end;
}
