// What an attack is: a class of attempts on a log, each a spoiled copy of its state directory and the place where
// verification must point. Invariant: an attempt that leaves everything as it was is none.
import type { MemoryDisk } from '../verify/memory-disk.js';
import type { Random } from './draw.js';
import type { LineRef, SegmentRef, Victim } from './victim.js';
import type { Logs } from './logs.js';

/** Where a finding must point: one of these fits. Nothing given: anywhere. */
export interface Where {
  readonly segment?: string;
  /** From 1, both included; of `segment`. */
  readonly lines?: readonly [number, number];
  readonly seqs?: readonly [number, number];
}

/** What verification is known not to say, and why that is so. */
export interface Residual {
  readonly reason: string;
  /** What MUST find it all the same, kept elsewhere; nothing, where nothing acknowledged is lost that retention keeps. */
  readonly foundBy: 'receipts' | 'nothing';
  /** The exit status it comes with; any other is a miss. */
  readonly exit: 0 | 3;
}

/** Every one of them. */
export const residuals = {
  torn_end: {
    reason: 'bytes behind the sealed head that look like a write that a crash cut short are noted as torn: nothing acknowledged stands there',
    foundBy: 'nothing',
    exit: 0,
  },
  older_head: {
    reason: 'an older sealed head over a whole log is what a power cut may leave: noted as unacknowledged, as long as no seal lies between',
    foundBy: 'nothing',
    exit: 0,
  },
  convenience: {
    reason: 'audit.jsonl, checkpoint and log.pub may be absent, the first two one step behind: the records do not rest on them',
    foundBy: 'nothing',
    exit: 0,
  },
  key_file: {
    reason: 'the key file says where the daemon stands, where it can be read at all: an auditor\'s copy has none',
    foundBy: 'nothing',
    exit: 0,
  },
  unreadable: {
    reason: 'where a file may not be read verification ends with 3, could not verify, and never calls the log intact',
    foundBy: 'nothing',
    exit: 3,
  },
  no_log: {
    reason: 'where there is nothing, or a log that was only begun, verification ends with 3, could not verify, and never calls that intact',
    foundBy: 'nothing',
    exit: 3,
  },
  rollback: {
    reason: 'the whole state as it was earlier is a log that is whole: only what was kept elsewhere since then tells',
    foundBy: 'receipts',
    exit: 0,
  },
  raw_disk: {
    reason: 'whoever reads a key that was overwritten and not yet synced (raw disk, power cut; at most a second old) can make the lines since then anew',
    foundBy: 'receipts',
    exit: 0,
  },
  flooded: {
    reason: 'a thief can go on writing until retention removes the segment he came in, and has replaced what lies behind its last seal before',
    foundBy: 'nothing',
    exit: 0,
  },
} as const satisfies Readonly<Record<string, Residual>>;

export type ResidualName = keyof typeof residuals;

/** One spoiled copy. */
interface AttemptOf {
  readonly what: string;
  readonly where?: Where;
  /** The public key and a kept checkpoint must find it, too. */
  readonly publicly: boolean;
  /** May be missed with the key alone, for this reason. */
  readonly residual?: ResidualName;
}

/** On a copy in memory. */
export interface MemoryAttempt extends AttemptOf {
  readonly disk: () => MemoryDisk;
}

/** On a copy on a real disk, looked at through the command: for what a memory cannot hold. */
export interface DiskAttempt extends AttemptOf {
  readonly spoil: (directory: string) => void;
}

export type Attempt = MemoryAttempt | DiskAttempt;

/** The families of attacks, in the order of the table. */
export type Family = 'One line' | 'Lines' | 'Commits' | 'Segments' | 'State' | 'Thief';

/** One class. */
export interface Attack {
  readonly family: Family;
  readonly name: string;
  /** The logs it is carried out on. */
  readonly on: (logs: Logs) => readonly Victim[];
  /** How many attempts there are on a log. */
  readonly count: (victim: Victim, logs: Logs) => number;
  /** The attempt of this number, from 0; undefined where it would change nothing. */
  readonly at: (index: number, victim: Victim, random: Random, logs: Logs) => Attempt | undefined;
}

/** The two logs that every edit is tried on. */
export const both = (logs: Logs): readonly Victim[] => [logs.line, logs.group];

/** A line's place; with `after`, that many lines behind it are right, too. */
export function atLine(line: LineRef, after = 0): Where {
  return { segment: line.segment.name, lines: [line.index + 1, line.index + 1 + after], seqs: [line.seq, line.seq + after] };
}

/** Whether a kept checkpoint covers a record. */
export function isCovered(victim: Victim, seq: number): boolean {
  return seq <= victim.covered;
}

/** Replaces lines `from` up to and without `to` (indexes in the segment) by others. */
export function spliced(segment: SegmentRef, from: number, to: number, by: readonly Buffer[]): Buffer[] {
  const lines = segment.lines.map(({ bytes }) => bytes);
  return [...lines.slice(0, from), ...by, ...lines.slice(to)];
}

/** An attempt on one segment's content; undefined if it stays the same. */
export function onSegment(
  victim: Victim, segment: SegmentRef, content: readonly Buffer[], attempt: Omit<MemoryAttempt, 'disk'>,
): MemoryAttempt | undefined {
  const bytes = Buffer.concat(content);
  return victim.disk.file(segment.path).equals(bytes) ? undefined : { ...attempt, disk: () => victim.with(segment, bytes) };
}

/** An attempt that puts something else in a line's place; undefined if it stays the same. */
export function onLine(victim: Victim, line: LineRef, by: readonly Buffer[], what: string): MemoryAttempt | undefined {
  const { segment, index, seq } = line;
  return onSegment(victim, segment, spliced(segment, index, index + 1, by), {
    what: `record ${seq}: ${what}`, where: atLine(line, by.length > 1 ? 1 : 0), publicly: isCovered(victim, seq),
  });
}
