/**
 * The name of a step key, `E.J`: epoch E, step J. It says where in the schedule a key stands and nothing of the key.
 */

/** Both parts are whole numbers from 0. */
export interface KeyName {
  readonly epoch: number;
  readonly step: number;
}

const keyNameForm = /^(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})$/;

/** `E.J`, canonical decimals. */
export function formatKeyName(name: KeyName): string {
  return `${name.epoch}.${name.step}`;
}

/** The inverse of `formatKeyName`; undefined for every other spelling and for numbers from 2^53 on. */
export function parseKeyName(text: string): KeyName | undefined {
  const match = keyNameForm.exec(text);
  if (match === null) return undefined;
  const name = { epoch: Number(match[1]), step: Number(match[2]) };
  return Number.isSafeInteger(name.epoch) && Number.isSafeInteger(name.step) ? name : undefined;
}

/** Negative, 0 or positive: which of two keys comes earlier. */
export function compareKeyNames(a: KeyName, b: KeyName): number {
  return a.epoch - b.epoch || a.step - b.step;
}

/** The only key that may follow a closed commit: the next step, or behind a seal the next epoch's first. */
export function successor(name: KeyName, behindSeal: boolean): KeyName {
  return behindSeal ? { epoch: name.epoch + 1, step: 0 } : { epoch: name.epoch, step: name.step + 1 };
}
