// Masks in a string that is itself JSON text. Invariant: what was JSON text stays JSON text, since a mask replaces
// characters of one string in it and never a quote, a number or a bracket.
import type { Span } from './span.js';

const stringToken = /"(?:[^"\\]|\\.)*"/g;

function isJsonText(text: string): boolean {
  if (!/^\s{0,64}[{["]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Cuts spans, which are in order, to the strings of JSON text in which they begin; of other text all stay. */
export function withinStrings(text: string, spans: readonly Span[]): readonly Span[] {
  if (spans.length === 0 || !isJsonText(text)) return spans;
  const kept: Span[] = [];
  let next = 0;
  for (const { 0: { length }, index } of text.matchAll(stringToken)) {
    const inner = index + length - 1;
    for (let span = spans[next]; span !== undefined && span.start < inner; span = spans[next]) {
      if (span.start > index) kept.push(span.end <= inner ? span : { ...span, end: inner });
      next++;
    }
    if (next === spans.length) break;
  }
  return kept;
}
