/**
 * A checkpoint that was kept elsewhere: the one thing that shows a rollback of everything. Invariant: it counts only
 * if this log's identity and the key of its epoch signed it, and if the log, computed anew, has its root at its size.
 */
import { openNote, parseVkey } from '../checkpoint/note.js';
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
  const checkpoint = parsedNote(note);
  if (checkpoint === undefined) throw new UnusableInput('bad_checkpoint', 'not a signed checkpoint note');
  return checkpoint;
}

/** Whether a text has the form of one, whoever signed it. */
export function isCheckpointNote(note: string): boolean {
  return parsedNote(note) !== undefined;
}

function parsedNote(note: string): Checkpoint | undefined {
  const opened = openNote(note, []);
  return opened.ok ? parseCheckpoint(opened.text) : undefined;
}

/** How far the log was read. */
export interface Reach {
  /** The log's last record. */
  readonly lastSeq: number;
  /** The last record that retention removed; 0 if none was. */
  readonly retiredTo: number;
  /** The last record that was not read because an earlier run had; 0 if all were. */
  readonly resumedBehind: number;
  /** The record from which on the log is of a format that is not read here; Infinity if it is read to its end. */
  readonly foreignFrom: number;
}

/** The checkpoints that were given, along one walk. */
export class OutsideCheckpoints {
  readonly #notes: readonly { readonly note: string; readonly stated: Checkpoint }[];
  readonly #seals = new Map<number, SeenSeal>();
  /** Where an earlier run ended, records; undefined when there was none. */
  readonly resumeSize: number | undefined;
  #covered: UpTo | undefined;

  /** @throws UnusableInput for a note that is none. */
  constructor(checkpoint: string | undefined, fromCheckpoint: string | undefined) {
    const given = [checkpoint, fromCheckpoint].filter((note) => note !== undefined);
    this.#notes = given.map((note) => ({ note, stated: statedCheckpoint(note) }));
    this.resumeSize = fromCheckpoint === undefined ? undefined : statedCheckpoint(fromCheckpoint).size;
  }

  /** Records of which the state of the log is wanted. */
  get sizes(): readonly number[] {
    return this.#notes.map(({ stated }) => stated.size);
  }

  /** Up to where the log is covered by one of them, after `check`. */
  get covered(): UpTo | undefined {
    return this.#covered;
  }

  /** Back to the beginning, for another try. */
  rewind(): void {
    this.#seals.clear();
    this.#covered = undefined;
  }

  /** Shown every seal, in order. */
  see(seal: SeenSeal): void {
    if (this.sizes.includes(seal.size)) this.#seals.set(seal.size, seal);
  }

  /** Compares each with the log as it was at its size. */
  check(facts: Facts, at: (size: number) => Snapshot | undefined, reach: Reach, findings: Findings): void {
    for (const { note, stated } of this.#notes) {
      const seal = this.#seals.get(stated.size);
      const fault = compare(note, stated, facts, at(stated.size), seal, reach);
      if (fault !== undefined) findings.add(fault.code, fault.message, { seq: stated.size });
      else if (seal !== undefined && stated.size >= (this.#covered?.seq ?? 0)) {
        this.#covered = { seq: stated.size, time: seal.ts };
      }
    }
  }
}

function compare(
  note: string, stated: Checkpoint, facts: Facts, snapshot: Snapshot | undefined, seal: SeenSeal | undefined, reach: Reach,
): Fault | undefined {
  const mismatch = (message: string): Fault => ({ code: 'checkpoint_mismatch', message });
  if (stated.origin !== facts.origin) return mismatch(`the checkpoint is of the log ${stated.origin}, this is ${facts.origin}`);
  if (openCheckpoint(note, [facts.identity]) === undefined) {
    return { code: 'checkpoint_malformed', message: 'the checkpoint does not have the signature of this log' };
  }
  if (stated.size >= reach.foreignFrom) {
    const message = `the checkpoint is over ${stated.size} records, and those from ${reach.foreignFrom} on are of another format`;
    return { code: 'unknown_format', message };
  }
  if (stated.size > reach.lastSeq) {
    return mismatch(`the checkpoint saw ${stated.size} records, the log ends at ${reach.lastSeq}: it was cut short or rolled back`);
  }
  if (stated.size <= reach.retiredTo) {
    const message = `the checkpoint is over ${stated.size} records, and those up to ${reach.retiredTo} were removed by retention`;
    return { code: 'retired_unchecked', message };
  }
  if (stated.size <= reach.resumedBehind) {
    const message = `the checkpoint is over ${stated.size} records, and those up to ${reach.resumedBehind} were not read again`;
    return { code: 'resumed_unchecked', message };
  }
  const tree = snapshot?.tree;
  if (tree === undefined) return mismatch('damage before the checkpoint\'s last record hides whether the log extends it');
  if (!tree.root().equals(stated.root)) return mismatch(`the first ${stated.size} records are not those the checkpoint saw`);
  if (seal === undefined) return mismatch(`the log has no seal over just ${stated.size} records, and only seals make checkpoints`);
  const signer = seal.vkey === undefined ? undefined : parseVkey(seal.vkey);
  if (signer !== undefined && openCheckpoint(note, [facts.identity, signer]) === undefined) {
    return { code: 'checkpoint_malformed', message: 'the checkpoint does not have the signature of its epoch' };
  }
  return undefined;
}
