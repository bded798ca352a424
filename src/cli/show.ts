// One record as a line for people. Whatever stands in it was chosen by whoever sent it, so nothing of it reaches a
// terminal unescaped, nor looks like a part of the line that it is not.
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
  const fields = fieldsIn(event);
  const parts: (readonly [Colour | undefined, string])[] = [
    ['dim', name(ts)], ['bold', name(seq).padStart(6)], [profile === 'indelible' ? 'dim' : 'cyan', `${name(profile)} ${name(kind)}`],
  ];
  const outcome = fields.find(([field]) => field === 'outcome')?.[1];
  if (typeof outcome === 'string') parts.push([outcome === 'success' ? 'green' : outcome === 'denied' ? 'yellow' : 'red', name(outcome)]);
  const taken = parts.reduce((sum, [, text]) => sum + columnsOf(text) + 1, 0) + columnsOf(who) + 1;
  const room = Math.min(Math.max(columns - taken - cutColumns, fieldsColumnsMin), fieldsColumnsMax);
  parts.push([undefined, fieldsText(fields, room)], ['dim', who]);
  return parts.filter(([, text]) => text !== '').map(([colour, text]) => (colour === undefined ? text : paint(colour, text))).join(' ');
}

function fieldsIn(event: Shown['event']): readonly (readonly [string, unknown])[] {
  return event instanceof Map ? [...event] : Object.entries(event ?? {});
}

/** `name=value name=value`, and an `…` where they take more than `columnsMax`. */
function fieldsText(fields: readonly (readonly [string, unknown])[], columnsMax: number): string {
  let text = '';
  let left = columnsMax;
  for (const [field, value] of fields) {
    if (field === 'action' || field === 'outcome' || value === null) continue;
    const start = `${text === '' ? '' : ' '}${name(field)}=`;
    left -= columnsOf(start);
    if (left < 1) return text === '' ? '…' : text.endsWith('…') ? text : `${text} …`;
    const shown = cell(value, left);
    text += start + shown;
    left -= columnsOf(shown);
  }
  return text;
}

function name(value: unknown): string {
  return cell(value, nameColumnsMax);
}
