// The newest durable records, in memory, for `recent` and for tails that keep up. Held as the commits they came in, large ones
// in parts: adding is one step for many records. Bounded by records and by bytes, whichever is less; the oldest go first.
//
// The lines are copied into memory that is used again and again: of buffers that come and go with every commit the garbage
// collector hears too late. So what is kept longer is a copy, too.
import { linesOf } from '../log/durable.js';
import type { CommittedLines } from '../log/mailbox.js';
import { parseFrame } from '../log/record.js';
import { copyShared } from '../memory/copy-shared.js';
import { Fifo } from '../memory/fifo.js';
import type { RecordFilter } from '../wire/filter.js';

/** Bytes of records kept at most, whatever their number. */
export const ringBytesMax = 64 * 1024 * 1024;

/** Of the records in one answer, bytes: beyond, it has no more of them, however many were asked for. */
export const answerBytesMax = 16 * 1024 * 1024;

/** Memory is taken in pieces of this size. */
const blockBytes = 512 * 1024;
/** A larger commit is parted, a larger line has memory of its own, so that no block is left half empty for it. */
const sharedBytesMax = blockBytes / 8;

/** Memory of commits that follow each other. */
interface Block {
  readonly bytes: Buffer;
  /** Commits in it. */
  held: number;
}

/** A commit, or a part of one, as it is kept. */
interface Held {
  readonly first: number;
  readonly ends: readonly number[];
  readonly bytes: Buffer;
  readonly block: Block;
}

/** Looked at in one piece, at most a few hundred microseconds of parsing. */
const pieceBytes = 64 * 1024;

/** What a search found. */
export interface Found {
  readonly lines: readonly string[];
  readonly total: number;
}

export class Ring {
  readonly capacity: number;
  readonly #commits = new Fifo<Held>();
  /** What the newest commits are in, and how much of it is used. */
  #block: Block | undefined;
  #used = 0;
  #spare: Block | undefined;
  /** Searches under way: they look at what was here when they began. */
  #searches = 0;
  #records = 0;
  /** Of all blocks that something is in, however full they are. */
  #bytes = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** What the records take, the room beside them counted; bytes. */
  get memory(): number {
    return this.#bytes;
  }

  /** The memory that the records are in, for each commit. */
  get buffers(): readonly ArrayBufferLike[] {
    return Array.from(this.#commits, ({ bytes }) => bytes.buffer);
  }

  get size(): number {
    return Math.min(this.#records, this.capacity);
  }

  /** The oldest record that is here; undefined when there is none. */
  get oldest(): number | undefined {
    const first = this.#commits.at(0)?.first;
    return first === undefined ? undefined : first + Math.max(0, this.#records - this.capacity);
  }

  /** The newest record's `ts`, null when there is none. */
  get newestTs(): string | null {
    const newest = this.#commits.at(this.#commits.length - 1);
    const line = newest === undefined ? undefined : [...linesOf(newest)].at(-1);
    return (line === undefined ? undefined : parseFrame(line.line)?.ts) ?? null;
  }

  /** Takes the next durable commit in. */
  add({ first, ends, bytes }: Pick<CommittedLines, 'first' | 'ends' | 'bytes'>): void {
    if (bytes.length <= sharedBytesMax) {
      this.#add(first, ends, bytes);
      return;
    }
    for (let line = 0; line < ends.length;) {
      const from = ends[line - 1] ?? 0;
      let next = line + 1;
      while (next < ends.length && (ends[next] ?? 0) - from <= sharedBytesMax) next += 1;
      const part = ends.slice(line, next).map((end) => end - from);
      this.#add(first + line, part, bytes.subarray(from, ends[next - 1]));
      line = next;
    }
  }

  #add(first: number, ends: readonly number[], bytes: Uint8Array): void {
    const commit = this.#copied(first, ends, bytes);
    this.#commits.push(commit);
    this.#records += ends.length;
    let oldest = this.#commits.at(0);
    while (oldest !== undefined && oldest !== commit && this.#isMore(oldest)) {
      this.#records -= oldest.ends.length;
      this.#leave(oldest.block);
      this.#commits.shift();
      oldest = this.#commits.at(0);
    }
  }

  #copied(first: number, ends: readonly number[], bytes: Uint8Array): Held {
    const size = bytes.length;
    const block = size > sharedBytesMax ? this.#begin({ bytes: Buffer.allocUnsafeSlow(size), held: 0 }) : this.#shared(size);
    const from = block === this.#block ? this.#used : 0;
    const kept = block.bytes.subarray(from, from + size);
    copyShared(bytes, kept, 0);
    if (block === this.#block) this.#used += size;
    block.held += 1;
    return { first, ends, bytes: kept, block };
  }

  /** The block that has room for a small commit. */
  #shared(size: number): Block {
    // One whose commits have all left is out of our hands: it may be the spare by now.
    if (this.#block !== undefined && this.#block.held > 0 && this.#used + size <= blockBytes) return this.#block;
    const spare = this.#spare ?? { bytes: Buffer.allocUnsafeSlow(blockBytes), held: 0 };
    this.#spare = undefined;
    this.#used = 0;
    return this.#block = this.#begin(spare);
  }

  #begin(block: Block): Block {
    this.#bytes += block.bytes.length;
    return block;
  }

  #leave(block: Block): void {
    block.held -= 1;
    if (block.held > 0) return;
    this.#bytes -= block.bytes.length;
    if (this.#searches === 0 && block.bytes.length === blockBytes) this.#spare = block;
  }

  #isMore(oldest: Held): boolean {
    return this.#records - oldest.ends.length >= this.capacity || this.#bytes > ringBytesMax;
  }

