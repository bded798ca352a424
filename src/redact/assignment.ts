// Names and their values inside a text: `password=…`, `"password": "…"`, `\"password\":\"…\"`, `--token …`, headers,
// queries, XML. Invariant: it reads each character a bounded number of times, and a value ends where its quote does, so
// that JSON text stays JSON text.
import { eachName } from './named.js';
import type { NameRule } from './names.js';
import { isCode, isProse } from './placeholder.js';
import { isOperand, operandSideChars } from './program.js';
import { isWithinQuotes } from './quotes.js';
import { type Region, type Standing, secretIn } from './region.js';
import { at, pastAt } from './sticky.js';

/** Blanks around a separator, and backslashes before a quote: more is no assignment. */
const gapMax = 16;

/** Characters by which a bare value is judged. It is read on only where they are a secret: else the next name may stand in it. */
const judgedMax = 256;

// Ends at blanks, quotes, what separates values, and at JSON's escapes, which a value must not be cut in two by.
// A bracket that closes belongs to it if the opening one does.
const inBrackets = String.raw`[^\s"'\x60&;,()[\]{}|<>\\]`;
const bareValue = new RegExp(String.raw`(?:\(${inBrackets}*\)|\[${inBrackets}*\]|\{${inBrackets}*\}|${inBrackets}|[([{]|\\(?![nrtbfu"'\\/]))+`, 'y');
// A variable at a line's beginning has the line to itself, up to where a shell would go on.
const lineValue = /(?:[^\s"'`;|<>\\&]|&(?!&)|\\(?![nrtbfu"'\\/]))+/y;
const variable = /^[A-Z][A-Z0-9_]*$/;
const lineStart = /(?:^|[\n\r\0]|\\n)(?:export )?$/;
const freely: Standing = { free: true };
// With what a header's credentials quote, `response="…"`, unless that quote ends a string of JSON text.
const restOfLine = /(?:[A-Za-z][\w-]{0,40}=(\\?)"(?![\s,\]}:\\])[^"\\\r\n]{0,512}\1"|[^\r\n"'`\\]|\\(?![nrtu"'\\]))+/y;
const computed = /\$\(|\$?\{|<|`|%\(|!(?:vault|secret|env|[Rr]ef|Sub|GetAtt|ImportValue)\b|\[redacted:/y;
const computedByShell = /\$[({]|`|\[redacted:/y;
const jsonLiteral = /(?:-?\d[\d.eE+-]*|true|false|null)(?=\s*(?:[,}\]\\]|$))|[[{]/y;
// In JSON text: `"password","value":"…"` and `"password":{"value":"…"`.
const valueBeside = /(?:,|\s{0,16}:\s{0,16}\{)\s{0,64}(\\{0,16})["'][Vv]al(?:ue)?\1["']\s{0,16}:\s{0,16}/y;
const encodedValue = /(?:[^\s"'`&;%\\<>]|%(?!26|3[Bb]|0[AaDd]))*/y;
const closesHere = /\s*(?:[,\]}:]|$)/y;
// A program that goes on behind a string, `"Password: " + x`: nothing that a password often begins with.
const programNext = /[\s+.,;%&|)?\\]/y;
// `["--token", "…"]`: arguments and headers as JSON text.
const nextInList = /,\s{0,64}(?=\\{0,16}["'])/y;
const quotedOption = /\\{0,16}["']--?[A-Za-z]/y;
// Then it was the next entry's key.
const keyEnd = /\\{0,16}["']\s{0,64}:/y;
const elementEnd = /([^<"\\]*)<\//y;
const quote = /(\\{0,16})(["'`])/y;
// `N'…'` of SQL, `b"…"` of a program.
const prefix = /(?:[NnbBrRuUfF]|[rR][bB]|@)(?=["'])/y;

/** Calls `found` with each secret that a name in the text announces, until it returns false. */
export function findAssigned(text: string, found: (region: Region, rule: NameRule) => boolean): void {
  const line = lineEnds(text);
  eachName(text, (start, end, rule) => {
    const region = valueAfter(text, start, end, rule, line);
    if (region === undefined) return end;
    return found(region, rule) ? region.end : -1;
  });
}

/** Tells where a header's line ends. It is read once, however many names stand in it. */
type LineEnds = (start: number) => number;

function lineEnds(text: string): LineEnds {
  let [from, to] = [0, 0];
  return (start) => {
    if (start < from || start >= to) [from, to] = [start, start + (at(restOfLine, text, start)?.[0].length ?? 0)];
    return to;
  };
}

function skipBlanks(text: string, index: number): number {
  let next = index;
  while (next < index + gapMax && (text[next] === ' ' || text[next] === '\t')) next++;
  return next;
}

function valueAfter(text: string, start: number, end: number, rule: NameRule, line: LineEnds): Region | undefined {
  if (text[start - 1] === '<' && text[end] === '>') return elementText(text, end + 1, rule);
  const closing = nameQuote(text, start, end);
  let index = end + (closing?.[0].length ?? 0);
  if (closing !== null && text[index] === ']') index++;
  if (text.startsWith('%3D', index) || text.startsWith('%3d', index)) {
    return secretIn(text, index + 3, index + 3 + (at(encodedValue, text, index + 3)?.[0].length ?? 0), rule, freely);
  }
  const valueEntry = closing === null ? null : at(valueBeside, text, index);
  if (valueEntry !== null) {
    const value = index + valueEntry[0].length;
    return readValue(text, { start, end, value, rule, nameQuoted: true, arrow: false, colon: true, flag: false }, line);
  }
  const separator = skipBlanks(text, index);
  const value = behindSeparator(text, separator);
  if (value !== undefined) {
    const arrow = text.startsWith('=>', separator);
    const [nameQuoted, colon] = [closing !== null, text[separator] === ':'];
    return readValue(text, { start, end, value, rule, nameQuoted, arrow, colon, flag: false }, line);
  }
  if (closing !== null && (text[start] === '-' || rule.shape !== 'plain')) {
    const next = index + (at(nextInList, text, index)?.[0].length ?? 0);
    if (next > index && at(quotedOption, text, next) === null) {
      const place = { start, end, value: next, rule, nameQuoted: true, arrow: false, colon: false, flag: false };
      const region = readValue(text, place, line);
      return region === undefined || at(keyEnd, text, region.end) !== null ? undefined : region;
    }
  }
  const isFlag = text[start] === '-' && closing === null && separator > index && text[separator] !== '-';
  if (!isFlag) return undefined;
  return readValue(text, { start, end, value: separator, rule, nameQuoted: false, arrow: false, colon: false, flag: true }, line);
}

/** The quote behind a name that stands in quotes; other quotes than `"` must stand before it, too. */
function nameQuote(text: string, start: number, end: number): RegExpExecArray | null {
  const closing = at(quote, text, end);
  if (closing === null || closing[2] === '"') return closing;
  return text.startsWith(closing[0], start - closing[0].length) ? closing : null;
}

/** Where the value begins, or undefined if no separator stands at `index`. */
function behindSeparator(text: string, index: number): number | undefined {
  const [char, next] = [text[index], text[index + 1]];
  if (char === ':') {
    if (next === ':' || text.startsWith('//', index + 1)) return undefined;
    return skipBlanks(text, index + (next === '=' ? 2 : 1));
  }
  if (char !== '=' || next === '=' || next === '~') return undefined;
  return skipBlanks(text, index + (next === '>' ? 2 : 1));
}

function elementText(text: string, start: number, rule: NameRule): Region | undefined {
  elementEnd.lastIndex = start;
  const content = elementEnd.exec(text)?.[1];
  return content === undefined ? undefined : secretIn(text, start, start + content.length, rule);
}

interface Place {
  /** The name's characters. */
  readonly start: number;
  readonly end: number;
  /** Where its value begins. */
  readonly value: number;
  readonly rule: NameRule;
  readonly nameQuoted: boolean;
  readonly arrow: boolean;
  readonly colon: boolean;
  readonly flag: boolean;
}

function readValue(text: string, place: Place, line: LineEnds): Region | undefined {
  let start = place.value;
  // A header's values in JSON text may be a list; the first one is looked at.
  if (place.nameQuoted && text[start] === '[' && at(quote, text, skipBlanks(text, start + 1)) !== null) start = skipBlanks(text, start + 1);
  if (!place.nameQuoted) start = pastAt(prefix, text, start);
  const opening = at(quote, text, start);
  if (opening !== null) {
    const [{ length }, slashes = '', mark = ''] = opening;
    // The quote ends the string that the name stands in: `["password: ", 1]`, `print("Password: " + password)`.
    const isBehind = (what: RegExp): boolean => !place.nameQuoted && at(what, text, start + length) !== null;
    if (isBehind(closesHere)) return undefined;
    if (isBehind(programNext) && isWithinQuotes(text, place.start, slashes.length, mark)) return undefined;
    if (mark === '`' && (place.flag || hasLine(text, place))) return undefined;
    return secretIn(text, start + length, closingQuote(text, start + length, slashes.length, mark), place.rule, { isGiven: place.nameQuoted && place.colon && mark === '"' });
  }
  const isVariable = hasLine(text, place);
  if (place.arrow || at(isVariable ? computedByShell : computed, text, start) !== null) return undefined;
  if (place.nameQuoted && at(jsonLiteral, text, start) !== null) return undefined;
  if (place.rule.shape !== 'plain' && !place.flag) {
    const end = line(start);
    return end === start ? undefined : secretIn(text, start, end, place.rule, freely);
  }
  return bareSecret(text, place, start, isVariable ? lineValue : bareValue);
}

function bareSecret(text: string, place: Place, start: number, pattern: RegExp): Region | undefined {
  let bare = at(pattern, text.slice(start, start + judgedMax), 0)?.[0];
  const goesOn = bare?.length === judgedMax;
  // `https://x-access-token:…@host`: the value is the name's password, not the rest of the URL.
  const isOfUrl = place.colon && text.startsWith('//', place.start - 2);
  if (isOfUrl) bare = bare?.replace(/@.*$/s, '');
  if (bare === undefined || isSaid(text, place, start, bare)) return undefined;
  const region = secretIn(text, start, start + bare.length, place.rule, freely);
  if (region === undefined || !goesOn || bare.length < judgedMax) return region;
  const whole = at(pattern, text, start)?.[0] ?? bare;
  return { start: region.start, end: start + (isOfUrl ? whole.replace(/@.*$/s, '') : whole).length };
}

/** Whether a variable is set here that has the line to itself: `NAME=`. */
function hasLine(text: string, { start, end, value }: Place): boolean {
  return value === end + 1 && text[end] === '=' && variable.test(text.slice(start, end)) && lineStart.test(text.slice(Math.max(0, start - 8), start));
}

/** Whether a bare word behind a name is part of a sentence or of a program rather than the name's value. */
function isSaid(text: string, place: Place, start: number, bare: string): boolean {
  const end = start + bare.length;
  if (isCode(bare, text.charAt(end))) return true;
  const { rule, colon } = place;
  const name = text.slice(place.start, place.end);
  const [before, next] = [text.slice(Math.max(0, start - operandSideChars), start), text.slice(end, end + operandSideChars)];
  if (!place.flag && isOperand({ rule, colon, name, value: bare, before, next })) return true;
  // Unlike `password`, the word `pass` is a verb, too.
  const isPassword = place.rule.name === 'password' && text.slice(place.start, place.end) !== 'pass';
  if (!isPassword && (/^\d{1,3}$/.test(bare) || isProse(bare))) return true;
  if (!place.colon) return place.flag && isProse(bare);
  if (isProse(bare)) return true;
  // `token: abc` at a line's beginning and filling it is a setting; inside a sentence it takes more to be a secret.
  const isSetting = /(?:^|[\n{,])[ \t]{0,16}$/.test(text.slice(Math.max(0, place.start - gapMax - 1), place.start))
    && /^[ \t]{0,16}(?:$|[\r\n,}\\#])/.test(text.slice(start + bare.length, start + bare.length + gapMax + 1));
  const isPlainWord = /^[A-Za-z]+$/.test(text.slice(place.start, place.end));
  return !isPassword && !isSetting && isPlainWord && /^[A-Za-z'’.!?-]{1,19}$/.test(bare);
}

/**
 * The end of a quoted value. In text inside text a quote carries more backslashes: after an opening one with n of
 * them a quote closes if those before it, less n, are pairs of n + 1; with fewer than n it ends the string around.
 */
function closingQuote(text: string, start: number, slashes: number, mark: string): number {
  for (let index = text.indexOf(mark, start); index >= 0; index = text.indexOf(mark, index + 1)) {
    let count = 0;
    while (index - count > start && text[index - count - 1] === '\\') count++;
    if (count < slashes) return index - count;
    if ((count - slashes) % (2 * (slashes + 1)) === 0) return index - slashes;
  }
  return text.length;
}
