// All secrets of one string. Invariant: a text that was masked holds none, so that a second look changes nothing.
import type { Announced } from './argv.js';
import { findAssigned } from './assignment.js';
import { withinStrings } from './json-text.js';
import { isPlaceholder } from './placeholder.js';
import { secretIn } from './region.js';
import type { TextRule } from './rule.js';
import { hints, rankOf } from './rules.js';
import { type Span, mergeSpans } from './span.js';

/** The spans that one rule finds. */
export function findByRule(text: string, rule: TextRule): Span[] {
  const spans: Span[] = [];
  const { pattern } = rule;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const end = match.index + match[0].length;
    const secret = match[1] ?? match[0];
    if (match[1] !== undefined && isPlaceholder(secret)) continue;
    spans.push({ start: end - secret.length, end, rule: rule.name, rank: rankOf(rule.name) });
  }
  return spans;
}

/**
 * The secrets of a string in their order. `announced` says what its surroundings in the event know about it; `spare`
 * is a rule that does not apply to it.
 */
export function findSecrets(text: string, announced?: Announced, spare?: string): readonly Span[] {
  const spans: Span[] = [];
  if (announced !== undefined) {
    const region = secretIn(text, announced.start, text.length, announced.shape);
    if (region !== undefined) spans.push({ ...region, rule: announced.rule, rank: rankOf(announced.rule) });
  }
  for (const owner of hints.all(text)) {
    if (owner === 'names') findAssigned(text, (region, { name }) => spans.push({ ...region, rule: name, rank: rankOf(name) }));
    else if (owner.name !== spare) spans.push(...findByRule(text, owner));
  }
  return withinStrings(text, mergeSpans(text, spans));
}
