// Where names stand in a text that announce a secret. Invariant: of each name the same characters are seen by whoever
// looks for its value, and a name is met once: what was taken for a value is passed over.
import { type NameRule, nameMarks, nameRule } from './names.js';

/** Characters of a name on each side of the word that announces a secret. */
const nameSideMax = 64;

/** By character code: 1 for what names consist of. */
const isNameChar = Uint8Array.from({ length: 128 }, (_, code) => (/[A-Za-z0-9_.-]/.test(String.fromCharCode(code)) ? 1 : 0));

function isName(text: string, at: number): boolean {
  return isNameChar[text.charCodeAt(at)] === 1;
}

/** Calls `visit` with each name, characters `start` to `end`, and its rule, until it returns -1; else that is where to go on. */
export function eachName(text: string, visit: (start: number, end: number, rule: NameRule) => number): void {
  nameMarks.lastIndex = 0;
  for (let mark = nameMarks.exec(text); mark !== null; mark = nameMarks.exec(text)) {
    let start = mark.index;
    let end = mark.index + mark[0].length;
    for (let n = 0; n < nameSideMax && start > 0 && isName(text, start - 1); n++) start--;
    if (text[start - 1] === '%' && /^[0-9A-Fa-f]{2}/.test(text.slice(start, start + 2))) start = Math.min(start + 2, mark.index);
    for (let n = 0; n < nameSideMax && end < text.length && isName(text, end); n++) end++;
    const rule = nameRule(text.slice(start, end));
    const next = rule === null ? end : visit(start, end, rule);
    if (next < 0) return;
    nameMarks.lastIndex = Math.max(end, next);
  }
}
