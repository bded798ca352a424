/**
 * Segments: the files a log consists of, named after the first record in them, so that their order and their gaps
 * show in a directory listing. A name is given once; only that of an empty segment, which a crash leaves, is used again.
 * Only the newest is ever written to.
 */
import { join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';

/** Where things lie below the state directory. */
export interface Places {
  readonly state: string;
  readonly log: string;
  readonly head: string;
  readonly link: string;
  readonly retired: string;
  readonly checkpoint: string;
  readonly logPub: string;
  readonly keys: string;
  readonly currentKeys: string;
  readonly identity: string;
  readonly verificationKey: string;
  readonly salt: string;
  readonly quarantine: string;
  /** How long the daemon has watched, for retention by time. */
  readonly retention: string;
  /** Room that is kept for the day the disk is full. */
  readonly reserve: string;
  /** What the next start is to record of how this run ended. */
  readonly lastWords: string;
  /** The lease that `disk/lock` takes. */
  readonly lease: string;
}

export function placesIn(state: string): Places {
  const log = join(state, 'log');
  const keys = join(state, 'keys');
  return {
    state,
    log,
    head: join(log, 'head'),
    link: join(log, 'audit.jsonl'),
    retired: join(log, 'retired.jsonl'),
    checkpoint: join(state, 'checkpoint'),
    logPub: join(state, 'log.pub'),
    keys,
    currentKeys: join(keys, 'current'),
    identity: join(keys, 'identity'),
    verificationKey: join(keys, 'verification.key'),
    salt: join(keys, 'salt'),
    quarantine: join(state, 'quarantine'),
    retention: join(state, 'retention'),
    reserve: join(state, 'reserve'),
    lastWords: join(state, 'last-words'),
    lease: join(state, 'indelible.lock'),
  };
}

const segmentNameForm = /^(\d{20})\.jsonl$/;

/** `<first seq, 20 digits>.jsonl`. */
export function segmentName(firstSeq: number): string {
  return `${String(firstSeq).padStart(20, '0')}.jsonl`;
}

/** The inverse of `segmentName`; undefined for names of other things. */
export function parseSegmentName(name: string): number | undefined {
  const digits = segmentNameForm.exec(name)?.[1];
  const seq = digits === undefined ? 0 : Number(digits);
  return seq >= 1 && Number.isSafeInteger(seq) ? seq : undefined;
}

/** A segment as the directory shows it. */
export interface SegmentFile {
  readonly name: string;
  readonly path: string;
  /** The first record's seq, as its name says. */
  readonly first: number;
}

/** The segment that begins with a record. */
export function segmentFile(logDirectory: string, first: number): SegmentFile {
  const name = segmentName(first);
  return { name, path: join(logDirectory, name), first };
}

/** All segments, oldest first. */
export function listSegments(disk: Disk, logDirectory: string): readonly SegmentFile[] {
  return disk.list(logDirectory).flatMap((name) => {
    const first = parseSegmentName(name);
    return first === undefined ? [] : [segmentFile(logDirectory, first)];
  });
}

/** Whether an error means that retention took `segment` away since it was listed: it, and all before it, are not there. */
export function isRetired(disk: Disk, error: unknown, logDirectory: string, segment: SegmentFile): boolean {
  if (errorCode(error) !== 'ENOENT') return false;
  return (listSegments(disk, logDirectory)[0]?.first ?? 0) > segment.first;
}
