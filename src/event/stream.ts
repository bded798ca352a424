// One source system's events as the catalogue declares them: the profile's name, the shape of its events, and where in
// them their kind stands.
import { type JsonMap, type JsonObject, isJsonMapping } from './json.js';
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
