// Narrowing records by what they say. A filter names the field of its name in the events that have it; a record whose
// event lacks it does not match.
import { isUtf8 } from 'node:buffer';
import { isNestedWithin } from '../event/json.js';
import { momentMs } from '../event/moment.js';
import type { FilterName, Filters } from './message.js';

/** `unreadable`: nothing rules the line out, and it cannot be read to the end, or is nested deeper than any record. */
export type Examined = 'match' | 'miss' | 'unreadable';

/** Levels of maps and arrays in a line: more than any record has, whose event is its second and may have 32. */
const lineDepthMax = 64;

// `{"seq":N,"ts":"` with the longest N ends before here.
const tsStartMax = 32;
const tsChars = 24;
const tsPrefix = Buffer.from('"ts":"');

/** Decides about one line after the other. */
export class RecordFilter {
  readonly #equal: readonly (readonly [FilterName, string])[];
  // What a matching line must hold somewhere, spelled as the log spells it: rules most lines out without parsing them.
  readonly #traces: readonly Buffer[];
  readonly #since: number | undefined;
  readonly #until: number | undefined;

  /** `since` and `until` MUST be RFC 3339. */
  constructor(filters: Filters) {
    const { since, until, ...equal } = filters;
    this.#equal = Object.entries(equal).filter((named): named is [FilterName, string] => named[1] !== undefined);
    this.#traces = this.#equal.map(([name, value]) => Buffer.from(`"${name}":${JSON.stringify(value)}`));
    this.#since = since === undefined ? undefined : momentMs(since);
    this.#until = until === undefined ? undefined : momentMs(until);
  }

  /** Whether everything matches. */
  get isEmpty(): boolean {
    return this.#equal.length === 0 && this.#since === undefined && this.#until === undefined;
  }

  /** Whether a record's line, without its LF, matches; a line that is not JSON does not. */
  matches(line: Buffer): boolean {
    return this.isEmpty || this.examine(line) === 'match';
  }

  /** As `matches`; but every line that is not ruled out is read, whatever the filter asks. */
  examine(line: Buffer): Examined {
    for (const trace of this.#traces) if (!line.includes(trace)) return 'miss';
    if (!this.#isInTime(line)) return 'miss';
    const record = parse(line);
    if (record === undefined) return 'unreadable';
    return this.#equal.every(([name, value]) => holds(record, name, value)) ? 'match' : 'miss';
  }

  // The time stands near the line's beginning in a text of fixed length, so no line is parsed for it.
  #isInTime(line: Buffer): boolean {
    if (this.#since === undefined && this.#until === undefined) return true;
    const at = line.indexOf(tsPrefix);
    if (at < 0 || at > tsStartMax) return false;
    const start = at + tsPrefix.length;
    const ts = Date.parse(line.toString('latin1', start, start + tsChars));
    return !(this.#since !== undefined && !(ts >= this.#since)) && !(this.#until !== undefined && !(ts < this.#until));
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function parse(line: Buffer): Fields | undefined {
  // Decoding would put U+FFFD for what is not UTF-8, and two lines would be one.
  if (!isUtf8(line)) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return isFields(value) && isNestedWithin(value, lineDepthMax) ? value : undefined;
  } catch {
    return undefined;
  }
}

function holds(record: Fields, name: FilterName, value: string): boolean {
  if (name === 'profile' || name === 'kind') return record[name] === value;
  const { event } = record;
  if (!isFields(event)) return false;
  if (Object.hasOwn(event, name)) return event[name] === value;
  // tryaudex wraps the event proper in an envelope.
  const inner = record['profile'] === 'tryaudex' ? event['event'] : undefined;
  return isFields(inner) && Object.hasOwn(inner, name) && inner[name] === value;
}
