// Programs that a text runs: at a line's start or in quotes, behind `;`, `|`, `&` or `(`, behind a prompt, or behind what runs
// a command, such as `sudo`, `docker exec db` and `ssh host`. Invariant: what stands before a name is read within one command,
// and from the name on each word is read once, up to where the command ends; a value has no quote and no escape in it.
import type { LineSecret } from './command.js';
import { isPath } from './placeholder.js';
import { type Program, carriedBy, runNames, runPrograms } from './programs.js';
import { type NamedAs, secretIn } from './region.js';
import { valueEnd } from './rule.js';
import { at, pastAt } from './sticky.js';
import { isStandIn, quotedAt } from './told.js';

/** Called with each secret, until it returns false. */
type Found = (secret: LineSecret) => boolean;

/** Characters of a password that are worth its name. */
const leastChars = 3;
/** Words of a command that are read: its options come before what it works on. */
const wordsMax = 64;

const blanks = String.raw`[ \t]{1,8}`;
const word = String.raw`[^\s;|&()<>"'\x60\\]{1,128}`;
const operand = `(?!-)${word}${blanks}`;

/** Options of a wrapper, the next word being the value of those that are `valued`. */
function options(valued: string): string {
  return `(?:(?:${valued})(?:=|${blanks})${word}${blanks}|(?!(?:${valued})[=\\s])-[\\w-]{1,32}(?:=${word})?${blanks}){0,8}`;
}

const containers = '(?:docker|podman|nerdctl)';
const composed = `${containers}${blanks}compose${blanks}${options('-[fp]|--(?:file|project-name|profile|env-file)')}`;
// What runs a command, up to where that one begins.
const wrapper = [
  String.raw`[A-Za-z_]\w{0,64}=(?:${word})?${blanks}`,
  String.raw`(?:then|do|else|\{|!)${blanks}`,
  `(?:sudo|doas)${blanks}${options('-[ugpChrtT]|--(?:user|group|prompt|host|chdir)')}`,
  `(?:env|nohup|time|exec|command|nice|ionice|setsid)${blanks}${options('-[uncp]')}`,
  String.raw`timeout${blanks}${options('-[ks]')}\d[\w.]{0,8}${blanks}`,
  String.raw`(?:ba|da|z|k|a)?sh${blanks}(?:-\w{1,8}${blanks})?-\w{0,4}c${blanks}`,
  `(?:${containers}${blanks}|${composed}|docker-compose${blanks})exec${blanks}${options('-[euw]|--(?:env|user|workdir|env-file|index)')}${operand}`,
  // Any other option may have a value, and that one be a program's name.
  `${containers}${blanks}run${blanks}(?:(?:--rm|-[itd]{1,3})${blanks}|(?:-[ev]|--(?:network|net|name|env|volume|link))(?:=|${blanks})${word}${blanks}){0,8}${operand}`,
  `(?:kubectl|oc)${blanks}${options('-n|--(?:namespace|context|kubeconfig)')}exec${blanks}(?:${options('-[nc]|--(?:namespace|container|context)')}(?:${operand})?){1,2}--${blanks}`,
  String.raw`ssh${blanks}(?:-[bcDEeFIiJLlmOopQRSWw](?:${blanks})?${word}${blanks}|-[46AaCfGgKkMNnqsTtVvXxYy]{1,8}${blanks}){0,8}${operand}`,
].join('|');

// A command's beginning, what may run it, and its name. Nothing of it crosses where another may begin.
const command = new RegExp([
  String.raw`(?:(?:^|[\n\r;|&(]|\\[nr])[ \t]{0,40}|["'\x60])`,
  String.raw`(?:[^\s;|&()<>"'\x60\\]{0,64}[$#>%+]${blanks}|(?:-${blanks})?(?:(?:run|cmd|command|script|exec|shell):${blanks}|(?:RUN|CMD)${blanks})?)`,
  String.raw`(?:${wrapper}){0,6}(?:[\w.~/-]{0,200}/)?(${runNames})`,
].join(''), 'g');

