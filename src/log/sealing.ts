/**
 * What the log says where an epoch ends and where a segment begins, worked out from where it stands, and whether a seal
 * that was read says what was worked out. Nothing is written here, and nothing is signed twice: the caller wipes the seed
 * of the key that signed.
 */
import type { Frontier } from '../checkpoint/merkle.js';
import type { Verifier } from '../checkpoint/note.js';
import type { Seal } from '../checkpoint/seal.js';
import { epochKeyName, openSeal } from '../checkpoint/seal.js';
import { signSeal, signerFrom } from '../checkpoint/signer.js';
import type { Retain, SealEvent, SegmentHeader } from './own.js';
import { formatVersion, parseSealEvent } from './own.js';
import type { Frame } from './record.js';
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
    sealsInto: { first: last.seq + 2, dirty: false, signer: next, nextSeed: null },
  };
}

/** The header of the segment that begins behind the last record, which is a seal. */
export function headerOf(state: LogState, retain: Retain): SegmentHeader {
  const { origin, logPub, genesisMac, last, tree, epoch } = state;
  return {
    format: formatVersion, origin, genesis: genesisMac, log_pub: logPub, retain, first: last.seq + 1, tree_size: tree.size,
    frontier: tree.texts, epoch_vkey: epoch.signer.vkey,
  };
}

/** The records before a seal, as a reader found them. */
export interface BeforeSeal {
  readonly origin: string;
  /** Over all of them. */
  readonly tree: Frontier;
  /** First record of the epoch. */
  readonly epochFirst: number;
  /** Whose signature the seal MUST have. */
  readonly verifier: Verifier;
  /** The line before it was `E.J+`. */
  readonly inCommit: boolean;
}

/** The seal in a record, if its key signed it and it says what the records before it come to. */
export function fittingSeal(frame: Frame, before: BeforeSeal): Seal | undefined {
  const event = parseSealEvent(frame.body);
  if (event === undefined || frame.open || before.inCommit) return undefined;
  const seal = openSeal(event.seal, before.verifier);
  const fits = seal?.epoch === frame.key.epoch && event.epoch === seal.epoch && seal.origin === before.origin &&
    seal.size === before.tree.size && event.size === seal.size && seal.first === before.epochFirst && seal.last === seal.size &&
    seal.root.equals(before.tree.root()) && event.root === seal.root.toString('base64');
  return fits ? seal : undefined;
}
