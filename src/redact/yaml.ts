// Secrets in YAML that stand apart from their names: `- name: DB_PASSWORD`, `value: …` below it; blocks; the next line.
// Invariant: only the lines below a name are read, each for one name: what may have blanks in it has its line to itself. A line
// may end as JSON writes it.
import type { NameRule } from './names.js';
import { isCode } from './placeholder.js';
import { valueEnd } from './rule.js';
import { at, pastAt } from './sticky.js';
import { type Told, isReference, quotedAt, saidIn, toldIn, vaguelyNamed } from './told.js';

const lineEnd = String.raw`(?:\r?\n|\\r?\\n|\\n)`;
const quote = String.raw`\\{0,4}["']`;
/** Characters before a name that are looked at: blanks, `- ` and a key. */
const leadChars = 72;
/** Characters between a key's `:` and the name that is its value. */
const gapChars = 9;

/** Characters that a line begins with at most, before its name. */
const indentMax = 42;
const pairLead = /(?:(?:^|\n|\\n|["'])[ \t]{0,40}(?:- )?|[{,][ \t]{0,4})(?:[Nn]ame|NAME|[Kk]ey):[ \t]{1,4}(?:\\{0,4}["'])?$/;
const pairNext = new RegExp(String.raw`(?:${quote})?(?:[ \t]{0,4}${lineEnd}[ \t]{1,40}|,[ \t]{1,4})[Vv]alue:[ \t]{1,4}`, 'y');
const first = String.raw`[^\s"'\\,{}[\]#&*!|>%@\x60]`;
const inWord = String.raw`[^\s"'\\<>\x60]|'(?=[A-Za-z0-9])`;
const plain = new RegExp(String.raw`${first}(?:${inWord}){0,4096}${valueEnd}(?![ \t]{1,16}[^\s#\\])`, 'y');
const plainInFlow = new RegExp(String.raw`${first}[^\s"'\\,{}<>\x60]{0,4096}(?=[,}])`, 'y');
const plainLine = new RegExp(String.raw`${first}[^"'\\\r\n]{0,4096}(?=["'\r\n]|\\[rn]|$)`, 'y');

const behindKey = String.raw`(?:${quote})?:`;
const keyEnd = new RegExp(behindKey, 'y');
const blockStart = new RegExp(String.raw`${behindKey}[ \t]{1,4}(?:&[\w-]{1,64} )?[|>][-+\d]{0,2}[ \t]{0,8}${lineEnd}`, 'y');
const nextLine = new RegExp(String.raw`${behindKey}[ \t]{0,8}${lineEnd}`, 'y');
const anchored = new RegExp(String.raw`${behindKey}[ \t]{1,4}&[\w-]{1,64}[ \t]{1,4}`, 'y');
// A line that is one word: more is a text about something.
const wordLine = new RegExp(String.raw`([ \t]{1,64})((?:${inWord}){1,4096})${valueEnd}(?![ \t]{1,16}[^\s\\])`, 'y');
/** Then the line is a program's. */
const codeLike = /[()[\]{},]/;
const trailing = /[ \t]{1,16}/y;
const ended = new RegExp(lineEnd, 'y');

/** What may stand right behind a name, before its value in another entry, or before a line's end. */
const mayEndKey = ':"\'\\';
const mayFollow = `${mayEndKey} \t\r\n,`;

/** The value of the name in characters `start` to `end`, if it stands where YAML has it. */
export function yamlValue(text: string, start: number, end: number, named: NameRule): Told | undefined {
  const next = text.charAt(end);
  if (next === '' || !mayFollow.includes(next)) return undefined;
  const isValue = isBehindColon(text, start);
  const mayBeKey = mayEndKey.includes(next) && endsKey(text, end);
  if (!isValue && !mayBeKey) return undefined;
  const rule = vaguelyNamed(text, start, end, named);
  const lead = text.slice(Math.max(0, start - leadChars), start);
  const pair = isValue && pairLead.test(lead) ? at(pairNext, text, end) : null;
  if (pair !== null) {
    const inFlow = pair[0].includes(',');
    return wordAt(text, end + pair[0].length, rule, barePair(rule, inFlow), inFlow);
  }
  return mayBeKey ? belowKey(text, end, indentOf(text, start), rule) : undefined;
}

/** Whether `:`, blanks and perhaps a quote stand before `start`: what is asked first of every name. */
function isBehindColon(text: string, start: number): boolean {
  let index = start - 1;
  while (index >= 0 && index >= start - gapChars && ' \t"\'\\'.includes(text.charAt(index))) index--;
  return index < start - 1 && text[index] === ':';
}

/** Whether `:` stands at `index`, or behind a quote there. */
function endsKey(text: string, index: number): boolean {
  return text[index] === ':' || at(keyEnd, text, index) !== null;
}

/** How far in from its line's beginning a name stands, a `- ` and not its quote counted; undefined where more is before it. */
function indentOf(text: string, start: number): number | undefined {
  const isQuoted = start > 0 && '"\''.includes(text.charAt(start - 1));
  let quoted = start - 1;
  while (isQuoted && quoted > start - 6 && text[quoted - 1] === '\\') quoted--;
  return isQuoted ? lineLead(text, quoted) ?? 0 : lineLead(text, start);
}

function lineLead(text: string, end: number): number | undefined {
  let index = text.startsWith('- ', end - 2) ? end - 2 : end;
  while (index > 0 && index > end - indentMax && ' \t'.includes(text.charAt(index - 1))) index--;
  const isBeginning = index === 0 || '\n"\''.includes(text.charAt(index - 1)) || text.startsWith('\\n', index - 2);
  return isBeginning ? end - index : undefined;
}

function belowKey(text: string, end: number, indent: number | undefined, rule: NameRule): Told | undefined {
  if (indent === undefined || rule.shape !== 'plain') return undefined;
  const block = at(blockStart, text, end);
  if (block !== null) return blockValue(text, end + block[0].length, indent, rule);
  const anchor = at(anchored, text, end);
  if (anchor !== null) return wordAt(text, end + anchor[0].length, rule, plain, true);
  const next = at(nextLine, text, end);
  const line = next === null ? null : at(wordLine, text, end + next[0].length);
  if (next === null || line === null || (line[1] ?? '').length <= indent || codeLike.test(line[2] ?? '')) return undefined;
  const from = end + next[0].length + (line[1] ?? '').length;
  return saidIn(text, from, from + (line[2] ?? '').length, rule, true);
}

/** The word at `from`, in quotes or bare. `isMarked`: where more than letters is asked of a bare one. */
function wordAt(text: string, from: number, rule: NameRule, bare: RegExp | undefined, isMarked: boolean): Told | undefined {
  const quoted = quotedAt(text, from);
  const value = quoted?.[2] ?? (bare === undefined ? undefined : at(bare, text, from)?.[0]);
  if (value === undefined || isReference(value)) return undefined;
  // `name: REFRESH_TOKEN`, `value: 3600`.
  if (/^\d*$/.test(value) && rule.name !== 'password') return undefined;
  const start = from + (quoted?.[1].length ?? 0);
  if (quoted === undefined && ((isMarked && !/\d/.test(value)) || isCode(value, text.charAt(start + value.length)))) return undefined;
  return toldIn(text, start, start + value.length, rule);
}

/** What a bare value is; in one line with its name only one word is. */
function barePair(rule: NameRule, inFlow: boolean): RegExp | undefined {
  if (inFlow) return rule.shape === 'plain' ? plainInFlow : undefined;
  return rule.shape === 'plain' ? plain : plainLine;
}

/** All lines of a block, which are further in than its key. */
function blockValue(text: string, from: number, indent: number, rule: NameRule): Told | undefined {
  let told: Told | undefined;
  for (let index = from; ;) {
    const [line, blanks = '', word = ''] = at(wordLine, text, index) ?? [];
    if (line === undefined || blanks.length <= indent) return told;
    const start = index + blanks.length;
    // `description`, `string`: a block of a word is about something.
    const one = told === undefined && /\d/.test(word) ? toldIn(text, start, start + word.length, rule) : undefined;
    if (told === undefined && one === undefined) return undefined;
    told = one ?? { rule, region: { start: told?.region.start ?? start, end: start + word.length } };
    const behind = pastAt(trailing, text, index + line.length);
    index = pastAt(ended, text, behind);
    if (index === behind) return told;
  }
}
