// What the keys of an event's maps look like, as far as it decides how the event is read.
import { depthMax } from './message.js';

/** Keys of a map that are compared with each other. */
const keysComparedMax = 64;
/** Bytes at either end of a key that its look is made of, beside its length. */
const endBytes = 4;

/** The looks of the keys of the maps that a scan is inside of, the outermost first. Made once: it allocates nothing. */
export class KeyLooks {
  readonly #looks = new Int32Array(keysComparedMax * depthMax);
  /** How many keys are held. A map lets go of its own by setting what it was when it began. */
  held = 0;
  /** Whether a map may have a key twice: two look alike, or there are too many to say. */
  mayRepeat = false;

  clear(): void {
    this.held = 0;
    this.mayRepeat = false;
  }

  /** Takes in the key in `bytes` from `start` to `end`; those of its map are held from `firstKey` on. */
  add(bytes: Uint8Array, start: number, end: number, firstKey: number): void {
    if (this.held - firstKey >= keysComparedMax) this.mayRepeat = true;
    if (this.mayRepeat) return;
    let look = end - start;
    for (let at = start; at < end && at < start + endBytes; at += 1) look = (look * 31 + (bytes[at] ?? 0)) | 0;
    for (let at = Math.max(start, end - endBytes); at < end; at += 1) look = (look * 31 + (bytes[at] ?? 0)) | 0;
    const looks = this.#looks;
    for (let other = firstKey; other < this.held; other += 1) if (looks[other] === look) this.mayRepeat = true;
    looks[this.held] = look;
    this.held += 1;
  }
}

/** Keys that a plain object re-orders (integer-like) or swallows (__proto__); finds all that isTrapKey finds. */
export function looksLikeTrap(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] ?? 0;
  if (first === 0x5f) return end - start === 9 && bytes[start + 1] === first && bytes[end - 1] === first;
  if (end === start || end - start > 10) return false;
  for (let at = start; at < end; at += 1) if (((bytes[at] ?? 0) ^ 0x30) >= 10) return false;
  return true;
}
