// The cheap look: whether a text holds any of many short texts, whatever their case. Invariant: it may see one that is
// not there (characters are compared by six of their bits), and never overlooks one. It looks at every second pair of
// characters: a hint has at least three, so that its first pair or its second is among those.
import { type JsonText, quote } from '../event/pass.js';

const hintCharsMin = 3;
// Folds case and keeps the index of two characters small enough for the processor's first cache.
const foldMask = 0x5f;
/** What two characters are, bits: a hint's first and second one, or its second and third. */
const first = 1;
const second = 2;

interface Hint<Owner> {
  readonly codes: readonly number[];
  readonly least: number;
  readonly owner: Owner;
}

/** Finds which owners' hints occur in a text. An owner's `least` is the length below which its hints do not count. */
export class Hints<Owner> {
  /** By two characters, folded: `first`, `second`, both or nothing. */
  readonly #pairs = new Uint8Array(pairOf(foldMask, foldMask) + 1);
  /** By the first two characters of hints, their row of `#hints`. */
  readonly #rows = new Uint16Array(this.#pairs.length);
  readonly #hints: Hint<Owner>[][] = [[]];

  /** Takes another text to look for. */
  add(text: string, least: number, owner: Owner): void {
    if (!/^[\x20-\x7e]*$/.test(text)) throw new RangeError(`a hint that is not ASCII: ${text}`);
    if (text.length < hintCharsMin) throw new RangeError(`a hint of under ${hintCharsMin} characters: ${text}`);
    if (/^"?[0-9a-f]*"?$/.test(text)) throw new RangeError(`a hint of hex digits alone, in which nobody looks: ${text}`);
    if (/[^\\]"./.test(text)) throw new RangeError(`a hint that goes on behind a string's end: ${text}`);
    const codes = Array.from(text, (char) => char.charCodeAt(0) & foldMask);
    const [a = 0, b = 0, c = 0] = codes;
    const begin = pairOf(a, b);
    this.#pairs[pairOf(b, c)] = (this.#pairs[pairOf(b, c)] ?? 0) | second;
    this.#pairs[begin] = (this.#pairs[begin] ?? 0) | first;
    if (this.#rows[begin] === 0) this.#rows[begin] = this.#hints.push([]) - 1;
    this.#hints[this.#rows[begin] ?? 0]?.push({ codes, least, owner });
  }

  /**
   * Whether any hint occurs in a string of JSON text, its quotes counted, however short it is. Hex digits are passed over: they
   * are a good part of what most events hold. A hint is ASCII, and a byte of ASCII is never part of another character.
   */
  any({ bytes, from, to, ends }: JsonText): boolean {
    for (let at = from; at < to;) {
      if (bytes[at] !== quote) {
        at += 1;
        continue;
      }
      const said = ends[at] ?? 0;
      if (said > 0 && this.#isIn(bytes, at, said)) return true;
      const end = said < 0 ? -said : said;
      // Nobody knows where it ends: all of it has to be looked at.
      if (end <= at) return true;
      at = end;
    }
    return false;
  }

  /** The owners of all hints that occur. */
  all(text: string): Set<Owner> {
    const found = new Set<Owner>();
    // Another character than ASCII's is as good as any that is in no hint.
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += 1) {
      for (const hint of this.#beginning(bytes, at)) {
        if (bytes.length >= hint.least && stands(hint, bytes, at)) found.add(hint.owner);
      }
    }
    return found;
  }

  #isIn(bytes: Uint8Array, from: number, to: number): boolean {
    const pairs = this.#pairs;
    for (let at = from + 1; at < to; at += 2) {
      const kinds = pairs[pairOf(bytes[at - 1], bytes[at])] ?? 0;
      if (kinds !== 0 && this.#isAround(bytes, at, kinds)) return true;
    }
    return false;
  }

  /** Whether a hint's first pair, or its second one, ends at `at`; what stands there is `kinds`. */
  #isAround(bytes: Uint8Array, at: number, kinds: number): boolean {
    const pairs = this.#pairs;
    const isSecond = (kinds & second) !== 0 && ((pairs[pairOf(bytes[at - 2], bytes[at - 1])] ?? 0) & first) !== 0;
    if (isSecond && this.#isAt(bytes, at - 2)) return true;
    const isFirst = (kinds & first) !== 0 && ((pairs[pairOf(bytes[at], bytes[at + 1])] ?? 0) & second) !== 0;
    return isFirst && this.#isAt(bytes, at - 1);
  }

  #isAt(bytes: Uint8Array, at: number): boolean {
    for (const hint of this.#beginning(bytes, at)) if (stands(hint, bytes, at)) return true;
    return false;
  }

  /** The hints whose first pair stands at `at`. */
  #beginning(bytes: Uint8Array, at: number): readonly Hint<Owner>[] {
    return this.#hints[this.#rows[pairOf(bytes[at], bytes[at + 1])] ?? 0] ?? none;
  }
}

const none: readonly never[] = [];

function stands({ codes }: Hint<unknown>, bytes: Uint8Array, at: number): boolean {
  // The first two do.
  for (let i = 2; i < codes.length; i += 1) if (((bytes[at + i] ?? 0) & foldMask) !== codes[i]) return false;
  return true;
}

/** Beyond the text's end there are characters of which no hint has any. */
function pairOf(a = 0, b = 0): number {
  return (a & foldMask) << 7 | (b & foldMask);
}
