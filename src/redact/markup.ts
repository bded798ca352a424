// Values that do not stand right behind their name: in elements and attributes of XML, in the next line of YAML, in calls.
// Invariant: it looks back and ahead a bounded number of characters, but for what it takes as the value.
import type { Region } from './region.js';

/** Characters that are looked at before a name. */
const leadMax = 72;

const tagLead = /<(?:[\w-]{1,64}:)?$/;
const tagRest = /(?:\s[^<>]{0,256})?(?<!\/)>/y;
const namedLead = /\b(?:name|key)\s{0,4}=\s{0,4}\\{0,8}["']$/i;
const namedRest = /\\{0,8}["']\s{0,4}>/y;
const elementContent = /(<!\[CDATA\[)?([^<"\\]*)<\//y;
// `key="password" value="…"`
const attributeBeside = /\\{0,8}["']\s{1,16}value\s{0,4}=\s{0,4}/iy;
// `- name: PASSWORD`, and in the next line `value: …`
const entryLead = /\b(?:name|key)["']?:[ \t]{0,16}["']?$/i;
const entryBeside = /["']?[ \t]{0,16}(?:\r?\n|\\n)[ \t]{0,64}["']?value["']?:[ \t]{1,16}/iy;
const blockLead = /[|>][+-]?\d?[ \t]{0,16}\r?\n([ \t]{1,64})(?=\S)/y;

// `define("PASSWORD", "…")`, `setPassword("…")`
const setterLead = /(?:^|[^A-Za-z])(?:define|header|(?:set|put|add|append)[A-Za-z_]{0,32})\(\s{0,4}\\{0,8}["']$/i;
const nextArgument = /\\{0,8}["']\s{0,4},\s{0,16}(?=\\{0,16}["'])/y;
const setter = /(?:^|[._-])(?:set|with)[A-Z_-]/i;
const onlyArgument = /\(\s{0,4}(?=\\{0,16}["'])/y;
// `setx NAME value`, `aws configure set name value`
const setLead = /\bset(?:x|env)?\s{1,4}$/i;
const blanks = /[ \t]{1,16}(?=[^\s=:-])/y;

function behind(pattern: RegExp, text: string, index: number): number | undefined {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** A value's beginning; `isSure` if nothing else is written so, else the value must look like a secret. */
export interface Elsewhere {
  readonly value: number;
  readonly isSure: boolean;
}

// What follows the name is looked at first, and before what precedes it its last character: that tells nearly always.
function behindIf(pattern: RegExp, text: string, index: number, lead: RegExp, start: number, most = leadMax): number | undefined {
  const value = behind(pattern, text, index);
  return value !== undefined && lead.test(text.slice(Math.max(0, start - most), start)) ? value : undefined;
}

/** Where the text of the element begins that is called by the name in characters `start` to `end`. */
export function elementOf(text: string, start: number, end: number): Elsewhere | undefined {
  const before = text[start - 1];
  const value = before === '<' || before === ':' ? behindIf(tagRest, text, end, tagLead, start) : undefined;
  if (value !== undefined) return { value, isSure: true };
  const named = before === '"' || before === "'" ? behindIf(namedRest, text, end, namedLead, start) : undefined;
  return named === undefined ? undefined : { value: named, isSure: false };
}

/** What an element's text is, if it ends in the same piece of text. */
export function elementText(text: string, start: number): Region | undefined {
  elementContent.lastIndex = start;
  const [, data = '', content] = elementContent.exec(text) ?? [];
  if (content === undefined) return undefined;
  const from = start + data.length;
  return { start: from, end: from + content.length - (data !== '' && content.endsWith(']]>') ? 3 : 0) };
}

/** Where the value begins that an attribute, an entry or an argument beside the name holds. */
export function valueElsewhere(text: string, start: number, end: number): Elsewhere | undefined {
  const before = text[start - 1];
  const isQuoted = before === '"' || before === "'";
  const isApart = before === ' ' || before === '\t';
  const attribute = isQuoted ? behindIf(attributeBeside, text, end, namedLead, start) : undefined;
  const sure = attribute ?? (isQuoted || isApart ? behindIf(entryBeside, text, end, entryLead, start) : undefined);
  if (sure !== undefined) return { value: sure, isSure: true };
  const value = (isQuoted ? behindIf(nextArgument, text, end, setterLead, start) : undefined)
    ?? (text[end] === '(' && setter.test(text.slice(start, end)) ? behind(onlyArgument, text, end) : undefined)
    ?? (isApart ? behindIf(blanks, text, end, setLead, start, 'setenv'.length + 5) : undefined);
  return value === undefined ? undefined : { value, isSure: false };
}

/** The lines of a block of YAML that begins at `start`: `|`, and below it all that stands as far to the right. */
export function blockAt(text: string, start: number): Region | undefined {
  blockLead.lastIndex = start;
  const [lead, indent] = blockLead.exec(text) ?? [];
  if (lead === undefined || indent === undefined) return undefined;
  const from = start + lead.length;
  let end = lineEnd(text, from);
  while (text.startsWith(indent, end + 1) && end < text.length) end = lineEnd(text, end + 1);
  return { start: from, end };
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}
