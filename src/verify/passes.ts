/**
 * The walk over the segment files, in passes: from where the last pass ended to the end of what is there now.
 * Invariant: of a live log, only the newest segment may end in bytes that are no record, and only behind the sealed
 * head; there the walk stops and leaves the judgement to whoever has read the head again.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { overlongBytesMax, readLines } from '../log/lines.js';
import { listSegments } from '../log/segment.js';
import type { SegmentFile } from '../log/segment.js';
import { isTorn } from '../log/torn.js';
import type { Ahead } from './ahead.js';
import type { Findings } from './finding.js';
import { SegmentsMoved, openListed } from './held.js';
import type { HeldSegments } from './held.js';
import type { Walk } from './walk.js';

/** Bytes behind the last good record that are none. */
export interface Tail {
  readonly segment: string;
  readonly offset: number;
  /** What a crash leaves, not a hand. */
  readonly torn: boolean;
}

/** Bytes between two reports of progress. */
const progressEveryBytes = 4 * 1024 * 1024;

/** What the passes work with. */
export interface PassParts {
  readonly disk: Disk;
  readonly logDirectory: string;
  readonly walk: Walk;
  readonly findings: Findings;
  /** The segments by which it was judged what retention removed. */
  readonly listed: readonly SegmentFile[];
  readonly held: HeldSegments;
  /** Threads that have walked closed segments already. */
  readonly ahead: Ahead | undefined;
  /** More names than one for a segment are no finding. */
  readonly hardLinksAllowed: boolean;
  readonly onProgress: ((bytesDone: number, bytesTotal: number) => void) | undefined;
}

/** See the file's head. */
export class Passes {
  readonly #parts: PassParts;
  /** The segment the next pass begins in, and where in it. */
  #current: SegmentFile | undefined;
  #offset = 0;
  #line = 0;
  #segments = 0;
  #bytesBefore = 0;
  #reported = 0;
  #bytesTotal = 0;
  /** Segments of which it has been said that they are no plain files. */
  readonly #odd = new Set<string>();

  constructor(parts: PassParts) {
    this.#parts = parts;
  }

  /** Segments begun. */
  get segments(): number {
    return this.#segments;
  }

  /** Bytes walked, torn ones not among them. */
  get bytes(): number {
    return this.#bytesBefore + this.#offset;
  }

  /**
   * Walks to the end. `durableSeq` is the sealed head's record, Infinity to be strict to the last byte. Returns what
   * stands behind the last good record, if anything does.
   */
  pass(durableSeq: number): Tail | undefined {
    const { disk, logDirectory, held } = this.#parts;
    const from = this.#current?.first ?? this.#parts.listed[0]?.first ?? 0;
    const there = listSegments(disk, logDirectory).filter((segment) => segment.first >= from);
    // What is still to be read must be held or still be there, or it has become a matter for `retired.jsonl`.
    const expected = this.#current === undefined ? this.#parts.listed : [this.#current];
    const names = new Set(there.map(({ name }) => name));
    const removed = expected.filter((segment) => !names.has(segment.name));
    const gone = removed.find((segment) => !held.has(segment));
    if (gone !== undefined) throw new SegmentsMoved(gone.name);
    const files = [...removed, ...there].filter((segment) => this.#isFile(segment));
    this.#bytesTotal = this.#bytesBefore + files.reduce((sum, segment) => sum + (disk.entry(segment.path)?.bytes ?? 0), 0);
    let tail: Tail | undefined;
    for (const [index, segment] of files.entries()) {
      tail = this.#walkSegment(segment, index === files.length - 1, durableSeq);
    }
    this.#parts.onProgress?.(this.bytes, Math.max(this.bytes, this.#bytesTotal));
    return tail;
  }

  #isFile(segment: SegmentFile): boolean {
    const { findings, hardLinksAllowed } = this.#parts;
    const entry = this.#parts.disk.entry(segment.path);
    const kind = entry?.kind;
    const isLinked = kind === 'file' && (entry?.links ?? 1) > 1 && !hardLinksAllowed;
    if (isLinked && !this.#odd.has(segment.name)) {
      this.#odd.add(segment.name);
      const message = `${segment.name} has a second name somewhere, under which it can be written to`;
      findings.add('segment_hard_linked', message, { segment: segment.name });
    }
    if (kind === 'file' || kind === undefined) return true;
    if (!this.#odd.has(segment.name)) {
      this.#odd.add(segment.name);
      const what = kind === 'link' ? 'a symbolic link' : kind === 'directory' ? 'a directory' : 'no regular file';
      findings.add('segment_not_a_file', `${segment.name} is ${what}`, { segment: segment.name });
    }
    return false;
  }

