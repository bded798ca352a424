// All secrets of one string. Invariant: a text that was masked holds none, so that a second look changes nothing.
import type { Announced } from './argv.js';
import { findApart } from './apart.js';
import { uncoloured } from './colours.js';
import { findAssigned } from './assignment.js';
import { findInLine } from './command.js';
import { findRuns } from './invocation.js';
import { withinStrings } from './json-text.js';
import { findInLists } from './lists.js';
import { isPlaceholder } from './placeholder.js';
import { type Region, type Standing, secretIn } from './region.js';
import type { TextRule } from './rule.js';
import { type HintOwner, hints, laterRules, rankOf } from './rules.js';
import { type Span, mergeSpans } from './span.js';
import { isStandIn } from './told.js';

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

/** The owners of all hints in a text. One that begins with `//` is one behind a quote: a hint has three characters. */
export function ownersIn(text: string): ReadonlySet<HintOwner> {
  return hints.all(text.startsWith('//') ? `"${text}` : text);
}

function masking(text: string, spans: readonly Span[], most: number): readonly Span[] {
  return spans.length > most ? crowd(text) : withinStrings(text, mergeSpans(text, spans));
}

/** What a string's surroundings say, a secret's looks, or its name right before it; of more than `most` findings all is one. */
export function findFirst(
  text: string, owners: ReadonlySet<HintOwner>, announced: Announced | undefined, most: number,
): readonly Span[] {
  const spans: Span[] = [];
  if (announced !== undefined) addAnnounced(text, announced, spans);
  for (const owner of owners) {
    if (spans.length > most) break;
    if (owner === 'names') {
      findAssigned(text, (region, { name }) => spans.push(spanOf(region, name)) <= most);
    } else if (typeof owner === 'object' && !laterRules.has(owner)) {
      for (const span of findByRule(text, owner, most + 1)) spans.push(span);
    }
  }
  return masking(text, spans, most);
}

/** What is found by a name that stands apart, by a program that is run, in a file of accounts, or as a code. */
function findLater(
  text: string, owners: ReadonlySet<HintOwner>, code: Announced | undefined, most: number,
): readonly Span[] {
  const spans: Span[] = [];
  if (code !== undefined) addAnnounced(text, code, spans);
  for (const owner of owners) {
    if (spans.length > most) break;
    if (owner === 'names') {
      findApart(text, ({ region, rule }) => spans.push(spanOf(region, rule.name)) <= most);
    } else if (owner === 'programs') {
      findRuns(text, ({ region, rule }) => spans.push(spanOf(region, rule)) <= most);
    } else if (owner === 'lists') {
      findInLists(text, ({ region, rule }) => spans.push(spanOf(region, rule)) <= most);
    } else if (laterRules.has(owner)) {
      for (const span of findByRule(text, owner, most + 1)) if (!isStandIn(text.slice(span.start, span.end))) spans.push(span);
    }
  }
  return masking(text, spans, most);
}

/** How many findings are told apart: of those that are asked first, and of the later ones, which take none from those. */
export interface Most {
  readonly first: number;
  readonly later: number;
}

/** What was found, by rules that are asked first or by later ones. */
export interface Findings {
  readonly spans: readonly Span[];
  readonly isLater: boolean;
}

const all: Most = { first: Infinity, later: Infinity };

/**
 * The secrets of a string in their order. `announced` says what its surroundings in the event know about it; `spare`
 * is a rule that does not apply to it. Of more than `most` findings none is told apart: the whole text is one secret.
 * Later rules MUST be asked only where the first find nothing: else they would change what those find. So whoever wants
 * all secrets masks what is found, and asks again.
 */
export function search(text: string, announced: Announced | undefined, spare: string | undefined, most: Most): Findings {
  const owners = ownersBut(text, spare);
  const isCode = announced?.rule.shape === 'digits';
  const first = findFirst(text, owners, isCode ? undefined : announced, most.first);
  if (first.length > 0) return { spans: first, isLater: false };
  const later = findLater(text, owners, isCode ? announced : undefined, most.later);
  return { spans: later.length > 0 || owners.size === 0 ? later : findUncoloured(text, spare, most.later), isLater: true };
}

function ownersBut(text: string, spare: string | undefined): ReadonlySet<HintOwner> {
  return new Set([...ownersIn(text)].filter((owner) => typeof owner === 'string' || owner.name !== spare));
}

/** What is found where no terminal is told anything in between. */
function findUncoloured(text: string, spare: string | undefined, most: number): readonly Span[] {
  const plain = uncoloured(text);
  if (plain === undefined) return [];
  const owners = ownersBut(plain.text, spare);
  const first = findFirst(plain.text, owners, undefined, most);
  const spans = plain.spansOf(first.length > 0 ? first : findLater(plain.text, owners, undefined, most));
  return spans.length === 0 ? spans : withinStrings(text, mergeSpans(text, spans));
}

/** All secrets of a text that one look finds. */
export function findSecrets(text: string): readonly Span[] {
  return search(text, undefined, undefined, all).spans;
}
