/**
 * Reads the whole log on disk, oldest or newest first, without the daemon: every line up to the sealed head is checked
 * to follow the one before it, and those that a filter lets through are handed on. Invariant: a line that cannot be read
 * or does not follow is handed on with its fault and never as sound; what is skipped, or cannot be read, is in the tally.
 */
import type { Descriptor, Disk } from '../disk/disk.js';
import { readHead } from '../log/head.js';
import type { Line } from '../log/lines.js';
import { notOverlong, readLines } from '../log/lines.js';
import { listSegments, placesIn } from '../log/segment.js';
import type { Places, SegmentFile } from '../log/segment.js';
import type { Examined } from '../wire/filter.js';
import { readLinesBackward } from '../log/backward.js';
import { Before, macOfLine, seqOf } from './link.js';
import { openFile, reasonOf } from './open.js';
import { beforeFirst } from './retired.js';
import { Tally } from './tally.js';

/**
 * `not_a_record`: its frame is not one. `unreadable`: its body is not JSON, or nested deeper than any record. `overlong`,
 * `unterminated`: it has no end where one must be. `link`: it does not name the line before it. `unlinked`: the line before it
 * is not there to be compared. `seq`: not the number that follows. `head`: not the record that the sealed head names.
 */
export type FaultCode = 'not_a_record' | 'unreadable' | 'overlong' | 'unterminated' | 'link' | 'unlinked' | 'seq' | 'head';

/** A line that was let through. */
export interface Seen {
  /** Without its LF; valid until the next one is asked for. */
  readonly bytes: Buffer;
  readonly segment: SegmentFile;
  /** Where it begins in its segment, bytes. */
  readonly offset: number;
  /** Undefined: it follows the line before it. */
  readonly fault: FaultCode | undefined;
}

/** What decides which records are handed on: a RecordFilter, or whoever looks for something else. */
export interface LineFilter {
  examine(line: Buffer): Examined;
}

export interface ScanOptions {
  readonly disk: Disk;
  readonly stateDirectory: string;
  readonly filter: LineFilter;
  readonly order: 'oldest_first' | 'newest_first';
}

