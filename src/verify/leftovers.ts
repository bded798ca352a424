/**
 * Entries in `retired.jsonl` of records that still stand in a segment: a removal under way has copied them. Invariant: each
 * is compared with the very line, as many as are kept, since it will stand for it. One whose line was not read means nothing:
 * a copy of a log may have been made while it went on, its segments first.
 */
import { leafHash } from '../checkpoint/merkle.js';
import type { Fault } from './finding.js';

/** Entries at most: one segment's header and seals, with room. What is more is not compared. */
const leftoversMax = 100_000;

function malformed(message: string): Fault {
  return { code: 'retired_malformed', message };
}

/** See the file's head. */
export class Leftovers {
  readonly #hashes = new Map<number, Buffer>();
  #last = 0;

  /** How many there are to compare. */
  get count(): number {
    return this.#hashes.size;
  }

  /** The last record copied; 0 if none was. */
  get last(): number {
    return this.#last;
  }

  /** Takes an entry, whose record is behind that of the one before. */
  add(seq: number, line: Buffer): void {
    this.#last = seq;
    if (this.#hashes.size < leftoversMax) this.#hashes.set(seq, leafHash(line));
  }

  /** What is wrong with the copy of a line that stands in a segment; `hash` is its leaf's, where that is known. */
  compare(seq: number, line: Buffer, hash: Buffer | undefined): readonly Fault[] {
    const copied = this.#hashes.get(seq);
    if (copied === undefined || copied.equals(hash ?? leafHash(line))) return [];
    return [malformed(`retired.jsonl holds another record ${seq} than the segment`)];
  }
}
