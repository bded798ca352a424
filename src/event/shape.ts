// A map with known fields: checks them, completes them, puts them in their order. Invariants: known fields come first,
// in the order they are declared in, then the unknown ones as they were sent; a map that is already so is not copied;
// only a map's own entries count as its fields.
import { type Field, type FieldValues, type Fields, fieldLabel } from './field.js';
import { JsonMap, type JsonObject, type JsonValue, isJsonMapping, isTrapKey } from './json.js';
import type { Mint, Type } from './type.js';
import { Violation } from './violation.js';

type Mapping = JsonObject | JsonMap;

/** A field and its name, with what the quick look asks for. */
interface Slot {
  readonly name: string;
  readonly field: Field<unknown>;
  /** A record without it lacks nothing. */
  readonly mayLack: boolean;
  /** Null is recorded as no key at all. */
  readonly isNullDropped: boolean;
}

/** A map's own entry, never an inherited one. */
export function fieldOf(event: Mapping, name: string): JsonValue | undefined {
  if (event instanceof Map) return event.get(name);
  return Object.hasOwn(event, name) ? event[name] : undefined;
}

/** The type of a map of these fields. */
export class Shape<F extends Fields> implements Type<FieldValues<F>, Mapping> {
  readonly fields: F;
  readonly expected = 'a map';
  declare readonly value?: FieldValues<F>;
  readonly #slots: readonly Slot[];
  readonly #names: ReadonlySet<string>;

  constructor(fields: F) {
    this.fields = fields;
    this.#names = new Set(Object.keys(fields));
    this.#slots = Object.entries(fields).map(([name, field]) => {
      const { kind } = field.absence;
      return { name, field, mayLack: kind === 'omitted' || kind === 'kept', isNullDropped: kind === 'omitted' };
    });
  }

  get label(): string {
    return `{ ${Object.entries(this.fields).map(([name, field]) => fieldLabel(name, field)).join(' · ')} }`;
  }

  take(value: JsonValue, mint: Mint): Mapping | Violation {
    if (!isJsonMapping(value)) return Violation.unexpected(this.expected, value);
    return value instanceof Map || !this.#isComplete(value) ? this.#completed(value, mint) : this.#checked(value, mint);
  }

  /**
   * Whether the record will hold just these keys in this order, and nulls where they may be. So it is with what most
   * clients send, and comparing names costs next to nothing; of the values nothing is said yet.
   */
  #isComplete(event: JsonObject): boolean {
    const slots = this.#slots;
    let next = 0;
    for (const name of Object.keys(event)) {
      let slot = slots[next];
      while (slot !== undefined && slot.name !== name && slot.mayLack) slot = slots[++next];
      if (slot === undefined) {
        // An unknown field; but a known one this far back is out of its order.
        if (this.#names.has(name)) return false;
      } else {
        if (slot.name !== name || (event[name] === null && slot.isNullDropped)) return false;
        next += 1;
      }
    }
    for (; next < slots.length; next += 1) if (slots[next]?.mayLack !== true) return false;
    return true;
  }

  /** An event that is complete, itself; completed after all if one of its values was not. */
  #checked(event: JsonObject, mint: Mint): Mapping | Violation {
    for (const { name, field } of this.#slots) {
      const sent = fieldOf(event, name);
      if (sent === undefined || (sent === null && field.presence === 'nullable')) continue;
      const taken = field.type.take(sent, mint);
      if (taken === sent) continue;
      return taken instanceof Violation ? taken.within(name) : this.#completed(event, mint);
    }
    return event;
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