/** One reading; begun once. */
export class LogScan {
  readonly tally = new Tally();
  /** Whose log it is, by its head. */
  readonly origin: string | undefined;
  readonly segments: readonly SegmentFile[];
  readonly #options: ScanOptions;
  readonly #places: Places;
  readonly #head: { readonly seq: number; readonly mac: string; readonly segment: string; readonly bytes: number } | undefined;
  /** The segments that begin at or before the head's record. */
  readonly #durable: readonly SegmentFile[];

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#places = placesIn(options.stateDirectory);
    // The head first: all that it covers was written before, so it must be found afterwards.
    const slot = readHead(options.disk, this.#places.head);
    const head = slot.state === 'ok' ? slot.head : undefined;
    this.#head = head;
    this.origin = head?.origin;
    this.tally.headKnown = head !== undefined;
    this.segments = listSegments(options.disk, this.#places.log);
    this.#durable = this.segments.filter(({ first }) => head === undefined || first <= head.seq);
  }

  /** The lines that the filter lets through, and every one that it cannot read. */
  * run(): Generator<Seen> {
    this.#countBehindHead();
    if (this.#options.order === 'oldest_first') yield* this.#forward();
    else yield* this.#backward();
  }

  * #forward(): Generator<Seen> {
    const before = new Before();
    let known = this.#placeBefore(before, this.#durable[0]);
    for (const segment of this.#durable) {
      const file = this.#open(segment);
      if (file === undefined) {
        known = false;
        continue;
      }
      for (const line of this.#linesOf(segment, file, readLines(this.#options.disk, file, { until: this.#endOf(segment) }))) {
        if (this.#isTornTail(line, segment)) continue;
        const seq = line.kind === 'line' ? seqOf(line.bytes) : 0;
        // What retention took away since the segments were listed is known by its seal.
        if (!known && line.offset === 0) known = this.#placeBefore(before, segment);
        const seen = this.#judge(line, seq, segment, known ? before : undefined);
        known = seq > 0;
        if (known) before.move(line.bytes, seq);
        if (seen !== undefined) yield seen;
      }
      if (this.tally.lost.has(segment.name)) known = false;
    }
    this.#expectEnd(before.seq);
  }

  * #backward(): Generator<Seen> {
    /** A line waits here until the one before it was read. */
    let waiting: { readonly line: Line; readonly seq: number; readonly segment: SegmentFile } | undefined;
    let isEndKnown = false;
    const before = new Before();
    for (const segment of [...this.#durable].reverse()) {
      const file = this.#open(segment);
      const lines = file === undefined ? [] : this.#linesOf(segment, file, this.#newestFirst(segment, file));
      for (const line of lines) {
        if (this.#isTornTail(line, segment)) continue;
        const seq = line.kind === 'line' ? seqOf(line.bytes) : 0;
        if (seq > 0 && !isEndKnown) this.#expectEnd(seq);
        isEndKnown ||= seq > 0;
        if (waiting !== undefined) {
          if (seq > 0) before.move(line.bytes, seq);
          const seen = this.#judge(waiting.line, waiting.seq, waiting.segment, seq > 0 ? before : undefined);
          if (seen !== undefined) yield seen;
        }
        waiting = { line, seq, segment };
      }
      if (file !== undefined && !this.tally.lost.has(segment.name)) continue;
      if (waiting !== undefined) yield* this.#judgeFirst(waiting.line, waiting.seq, waiting.segment, before);
      waiting = undefined;
    }
    if (!isEndKnown) this.#expectEnd(0);
    if (waiting !== undefined) yield* this.#judgeFirst(waiting.line, waiting.seq, waiting.segment, before);
  }

  /** A segment's first line, with none read before it. */
  * #judgeFirst(line: Line, seq: number, segment: SegmentFile, before: Before): Generator<Seen> {
    const known = this.#placeBefore(before, segment);
    const seen = this.#judge(line, seq, segment, known ? before : undefined);
    if (seen !== undefined) yield seen;
  }

  /** What a line is, and whether it is handed on. */
  #judge(line: Line, seq: number, segment: SegmentFile, before: Before | undefined): Seen | undefined {
    this.tally.lines += 1;
    let fault = seq > 0 ? this.#faultOf(line.bytes, seq, before) : faultOfKind[line.kind];
    const examined = seq > 0 ? this.#options.filter.examine(line.bytes) : 'unreadable';
    if (seq > 0 && fault !== undefined) this.tally.broken += 1;
    if (examined === 'unreadable') {
      this.tally.unreadable += 1;
      fault ??= 'unreadable';
    }
    return examined === 'miss' ? undefined : { bytes: line.bytes, segment, offset: line.offset, fault };
  }

  #faultOf(line: Buffer, seq: number, before: Before | undefined): FaultCode | undefined {
    if (before === undefined) return 'unlinked';
    // A number beyond the head is somebody's invention and counts nothing.
    if (seq > before.seq + 1 && seq <= (this.#head?.seq ?? seq)) this.tally.missing += seq - before.seq - 1;
    if (!before.isNamedBy(line)) return 'link';
    if (seq !== before.seq + 1) return 'seq';
    const head = this.#head;
    if (head === undefined || seq < head.seq) return undefined;
    return seq === head.seq && macOfLine(line) === head.mac ? undefined : 'head';
  }

  /** Puts `before` where the chain stands before a segment; false if nothing says where that is. */
  #placeBefore(before: Before, segment: SegmentFile | undefined): boolean {
    if (segment === undefined) return false;
    if (segment.first === 1) {
      before.reset();
      return true;
    }
    const seal = beforeFirst(this.#options.disk, this.#places.retired, segment.first - 1, this.tally);
    if (seal !== undefined) before.move(seal, segment.first - 1);
    return seal !== undefined;
  }

  #endOf(segment: SegmentFile): number {
    return segment.name === this.#head?.segment ? this.#head.bytes : Number.POSITIVE_INFINITY;
  }

  /** Without a head, the end of the newest segment may be what a crash left. */
  #isTornTail(line: Line, segment: SegmentFile): boolean {
    if (this.#head !== undefined || line.kind !== 'rest' || segment !== this.segments.at(-1)) return false;
    this.tally.tornBytes += line.end - line.offset;
    return true;
  }

  #open(segment: SegmentFile): Descriptor | undefined {
    const opened = openFile(this.#options.disk, segment.path);
    if (opened.kind === 'open') {
      this.tally.segments += 1;
      return opened.file;
    }
    // Retention may take a segment away after it was listed; then its last seal is kept.
    const next = this.segments[this.segments.indexOf(segment) + 1];
    const retired = opened.kind === 'absent' && next !== undefined &&
      beforeFirst(this.#options.disk, this.#places.retired, next.first - 1, this.tally) !== undefined;
    if (!retired) this.tally.lose(segment.name, opened.kind === 'absent' ? 'it was there and is gone' : opened.reason);
    return undefined;
  }

  /** What `lines` reads of an open segment, which is closed afterwards. What cannot be read ends it, and is in the tally. */
  * #linesOf(segment: SegmentFile, file: Descriptor, lines: Iterable<Line>): Generator<Line> {
    try {
      yield* lines;
    } catch (error) {
      this.tally.lose(segment.name, reasonOf(error));
    } finally {
      this.#options.disk.close(file);
    }
  }

  /**
   * Up to the file's end as it is now: a daemon may be writing. What is longer than any line is the rest, however much it is: a
   * power cut or a hand may leave more zeros there than anybody waits for.
   */
  * #behindHead(file: Descriptor, from: number): Generator<Line> {
    const { disk } = this.#options;
    const until = disk.size(file);
    for (const line of readLines(disk, file, { ...notOverlong, offset: from, until })) yield line.kind === 'line' ? line : { ...line, end: until };
  }

  * #newestFirst(segment: SegmentFile, file: Descriptor): Generator<Line> {
    const { disk } = this.#options;
    yield* readLinesBackward(disk, file, Math.min(this.#endOf(segment), disk.size(file)));
  }

  /** `seq` is the newest record that was found. */
  #expectEnd(seq: number): void {
    if (this.#head !== undefined && seq < this.#head.seq) this.tally.missing += this.#head.seq - seq;
  }

  #countBehindHead(): void {
    const head = this.#head;
    if (head === undefined) return;
    for (const segment of this.segments.filter(({ name, first }) => name === head.segment || first > head.seq)) {
      const file = this.#open(segment);
      if (file === undefined) continue;
      this.tally.segments -= 1;
      const from = segment.name === head.segment ? head.bytes : 0;
      for (const line of this.#linesOf(segment, file, this.#behindHead(file, from))) {
        if (line.kind === 'line') this.tally.behindHead += 1;
        else this.tally.tornBytes += line.end - line.offset;
      }
    }
  }
}

const faultOfKind = { line: 'not_a_record', rest: 'unterminated', overlong: 'overlong' } as const satisfies Record<Line['kind'], FaultCode>;
