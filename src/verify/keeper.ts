/**
 * What the log looked like where somebody will ask: at the records that a checkpoint or a head names, and at every record
 * from the head on that was read last, since the next head names one of those or one that is still to come. How far a head
 * may be behind is for the daemon to say: all lines that are acknowledged together stand behind it, live or after a crash.
 * Invariant: what is kept is bounded by how far the head is behind, and by `weightMax` where somebody made that up.
 */
import { RecordRun } from './record-run.js';
import type { Follower } from './record-run.js';
import type { Snapshot } from './snapshot.js';

/** A record that was passed; `plain`: it simply follows, in the same segment and epoch. */
export interface Passed extends Follower {
  readonly seq: number;
  readonly plain: boolean;
}

/** What a run's beginning weighs, one of its records weighing 1, of some 80 bytes. */
const startWeight = 32;
/** Kept between two readings of the head. */
const readEvery = 16 * 1024;
/**
 * An epoch has 100,000 records and one request more, of 65,536 at most, and no head is behind a seal that has something
 * behind it. What is more belongs to a head that somebody put back, and no other will be read.
 */
const weightMax = 256 * 1024;

/** See the file's head. */
export class SnapshotKeeper {
  readonly #wanted: Set<number>;
  readonly #kept = new Map<number, Snapshot>();
  readonly #readHead: () => number;
  #runs: RecordRun[] = [];
  #weight = 0;
  #weightAtReading = 0;
  /** Every record from here on is kept. */
  #from: number;
  #nextSeq: number;

  /** `headSeq`: the record of the head that was read first; `readHead` reads that of the newest. Infinity: there is none. */
  constructor(wanted: Iterable<number>, headSeq: number, readHead: () => number) {
    this.#wanted = new Set([...wanted, headSeq]);
    this.#readHead = readHead;
    this.#from = headSeq;
    this.#nextSeq = this.#next(0);
  }

  /** No snapshot is wanted of a record before this one. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Whether a snapshot of any record from `first` to `last` is wanted. */
  wants(first: number, last: number): boolean {
    return last >= this.#from || [...this.#wanted].some((seq) => seq >= first && seq <= last);
  }

  /** A head names a record that is still to come: from there on now. */
  expect(seq: number): void {
    this.#wanted.add(seq);
    this.#moveTo(seq);
    this.#nextSeq = this.#next(seq);
  }

  /** Given every record from `nextSeq` on; `take` is called only where a snapshot is needed. */
  offer(passed: Passed, take: () => Snapshot): void {
    const { seq } = passed;
    if (this.#wanted.has(seq)) this.#kept.set(seq, take());
    if (seq >= this.#from) this.#keep(passed, take);
    this.#nextSeq = this.#next(seq + 1);
  }

  /** Whether the log behind a record is known, if that was walked at all. */
  covers(seq: number): boolean {
    return seq >= this.#from || this.#wanted.has(seq);
  }

  at(seq: number): Snapshot | undefined {
    const kept = this.#kept.get(seq);
    // Without the key the walk may have gone astray and come back: what it took last counts.
    return kept ?? this.#runs.findLast((run) => run.first <= seq && run.last >= seq)?.at(seq);
  }

  #keep(passed: Passed, take: () => Snapshot): void {
    const run = this.#runs.at(-1);
    if (passed.plain && run?.last === passed.seq - 1) {
      run.add(passed);
      this.#weight += 1;
    } else {
      this.#runs.push(new RecordRun(take()));
      this.#weight += startWeight;
    }
    if (this.#weight - this.#weightAtReading >= readEvery) this.#readAgain();
  }

  /** What is before the newest head is asked for by nobody. */
  #readAgain(): void {
    const headSeq = this.#readHead();
    if (Number.isFinite(headSeq) && headSeq > this.#from) this.#moveTo(headSeq);
    if (this.#weight > weightMax) this.#moveTo(Number.POSITIVE_INFINITY);
    this.#weightAtReading = this.#weight;
  }

  #moveTo(seq: number): void {
    this.#from = seq;
    this.#runs = this.#runs.filter((run) => run.last >= seq);
    this.#weight = this.#runs.reduce((sum, run) => sum + startWeight + run.last - run.first, 0);
    this.#weightAtReading = this.#weight;
  }

  #next(from: number): number {
    let next = Math.max(from, this.#from);
    for (const seq of this.#wanted) if (seq >= from && seq < next) next = seq;
    return next;
  }
}
