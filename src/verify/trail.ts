/**
 * The verification key at work: which step key a line's MAC must be under. Invariant: keys are only ever derived
 * forwards, and never further than the records in between can account for, so that a forged key name far ahead costs
 * whoever checks nothing.
 */
import { macMatches } from '../chain/link.js';
import type { KeyName } from '../keys/name.js';
import { compareKeyNames } from '../keys/name.js';
import { KeyWalker } from '../keys/schedule.js';
import { LineMac } from '../chain/line-mac.js';

/**
 * Derivations that lead to nothing, in one run: some ten seconds of them. A forger who knows the rules can still make
 * each of his lines cost one derivation; this is where it ends.
 */
const wastedStepsMax = 8_000_000;
/** Steps in one derivation: an epoch is sealed after 100,000 records, so this is forty times what there can be. */
export const stepsMax = 4_000_000;

/** What a key name claims against where the trail stands. */
export type Claim =
  | { readonly kind: 'good'; readonly walker: KeyWalker | undefined }
  | { readonly kind: 'bad_mac' | 'earlier' | 'too_far' };

/** How many keys lie between two names, if the second is not earlier. */
function distance(from: KeyName, to: KeyName): number {
  return to.epoch === from.epoch ? to.step - from.step : to.epoch - from.epoch + to.step;
}

/** Takes a walker to a name that is not behind it. */
export function advance(walker: KeyWalker, to: KeyName): void {
  while (walker.name.epoch < to.epoch) walker.evolve(true);
  while (walker.name.step < to.step) walker.evolve(false);
}

/** The step keys, walked along with the log. */
export class KeyTrail {
  #walker: KeyWalker;
  #wastedSteps = 0;
  readonly #lineMac = new LineMac();

  /** From an epoch's key on. */
  constructor(epochKey: Uint8Array, epoch = 0) {
    this.#walker = KeyWalker.atEpoch(epoch, epochKey);
  }

  /** The step key the trail stands at, to be copied by whoever keeps it. */
  get step(): Buffer {
    return this.#walker.step;
  }

  /** Whether a line's MAC is under the key the trail stands at. */
  matches(covered: Buffer, mac: string): boolean {
    return this.#lineMac.matches(this.#walker.step, covered, mac);
  }

  /** Behind a closed commit: on to the successor. */
  evolve(behindSeal: boolean): void {
    this.#walker.evolve(behindSeal);
  }

  /**
   * Judges a MAC under a key that is not the expected one. `records` is how many records further the line claims to
   * stand: every step takes at least one, so a key further ahead than that cannot be and is not derived.
   */
  judge(name: KeyName, covered: Buffer, mac: string, records: number): Claim {
    const order = compareKeyNames(name, this.#walker.name);
    if (order < 0) return { kind: 'earlier' };
    if (order === 0) return this.matches(covered, mac) ? { kind: 'good', walker: undefined } : { kind: 'bad_mac' };
    const steps = distance(this.#walker.name, name);
    if (steps > records || steps > stepsMax || this.#wastedSteps + steps > wastedStepsMax) return { kind: 'too_far' };
    const walker = this.#walker.copy();
    advance(walker, name);
    if (macMatches(walker.step, covered, mac)) return { kind: 'good', walker };
    this.#wastedSteps += steps;
    return { kind: 'bad_mac' };
  }

  /** To the first key of an epoch that was reached by a walk elsewhere. */
  enterEpoch(epoch: number): void {
    advance(this.#walker, { epoch, step: 0 });
  }

  /** Goes on from a key that a good MAC has proved. */
  adopt(walker: KeyWalker | undefined): void {
    if (walker !== undefined) this.#walker = walker;
  }
}
