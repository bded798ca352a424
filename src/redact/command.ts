// The programs in a shell's line whose short options carry a password: `sh -c "sshpass -p … ssh host"`, and in any text that
// holds such a line or its arguments as JSON text. Invariant: it reads each character a bounded number of times; in a text
// that is no line a program counts only where a command begins.
import { type Usage, carriedAt, carriedBySelf, programOf, programWithin, usagesOf } from './programs.js';
import { isProse } from './placeholder.js';
import { type Region, secretIn } from './region.js';

/** A secret in a line, and the name of its rule. */
export interface LineSecret {
  readonly region: Region;
  readonly rule: string;
}

/** Takes a secret; false: no more are wanted. */
type Found = (secret: LineSecret) => boolean;

interface Word {
  readonly text: string;
  readonly start: number;
}

/** Lines in quotes in lines in quotes. */
const depthMax = 4;

// A bracket or a comma is a list's unless a word goes before it. A quote that never closes takes the rest: else each of
// many would be read to the end. In JSON text it has backslashes.
const part = /(\\{0,8}["'`])([^]*?)(?:(?<!\\)\1|$)|(?:[^\s;|&"'`()<>,:[\]{}\\]|\\(?!\\{0,7}["'`]))(?:[^\s;|&"'`()<>\\]|\\(?!\\{0,7}["'`]))*|[;|&()<>\n[\]{}]/g;
const separator = /^[;|&()\n[\]{}]$/;
// What stands before a program where a command begins.
const beforeProgram = /^(?:sudo|doas|env|time|nohup|exec|command|then|do|else|[$#%>+-]|-\w+|[A-Za-z_]\w*=.*|[\w./@~-]{0,64}[:$#])$/s;

// What runs a program that is named behind its own arguments: in a container only by `exec`, as `run` has ports behind `-p`.
const runner = /^(?:ssh|xargs|timeout|nice|watch|su|runuser|chroot|nsenter)$/;
const containerRunner = /^(?:docker|podman|nerdctl|kubectl|oc|docker-compose)$/;
/** Words from a runner on in which `exec`, and in which the program is looked for. */
const execWithin = 4;
const runWithin = 16;

/** Calls `found` with each secret of a shell's line. */
export function findInLine(line: string, found: Found): void {
  findIn(line, 0, line.length, true, 0, found);
}

/** Calls `found` with each secret of the lines in a text. */
export function findInText(text: string, found: Found): void {
  findIn(text, 0, text.length, false, 0, found);
}

function findIn(text: string, from: number, to: number, isLine: boolean, depth: number, found: Found): boolean {
  let words: Word[] = [];
  for (const { 0: whole, 1: quote, 2: inner = '', index } of text.slice(from, to).matchAll(part)) {
    const start = from + index;
    if (quote === undefined && separator.test(whole)) {
      if (!findInCommand(text, words, isLine, found)) return false;
      words = [];
    } else if (quote === undefined) {
      words.push({ text: whole, start });
    } else {
      const word = { text: inner, start: start + quote.length };
      words.push(word);
      if (depth < depthMax && /\s/.test(inner) && !findIn(text, word.start, word.start + inner.length, false, depth + 1, found)) return false;
    }
  }
  return findInCommand(text, words, isLine, found);
}

function findInCommand(text: string, words: readonly Word[], isLine: boolean, found: Found): boolean {
  const texts = words.map(({ text: word }) => word);
  const { usages, from } = programIn(texts, isLine);
  if (usages.length === 0) return true;
  for (const [index, { text: word, start }] of words.entries()) {
    if (index < from) continue;
    const told = carriedAt(texts, index, usages) ?? carriedBySelf(word, usages);
    if (told === undefined || (!isLine && isProse(word.slice(told.start)))) continue;
    const region = secretIn(text, start + told.start, start + word.length, told.rule);
    if (region !== undefined && region.start < region.end && !found({ region, rule: told.rule.name })) return false;
  }
  return true;
}

interface FoundProgram {
  readonly usages: readonly Usage[];
  /** The first word that may be an argument of it. */
  readonly from: number;
}

function programIn(words: readonly string[], isLine: boolean): FoundProgram {
  const first = words.slice(0, programWithin);
  if (isLine) return { usages: usagesOf(first, words), from: 0 };
  const begin = first.findIndex((word) => !beforeProgram.test(word));
  const end = begin + (runsAnother(words, begin) ? runWithin : 1);
  for (let at = begin; at >= 0 && at < Math.min(end, words.length); at += 1) {
    const usages = usagesOf(words.slice(at, at + 1), words);
    if (usages.length > 0) return { usages, from: at };
  }
  return { usages: [], from: 0 };
}

function runsAnother(words: readonly string[], begin: number): boolean {
  const name = programOf(words[begin] ?? '');
  return runner.test(name) || (containerRunner.test(name) && words.slice(begin + 1, begin + execWithin).includes('exec'));
}
