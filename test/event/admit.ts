// The catalogue as tests use it: with a clock that stands and one UUID, and events given as JSON text.
import { expect } from 'vitest';
import { type Admitted, catalogue } from '../../src/event/catalogue.js';
import type { JsonMap, JsonObject, JsonValue } from '../../src/event/json.js';
import { JsonMap as ExactMap, jsonText } from '../../src/event/json.js';
import { jsonTextOf } from '../../src/event/pass.js';
import { parseJson } from '../../src/event/parse.js';
import { assignedNow, assignedUuid } from './known.js';

const mint = { now: () => assignedNow, uuid: () => assignedUuid };
const strict = catalogue({ unknownKinds: 'reject', ...mint });
const open = catalogue({ unknownKinds: 'accept', ...mint });

export function admit(profile: string, event: JsonObject | JsonMap, unknownKinds: 'reject' | 'accept' = 'reject'): Admitted {
  const found = (unknownKinds === 'accept' ? open : strict).get(profile);
  if (found === undefined) throw new Error(`no profile ${profile}`);
  const admitted = found.admit(event);
  // Whatever is admitted or not in any test: where the quick look passes an event, it is recorded as it was sent.
  const kind = passed(profile, event, unknownKinds);
  if (kind !== undefined) expect({ kind, text: jsonText(event) }).toEqual(recorded(admitted));
  return admitted;
}

/** The kind that the quick look finds, if it passes the event; of what no client can send (NaN, an infinity) it is not asked. */
export function passed(profile: string, event: JsonObject | JsonMap, unknownKinds: 'reject' | 'accept' = 'reject'): string | undefined {
  const found = (unknownKinds === 'accept' ? open : strict).get(profile);
  return isFinite(event) ? found?.pass(jsonTextOf(jsonText(event))) : undefined;
}

function isFinite(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  const held: Iterable<JsonValue> = value instanceof Map ? value.values() : Object.values(value as JsonObject);
  for (const one of held) if (!isFinite(one)) return false;
  return true;
}

export function eventOf(text: string): JsonObject {
  return parseJson(text) as JsonObject;
}

/** What is recorded: kind and text; of what is refused, the violation as text. */
export function recorded(admitted: Admitted): { readonly kind: string; readonly text: string } {
  return admitted.ok
    ? { kind: admitted.kind, text: jsonText(admitted.event) }
    : { kind: 'refused', text: `${admitted.violation.path}: ${admitted.violation.message}` };
}

/** The same value with every map a `JsonMap`, as an event arrives that has keys a plain object would not keep. */
export function exact(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(exact);
  if (typeof value !== 'object' || value === null) return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value as JsonObject);
  return new ExactMap(entries.map(([key, held]) => [key, exact(held)]));
}

