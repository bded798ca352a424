/**
 * Where a log stands: everything the writer needs to go on, and nothing it could look up. All of it is durable;
 * what is still on its way to the disk lives in the writer's commit and nowhere else.
 */
import type { Frontier } from '../checkpoint/merkle.js';
import type { Signer } from '../checkpoint/signer.js';
import type { KeyWalker } from '../keys/schedule.js';
import type { LogPub } from './own.js';
import type { Link } from './record.js';

/** The segment that is written to. */
export interface OpenSegment {
  readonly name: string;
  readonly first: number;
  /** Length up to the last durable line; 0: its first line is still to be written. */
  readonly bytes: number;
  /** The `ts` of its first line, ms; decides when it is old enough to be closed. */
  readonly openedMs: number;
}

/** The epoch that is not sealed yet. */
export interface OpenEpoch {
  /** Its first record's seq, whether written yet or not. */
  readonly first: number;
  /** Whether it holds anything but a segment's header. */
  readonly dirty: boolean;
  readonly signer: Signer;
  /** Seed of the next epoch's key, if one was made for a seal that did not come about. */
  readonly nextSeed: Buffer | null;
}

/** With something in it that makes a seal due. */
function dirtied(epoch: OpenEpoch): OpenEpoch {
  return epoch.dirty ? epoch : { ...epoch, dirty: true };
}

/** The newest seal. */
export interface Sealed {
  /** Records before it, which its checkpoint covers. */
  readonly size: number;
  readonly checkpoint: string;
}

export interface LogState {
  readonly origin: string;
  readonly logPub: LogPub;
  readonly identity: Signer;
  /** Record 1's MAC; empty before record 1. */
  readonly genesisMac: string;
  readonly last: Link;
  /** The last line was `E.J+`: its commit is still to be closed, under the same key. */
  readonly openCommit: boolean;
  /** Stands at the key of the next line. */
  readonly keys: KeyWalker;
  readonly tree: Frontier;
  /** Undefined before the first segment. */
  readonly segment: OpenSegment | undefined;
  readonly epoch: OpenEpoch;
  readonly sealed: Sealed | undefined;
}

/** What a commit adds: its lines, the last of them, and the tree with them. */
interface Committed {
  readonly bytes: Uint8Array;
  readonly last: Link;
  readonly tree: Frontier;
}

/**
 * Where a log stands behind a commit, with keys of its own; whoever goes on from there forgets those of `state`. `sealsInto`: the
 * commit is a seal, and this the epoch behind it.
 */
export function behind(state: LogState, commit: Committed, sealsInto?: OpenEpoch): LogState {
  const { origin, logPub, identity, genesisMac, segment, epoch, sealed } = state;
  const keys = state.keys.copy();
  keys.evolve(sealsInto !== undefined);
  // All of it by name: a copy by spreading takes as long as the hash of a line.
  return {
    origin, logPub, identity, genesisMac, last: commit.last, openCommit: false, keys, tree: commit.tree,
    segment: segment === undefined ? undefined : grown(segment, commit.bytes.length), epoch: sealsInto ?? dirtied(epoch), sealed,
  };
}

function grown({ name, first, bytes, openedMs }: OpenSegment, by: number): OpenSegment {
  return { name, first, bytes: bytes + by, openedMs };
}
