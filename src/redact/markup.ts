// Secrets in elements and attributes of XML, where more stands between the name and the value than `password="…"` and
// `<password>…</password>` have. Invariant: a value has no quote, no tag and no escape but a line's end in it, so that none
// crosses what is around it; a name is looked at within its tag and up to the next one, so that nothing is read twice.
import type { NameRule } from './names.js';
import { looksSecret } from './placeholder.js';
import { at, pastAt } from './sticky.js';
import { type Told, isReference, saidIn, toldIn } from './told.js';

const elementLead = /<[A-Za-z][\w.-]{0,30}:$/;
/** Characters of `<` and a prefix. */
const prefixChars = 33;
const attributes = /(?:\s[^<>]{0,1024})?>/y;
const cdata = /\s{0,16}<!\[CDATA\[((?:[^\]"\\<]|<(?!!)|\](?!\]>)){1,256})\]\]>/y;
const elementText = /((?:[^<>"\\]|\\[nrt]){1,1024})<\//y;
const blank = /\s|\\[nrt]/y;

// `<add key="DbPassword" value="…"`, `<param name="a:password" type="…" value="…"`. Of other elements, such as inputs and
// texts in several languages, a name says what they are about.
const attributeLead = /^<(?:setting|property|prop|param|parameter|init-param|add|entry|var|variable|env)\s{1,16}(?:name|key|id)\s?=\s?\\{0,4}["'](?:[^"'<>\s\\]{0,48}[:/])?$/i;
const valueAttribute = /\\{0,4}["'](?:\s{1,8}(?:type|serializeas)\s?=\s?\\{0,4}["'][^"'<>\\]{0,64}\\{0,4}["'])?\s{1,8}value\s?=\s?(?:\\{0,4}"([^"\\<>]{1,512})(?=\\{0,4}")|'([^'"\\<>]{1,512})(?='))/iy;
const namedContent = /\\{0,4}["'](?:\s[^<>]{0,256})?>/y;
// `<setting name="FtpPassword"><value>…</value></setting>`
const innerValue = /(?:\s|\\[nrt]){0,64}<value>/iy;

/** Characters before a name in an attribute that are looked at, and the last of them. */
const leadChars = 112;
const mayPrecede = '<:/"\'';

/** The value of the name in characters `start` to `end`, if it names an element or stands in one's attribute. */
export function markupValue(text: string, start: number, end: number, rule: NameRule): Told | undefined {
  const before = text.charAt(start - 1);
  if (before === '' || !mayPrecede.includes(before)) return undefined;
  if (before === '<' || (before === ':' && elementLead.test(text.slice(Math.max(0, start - prefixChars), start)))) {
    return contentBehind(text, end, pastAt(attributes, text, end), rule, true);
  }
  const lead = text.slice(Math.max(0, start - leadChars), start);
  const tag = lead.lastIndexOf('<');
  if (tag < 0 || !attributeLead.test(lead.slice(tag))) return undefined;
  const [all = '', double, single] = at(valueAttribute, text, end) ?? [];
  const value = double ?? single;
  if (value !== undefined) return sure(text, end + all.length - value.length, end + all.length, rule);
  const content = pastAt(namedContent, text, end);
  return contentBehind(text, end, text[content - 2] === '/' ? content : pastAt(innerValue, text, content), rule, false);
}

/** What stands behind a tag that ends at `from`, unless it is none or has no content. */
function contentBehind(text: string, end: number, from: number, rule: NameRule, isLabelled: boolean): Told | undefined {
  if (from === end || text[from - 2] === '/') return undefined;
  const marked = at(cdata, text, from);
  const [whole, inner] = marked ?? at(elementText, text, from) ?? [];
  if (whole === undefined || inner === undefined) return undefined;
  const lead = from + whole.lastIndexOf(inner);
  const [start, to] = trimmed(text, lead, lead + inner.length);
  // `<Password>Show</Password>`: what an element is called may be what its text is about.
  if (start >= to) return undefined;
  return isLabelled && marked === null ? saidIn(text, start, to, rule, false) : sure(text, start, to, rule);
}

/** Without the blanks around it, as they are or as JSON writes them. */
function trimmed(text: string, from: number, to: number): readonly [start: number, end: number] {
  let [start, end] = [from, to];
  for (let next = at(blank, text, start); start < end && next !== null; next = at(blank, text, start)) start += next[0].length;
  while (end > start && (/\s/.test(text.charAt(end - 1)) || /^\\[nrt]$/.test(text.slice(end - 2, end)))) end -= /\s/.test(text.charAt(end - 1)) ? 1 : 2;
  return [start, end];
}

/** A password has more than letters; another secret must look like one. */
function sure(text: string, start: number, end: number, rule: NameRule): Told | undefined {
  const value = text.slice(start, end);
  const isSecret = rule.name === 'password' && !rule.vague ? /\d/.test(value) && /\D/.test(value) : looksSecret(value);
  return isSecret && !isReference(value) ? toldIn(text, start, end, rule) : undefined;
}
