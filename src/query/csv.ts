/**
 * Records as rows of a table, RFC 4180. Invariant: a row has the columns of the header, however hostile the record, and no
 * cell that a spreadsheet would run: one that begins like a formula gets an apostrophe in front.
 */
import { printable } from '../event/printable.js';
import { memberSpan } from './json-bytes.js';

const columns = ['seq', 'ts', 'profile', 'kind', 'listener', 'pid', 'uid', 'gid', 'outcome', 'id', 'event'] as const;

/** What makes a spreadsheet run a cell; tab and CR, because some skip them first. */
const formulaForm = /^[=+\-@\t\r]/;
const toBeQuotedForm = /[",\r\n]/;
/** Invisible characters beyond the 16-bit ones, which `printable` writes in a way that JSON does not know. */
const tagsForm = /[\u{e0000}-\u{e007f}]/gu;

/** What a CSV row ends in, behind which a writer sets its LF. */
const rowEnd = '\r';

interface Row {
  readonly [name: string]: unknown;
  readonly source?: Readonly<Record<string, unknown>> | null;
  readonly event?: Readonly<Record<string, unknown>> | null;
}

/** The first row, with its CR. */
export function csvHeader(): string {
  return columns.join(',') + rowEnd;
}

/** A sound record as a row, with its CR and without its LF. */
export function csvRow(line: Buffer): string {
  const { seq, ts, profile, kind, source, event, id } = JSON.parse(line.toString('utf8')) as Row;
  const cells = [
    seq, ts, profile, kind, source?.['listener'], source?.['pid'], source?.['uid'], source?.['gid'], event?.['outcome'], id,
  ].map((value) => (value === undefined || value === null ? '' : csvCell(printable(typeof value === 'string' ? value : JSON.stringify(value)))));
  return [...cells, csvCell(eventText(line))].join(',') + rowEnd;
}

/** The event's own text: its digits and its keys as recorded. What would not be seen is escaped, as JSON escapes it. */
function eventText(line: Buffer): string {
  const span = memberSpan(line, 'event');
  const text = span === undefined ? '' : line.toString('utf8', span.start, span.end);
  const units = (character: string): string => [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16)}`).join('');
  return printable(text.replace(tagsForm, units));
}

/** One cell, safe and quoted where it must be. */
export function csvCell(text: string): string {
  const safe = formulaForm.test(text) ? `'${text}` : text;
  return toBeQuotedForm.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
