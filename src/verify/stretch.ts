/**
 * A closed segment, walked for itself from what its own header states. Invariant: a stretch exists only if nothing at
 * all was wrong in it, so that whoever arrives at the same seam from before may go on behind it.
 */
import type { Link } from '../log/record.js';
import type { SeenSeal } from './epochs.js';
import type { PaceTrace } from './pace.js';
import type { Seam } from './seam.js';

/** What came of a segment without a fault. Plain values: it crosses between threads. */
export interface Stretch {
  /** What the header states, and what the walk arrived at. */
  readonly from: Seam;
  readonly to: Seam;
  readonly lines: number;
  readonly bytes: number;
  /** The last record's time. */
  readonly ts: string;
  /** How many seals, the newest two of them, and the newest whose signatures and root are good. */
  readonly sealed: number;
  readonly seals: readonly SeenSeal[];
  readonly goodSeal: SeenSeal | undefined;
  readonly signedSeals: number;
  /** Records under a signed root. */
  readonly proven: number;
  /** See `Ledger`. */
  readonly removedFrom: number;
  readonly removedTo: number;
  readonly tellsOfRuns: boolean;
  readonly pace: PaceTrace;
  /** The records that receipts ask for. */
  readonly macs: readonly Link[];
}
