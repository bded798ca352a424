/**
 * The key schedule: a one-way street. Every key makes the next one and none makes an earlier one, so that whoever
 * steals today's key can forge what comes after, and nothing that came before.
 *
 *   E(0)     = HMAC-SHA-256(R, "indelible v1 log " || identity vkey)
 *   E(e+1)   = HMAC-SHA-256(E(e), "indelible v1 epoch")
 *   S(e,0)   = HMAC-SHA-256(E(e), "indelible v1 first step")
 *   S(e,j+1) = HMAC-SHA-256(S(e,j), "indelible v1 step")
 */
import { secretCopy } from '../memory/secret.js';
import { hmac } from './hash.js';
import type { KeyName } from './name.js';

/** Bytes in every key of the schedule. */
export const keyBytes = 32;

/** E(0), from the verification key R, which is never stored on the host. */
export function firstEpoch(verificationKey: Uint8Array, identityVkey: string): Buffer {
  return hmac(verificationKey, `indelible v1 log ${identityVkey}`);
}

/** E(e+1) from E(e). */
export function nextEpoch(epochKey: Uint8Array): Buffer {
  return hmac(epochKey, 'indelible v1 epoch');
}

/** S(e,0) from E(e). */
export function firstStep(epochKey: Uint8Array): Buffer {
  return hmac(epochKey, 'indelible v1 first step');
}

const step = Buffer.from('indelible v1 step');

/** S(e,j+1) from S(e,j). */
export function nextStep(stepKey: Uint8Array): Buffer {
  return hmac(stepKey, step);
}

/**
 * A walker on the street: the current step key with its name, and the next epoch's key, from which alone the next
 * epoch can be entered. What it leaves behind is overwritten in memory.
 */
export class KeyWalker {
  #step: Buffer;
  #nextEpoch: Buffer;
  #name: KeyName;

  constructor(name: KeyName, step: Uint8Array, next: Uint8Array) {
    this.#name = name;
    this.#step = secretCopy(step);
    this.#nextEpoch = secretCopy(next);
  }

  /** A walker at `0.0`, from E(0). */
  static atStart(epochKey: Uint8Array): KeyWalker {
    return KeyWalker.atEpoch(0, epochKey);
  }

  /** A walker at `epoch.0`, from that epoch's key. */
  static atEpoch(epoch: number, epochKey: Uint8Array): KeyWalker {
    return new KeyWalker({ epoch, step: 0 }, firstStep(epochKey), nextEpoch(epochKey));
  }

  get name(): KeyName {
    return this.#name;
  }

  /** S(e,j) of the current name. Read it, do not keep it. */
  get step(): Buffer {
    return this.#step;
  }

  /** E(e+1). */
  get nextEpoch(): Buffer {
    return this.#nextEpoch;
  }

  /** To `e.j+1`, or with `newEpoch` to `e+1.0`; the key left behind is gone. */
  evolve(newEpoch: boolean): void {
    const left = this.#step;
    if (newEpoch) {
      const epochKey = this.#nextEpoch;
      this.#step = firstStep(epochKey);
      this.#nextEpoch = nextEpoch(epochKey);
      epochKey.fill(0);
      this.#name = { epoch: this.#name.epoch + 1, step: 0 };
    } else {
      this.#step = nextStep(left);
      this.#name = { epoch: this.#name.epoch, step: this.#name.step + 1 };
    }
    left.fill(0);
  }

  copy(): KeyWalker {
    return new KeyWalker(this.#name, this.#step, this.#nextEpoch);
  }

  /** Overwrites its keys; it goes nowhere from here. */
  forget(): void {
    this.#step.fill(0);
    this.#nextEpoch.fill(0);
  }
}
