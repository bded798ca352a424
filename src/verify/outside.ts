/**
 * A checkpoint that was kept elsewhere: the one thing that shows a rollback of everything. Invariant: it counts only
 * if this log's identity and the key of its epoch signed it, and if the log, computed anew, has its root at its size.
 */
import { openNote } from '../checkpoint/note.js';
import { openCheckpoint, parseCheckpoint } from '../checkpoint/seal.js';
import type { Checkpoint } from '../checkpoint/seal.js';
import type { SeenSeal } from './epochs.js';
import type { Facts } from './facts.js';
import type { Fault, Findings } from './finding.js';
import type { UpTo } from './report.js';
import type { Snapshot } from './snapshot.js';

/** Something given to verify with that cannot be used at all: wrong usage, not a finding. */
export class UnusableInput extends Error {
  readonly code: 'bad_checkpoint' | 'bad_receipts';

  constructor(code: UnusableInput['code'], message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'UnusableInput';
    this.code = code;
  }
}

/** What a checkpoint note says, its signatures not yet checked. @throws UnusableInput if it is none. */
export function statedCheckpoint(note: string): Checkpoint {
  const opened = openNote(note, []);
  const checkpoint = opened.ok ? parseCheckpoint(opened.text) : undefined;
  if (checkpoint === undefined) throw new UnusableInput('bad_checkpoint', 'not a signed checkpoint note');
  return checkpoint;
}

/** The log at a checkpoint's size. */
export interface AtCheckpoint {
  readonly snapshot: Snapshot | undefined;
  /** The seal over just these records. */
  readonly seal: SeenSeal | undefined;
  /** The log's last record. */
  readonly lastSeq: number;
  /** The last record that retention removed; 0 if none was. */
  readonly retiredTo: number;
}

/** Compares; up to where the log is covered, or undefined when that is not so and a finding says why. */
export function checkOutside(note: string, facts: Facts, at: AtCheckpoint, findings: Findings): UpTo | undefined {
  const stated = statedCheckpoint(note);
  const fault = compare(note, stated, facts, at);
  if (fault === undefined && at.seal !== undefined) return { seq: stated.size, time: at.seal.ts };
  if (fault !== undefined) findings.add(fault.code, fault.message, { seq: stated.size });
  return undefined;
}

function compare(note: string, stated: Checkpoint, facts: Facts, at: AtCheckpoint): Fault | undefined {
  const mismatch = (message: string): Fault => ({ code: 'checkpoint_mismatch', message });
  if (stated.origin !== facts.origin) return mismatch(`the checkpoint is of the log ${stated.origin}, this is ${facts.origin}`);
  if (openCheckpoint(note, [facts.identity]) === undefined) {
    return { code: 'checkpoint_malformed', message: 'the checkpoint does not have the signature of this log' };
  }
  if (stated.size > at.lastSeq) {
    return mismatch(`the checkpoint saw ${stated.size} records, the log ends at ${at.lastSeq}: it was cut short or rolled back`);
  }
  if (stated.size <= at.retiredTo) {
    const message = `the checkpoint is over ${stated.size} records, and those up to ${at.retiredTo} were removed by retention`;
    return { code: 'retired_unchecked', message };
  }
  const tree = at.snapshot?.tree;
  if (tree === undefined) return mismatch('damage before the checkpoint\'s last record hides whether the log extends it');
  if (!tree.root().equals(stated.root)) return mismatch(`the first ${stated.size} records are not those the checkpoint saw`);
  if (at.seal === undefined) return mismatch(`the log has no seal over just ${stated.size} records, and only seals make checkpoints`);
  if (at.seal.verifier !== undefined && openCheckpoint(note, [facts.identity, at.seal.verifier]) === undefined) {
    return { code: 'checkpoint_malformed', message: 'the checkpoint does not have the signature of its epoch' };
  }
  return undefined;
}
