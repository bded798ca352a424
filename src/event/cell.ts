/**
 * A value from a log as one cell of a line for people. Invariant: a blank, `=` or a bracket of its own stands within quotes,
 * which are closed also where it is cut, so that whoever chose the value cannot make it look like another cell or line.
 */
import type { JsonValue } from './json.js';
import { isNestedWithin, jsonText } from './json.js';
import { printable } from './printable.js';

/** Columns for a name, such as a record's kind. */
export const nameColumnsMax = 48;
/** Text that needs no quotes: printing ASCII, without blanks and what a line of cells is put together with, and not `-` alone. */
const wordForm = /^(?!-$)[!#-&*-<>-[\]-~]+$/;
/** A word that is a value other than text, but for lists and maps. */
const literalForm = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)$/;
/** Text of which each character takes one column. */
const narrowForm = /^[\x20-\x7e]*$/;
/** Levels of a value shown: more than an event may have. */
const levelsMax = 64;
/** What MUST NOT be cut in the middle: an escape of `printable` or of JSON, or a character. */
const pieceForm = /\\u\{[^}]*\}|\\u[0-9a-f]{4}|\\.|./gsu;

/**
 * The value: a plain word as it is, anything else as JSON; `-` for none. A word that would be JSON itself is in quotes, as
 * `"5"`. At most `columnsMax` wide, and where it was cut a closing quote and an `…` besides.
 */
export function cell(value: unknown, columnsMax: number): string {
  if (value === undefined) return '-';
  if (typeof value === 'number') return cut(String(value), columnsMax);
  if (typeof value === 'string' && wordForm.test(value) && !isOtherValue(value)) return cut(value, columnsMax);
  // What is sent us may have been put into a log by hand, and deeper than a stack is.
  return isNestedWithin(value, levelsMax) ? cut(printable(jsonText(value as JsonValue)), columnsMax) : '…';
}

function isOtherValue(word: string): boolean {
  if (literalForm.test(word)) return true;
  if (!/^[[{]/.test(word)) return false;
  try {
    JSON.parse(word);
    return true;
  } catch {
    return false;
  }
}

/** Terminal columns that a text takes at most: two for a character beyond ASCII. */
export function columnsOf(text: string): number {
  if (narrowForm.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += character > '\u007f' ? 2 : 1;
  return columns;
}

function cut(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text;
  let end = 0;
  let columns = 0;
  let isQuoted = false;
  for (const [piece] of text.matchAll(pieceForm)) {
    columns += columnsOf(piece);
    if (columns > columnsMax) break;
    if (piece === '"') isQuoted = !isQuoted;
    end += piece.length;
  }
  return `${text.slice(0, end)}${isQuoted ? '"' : ''}…`;
}
