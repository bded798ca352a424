// One record as a line for people. Whatever stands in it was chosen by whoever sent it, so nothing of it reaches a
// terminal unescaped.
import type { JsonValue } from '../event/json.js';
import { isNestedWithin, jsonText } from '../event/json.js';
import { parseJson } from '../event/parse.js';
import { printable } from '../event/printable.js';
import type { Paint } from './terminal.js';

/** Characters of an event's text shown; the rest is one `--json` away. */
const detailCharsMax = 240;
/** Levels of a value shown: more than an event may have. */
const levelsMax = 64;

interface Shown {
  readonly seq?: unknown;
  readonly ts?: unknown;
  readonly profile?: unknown;
  readonly kind?: unknown;
  readonly source?: { readonly listener?: unknown; readonly pid?: unknown; readonly uid?: unknown } | null;
  readonly event?: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> | null;
}

/** `time  seq  profile kind  fields of the event  who`. A line that is not JSON is shown as what it is. */
export function showRecord(line: string, paint: Paint): string {
  let record: Shown;
  try {
    record = parseJson(line) as Shown;
  } catch {
    return paint('red', `not a record: ${printable(line.slice(0, detailCharsMax))}`);
  }
  const { seq, ts, profile, kind, source, event } = record;
  const who = source?.listener === 'self' ? 'the log itself' : `uid ${text(source?.uid)} pid ${text(source?.pid)} by ${text(source?.listener)}`;
  const name = paint(profile === 'indelible' ? 'dim' : 'cyan', `${text(profile)} ${text(kind)}`);
  return `${paint('dim', text(ts))} ${paint('bold', text(seq).padStart(6))} ${name} ${outcomeOf(event, paint)}${fieldsOf(event)} ${paint('dim', `(${who})`)}`;
}

function outcomeOf(event: Shown['event'], paint: Paint): string {
  const outcome = fieldsIn(event).find(([name]) => name === 'outcome')?.[1];
  if (typeof outcome !== 'string') return '';
  const colour = outcome === 'success' ? 'green' : outcome === 'denied' ? 'yellow' : 'red';
  return `${paint(colour, printable(outcome))} `;
}

function fieldsIn(event: Shown['event']): readonly (readonly [string, unknown])[] {
  return event instanceof Map ? [...event] : Object.entries(event ?? {});
}

function fieldsOf(event: Shown['event']): string {
  const shown = fieldsIn(event)
    .filter(([name, value]) => name !== 'action' && name !== 'outcome' && value !== null)
    .map(([name, value]) => `${printable(name)}=${text(value)}`)
    .join(' ');
  return shown.length > detailCharsMax ? `${shown.slice(0, detailCharsMax)}…` : shown;
}

function text(value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'string') return printable(value);
  // What is sent us may have been put into a log by hand, and deeper than a stack is.
  return isNestedWithin(value, levelsMax) ? printable(jsonText(value as JsonValue)) : '…';
}
