// The programs in a shell's line whose short options carry a password: `sh -c "sshpass -p … ssh host"`. Invariant: it reads
// each character a bounded number of times, and a program counts only as its `lineHints` have it, with a blank behind it.
import { carriedBy, linePrograms, programOf } from './programs.js';
import { type Region, secretIn } from './region.js';

/** A secret in a line, and the name of its rule. */
export interface LineSecret {
  readonly region: Region;
  readonly rule: string;
}

interface Word {
  readonly text: string;
  readonly start: number;
}

// A quote that never closes takes the rest: else each of many would be read to the end.
const part = /"((?:[^"\\]|\\.)*)"?|'([^']*)'?|[^\s;|&"'()<>]+|[;|&()<>\n]/gs;
const separator = /^[;|&()\n]$/;

/** Calls `found` with each secret of a shell's line. */
export function findInLine(line: string, found: (secret: LineSecret) => void): void {
  let words: Word[] = [];
  for (const { 0: whole, 1: double, 2: single, index } of line.matchAll(part)) {
    if (separator.test(whole)) {
      findInCommand(line, words, found);
      words = [];
    } else {
      const inner = double ?? single;
      words.push(inner === undefined ? { text: whole, start: index } : { text: inner, start: index + 1 });
    }
  }
  findInCommand(line, words, found);
}

function findInCommand(line: string, words: readonly Word[], found: (secret: LineSecret) => void): void {
  const [first, last] = [words[0], words.at(-1)];
  if (first === undefined || last === undefined) return;
  const names = words.filter(({ text, start }) => line[start + text.length] === ' ').map(({ text }) => programOf(text));
  const programs = linePrograms(names, line.slice(first.start, last.start));
  if (programs.length === 0) return;
  for (const [index, { text, start }] of words.entries()) {
    const before = words[index - 1]?.text;
    const told = (before === undefined ? undefined : carriedBy(before, text, programs)) ?? carriedBy(undefined, text, programs);
    const region = told === undefined ? undefined : secretIn(line, start + told.start, start + text.length, told.rule);
    if (region !== undefined && told !== undefined && region.start < region.end) found({ region, rule: told.rule.name });
  }
}
