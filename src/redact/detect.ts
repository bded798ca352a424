// All secrets of one string. Invariant: a text that was masked holds none, so that a second look changes nothing.
import type { Announced } from './argv.js';
import { findAssigned } from './assignment.js';
import { findInLine } from './command.js';
import { withinStrings } from './json-text.js';
import { isPlaceholder } from './placeholder.js';
import { type Region, type Standing, secretIn } from './region.js';
import type { TextRule } from './rule.js';
import { hints, rankOf } from './rules.js';
import { type Span, mergeSpans } from './span.js';

/** What masks a whole text that holds more secrets than are told apart. */
export const crowdRule = 'many';

// Not by spreading the region, which takes as long as finding it.
function spanOf({ start, end }: Region, rule: string): Span {
  return { start, end, rule, rank: rankOf(rule) };
}

const given: Standing = { isGiven: true };

function crowd(text: string): readonly Span[] {
  return mergeSpans(text, [spanOf({ start: 0, end: text.length }, crowdRule)]);
}

/** The spans that one rule finds, `most` of them at most. */
export function findByRule(text: string, rule: TextRule, most = Infinity): Span[] {
  const spans: Span[] = [];
  const { pattern } = rule;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null && spans.length < most; match = pattern.exec(text)) {
    const end = match.index + match[0].length;
    const secret = match[1] ?? match[0];
    if (match[1] !== undefined && isPlaceholder(secret)) continue;
    spans.push(spanOf({ start: end - secret.length, end }, rule.name));
  }
  return spans;
}

function addAnnounced(text: string, { rule, start, isLine, same }: Announced, spans: Span[]): void {
  if (isLine === true) {
    findInLine(text, (secret) => spans.push(spanOf(secret.region, secret.rule)));
  } else if (same !== undefined) {
    for (let at = same === '' ? -1 : text.indexOf(same); at >= 0; at = text.indexOf(same, at + same.length)) {
      spans.push(spanOf({ start: at, end: at + same.length }, rule.name));
    }
  } else {
    const region = secretIn(text, start, text.length, rule, given);
    if (region !== undefined) spans.push(spanOf(region, rule.name));
  }
}

/**
 * The secrets of a string in their order. `announced` says what its surroundings in the event know about it; `spare`
 * is a rule that does not apply to it. Of more than `most` findings none is told apart: the whole text is one secret.
 */
export function findSecrets(text: string, announced?: Announced, spare?: string, most = Infinity): readonly Span[] {
  const spans: Span[] = [];
  if (announced !== undefined) addAnnounced(text, announced, spans);
  if (spans.length > most) return crowd(text);
  // A text that begins so is one behind a quote: a hint has three characters.
  for (const owner of hints.all(text.startsWith('//') ? `"${text}` : text)) {
    if (owner === 'names') {
      findAssigned(text, (region, { name }) => spans.push(spanOf(region, name)) <= most);
    } else if (owner.name !== spare) {
      for (const span of findByRule(text, owner, most + 1)) spans.push(span);
    }
    if (spans.length > most) return crowd(text);
  }
  return withinStrings(text, mergeSpans(text, spans));
}
