// Secrets behind their names as programs, shells and documents have them without a separator: `token: Some("…")`,
// `setPassword("…")`, `define('DB_PASSWORD', '…')`, `setx TOKEN …`, `**Password:** …`, a table's row. Invariant: it reads a
// bounded number of characters around a name, and asks more of a value the less its place says.
import type { NameRule } from './names.js';
import { looksSecret } from './placeholder.js';
import { valueEnd } from './rule.js';
import { at, pastAt } from './sticky.js';
import { type Told, isReference, quotedAt, saidIn, toldIn } from './told.js';

const quote = String.raw`\\{0,4}["']`;
/** Characters before a name that are looked at. */
const leadChars = 40;

const wrapped = new RegExp(String.raw`(?:${quote})?\s{0,2}[:=]\s{0,4}(?:Some|Secret|SecretString|String::from)\((?:Secret\()?(?=${quote})`, 'y');
const call = new RegExp(String.raw`\(\s{0,2}(?=${quote})`, 'y');
const setter = /(?:^|[^A-Za-z])(?:set|with)(?:[A-Z_]|$)|\.(?:password|passphrase|api_?key|token|secret)$/;
const settingLead = new RegExp(
  String.raw`(?:^|[^\w])(?:define|putenv|setenv|setdefault|setProperty|setHeader|header|headers|set|put|append|insert|env)\(\s{0,2}${quote}$`,
);
const settingNext = new RegExp(String.raw`${quote}\s{0,2},\s{0,4}(?=${quote})`, 'y');
const shellLead = /(?:^|[\n;&|]|\\n)[ \t]{0,8}(?:setx|setenv|set[ \t]{1,2}-[gUx]{1,3})[ \t]{1,4}$/;
const blanks = /[ \t]{1,4}/y;
const shellWord = new RegExp(String.raw`[^\s"'\x60;|&()<>\\]{6,512}${valueEnd}`, 'y');
const emphasis = /(?::(?:\*\*|__)|(?:\*\*|__):|`:)[ \t]{1,4}`?/y;
const cellLead = /(?:^|[\n|]|\\n)[ \t]{0,8}\|?[ \t]{0,8}[`*]{0,2}$/;
const cellNext = /[`*]{0,2}[ \t]{0,16}\|[ \t]{0,4}`?/y;
const plainWord = /[^\s`*|"'\\<>]{6,128}(?=`?(?:\s|$|\\n|[.,;](?:\s|$)))/y;

/** The value of the name in characters `start` to `end`, if it stands in one of these ways. */
export function heldValue(text: string, start: number, end: number, rule: NameRule): Told | undefined {
  const wrapper = pastAt(wrapped, text, end);
  if (wrapper > end) return quoted(text, wrapper, rule, rule.name !== 'password');
  const lead = text.slice(Math.max(0, start - leadChars), start);
  const next = text.charAt(end);
  if (next === '(') return setter.test(text.slice(start, end)) ? quoted(text, pastAt(call, text, end), rule, true) : undefined;
  if (settingLead.test(lead)) {
    const value = pastAt(settingNext, text, end);
    return value === end ? undefined : quoted(text, value, rule, true);
  }
  if (' \t'.includes(next) && shellLead.test(lead)) return shellValue(text, pastAt(blanks, text, end), rule);
  const marked = pastAt(emphasis, text, end);
  if (marked > end) return said(text, marked, rule, false);
  if ('|`* \t'.includes(next) && lead.includes('|') && cellLead.test(lead)) {
    const cell = pastAt(cellNext, text, end);
    return cell === end ? undefined : said(text, cell, rule, true);
  }
  return undefined;
}

/** `isJudged`: the value must look like a secret, since what is called here may be about one. */
function quoted(text: string, index: number, rule: NameRule, isJudged: boolean): Told | undefined {
  const [, open, inner] = quotedAt(text, index) ?? [];
  if (open === undefined || inner === undefined) return undefined;
  return judged(text, index + open.length, inner, rule, isJudged);
}

function shellValue(text: string, index: number, rule: NameRule): Told | undefined {
  const word = at(shellWord, text, index)?.[0];
  return word === undefined ? quoted(text, index, rule, true) : judged(text, index, word, rule, true);
}

function judged(text: string, start: number, value: string, rule: NameRule, isJudged: boolean): Told | undefined {
  const isPassword = rule.name === 'password' && !rule.vague;
  if (isJudged && !(isPassword ? /\d/.test(value) && /\D/.test(value) : looksSecret(value))) return undefined;
  return isReference(value) ? undefined : toldIn(text, start, start + value.length, rule);
}

function said(text: string, index: number, rule: NameRule, isOpen: boolean): Told | undefined {
  const word = at(plainWord, text, index)?.[0];
  return word === undefined ? undefined : saidIn(text, index, index + word.length, rule, isOpen);
}
