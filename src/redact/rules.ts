// The one table of rules, most specific first, and the cheap look that says which of them a text is worth. Invariant: a
// text without any hint holds nothing that a rule would find.
import { accountRules } from './accounts.js';
import { builderRules } from './builders.js';
import { cloudRules } from './clouds.js';
import { Hints } from './hints.js';
import { type NameRule, entryHints, nameHints, nameRules, nameWords } from './names.js';
import { listHints, programHints, runHints } from './programs.js';
import type { TextRule } from './rule.js';
import { serviceRules } from './services.js';
import { spokenRules } from './spoken.js';
import { storedRules } from './stored.js';
import { bareStarts, surroundingRules } from './surroundings.js';

/** The rules that a text is searched by. */
export const textRules: readonly TextRule[] = [
  ...cloudRules, ...builderRules, ...serviceRules, ...surroundingRules, ...accountRules, ...storedRules, ...spokenRules,
];

/** Those that are asked only where no other finds anything, so that they add to what others find and take nothing from it. */
export const laterRules: ReadonlySet<TextRule> = new Set([...accountRules, ...storedRules, ...spokenRules]);

/** All rules: those that are told by their looks come before those that are told by their name. */
export const rules: readonly (TextRule | NameRule)[] = [...textRules, ...nameRules];

// Of two of one name the first counts.
const ranks = new Map(rules.map((rule, rank): [string, number] => [rule.name, rank]).reverse());

/** The place of a rule in the table; the lower, the more specific. */
export function rankOf(name: string): number {
  return ranks.get(name) ?? rules.length;
}

/** What any of the hints is for: a rule for text, all the names, or the programs that a text runs, or has in its lists. */
export type HintOwner = TextRule | 'names' | 'programs' | 'lists';

/** Every hint of every rule. */
export const hints = new Hints<HintOwner>();
for (const rule of textRules) for (const hint of rule.hints) hints.add(hint, rule.least, rule);
for (const hint of nameHints) hints.add(hint, 0, 'names');
for (const hint of runHints) hints.add(hint, 0, 'programs');
for (const hint of listHints) hints.add(hint, 0, 'lists');

/**
 * What the JSON text of an event holds if there is anything to mask in it: a hint of a rule, the last word of a name that
 * announces a secret however its words are joined, or a program whose short options do.
 */
export const suspicions = new Hints<string>();
// As it stands in JSON text: a quote or a backslash has another before it.
const inText = [...textRules.flatMap((rule) => rule.hints), ...nameWords, ...listHints];
const inJson = inText.map((hint) => JSON.stringify(hint).slice(1, -1));
const suspicious = [...new Set([...inJson, ...bareStarts, ...entryHints, ...programHints])];
for (const hint of suspicious) {
  // One that holds another says no more than that one, and would cost every event.
  if (!suspicious.some((other) => other !== hint && hint.includes(other))) suspicions.add(hint, 0, hint);
}
