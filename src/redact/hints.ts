// The cheap look: whether a text holds any of many short texts, whatever their case. Invariant: it may see one that is
// not there (characters are compared by six of their bits), and never overlooks one. It reads about every second
// character (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994, with blocks of two).

/** A hint has at least this many characters, so that two steps at once overlook none. */
const hintCharsMin = 3;
// Folds case and keeps the index of two characters small enough for the processor's first cache.
const foldMask = 0x5f;

interface Hint<Owner> {
  readonly codes: readonly number[];
  readonly least: number;
  readonly owner: Owner;
}

/** Finds which owners' hints occur in a text. An owner's `least` is the length below which its hints do not count. */
export class Hints<Owner> {
  /** By two folded characters: how far to go on, 0 where a hint's second and third character stand. */
  readonly #steps = new Uint8Array((foldMask << 7 | foldMask) + 1).fill(hintCharsMin - 1);
  readonly #hintsAt: Hint<Owner>[][] = [];
  /** By two folded characters: the row of `#hintsAt`. */
  readonly #rows = new Uint16Array(this.#steps.length);

  /** Takes another text to look for. */
  add(text: string, least: number, owner: Owner): void {
    const codes = Array.from(text, (char) => char.charCodeAt(0) & foldMask);
    const [first = 0, second = 0, third] = codes;
    if (!/^[\x20-\x7e]*$/.test(text)) throw new RangeError(`a hint that is not ASCII: ${text}`);
    if (third === undefined) throw new RangeError(`a hint of under ${hintCharsMin} characters: ${text}`);
    const before = first << 7 | second;
    const key = second << 7 | third;
    if (this.#steps[before] !== 0) this.#steps[before] = 1;
    if (this.#steps[key] !== 0) {
      this.#steps[key] = 0;
      this.#rows[key] = this.#hintsAt.push([]) - 1;
    }
    this.#hintsAt[this.#rows[key] ?? 0]?.push({ codes, least, owner });
  }

  /** Whether any hint occurs in UTF-8: a hint is ASCII, and a byte of ASCII is never part of another character. */
  any(text: Uint8Array): boolean {
    const { length } = text;
    const middle = length >>> 1;
    let near = 2;
    let far = Math.max(near, middle);
    // From two places at once: a step waits for the one before it, and not for the other's.
    while (near < middle && far < length) {
      near = this.#next(text, near);
      far = this.#next(text, far);
      if (near < 0 || far < 0) return true;
    }
    while (near >= 0 && near < middle) near = this.#next(text, near);
    while (far >= 0 && far < length) far = this.#next(text, far);
    return near < 0 || far < 0;
  }

  /** The owners of all hints that occur. */
  all(text: string): Set<Owner> {
    const found = new Set<Owner>();
    for (let at = 2; at < text.length;) {
      const key = (text.charCodeAt(at - 1) & foldMask) << 7 | (text.charCodeAt(at) & foldMask);
      const step = this.#steps[key] ?? 0;
      if (step !== 0) {
        at += step;
        continue;
      }
      for (const hint of this.#hintsAt[this.#rows[key] ?? 0] ?? []) if (holds(text, at - 2, hint)) found.add(hint.owner);
      at++;
    }
    return found;
  }

  /** Where to look next; -1 where a hint occurs. */
  #next(text: Uint8Array, at: number): number {
    const key = ((text[at - 1] ?? 0) & foldMask) << 7 | ((text[at] ?? 0) & foldMask);
    const step = this.#steps[key] ?? 0;
    if (step !== 0) return at + step;
    return this.#isAt(text, at, key) ? -1 : at + 1;
  }

  #isAt(text: Uint8Array, at: number, key: number): boolean {
    for (const { least, codes } of this.#hintsAt[this.#rows[key] ?? 0] ?? []) {
      const start = at - 2;
      if (text.length >= least && codes.every((code, i) => ((text[start + i] ?? 0) & foldMask) === code)) return true;
    }
    return false;
  }
}

function holds(text: string, start: number, hint: Hint<unknown>): boolean {
  if (text.length < hint.least) return false;
  const { codes } = hint;
  for (let i = 0; i < codes.length; i++) if ((text.charCodeAt(start + i) & foldMask) !== codes[i]) return false;
  return true;
}