  #enter(segment: SegmentFile): void {
    if (this.#current?.name === segment.name) return;
    this.#bytesBefore += this.#offset;
    this.#current = segment;
    this.#offset = 0;
    this.#line = 0;
    this.#segments += 1;
    const { walk, findings } = this.#parts;
    const from = walk.reached + 1;
    if (segment.first > from) {
      const message = `records ${from} to ${segment.first - 1} are missing: no segment before ${segment.name} holds them`;
      findings.add('missing_segment', message, { segment: segment.name, seq: from });
      walk.explainTo(segment.first - 1);
    }
  }

  #walkSegment(segment: SegmentFile, newest: boolean, durableSeq: number): Tail | undefined {
    this.#enter(segment);
    if (!newest && this.#offset === 0 && this.#goOver(segment)) return undefined;
    const { disk, held } = this.#parts;
    const file = held.take(segment) ?? openListed(disk, segment);
    try {
      for (let stoppedAt = this.#walkLines(file, segment, newest, durableSeq); stoppedAt !== undefined;) {
        const torn = this.#isNamedRight(segment) && isTorn(disk, file, stoppedAt);
        // What was half written when it was read, and followed by whole lines when it was looked at, is whole now.
        const again = torn ? stoppedAt : this.#walkLines(file, segment, newest, durableSeq);
        if (again === stoppedAt) return { segment: segment.name, offset: stoppedAt, torn };
        stoppedAt = again;
      }
      if (!newest) this.#checkClosed(segment);
      else if (this.#line === 0) this.#checkEmpty(segment);
      return undefined;
    } finally {
      disk.close(file);
    }
  }

  /** Goes over a whole segment in one step, if a thread found nothing wrong in it and it begins where the walk stands. */
  #goOver(segment: SegmentFile): boolean {
    const { walk, ahead } = this.#parts;
    const stretch = ahead?.take(segment);
    if (stretch === undefined || !walk.isFollowedBy(stretch)) return false;
    walk.goOn(stretch);
    this.#line = stretch.lines;
    this.#offset = stretch.bytes;
    this.#parts.onProgress?.(this.bytes, Math.max(this.bytes, this.#bytesTotal));
    return true;
  }

  /** Where the first bytes are that are no record and may be the torn end; undefined when all were taken. */
  #walkLines(file: Descriptor, segment: SegmentFile, newest: boolean, durableSeq: number): number | undefined {
    const { disk, walk } = this.#parts;
    const isLenient = (): boolean => newest && walk.seq >= durableSeq;
    // What may be the torn end is not read to the end of the file, which may be the disk's; nor are holes, which have no end.
    const overlongMax = (): number => (isLenient() ? 0 : overlongBytesMax);
    for (const line of readLines(disk, file, { offset: this.#offset, overlongMax })) {
      const lenient = isLenient();
      if (lenient && line.kind !== 'line') return line.offset;
      const place = { segment: segment.name, first: segment.first, line: this.#line + 1, offset: line.offset, end: line.end };
      switch (line.kind) {
        case 'line':
          if (walk.take(line.bytes, place, lenient) === 'refused') return line.offset;
          break;
        case 'overlong':
          walk.damaged({ code: 'overlong_line', message: `a line of ${line.end - line.offset} bytes is longer than any record` }, place);
          break;
        case 'rest':
          walk.damaged({ code: 'bad_line', message: 'the last line has no line end' }, place);
          break;
        default: {
          const never: never = line.kind;
          return never;
        }
      }
      this.#line += 1;
      this.#offset = line.end;
      if (this.bytes - this.#reported >= progressEveryBytes) {
        this.#reported = this.bytes;
        this.#parts.onProgress?.(this.bytes, Math.max(this.bytes, this.#bytesTotal));
      }
    }
    return undefined;
  }

  /** A newest segment without a whole line is what a crash leaves of a rotation, and only under the next record's name. */
  #isNamedRight(segment: SegmentFile): boolean {
    return this.#line > 0 || segment.first === this.#parts.walk.reached + 1;
  }

  #checkEmpty(segment: SegmentFile): void {
    const { walk, findings } = this.#parts;
    if (this.#isNamedRight(segment)) return;
    const message = `${segment.name} is empty, and the next record is ${walk.reached + 1}`;
    findings.add('segment_name', message, { segment: segment.name, line: 1, offset: 0 });
  }

  #checkClosed(segment: SegmentFile): void {
    const { walk, findings } = this.#parts;
    if (this.#line === 0) {
      findings.add('missing_segment', `${segment.name} is empty and not the newest segment`, { segment: segment.name, line: 1, offset: 0 });
    } else if (walk.behindSeal === false) {
      const message = `${segment.name} is closed and ends with record ${walk.seq}, which is not a seal`;
      findings.add('segment_unsealed', message, { segment: segment.name, line: this.#line, offset: this.#offset, seq: walk.seq });
    }
  }
}
