/**
 * Records that simply follow one another, in some 80 bytes each: enough to tell what the log looked like behind any of
 * them. Invariant: all of them stand in one segment and one epoch, and no seal or header is among them, so that all but
 * their MACs, ends and leaf hashes follows from the snapshot that they stand behind.
 */
import { macChars } from '../chain/link.js';
import { hashBytes } from '../keys/hash.js';
import { nextStep } from '../keys/schedule.js';
import type { Snapshot } from './snapshot.js';

const macBytes = macChars / 2;
const recordBytes = macBytes + hashBytes;
const firstCapacity = 64;

/** A record that simply follows. */
export interface Follower {
  readonly mac: string;
  /** More lines of its commit follow. */
  readonly open: boolean;
  /** The segment's length behind it, bytes. */
  readonly end: number;
  /** Its leaf hash; undefined where the tree is not known. */
  readonly leaf: Buffer | undefined;
}

/** See the file's head. */
export class RecordRun {
  readonly #start: Snapshot;
  /** MAC and leaf hash of each. */
  #bytes = Buffer.alloc(0);
  readonly #ends: number[] = [];
  /** Commits that were closed up to each of them. */
  readonly #commits: number[] = [];

  constructor(start: Snapshot) {
    this.#start = start;
  }

  get first(): number {
    return this.#start.seq;
  }

  get last(): number {
    return this.#start.seq + this.#ends.length;
  }

  add({ mac, open, end, leaf }: Follower): void {
    const at = this.#ends.length * recordBytes;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(2 * at, firstCapacity * recordBytes));
    this.#bytes.write(mac, at, 'hex');
    leaf?.copy(this.#bytes, at + macBytes);
    this.#commits.push((this.#commits.at(-1) ?? 0) + (open ? 0 : 1));
    this.#ends.push(end);
  }

  /** The log behind record `seq`; undefined for one that is not in the run. */
  at(seq: number): Snapshot | undefined {
    const start = this.#start;
    if (seq === start.seq) return start;
    const index = seq - start.seq - 1;
    const bytes = this.#ends[index];
    const commits = this.#commits[index];
    if (bytes === undefined || commits === undefined) return undefined;
    const tree = start.tree?.copy();
    for (let leaf = 0; leaf <= index; leaf += 1) {
      tree?.append(Buffer.from(this.#bytes.subarray(leaf * recordBytes + macBytes, (leaf + 1) * recordBytes)));
    }
    let { step } = start;
    for (let commit = 0; commit < commits && step !== undefined; commit += 1) step = nextStep(step);
    const mac = this.#bytes.toString('hex', index * recordBytes, index * recordBytes + macBytes);
    const next = { epoch: start.next.epoch, step: start.next.step + commits };
    return { seq, mac, open: commits === (this.#commits[index - 1] ?? 0), next, segment: start.segment, bytes, tree, step };
  }
}
