// One source system's events as the catalogue declares them: the profile's name, the shape of its events, and where in
// them their kind stands.
import { type JsonMap, type JsonObject, isJsonMapping } from './json.js';
import { passText, passValue, quote, textAt } from './pass.js';
import { fieldOf } from './shape.js';
import type { Type } from './type.js';

/** A profile as it is declared. `T` is what a TypeScript caller may pass as its events. */
export interface Stream<Name extends string = string, T = unknown> {
  readonly name: Name;
  readonly type: Type<T, JsonObject | JsonMap>;
  /** The keys that lead to the kind. */
  readonly kindAt: readonly string[];
  /** The kinds there are; undefined where the source chooses its own. */
  readonly kinds: readonly string[] | undefined;
}

/** The text of an event's kind; undefined when there is none. */
export function kindOf(stream: Stream, event: JsonObject | JsonMap): string | undefined {
  let map = event;
  for (const [depth, key] of stream.kindAt.entries()) {
    const value = fieldOf(map, key);
    if (depth === stream.kindAt.length - 1) return typeof value === 'string' ? value : undefined;
    if (!isJsonMapping(value)) return undefined;
    map = value;
  }
  return undefined;
}

/** The same, from the JSON text of an event that its type has passed. */
export function kindIn(stream: Stream, json: Buffer): string | undefined {
  let at = 0;
  for (const key of stream.kindAt) {
    at = valueAt(json, at, key);
    if (at < 0) return undefined;
  }
  return textAt(json, at);
}

/** Where the value under a key begins in the map that begins at `at`; -1 where there is none. */
function valueAt(json: Buffer, at: number, key: string): number {
  for (let from = at + 1; json[from] === quote; from += 1) {
    const end = passText(json, from);
    if (end - from === key.length + 2 && json.toString('latin1', from + 1, end - 1) === key) return end + 1;
    from = passValue(json, end + 1);
  }
  return -1;
}
