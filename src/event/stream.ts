// One source system's events as the catalogue declares them: the profile's name, the shape of its events, and where in
// them their kind stands.
import { type JsonMap, type JsonObject, isJsonMapping } from './json.js';
import { type JsonText, passText, passValue, quote, startsWith, textAt } from './pass.js';
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

/** Kinds up to this long are remembered, bytes. */
const knownKindBytes = 128;

/** Finds the same in the JSON text of events that their type has passed. */
export function kindFinder({ kindAt }: Stream): (json: JsonText) => string | undefined {
  const keys = kindAt.map((key) => Buffer.from(`${JSON.stringify(key)}:`));
  // That of the event before: nearly every one has the same, and then it is not made again.
  let last = { kind: '', bytes: Buffer.from('""') };
  return (json) => {
    let at = json.from;
    for (const key of keys) {
      at = valueAt(json, at, key);
      if (at < 0) return undefined;
    }
    if (startsWith(json.bytes, at, last.bytes)) return last.kind;
    const kind = textAt(json, at);
    const end = passText(json, at);
    if (kind !== undefined && end - at <= knownKindBytes) last = { kind, bytes: Buffer.from(json.bytes.subarray(at, end)) };
    return kind;
  };
}

/** Where the value behind `key`, a quoted name with its colon, begins in the map that begins at `at`; -1 where there is none. */
function valueAt(json: JsonText, at: number, key: Buffer): number {
  for (let from = at + 1; json.bytes[from] === quote; from += 1) {
    if (startsWith(json.bytes, from, key)) return from + key.length;
    from = passValue(json, passText(json, from) + 1);
  }
  return -1;
}
