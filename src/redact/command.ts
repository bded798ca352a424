// The programs in a shell's line whose short options carry a password: `sh -c "sshpass -p … ssh host"`, and in any text that
// holds such a line or its arguments as JSON text. Invariant: it reads each character a bounded number of times; in a text
// that is no line a program counts only where a command begins.
import { carriedAt, carriedBySelf, programWithin, usagesOf } from './programs.js';
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
  const usages = usagesOf(namesIn(texts, isLine), texts);
  if (usages.length === 0) return true;
  for (const [index, { text: word, start }] of words.entries()) {
    const told = carriedAt(texts, index, usages) ?? carriedBySelf(word, usages);
    if (told === undefined || (!isLine && isProse(word.slice(told.start)))) continue;
    const region = secretIn(text, start + told.start, start + word.length, told.rule);
    if (region !== undefined && region.start < region.end && !found({ region, rule: told.rule.name })) return false;
  }
  return true;
}

/** The words that may name the program. */
function namesIn(words: readonly string[], isLine: boolean): readonly string[] {
  const first = words.slice(0, programWithin);
  if (isLine) return first;
  const begin = first.findIndex((word) => !beforeProgram.test(word));
  return begin < 0 ? [] : first.slice(begin, begin + 1);
}
