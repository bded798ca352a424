// What a terminal is told between the characters of a text: colours, mostly. It stands between a name and its value, and its last
// letter right before a token. Invariant: each character of the text without it has its place in the text with it.
import type { Span } from './span.js';

// As they are, and as JSON, a shell and a program write them.
const escapeSequence = /(?:\x1b|\\{1,4}(?:u001[bB]|x1[bB]|033|e))\[[0-9;:?]{0,32}[A-Za-z]/g;

/** A text without such sequences. */
export interface Plain {
  readonly text: string;
  /** The same spans in the text that it was. */
  spansOf(spans: readonly Span[]): readonly Span[];
}

/** Undefined for a text that has none. */
export function uncoloured(text: string): Plain | undefined {
  const starts: number[] = [];
  const shifts: number[] = [];
  let plain = '';
  let from = 0;
  for (const { 0: { length }, index } of text.matchAll(escapeSequence)) {
    plain += text.slice(from, index);
    from = index + length;
    starts.push(plain.length);
    shifts.push(from - plain.length);
  }
  if (starts.length === 0) return undefined;
  return {
    text: plain + text.slice(from),
    spansOf(spans) {
      let next = 0;
      let shift = 0;
      // Sequences at a span's beginning stand before it, those at its end behind it.
      const past = (place: number, isEnd: boolean): number => {
        for (let start = starts[next]; start !== undefined && (isEnd ? start < place : start <= place); start = starts[next]) {
          shift = shifts[next] ?? shift;
          next += 1;
        }
        return place + shift;
      };
      return spans.map((span) => ({ ...span, start: past(span.start, false), end: past(span.end, true) }));
    },
  };
}