  /**
   * Shows `take` up to `limit` records from `seq` on, oldest first, for as long as it wants more; none if `seq` is not here.
   * False: it wanted no more. A line is valid until `take` returns, and nothing MUST be added before that.
   */
  visit(seq: number, limit: number, take: (seq: number, line: Buffer) => boolean): boolean {
    const { oldest } = this;
    if (oldest === undefined || seq < oldest) return true;
    let left = limit;
    for (let i = this.#indexOf(seq); i < this.#commits.length; i += 1) {
      const commit = this.#commits.at(i);
      if (commit === undefined) break;
      const { first, ends, bytes } = commit;
      for (let at = Math.max(0, seq - first); at < ends.length; at += 1) {
        if (left === 0) return true;
        if (!take(first + at, bytes.subarray(ends[at - 1] ?? 0, (ends[at] ?? 0) - 1))) return false;
        left -= 1;
      }
    }
    return true;
  }

  /**
   * The newest `limit` matches below `before`, or `answerBytesMax` of them, newest first; and how many match in all. Yields
   * behind every piece that takes some time, and returns what it found; what comes meanwhile is not in it. It MUST be run to
   * its end, or be ended by its `return`.
   */
  *newest(limit: number, before: number, filter: RecordFilter): Generator<undefined, Found> {
    this.#searches += 1;
    try {
      return yield* this.#search(limit, before, filter);
    } finally {
      this.#searches -= 1;
    }
  }

  *#search(limit: number, before: number, filter: RecordFilter): Generator<undefined, Found> {
    const lines: string[] = [];
    const oldest = this.oldest ?? 0;
    const commits = [...this.#commits];
    let total = 0;
    let bytes = 0;
    let looked = 0;
    for (let commit = commits.pop(); commit !== undefined; commit = commits.pop()) {
      for (const { seq, line } of [...linesOf(commit)].reverse()) {
        looked += line.length;
        if (looked > pieceBytes) {
          looked = 0;
          yield undefined;
        }
        if (seq < oldest || !filter.matches(line)) continue;
        total += 1;
        if (seq >= before || lines.length >= limit || bytes >= answerBytesMax) continue;
        bytes += line.length;
        lines.push(line.toString('utf8'));
      }
    }
    return { lines, total };
  }

  /** The commit that holds `seq`, by halving. */
  #indexOf(seq: number): number {
    let low = 0;
    let high = this.#commits.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#commits.at(middle)?.first ?? Infinity) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
