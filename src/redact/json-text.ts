// Masks in a string that is itself JSON text. Invariant: what was JSON text stays JSON text, since a mask replaces
// characters of one string in it and never a quote, a number or a bracket, or else becomes a string in place of it all.
import type { Span } from './span.js';

const stringToken = /"(?:[^"\\]|\\.)*"/g;

/** Whether a string begins as JSON text does that a mask must not break: to parse it takes longer. */
export function looksLikeJson(text: string): boolean {
  return /^\s{0,64}[{["]/.test(text) && /[}\]"]\s{0,64}$/.test(text.slice(-80));
}

/** Whether a string is JSON text that a mask must not break. */
export function isJsonText(text: string): boolean {
  if (!looksLikeJson(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the spans are one that covers the whole text. */
export function isWhole(text: string, [first]: readonly Span[]): boolean {
  return first?.start === 0 && first.end === text.length;
}

/** Cuts spans, which are in order, to the strings of JSON text in which they begin; others, and one for all of it, stay. */
export function withinStrings(text: string, spans: readonly Span[]): readonly Span[] {
  if (spans.length === 0 || isWhole(text, spans) || !isJsonText(text)) return spans;
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
