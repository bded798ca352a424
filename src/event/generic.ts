// The profile `generic`, for whoever has no audit format yet. Its fields are checked and no value is changed: known
// fields come first, in their order here, then the unknown ones as they were sent.
import type { Profile } from './catalogue.js';
import type { JsonObject, JsonValue } from './json.js';
import { JsonMap, isJsonMapping } from './json.js';
import type { Violation } from './violation.js';

/** Something that was done: what, by whom, to what, and how it ended. */
export interface GenericEvent {
  /** What was done; it becomes the record's `kind`. */
  readonly action: string;
  readonly outcome?: 'success' | 'failure' | 'denied' | null;
  readonly actor?: string | null;
  /** What it was done to. */
  readonly resource?: string | null;
  readonly session_id?: string | null;
  /** Anything else worth keeping. */
  readonly detail?: unknown;
  /** Milliseconds, whole, up to 64 bits. */
  readonly duration_ms?: number | bigint | null;
}

/** How one field is checked: undefined if it is right, else what was expected. */
type Check = (value: JsonValue) => string | undefined;

const outcomes: readonly JsonValue[] = ['success', 'failure', 'denied'];
const u64Max = 2n ** 64n - 1n;

const isText: Check = (value) => (typeof value === 'string' ? undefined : 'a string');

const isU64: Check = (value) => {
  const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  return whole && value >= 0 && value <= u64Max ? undefined : 'a whole number from 0 to 2^64-1';
};

const optional: Readonly<Record<string, Check>> = {
  outcome: (value) => (outcomes.includes(value) ? undefined : 'one of success, failure, denied'),
  actor: isText,
  resource: isText,
  session_id: isText,
  duration_ms: isU64,
};

function fieldOf(event: JsonObject | JsonMap, name: string): JsonValue | undefined {
  if (event instanceof Map) return event.get(name);
  return Object.hasOwn(event, name) ? event[name] : undefined;
}

function describe(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (isJsonMapping(value)) return 'a map';
  return typeof value === 'object' ? 'an array' : String(value);
}

function check(event: JsonObject | JsonMap): Violation | undefined {
  const action = fieldOf(event, 'action');
  if (action === undefined) return { path: '/action', message: 'missing; expected a string that says what was done' };
  if (typeof action !== 'string') return { path: '/action', message: `expected a string, found ${describe(action)}` };
  if (action === '') return { path: '/action', message: 'expected a string that says what was done, found ""' };
  for (const [name, isRight] of Object.entries(optional)) {
    const value = fieldOf(event, name);
    const expected = value === undefined || value === null ? undefined : isRight(value);
    if (value !== undefined && expected !== undefined) {
      return { path: `/${name}`, message: `expected ${expected}, found ${describe(value)}` };
    }
  }
  return undefined;
}

const known = ['action', 'outcome', 'actor', 'resource', 'session_id', 'detail', 'duration_ms'];

/** Known fields first. What only a `JsonMap` could hold as sent stays in one. */
function ordered(event: JsonObject | JsonMap): JsonObject | JsonMap {
  const entries = event instanceof Map ? [...event] : Object.entries(event);
  const sorted = [
    ...known.flatMap((name) => entries.filter(([key]) => key === name)),
    ...entries.filter(([key]) => !known.includes(key)),
  ];
  return event instanceof Map ? new JsonMap(sorted) : Object.fromEntries(sorted);
}

/** Whether the keys stand in their order already, as nearly every client sends them: then nothing is moved. */
function isOrdered(event: JsonObject | JsonMap): boolean {
  let last = -1;
  for (const key of event instanceof Map ? event.keys() : Object.keys(event)) {
    const at = known.indexOf(key);
    const place = at < 0 ? known.length : at;
    if (place < last) return false;
    last = place;
  }
  return true;
}

export const generic: Profile = {
  name: 'generic',
  admit(event) {
    const violation = check(event);
    return violation === undefined
      ? { ok: true, kind: String(fieldOf(event, 'action')), event: isOrdered(event) ? event : ordered(event) }
      : { ok: false, violation };
  },
};
