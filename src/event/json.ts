// The values an event is made of, and their exact JSON text. Invariant: what was sent is what is written, digit for
// digit and key for key, also where a plain JavaScript value would lose it (integers beyond 2^53, re-ordered keys).

/** What an event may hold: JSON's values, integers of 64 bits with every digit, and maps with any key. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject | JsonMap;

/** A map whose keys a plain object keeps as they were sent. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * A map whose keys a plain object could not keep as sent: integer-like keys, which JavaScript moves to the front, or
 * `__proto__`, which it swallows. `JSON.stringify` alone would write it as `{}`; so it throws here, and `jsonText`
 * takes the exact way instead.
 */
export class JsonMap extends Map<string, JsonValue> {
  /** Never gives a value: it stops a native `JSON.stringify` that would silently lose the entries. */
  toJSON(): never {
    throw needsExactText;
  }
}

// One error for all: where the trace leads is of no interest, and making one costs more than the text.
const needsExactText = new TypeError('a JsonMap is written by jsonText only');

/** Whether a value is a map of either kind, and so may stand where an object is wanted. */
export function isJsonMapping(value: JsonValue | undefined): value is JsonObject | JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is an array; `Array.isArray` does not narrow a readonly one out of a union. */
export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Whether maps and arrays in a value are at most so many levels deep, its own one counted; what is deeper is not looked at. */
export function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  const inside: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  for (const held of inside) if (!isNestedWithin(held, levels - 1)) return false;
  return true;
}

/** Whether an object with this key would re-order it or swallow it, so that only a `JsonMap` holds it as sent. */
export function isTrapKey(key: string): boolean {
  return key === '__proto__' || /^[0-9]{1,10}$/.test(key);
}

/**
 * The exact ECMAScript JSON text of a value, without spaces: like `JSON.stringify`, and besides with every digit of
 * a bigint and with the entries of a `JsonMap` in their order.
 */
export function jsonText(value: JsonValue): string {
  try {
    // Native first: nearly every event is plain, and both exceptions (bigint, JsonMap) make it throw, never lie.
    return JSON.stringify(value);
  } catch {
    return exactText(value);
  }
}

function exactText(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isJsonArray(value)) return `[${value.map(exactText).join(',')}]`;
  const entries = value instanceof Map ? value.entries() : Object.entries(value);
  let text = '';
  for (const [key, held] of entries) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${exactText(held)}`;
  return text === '' ? '{}' : `${text}}`;
}
