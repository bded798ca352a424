// A map with known fields: checks them, completes them, puts them in their order. Invariants: known fields come first,
// in the order they are declared in, then the unknown ones as they were sent; a map that is already so is not copied;
// only a map's own entries count as its fields.
import { type Field, type FieldValues, type Fields, fieldLabel } from './field.js';
import { JsonMap, type JsonObject, type JsonValue, isJsonMapping, isTrapKey } from './json.js';
import { type JsonText, closeBrace, comma, openBrace, passText, passValue, startsWith, textAt } from './pass.js';
import type { Mint, Type } from './type.js';
import { Violation, aMap } from './violation.js';

type Mapping = JsonObject | JsonMap;

/** A field and its name, with what the quick look asks for. */
interface Slot {
  readonly name: string;
  /** The name in JSON text, with the colon. */
  readonly key: Buffer;
  readonly field: Field<unknown>;
  /** A record without it lacks nothing. */
  readonly mayLack: boolean;
  /** Null is recorded as null. */
  readonly isNullKept: boolean;
}

/** A map's own entry, never an inherited one. */
export function fieldOf(event: Mapping, name: string): JsonValue | undefined {
  if (event instanceof Map) return event.get(name);
  return Object.hasOwn(event, name) ? event[name] : undefined;
}

/** The type of a map of these fields. */
export class Shape<F extends Fields> implements Type<FieldValues<F>, Mapping> {
  readonly fields: F;
  readonly expected = aMap;
  declare readonly value?: FieldValues<F>;
  readonly #slots: readonly Slot[];
  readonly #names: ReadonlySet<string>;

  constructor(fields: F) {
    this.fields = fields;
    this.#names = new Set(Object.keys(fields));
    this.#slots = Object.entries(fields).map(([name, field]) => {
      const { absence, presence } = field;
      const { kind } = absence;
      const isNullKept = presence === 'nullable' && (kind === 'kept' || (kind === 'filled' && absence.label === 'null'));
      const key = Buffer.from(`${JSON.stringify(name)}:`);
      return { name, key, field, mayLack: kind === 'omitted' || kind === 'kept', isNullKept };
    });
  }

  get label(): string {
    return `{ ${Object.entries(this.fields).map(([name, field]) => fieldLabel(name, field)).join(' · ')} }`;
  }

  take(value: JsonValue, mint: Mint): Mapping | Violation {
    if (!isJsonMapping(value)) return Violation.unexpected(this.expected, value);
    const completed = this.#completed(value, mint);
    return completed instanceof Violation || !isSame(completed, value) ? completed : value;
  }

  /** Of a map that has just the keys that the record will have, in their order. So it is with what most clients send. */
  pass(json: JsonText, at: number): number {
    const { bytes } = json;
    if (bytes[at] !== openBrace) return -1;
    const slots = this.#slots;
    let next = 0;
    let end = at + 1;
    while (bytes[end] !== closeBrace) {
      if (bytes[end] === comma) end += 1;
      let slot = slots[next];
      while (slot?.mayLack === true && !startsWith(bytes, end, slot.key)) slot = slots[++next];
      if (slot === undefined) {
        end = this.#passUnknown(json, end);
      } else {
        if (!startsWith(bytes, end, slot.key)) return -1;
        next += 1;
        end = passField(slot, json, end + slot.key.length);
      }
      if (end < 0) return -1;
    }
    for (; next < slots.length; next += 1) if (slots[next]?.mayLack !== true) return -1;
    return end + 1;
  }

  /** An unknown field; but a known one this far back is out of its order. */
  #passUnknown(json: JsonText, at: number): number {
    const name = textAt(json, at);
    return name === undefined || this.#names.has(name) ? -1 : passValue(json, passText(json, at) + 1);
  }

  #completed(event: Mapping, mint: Mint): Mapping | Violation {
    const known: Record<string, JsonValue> = {};
    for (const { name, field } of this.#slots) {
      const sent = fieldOf(event, name);
      const isAbsent = sent === undefined || (sent === null && field.presence === 'nullable');
      const taken = isAbsent ? absent(field, sent, mint) : field.type.take(sent, mint);
      if (taken instanceof Violation) return taken.within(name);
      if (taken !== undefined) known[name] = taken;
    }
    const unknown = (event instanceof Map ? [...event] : Object.entries(event)).filter(([name]) => !this.#names.has(name));
    if (event instanceof Map || unknown.some(([name]) => isTrapKey(name))) {
      return new JsonMap([...Object.entries(known), ...unknown]);
    }
    for (const [name, value] of unknown) known[name] = value;
    return known;
  }
}

function passField({ field: { type, presence }, isNullKept }: Slot, json: JsonText, at: number): number {
  // No other value begins with an n.
  if (json.bytes[at] === 0x6e && presence === 'nullable') return isNullKept ? at + 'null'.length : -1;
  return type.pass(json, at);
}

/** Whether two maps have the same entries in the same order. */
function isSame(one: Mapping, other: Mapping): boolean {
  const [entries, others] = [one, other].map((map) => (map instanceof Map ? [...map] : Object.entries(map)));
  return entries?.length === others?.length
    && entries?.every(([key, value], i) => key === others?.[i]?.[0] && value === others[i][1]) === true;
}

/** What stands where nothing or null was sent; undefined for no key at all. */
function absent({ type, absence }: Field<unknown>, sent: null | undefined, mint: Mint): JsonValue | undefined | Violation {
  switch (absence.kind) {
    case 'refused': return Violation.unexpected(type.expected, sent);
    case 'filled': return absence.value(mint);
    case 'omitted': return undefined;
    case 'kept': return sent;
    default: return absence satisfies never;
  }
}
