// Programs that a text runs, wherever it says so: behind `docker exec db`, `ssh host`, `sudo`, in a sentence, in JSON text.
// Invariant: from a program's name on each word is read once, up to where the command ends; a program counts only as its
// `lineHints` have it, with a blank behind it, and a value has no quote and no escape in it.
import type { LineSecret } from './command.js';
import { isPath } from './placeholder.js';
import { type Program, carriedBy, runPrograms } from './programs.js';
import { secretIn } from './region.js';
import { valueEnd } from './rule.js';
import { at, isStandIn, pastAt, quotedAt } from './told.js';

/** Called with each secret, until it returns false. */
type Found = (secret: LineSecret) => boolean;

/** Characters of a password that are worth its name. */
const leastChars = 3;
/** Words of a command that are read: its options come before what it works on. */
const wordsMax = 64;

// A program's name, and what stands before one.
const mark = new RegExp(String.raw`(?<![\w.-])(?:${[
  'sshpass|mysql(?:dump|admin|import)?|mariadb(?:-dump)?|redis-cli|mongo(?:sh|dump|restore|export|import)?|ldap[a-z]{3,10}|keytool|jarsigner|sqlcmd|curl',
  'mosquitto_(?:pub|sub|rr)|7z|(?:docker|podman|nerdctl|buildah|skopeo|oras|helm|oc|az|cf)(?= login )',
].join('|')})(?= )`, 'g');

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
// `-p3306:3306`, `-p 80`, `-p host:80:80/tcp`: what docker and ssh mean by it.
const port = /^(?:[\w.-]{0,64}:)?(?:\d{1,5}(?:-\d{1,5})?:){0,2}\d{1,5}(?:\/(?:tcp|udp))?$/;
// `-port`, `-print`, `-path`.
const longOption = /^(?:ort|rint|ath|ipe|rotocol|refix|rofile|roject|roxy|arse|arallel|lugin|age|assword|assphrase|ass)$/;
/** Characters by which a password is no port and no option, and no word that stands for one. */
const judgedMax = 128;

/** Calls `found` with each secret that the options of a program carry in a text, until it returns false. */
export function findRuns(text: string, found: Found): void {
  mark.lastIndex = 0;
  for (let name = mark.exec(text); name !== null; name = mark.exec(text)) {
    const end = readCommand(text, name.index, found);
    if (end < 0) return;
    mark.lastIndex = Math.max(end, mark.lastIndex);
  }
}

/** Reads a command's words from its program's name on, and returns where it ends, or -1 where no more is to be found. */
function readCommand(text: string, start: number, found: Found): number {
  let programs: readonly Program[] = [];
  let before: Word | undefined;
  let index = start;
  for (let count = 0; count < wordsMax; count++) {
    const word = wordAt(text, index);
    if (word.text === '') return index;
    const secret = carried(text, before, word, programs);
    if (secret !== undefined && !found(secret)) return -1;
    if (text[word.end] === ' ' && !word.text.startsWith('-')) {
      programs = programsAt(text, word) ?? programs;
    }
    index = pastAt(gap, text, word.end);
    if (index === word.end) return index;
    before = word;
  }
  return index;
}

/** The programs that a word names, undefined for none. */
function programsAt(text: string, word: Word): readonly Program[] | undefined {
  const named = runPrograms(word.text);
  return named.length > 0 && named.every((one) => one.word === undefined || text.startsWith(` ${one.word} `, word.end)) ? named : undefined;
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

function carried(text: string, before: Word | undefined, word: Word, programs: readonly Program[]): LineSecret | undefined {
  const byOption = before?.text.startsWith('-') === true ? carriedBy(before.text, word.text, programs) : undefined;
  // An option of one letter and what it carries have three characters.
  const isOption = word.text.length > 2 && word.text.startsWith('-');
  const told = byOption ?? (isOption ? carriedBy(undefined, word.text, programs) : undefined);
  // One that has no end is none, nor is one that goes on behind a quote or an escape.
  const isBare = word.text.length === word.from;
  if (told === undefined || word.from >= bareMax || (isBare && at(goesOn, text, word.end) !== null)) return undefined;
  const isInner = told.start >= word.from && word.innerStart > word.start + word.from;
  // One that goes on behind a quote would have the quote in it.
  if (!isInner && word.text.length > word.from) return undefined;
  const start = isInner ? word.innerStart + told.start - word.from : word.start + told.start;
  const value = word.text.slice(told.start);
  if (value.length < leastChars || value.startsWith('-') || value.includes('[redacted:')) return undefined;
  if (value.length <= judgedMax && isNone(value)) return undefined;
  const region = secretIn(text, start, start + value.length, told.rule, { free: true });
  return region === undefined ? undefined : { region, rule: told.rule.name };
}

/** Whether a value is something else than a password, or stands for one. */
function isNone(value: string): boolean {
  return port.test(value) || longOption.test(value) || isStandIn(value) || isPath(value);
}
