/**
 * The chain of epochs: each epoch's key signs its seal and names the next key. Invariant: `verifier` is the key of
 * `epoch` as the seal before it named it, or undefined when that seal is missing; from the next thing that names a
 * key the chain goes on, so that one missing seal is one finding.
 */
import { openNote } from '../checkpoint/note.js';
import type { Verifier } from '../checkpoint/note.js';
import { openCheckpoint, openSeal, parseSeal } from '../checkpoint/seal.js';
import type { Seal } from '../checkpoint/seal.js';
import { parseSealEvent } from '../log/own.js';
import type { SealEvent } from '../log/own.js';
import type { Frame } from '../log/record.js';
import type { Facts } from './facts.js';
import type { Fault } from './finding.js';

/** A seal that was read, good or not: plain values, so that it can cross between threads. */
export interface SeenSeal {
  /** The seal's own record. */
  readonly seq: number;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly ts: string;
  /** Who had to sign it, if that is known. */
  readonly vkey: string | undefined;
  /** Its checkpoint note. */
  readonly checkpoint: string;
  /** Both notes were signed by whom they should be, and agree with the record. */
  readonly signed: boolean;
}

/** Walks along with the seals. */
export class EpochChain {
  readonly #facts: Facts;
  #epoch = 0;
  #first: number | undefined = 1;
  #verifier: Verifier | undefined;
  #last: SeenSeal | undefined;
  #beforeLast: SeenSeal | undefined;
  #sealed = 0;

  constructor(facts: Facts) {
    this.#facts = facts;
    this.#verifier = facts.epochZero;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** First record of the current epoch; undefined when it is missing. */
  get first(): number | undefined {
    return this.#first;
  }

  get verifier(): Verifier | undefined {
    return this.#verifier;
  }

  /** Seals passed, good or not. */
  get sealed(): number {
    return this.#sealed;
  }

  /** The newest seal and the one before it. */
  get newest(): readonly SeenSeal[] {
    return [this.#last, this.#beforeLast].filter((seal) => seal !== undefined);
  }

  copy(): EpochChain {
    const copy = new EpochChain(this.#facts);
    copy.#epoch = this.#epoch;
    copy.#first = this.#first;
    copy.#verifier = this.#verifier;
    copy.#last = this.#last;
    copy.#beforeLast = this.#beforeLast;
    copy.#sealed = this.#sealed;
    return copy;
  }

  /** Takes the chain to an epoch whose beginning was not seen. */
  jump(epoch: number): void {
    this.#epoch = epoch;
    this.#first = undefined;
    this.#verifier = undefined;
  }

  /** Begins behind a seal that was not read here, at an epoch whose first record and key a header states. */
  beginAt(epoch: number, first: number, verifier: Verifier): void {
    this.#epoch = epoch;
    this.#first = first;
    this.#verifier = verifier;
  }

  /** Goes on behind a stretch that was walked elsewhere: its newest seals, oldest first, and how many it had. */
  goOn(epoch: number, first: number, verifier: Verifier, seals: readonly SeenSeal[], sealed: number): void {
    this.beginAt(epoch, first, verifier);
    for (const seal of seals) {
      this.#beforeLast = this.#last;
      this.#last = seal;
    }
    this.#sealed += sealed;
  }

  /** What a header names, where no seal before it did. */
  resume(verifier: Verifier): void {
    this.#verifier ??= verifier;
  }

  /**
   * Passes a seal: what is wrong with it, and what it says. The chain is in the next epoch then, whatever was wrong,
   * because that is where the keys are.
   */
  pass(frame: Frame): { readonly faults: readonly Fault[]; readonly seal: SeenSeal | undefined } {
    const event = parseSealEvent(frame.body);
    const verifier = this.#verifier;
    const faults: Fault[] = [];
    let next: Verifier | undefined;
    let seal: SeenSeal | undefined;
    if (event === undefined) {
      faults.push({ code: 'bad_seal', message: 'the seal is not spelled as the daemon spells one' });
    } else {
      const note = verifier === undefined ? unsigned(event.seal) : openSeal(event.seal, verifier);
      faults.push(...this.#compare(frame, event, note, verifier));
      next = (note ?? unsigned(event.seal))?.next;
      seal = {
        seq: frame.seq, size: event.size, root: event.root, ts: frame.ts, vkey: verifier?.vkey, checkpoint: event.checkpoint,
        signed: verifier !== undefined && faults.length === 0,
      };
      this.#beforeLast = this.#last;
      this.#last = seal;
    }
    this.#sealed += 1;
    this.#epoch = frame.key.epoch + 1;
    this.#first = frame.seq + 1;
    this.#verifier = next;
    return { faults, seal };
  }

  #compare(frame: Frame, event: SealEvent, note: Seal | undefined, verifier: Verifier | undefined): readonly Fault[] {
    const faults: Fault[] = [];
    const wrong = (what: string): void => { faults.push({ code: 'bad_seal', message: `the seal of epoch ${frame.key.epoch} ${what}` }); };
    if (event.epoch !== frame.key.epoch) wrong(`says epoch ${event.epoch}`);
    if (event.size !== frame.seq - 1) wrong(`covers ${event.size} records, ${frame.seq - 1} stand before it`);
    if (note === undefined) {
      faults.push({ code: 'bad_signature', message: `the seal of epoch ${frame.key.epoch} is not signed by the key of its epoch` });
      return faults;
    }
    if (note.origin !== this.#facts.origin) wrong('is of another log');
    if (note.epoch !== frame.key.epoch) wrong(`was signed for epoch ${note.epoch}`);
    if (note.last !== frame.seq - 1 || (this.#first !== undefined && note.first !== this.#first)) {
      wrong(`was signed for records ${note.first} to ${note.last}, the epoch's are ${this.#first ?? '?'} to ${frame.seq - 1}`);
    }
    if (note.size !== event.size || note.root.toString('base64') !== event.root) wrong('and its signed note are over different trees');
    const signers = verifier === undefined ? [this.#facts.identity] : [this.#facts.identity, verifier];
    const checkpoint = openCheckpoint(event.checkpoint, signers);
    if (checkpoint === undefined) {
      faults.push({ code: 'bad_signature', message: `the checkpoint of epoch ${frame.key.epoch} is not signed by the log and by its epoch` });
      return faults;
    }
    const sameTree = checkpoint.size === event.size && checkpoint.root.toString('base64') === event.root;
    if (checkpoint.origin !== this.#facts.origin || !sameTree) {
      wrong('and its checkpoint are over different trees');
    }
    return faults;
  }
}

/** What a seal note says, nobody's word for it. */
function unsigned(note: string): Seal | undefined {
  const opened = openNote(note, []);
  return opened.ok ? parseSeal(opened.text) : undefined;
}
