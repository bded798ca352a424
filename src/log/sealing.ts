/**
 * What the log says where an epoch ends and where a segment begins, worked out from where it stands. Nothing is written
 * here, and nothing is signed twice: the caller wipes the seed of the key that signed.
 */
import { signerFrom } from '../checkpoint/note.js';
import { epochKeyName, signSeal } from '../checkpoint/seal.js';
import type { Retain, SealEvent, SegmentHeader } from './own.js';
import { formatVersion } from './own.js';
import type { LogState, OpenEpoch } from './state.js';

/** The seal of the open epoch, and the epoch behind it. */
export interface Sealing {
  readonly event: SealEvent;
  readonly sealsInto: OpenEpoch;
}

/** Signs both notes over everything recorded so far. `nextSeed` is on the disk already; `time` is RFC 3339. */
export function sealOf(state: LogState, nextSeed: Buffer, time: string): Sealing {
  const { origin, identity, epoch, keys, last, tree } = state;
  const root = tree.root();
  const next = signerFrom(epochKeyName(origin, keys.name.epoch + 1), nextSeed);
  const notes = signSeal({
    origin, epoch: keys.name.epoch, first: epoch.first, size: last.seq, root, time,
    identity, signer: epoch.signer, nextVkey: next.vkey,
  });
  return {
    event: { epoch: keys.name.epoch, size: last.seq, root: root.toString('base64'), ...notes },
    sealsInto: { first: last.seq + 2, dirty: false, signer: next, signerSeed: nextSeed, nextSeed: null },
  };
}

/** The header of the segment that begins behind the last record, which is a seal. */
export function headerOf(state: LogState, retain: Retain): SegmentHeader {
  const { origin, logPub, genesisMac, last, tree, epoch } = state;
  return {
    format: formatVersion, origin, genesis: genesisMac, log_pub: logPub, retain, first: last.seq + 1, tree_size: tree.size,
    frontier: tree.nodes.map((node) => node.toString('base64')), epoch_vkey: epoch.signer.vkey,
  };
}
