/**
 * What the log looked like at a few chosen records: those that a head, a checkpoint or a key file names. Invariant:
 * the newest commits behind the sealed head are kept too, since on a live log the head moves while it is read.
 */
import type { Frontier } from '../checkpoint/merkle.js';
import type { KeyName } from '../keys/name.js';
import type { Link } from '../log/record.js';

/** The log right behind one record. */
export interface Snapshot extends Link {
  readonly open: boolean;
  /** The key of the next line, in which the head's MAC is made. */
  readonly next: KeyName;
  readonly segment: string;
  /** The segment's length behind the record. */
  readonly bytes: number;
  /** Undefined where damage has made it unknown. */
  readonly tree: Frontier | undefined;
  /** The key of that name; undefined without the verification key. */
  readonly step: Buffer | undefined;
}

/** Commits kept behind the head; a daemon is never more than one ahead of it, the rest is for slow readers. */
const recentMax = 64;

/** Keeps snapshots of asked-for records, and of the newest from `recentFrom` on. */
export class SnapshotKeeper {
  readonly #wanted: Set<number>;
  readonly #kept = new Map<number, Snapshot>();
  #recent: Snapshot[] = [];
  #recentFrom: number;
  #nextSeq: number;

  constructor(wanted: Iterable<number>, recentFrom: number) {
    this.#wanted = new Set(wanted);
    this.#recentFrom = recentFrom;
    this.#nextSeq = this.#next(0);
  }

  /** No snapshot is wanted of a record before this one. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Whether a snapshot of any record from `first` to `last` is wanted. */
  wants(first: number, last: number): boolean {
    return last >= this.#recentFrom || [...this.#wanted].some((seq) => seq >= first && seq <= last);
  }

  /** A newer head was read: from its record on, too. */
  want(seq: number): void {
    this.#wanted.add(seq);
    this.#nextSeq = Math.min(this.#nextSeq, seq);
  }

  /** Given every record from `nextSeq` on; `take` is called only where a snapshot is wanted. */
  offer(seq: number, open: boolean, take: () => Snapshot): void {
    if (this.#wanted.has(seq)) this.#kept.set(seq, take());
    if (seq >= this.#recentFrom && !open) {
      this.#recent.push(take());
      if (this.#recent.length > 2 * recentMax) this.#recent = this.#recent.slice(-recentMax);
    }
    this.#nextSeq = this.#next(seq + 1);
  }

  at(seq: number): Snapshot | undefined {
    return this.#kept.get(seq) ?? this.#recent.find((snapshot) => snapshot.seq === seq);
  }

  #next(from: number): number {
    let next = Math.max(from, this.#recentFrom);
    for (const seq of this.#wanted) if (seq >= from && seq < next) next = seq;
    return next;
  }
}
