/**
 * Walks closed segments, each for itself. Invariant: it judges nothing. Whatever is not as it should be ends in no stretch,
 * and whoever verifies then walks the segment line by line and says what is wrong: there is one way to judge a line, `Walk`.
 */
import type { Disk } from '../disk/disk.js';
import { nextEpoch } from '../keys/schedule.js';
import { notOverlong, readLines } from '../log/lines.js';
import type { Link } from '../log/record.js';
import type { SegmentFile } from '../log/segment.js';
import { EpochChain } from './epochs.js';
import type { Facts } from './facts.js';
import { Findings } from './finding.js';
import { ForeignFormat } from './foreign.js';
import { SnapshotKeeper } from './keeper.js';
import { Ledger } from './ledger.js';
import { Leftovers } from './leftovers.js';
import { Pace } from './pace.js';
import { statedSeam } from './seam.js';
import type { Stretch } from './stretch.js';
import { KeyTrail } from './trail.js';
import { Walk } from './walk.js';

/** Takes the MACs of some records, for receipts to be compared with elsewhere. */
class MacTaker {
  readonly #seqs: Float64Array;
  readonly macs: Link[] = [];

  constructor(seqs: Float64Array) {
    this.#seqs = seqs;
  }

  get nextSeq(): number {
    return this.#seqs[this.macs.length] ?? Number.POSITIVE_INFINITY;
  }

  see(seq: number, mac: string): readonly never[] {
    while (this.nextSeq === seq) this.macs.push({ seq, mac });
    return [];
  }
}

/** What all stretches of one verification are walked with. */
export interface StretchParts {
  readonly disk: Disk;
  readonly facts: Facts;
  /** E(0); undefined without the verification key. */
  readonly firstEpoch: Uint8Array | undefined;
  /** An epoch's seal takes its bytes, so that there cannot be more: a header that claims more is not followed. */
  readonly epochsMax: number;
  readonly retiredStarts: ReadonlySet<number>;
  readonly retiredTo: number;
}

/** Walks segments in order; the way from epoch to epoch is gone once. */
export class StretchWalker {
  readonly #parts: StretchParts;
  #epoch = 0;
  #epochKey: Uint8Array | undefined;

  constructor(parts: StretchParts) {
    this.#parts = parts;
    this.#epochKey = parts.firstEpoch;
  }

  /** Walks one segment; `seqs` are the records, ascending, whose MACs are wanted; `onLine` is called now and then. */
  walk(segment: SegmentFile, seqs: Float64Array, onLines: () => void): Stretch | undefined {
    const { disk, facts, retiredStarts, retiredTo, epochsMax } = this.#parts;
    const from = statedSeam(disk, segment);
    if (from === undefined || from.epoch > epochsMax) return undefined;
    const trail = this.#trailAt(from.epoch);
    if (trail === 'behind') return undefined;
    const findings = new Findings();
    const chain = new EpochChain(facts);
    const ledger = new Ledger({
      facts, findings, chain, withKey: trail !== undefined, leftovers: new Leftovers(), retiredStarts, retiredTo,
      onSeal: () => undefined, onProof: () => undefined,
    });
    const receipts = new MacTaker(seqs);
    const silence = new Pace();
    const keeper = new SnapshotKeeper([], Number.POSITIVE_INFINITY, () => Number.POSITIVE_INFINITY);
    const walk = new Walk({ findings, ledger, trail, receipts, silence, keeper });
    walk.beginAt(from);
    const lines = takeAll(disk, segment, walk, findings, onLines);
    const to = lines === undefined ? undefined : walk.seam();
    if (lines === undefined || to === undefined || walk.ts === undefined) return undefined;
    return {
      from, to, ...lines, ts: walk.ts, sealed: chain.sealed, seals: [...chain.newest].reverse(), goodSeal: ledger.goodSeal,
      signedSeals: ledger.signedSeals, proven: ledger.proven, removedFrom: ledger.removedFrom,
      removedTo: ledger.removedTo, tellsOfRuns: ledger.tellsOfRuns,
      pace: silence.trace, macs: receipts.macs,
    };
  }

  #trailAt(epoch: number): KeyTrail | undefined | 'behind' {
    if (this.#epochKey === undefined) return undefined;
    if (epoch < this.#epoch) return 'behind';
    for (; this.#epoch < epoch; this.#epoch += 1) this.#epochKey = nextEpoch(this.#epochKey);
    return new KeyTrail(this.#epochKey, epoch);
  }
}

/** Lines between two signs of life. */
const signEvery = 4096;

function takeAll(
  disk: Disk, segment: SegmentFile, walk: Walk, findings: Findings, onLines: () => void,
): { readonly lines: number; readonly bytes: number } | undefined {
  const file = disk.open(segment.path, 'read');
  try {
    let count = 0;
    let bytes = 0;
    for (const line of readLines(disk, file, notOverlong)) {
      if (line.kind !== 'line') return undefined;
      count += 1;
      const place = { segment: segment.name, first: segment.first, line: count, offset: line.offset, end: line.end };
      walk.take(line.bytes, place, false);
      if (findings.total > 0) return undefined;
      bytes = line.end;
      if (count % signEvery === 0) onLines();
    }
    return { lines: count, bytes };
  } catch (error) {
    if (error instanceof ForeignFormat) return undefined;
    throw error;
  } finally {
    disk.close(file);
  }
}
