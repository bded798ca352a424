// Secrets that a sentence tells: `the password is …`, `password was changed to …`, `with password …`. Invariant: a verb
// stands between the name and the secret, or a preposition before the name; the secret looks like one, the more so where neither
// quotes nor a colon are before it, and between them nothing is read but a few known words and at most four that are not.
import type { NameRule } from './names.js';
import { valueEnd } from './rule.js';
import { at } from './sticky.js';
import { type Told, saidIn } from './told.js';

const whose = String.raw`(?:[ \t](?:for|of)(?:[ \t][^\s"'<>\\]{1,32}){1,4}?)?`;
const change = '(?:changed|reset|set|updated|rotated)';
const verb = String.raw`[ \t](?:(?:is|was|are)|(?:has|had|have)[ \t]been|will[ \t]be)(?:[ \t](?:now|still|currently))?(?:[ \t]${change}[ \t]to)?`;
const between = new RegExp(String.raw`${whose}${verb}:?[ \t]{1,2}(?:\\{0,4}["'\x60])?`, 'iy');
const word = new RegExp(String.raw`(?:[^\s"'\\\x60]|'(?=[A-Za-z0-9])){1,129}${valueEnd}`, 'y');
const punctuation = /[.,:;?)\]}>]{1,3}$/;

// `with password …`, `using the password …`.
const givenBefore = /(?:^|[^\w-])(?:with|using|use|and|temporary|initial|new|default)(?:[ \t](?:the|a|an|its|his|her|my|your|new|default))?[ \t]$/i;
/** Characters before a name that hold all of it. */
const givenChars = 40;
const givenName = /^(?:password|passphrase)$/i;
const given = /[ \t](?:\\{0,4}["'\x60])?/y;

function isGiven(text: string, start: number, end: number): boolean {
  return givenName.test(text.slice(start, end)) && givenBefore.test(text.slice(Math.max(0, start - givenChars), start));
}

/** The secret that a sentence tells behind the name in characters `nameStart` to `end`. */
export function saidValue(text: string, nameStart: number, end: number, rule: NameRule): Told | undefined {
  const next = text[end];
  if (next !== ' ' && next !== '\t') return undefined;
  const [lead] = at(between, text, end) ?? (rule.name === 'password' && isGiven(text, nameStart, end) ? at(given, text, end) : null) ?? [];
  const said = lead === undefined ? undefined : at(word, text, end + lead.length)?.[0].replace(punctuation, '');
  if (lead === undefined || said === undefined) return undefined;
  const start = end + lead.length;
  return saidIn(text, start, start + said.length, rule, !/[:"'`]/.test(lead));
}
