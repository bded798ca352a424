// One record as a line for people. Whatever stands in it was chosen by whoever sent it, so nothing of it reaches a
// terminal unescaped, nor looks like a part of the line that it is not.
import { streams } from '../event/catalogue.js';
import { cell, columnsOf, nameColumnsMax } from '../event/cell.js';
import { parseJson } from '../event/parse.js';
import { printable } from '../event/printable.js';
import type { Colour, Paint } from './terminal.js';

/** Columns of an event's fields shown where nobody says how wide the terminal is; the rest is one `--json` away. */
const fieldsColumnsMax = 240;
/** As many are shown also on a narrow terminal: enough to say something, too few for what looks like a whole record. */
const fieldsColumnsMin = 40;

/** Columns of what says that something was cut. */
const cutColumns = 3;
/** Where not all fits, no field has more columns than another that is cut; with fewer than these none says anything. */
const valueColumnsMin = 12;

/** The field that says what a profile's kind says: it is not shown twice. */
const kindFields = new Map<unknown, string | undefined>(streams.map(({ name: profile, kindAt }) => (
  [profile, kindAt.length === 1 ? kindAt[0] : undefined])));

interface Shown {
  readonly seq?: unknown;
  readonly ts?: unknown;
  readonly profile?: unknown;
  readonly kind?: unknown;
  readonly source?: { readonly listener?: unknown; readonly pid?: unknown; readonly uid?: unknown } | null;
  readonly event?: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> | null;
}

/**
 * `time  seq  profile kind  outcome  fields of the event  who`, in a terminal's `columns` as far as that leaves room for the
 * fields. A line that is not JSON is shown as what it is.
 */
export function showRecord(line: string, paint: Paint, columns = Number.POSITIVE_INFINITY): string {
  let record: Shown;
  try {
    record = parseJson(line) as Shown;
  } catch {
    return paint('red', `not a record: ${printable(line.slice(0, fieldsColumnsMax))}`);
  }
  const { seq, ts, profile, kind, source, event } = record;
  const who = source?.listener === 'self' ? '(the log itself)'
    : `(uid ${name(source?.uid)} pid ${name(source?.pid)} by ${name(source?.listener)})`;
  const fields = fieldsIn(event).filter(([field, value]) => field !== kindFields.get(profile) && value !== null);
  const parts: (readonly [Colour | undefined, string])[] = [
    ['dim', name(ts)], ['bold', name(seq).padStart(6)], [profile === 'indelible' ? 'dim' : 'cyan', `${name(profile)} ${name(kind)}`],
  ];
  const outcome = fields.find(([field]) => field === 'outcome')?.[1];
  if (typeof outcome === 'string') parts.push([outcome === 'success' ? 'green' : outcome === 'denied' ? 'yellow' : 'red', name(outcome)]);
  const taken = parts.reduce((sum, [, text]) => sum + columnsOf(text) + 1, 0) + columnsOf(who) + 1;
  const room = Math.min(Math.max(columns - taken - cutColumns, fieldsColumnsMin), fieldsColumnsMax);
  parts.push([undefined, fieldsText(fields.filter(([field]) => field !== 'outcome'), room)], ['dim', who]);
  return parts.filter(([, text]) => text !== '').map(([colour, text]) => (colour === undefined ? text : paint(colour, text))).join(' ');
}

function fieldsIn(event: Shown['event']): readonly (readonly [string, unknown])[] {
  return event instanceof Map ? [...event] : Object.entries(event ?? {});
}

/** `name=value name=value`, and an `…` for what they take more than `columnsMax`: of each something before all of any. */
function fieldsText(fields: readonly (readonly [string, unknown])[], columnsMax: number): string {
  let text = '';
  let left = columnsMax;
  const share = shareColumns(fields, columnsMax);
  for (const [field, value] of fields) {
    const start = `${text === '' ? '' : ' '}${name(field)}=`;
    left -= columnsOf(start);
    if (left < 1) return text === '' ? '…' : text.endsWith('…') ? text : `${text} …`;
    const shown = cell(value, Math.min(left, share));
    text += start + shown;
    left -= columnsOf(shown);
  }
  return text;
}

/** The most columns of one value with which all fit, or `columnsMax` where even few are too many. */
function shareColumns(fields: readonly (readonly [string, unknown])[], columnsMax: number): number {
  let room = columnsMax;
  const widths: number[] = [];
  for (const [field, value] of fields) {
    room -= columnsOf(name(field)) + 2;
    if (room < 0) return columnsMax;
    widths.push(columnsOf(cell(value, columnsMax)));
  }
  for (let share = columnsMax; share >= valueColumnsMin; share -= 1) {
    if (widths.reduce((sum, width) => sum + Math.min(width, share + cutColumns), 0) <= room) return share;
  }
  return columnsMax;
}

function name(value: unknown): string {
  return cell(value, nameColumnsMax);
}
