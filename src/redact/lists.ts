// Arguments as a list inside a text, `["docker", "login", "-p", "…"]`: of a program, a log line, a manifest. Invariant: an item
// has no quote and no escape in it, and from one quote to the next each character is read a bounded number of times.
import type { LineSecret } from './command.js';
import { carriedIn } from './invocation.js';
import { carriedBy, programOf, programsOf, programWithin } from './programs.js';
import { pastAt } from './sticky.js';

/** Items of a list that are read. */
const itemsMax = 64;
const opening = /\\{0,8}["']/g;
const item = /(\\{0,8}["'])([^"'\\\r\n]{0,512})\1/y;
const comma = /\s{0,16}(?:\\{1,4}[nrt]\s{0,16}){0,2},\s{0,32}(?:\\{1,4}[nrt]\s{0,32}){0,2}(?=\\{0,8}["'])/y;
/** What may stand before the program: what runs another. */
const runner = /^(?:sudo|doas|env|nohup|exec|time|timeout|nice|-[\w-]{1,32}|[A-Za-z_]\w{0,64}=.*|\d{1,6}[smh]?)$/;
/** An option of those that the next word may be the value of. */
const valued = /^-[A-Za-z]$/;
const container = /^(?:docker|podman|nerdctl|docker-compose|kubectl|oc)$/;

interface Item {
  readonly text: string;
  readonly start: number;
}

/** Calls `found` with each secret that a program's options carry in a list of a text, until it returns false. */
export function findInLists(text: string, found: (secret: LineSecret) => boolean): void {
  opening.lastIndex = 0;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const [items, end] = listAt(text, match.index);
    if (items.length > 1 && !findInList(text, items, found)) return;
    if (end > match.index) opening.lastIndex = end;
  }
}

/** The items of the list that begins at `start`, and where the last of them ends. */
function listAt(text: string, start: number): readonly [readonly Item[], number] {
  const items: Item[] = [];
  let end = start;
  for (let index = start; items.length < itemsMax; index = pastAt(comma, text, end)) {
    if (items.length > 0 && index === end) break;
    item.lastIndex = index;
    const [whole, quote = '', inner = ''] = item.exec(text) ?? [];
    if (whole === undefined) break;
    items.push({ text: inner, start: index + quote.length });
    end = index + whole.length;
  }
  return [items, end];
}

function findInList(text: string, items: readonly Item[], found: (secret: LineSecret) => boolean): boolean {
  const words = items.map((one) => one.text);
  const programs = programsOf(words).filter(({ names }) => isRun(words, words.findIndex((word) => names.test(programOf(word)))));
  if (programs.length === 0) return true;
  for (const [index, { text: argument, start }] of items.entries()) {
    const before = index === 0 ? '' : words[index - 1] ?? '';
    const byOption = before.startsWith('-') && !before.includes('=') ? carriedBy(before, argument, programs) : undefined;
    const told = byOption ?? (index > 0 && argument.startsWith('-') ? carriedBy(undefined, argument, programs) : undefined);
    const secret = told === undefined ? undefined : carriedIn(text, start + told.start, argument.slice(told.start), told.rule);
    if (secret !== undefined && !found(secret)) return false;
  }
  return true;
}

/** Whether the word at `index` is what the list runs. */
function isRun(words: readonly string[], index: number): boolean {
  if (index < 0 || index >= programWithin) return false;
  const before = words.slice(0, index);
  return before.every((word, at) => runner.test(word) || valued.test(before[at - 1] ?? '')) || (container.test(programOf(words[0] ?? '')) && before.includes('exec'));
}
