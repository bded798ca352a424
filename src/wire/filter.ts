// Narrowing records by what they say. A filter names the field of its name in the events that have it; a record whose
// event lacks it does not match.
import type { FilterName, Filters } from './message.js';

/** Decides about one line after the other. */
export class RecordFilter {
  readonly #equal: readonly (readonly [FilterName, string])[];
  // What a matching line must hold somewhere, spelled as the log spells it: rules most lines out without parsing them.
  readonly #traces: readonly Buffer[];
  readonly #since: number | undefined;
  readonly #until: number | undefined;

  constructor(filters: Filters) {
    const { since, until, ...equal } = filters;
    this.#equal = Object.entries(equal) as [FilterName, string][];
    this.#traces = this.#equal.map(([, value]) => Buffer.from(JSON.stringify(value)));
    this.#since = since === undefined ? undefined : Date.parse(since.toUpperCase());
    this.#until = until === undefined ? undefined : Date.parse(until.toUpperCase());
  }

  /** Whether everything matches. */
  get isEmpty(): boolean {
    return this.#equal.length === 0 && this.#since === undefined && this.#until === undefined;
  }

  /** Whether a record's line, without its LF, matches; a line that is not JSON does not. */
  matches(line: Buffer): boolean {
    if (this.isEmpty) return true;
    if (this.#traces.some((trace) => !line.includes(trace))) return false;
    const record = parse(line);
    if (record === undefined) return false;
    const ts = typeof record['ts'] === 'string' ? Date.parse(record['ts']) : Number.NaN;
    if (this.#since !== undefined && !(ts >= this.#since)) return false;
    if (this.#until !== undefined && !(ts < this.#until)) return false;
    return this.#equal.every(([name, value]) => holds(record, name, value));
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function parse(line: Buffer): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return isFields(value) ? value : undefined;
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
