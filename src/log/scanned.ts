/**
 * What reading the end of a log at start found: where it stands, and what lies behind its head.
 */
import type { Frontier } from '../checkpoint/merkle.js';
import type { Verifier } from '../checkpoint/note.js';
import type { LogPub, SealEvent, SegmentRemoved } from './own.js';
import type { Link } from './record.js';
import type { SegmentFile } from './segment.js';

/** The first invalid byte behind the head, and all that follows it. */
export interface Torn {
  readonly segment: SegmentFile;
  /** Length of the segment's valid lines. */
  readonly validBytes: number;
  readonly fileBytes: number;
}

/** Valid bytes behind the head: what the kernel may hold and the disk may not. */
export interface Adopted {
  readonly segment: SegmentFile;
  readonly from: number;
  readonly until: number;
}

/** What a scan found. */
export interface Scanned {
  readonly logPub: LogPub;
  readonly genesisMac: string;
  readonly last: Link;
  readonly lastOpen: boolean;
  readonly tree: Frontier;
  readonly segment: { readonly name: string; readonly first: number; readonly bytes: number; readonly openedMs: number };
  readonly epochFirst: number;
  readonly epochDirty: boolean;
  /** Signs the current epoch, by the chain of seals. */
  readonly verifier: Verifier;
  readonly seal: SealEvent | undefined;
  /** Whether the newest line is a seal. */
  readonly endsInSeal: boolean;
  /** The kind of the last record but one, if that is the log's own. */
  readonly kindBefore: string | undefined;
  readonly adoptedLines: number;
  readonly adopted: readonly Adopted[];
  readonly torn: Torn | undefined;
  /** Quarantined pieces that a durable `recovered` names. */
  readonly namedPieces: readonly string[];
  /** Segments that the log itself says were removed, oldest first; a crash may have come before they were. */
  readonly removed: readonly SegmentRemoved[];
}