const gap = /(?:[ \t]|\\\r?\n){1,64}/y;
/** Characters of a bare word; what has more is none. */
const bareMax = 512;
// Up to a quote, an escape or what ends a command.
const bare = new RegExp(String.raw`(?:[^\s"'\x60;|&()<>\\]|\\(?![nrtbfu"'\\/\s])){1,${bareMax}}`, 'y');
// Not from where a string of JSON text ends to where the next one begins.
const mayBegin = /^[^\s,:;})\]]/;
const mayFollow = /[\s;|&)"'`\\]|$/y;
// Where a bare word goes on all the same.
const goesOn = new RegExp(`(?![;|&()<>]|${valueEnd})`, 'y');
// `-p3306`, `-p 8080:80`: a port, whatever the program takes it for.
const port = /^\d{1,5}(?:[:-]\d{1,5})?$/;
// `-port`, `-pager=less`, `-plugin`: options that are long ones elsewhere.
const longOption = /^(?:ort|rint|ager|ath|erf|ool|rogress|ipe|ing|lugin|rompt|rotocol|refix|rofile|roject|roxy|arse|arallel|age|assword|assphrase|ass)(?:=.*)?$/;
// What a shell, a template or a reader fills in, or a part of it.
const computed = /^\\{0,3}\${1,2}[\w{(]|^[<{%[]/;
/** Characters by which a password is no port and no option, and no word that stands for one. */
const judgedMax = 128;

/** Calls `found` with each secret that the options of a program carry in a text, until it returns false. */
export function findRuns(text: string, found: Found): void {
  command.lastIndex = 0;
  for (let match = command.exec(text); match !== null; match = command.exec(text)) {
    const name = match[1] ?? '';
    const end = readCommand(text, match.index + match[0].length, programsOf(name, text, command.lastIndex), found);
    if (end < 0) return;
    command.lastIndex = end;
  }
}

/** The programs of a name that ends at `end`. */
function programsOf(name: string, text: string, end: number): readonly Program[] {
  return runPrograms(name).filter((one) => one.word === undefined || text.startsWith(` ${one.word} `, end));
}

/** Reads the words behind a program's name, and returns where the command ends, or -1 where no more is to be found. */
function readCommand(text: string, nameEnd: number, programs: readonly Program[], found: Found): number {
  let before: Word | undefined;
  let index = pastAt(gap, text, nameEnd);
  for (let count = 0; count < wordsMax; count++) {
    const one = wordAt(text, index);
    if (one.text === '') return index;
    const secret = carried(text, before, one, programs);
    if (secret !== undefined && !found(secret)) return -1;
    index = pastAt(gap, text, one.end);
    if (index === one.end) return index;
    before = one;
  }
  return index;
}

/** A word without its quotes. What stands in quotes begins at character `from` of it, and at `innerStart` of the text. */
interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly innerStart: number;
}

/** The word at `start`: bare, in quotes, or the one before the other, as in `-p"…"`; empty where the command ends. */
function wordAt(text: string, start: number): Word {
  const end = pastAt(bare, text, start);
  const plain = text.slice(start, end);
  const isBeforeQuote = text[end] === '"' || text[end] === "'" || text[end] === '\\';
  const mayGoOn = isBeforeQuote && (plain === '' || plain.startsWith('-') || plain.endsWith('='));
  const [whole, open, inner] = (mayGoOn ? argumentAt(text, end) : undefined) ?? nothing;
  return { text: plain + inner, start, end: end + whole.length, from: plain.length, innerStart: end + open.length };
}

const nothing = ['', '', ''] as const;

function argumentAt(text: string, start: number): ReturnType<typeof quotedAt> {
  const quoted = quotedAt(text, start);
  if (quoted === undefined || !mayBegin.test(quoted[2])) return undefined;
  return at(mayFollow, text, start + quoted[0].length) === null ? undefined : quoted;
}

function carried(text: string, before: Word | undefined, one: Word, programs: readonly Program[]): LineSecret | undefined {
  const byOption = before?.text.startsWith('-') === true ? carriedBy(before.text, one.text, programs) : undefined;
  // An option of one letter and what it carries have three characters.
  const isOption = one.text.length > 2 && one.text.startsWith('-');
  const told = byOption ?? (isOption ? carriedBy(undefined, one.text, programs) : undefined);
  // One that has no end is none, nor is one that goes on behind a quote or an escape.
  const isBare = one.text.length === one.from;
  if (told === undefined || one.from >= bareMax || (isBare && at(goesOn, text, one.end) !== null)) return undefined;
  const isInner = told.start >= one.from && one.innerStart > one.start + one.from;
  // One that goes on behind a quote would have the quote in it.
  if (!isInner && one.text.length > one.from) return undefined;
  const start = isInner ? one.innerStart + told.start - one.from : one.start + told.start;
  return carriedIn(text, start, one.text.slice(told.start), told.rule);
}

/** The secret in an argument's value that begins at `start`, if a text may have such a one. */
export function carriedIn(text: string, start: number, value: string, rule: NamedAs): LineSecret | undefined {
  if (value.length < leastChars || value.startsWith('-') || value.includes('[redacted:')) return undefined;
  if (value.length <= judgedMax && isNone(rule.shape === 'cookie' ? value.slice(value.indexOf('=') + 1) : value)) return undefined;
  // `NAME1=VALUE1`
  if (rule.shape === 'cookie' && !/^(?=.*\d).*=.*[a-z]/.test(value)) return undefined;
  const region = secretIn(text, start, start + value.length, rule, { free: true });
  return region === undefined ? undefined : { region, rule: rule.name };
}

/** Whether a value is something else than a password, or stands for one. */
function isNone(value: string): boolean {
  return port.test(value) || longOption.test(value) || computed.test(value) || isStandIn(value) || isPath(value);
}
