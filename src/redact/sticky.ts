// Sticky patterns, asked at one place of a text. Invariant: nothing of one question is left over for the next.

/** The match of a sticky pattern at `index`. */
export function at(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(text);
}

/** Where the match of a sticky pattern at `index` ends, or `index`. */
export function pastAt(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : index;
}
