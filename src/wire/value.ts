// Any JavaScript value as MessagePack. Invariant: it is written exactly or not at all; what a producer would not find
// again in its record (a Set, a Promise, a lone surrogate) is refused where it is said, never replaced.
import { pointerStep } from '../event/pointer.js';
import type { Encoder } from './encode.js';
import { WireError } from './error.js';
import { eventNodesMax } from './fault.js';
import { depthMax } from './message.js';

/** How much a value may be. */
export interface ValueLimits {
  /** Bytes of MessagePack. */
  readonly bytes: number;
  /** The value and every map, array and scalar in it; keys are not counted. */
  readonly values: number;
}

/** What an event may be, whose daemon takes so many bytes of it. */
export function eventLimits(bytes: number): ValueLimits {
  return { bytes, values: eventNodesMax };
}

const unlimited: ValueLimits = { bytes: Infinity, values: Infinity };

/** What an object says of itself, each field read once: a getter may say something else the next time. */
export interface Fields {
  readonly names: readonly string[];
  /** As many, and none is undefined. */
  readonly values: readonly unknown[];
}

/**
 * Writes a value. A map is written of a plain object, a Map, and an instance of a class with fields of its own; `undefined`
 * fields are left out and `toJSON` is asked, as JSON does it (so a Date becomes its text).
 * Throws WireError with a JSON pointer: `unencodable` for what has no exact form, `too_large` beyond the limit of bytes.
 */
export function writeValue(encoder: Encoder, value: unknown, limits = unlimited): void {
  const writer = new ValueWriter(encoder, limits);
  writer.value(value, 1);
  writer.end();
}

/** The fields of what is written as a map. Throws WireError `unencodable` for anything else. */
export function fieldsOf(value: object): Fields {
  const told = toldBy(value);
  if (told instanceof Map) return mapFields(told);
  if (typeof told === 'object' && told !== null && !Array.isArray(told)) return objectFields(told);
  throw new WireError('unencodable', 'not an object with fields');
}

class ValueWriter {
  readonly #encoder: Encoder;
  readonly #limits: ValueLimits;
  readonly #endAt: number;
  #values = 0;

  constructor(encoder: Encoder, limits: ValueLimits) {
    this.#encoder = encoder;
    this.#limits = limits;
    this.#endAt = encoder.length + limits.bytes;
  }

  value(given: unknown, depth: number): void {
    this.#values += 1;
    if (this.#values > this.#limits.values) throw new WireError('unencodable', `more than ${this.#limits.values} values`);
    this.end();
    const value = typeof given === 'object' && given !== null ? toldBy(given) : given;
    switch (typeof value) {
      case 'string': this.#text(value); return;
      case 'number': this.#encoder.number(value); return;
      case 'boolean': this.#encoder.constant(value); return;
      case 'bigint': this.#encoder.bigint(value); return;
      case 'object':
        if (value === null) this.#encoder.constant(null);
        else this.#structure(value, depth);
        return;
      default: throw new WireError('unencodable', `a value of type ${typeof value} has no form in MessagePack`);
    }
  }

  /** Throws if there is too much already. */
  end(): void {
    if (this.#encoder.length > this.#endAt) throw this.#tooLarge();
  }

  // Before it is written: a text of a gigabyte must not cost three first.
  #text(text: string): void {
    if (this.#encoder.length + text.length > this.#endAt) throw this.#tooLarge();
    this.#encoder.text(text);
  }

  #tooLarge(): WireError {
    return new WireError('too_large', `more than ${this.#limits.bytes} bytes`);
  }

  #structure(value: object, depth: number): void {
    if (depth > depthMax) throw new WireError('unencodable', `nested deeper than ${depthMax}, or in a circle`);
    if (Array.isArray(value)) this.#array(value, depth);
    else this.#map(value instanceof Map ? mapFields(value) : objectFields(value), depth);
  }

  #array(values: readonly unknown[], depth: number): void {
    // What is written calls other people's code, and that may change the array.
    const { length } = values;
    this.#encoder.array(length);
    let index = 0;
    try {
      for (; index < length; index++) this.value(values[index], depth + 1);
    } catch (error) {
      throw within(String(index), error);
    }
  }

  #map({ names, values }: Fields, depth: number): void {
    this.#encoder.map(names.length);
    let index = 0;
    try {
      for (; index < names.length; index++) {
        this.#text(names[index] ?? '');
        this.value(values[index], depth + 1);
      }
    } catch (error) {
      throw within(names[index] ?? '', error);
    }
  }
}

// What its own `toJSON` makes of it.
function toldBy(value: object): unknown {
  let told: unknown = value;
  for (let times = 0; times < depthMax; times++) {
    if (typeof told !== 'object' || told === null || Array.isArray(told) || told instanceof Map) return told;
    // Of bytes it gives a list of numbers, which nobody meant.
    if (ArrayBuffer.isView(told)) throw formless(told);
    const teller = (told as { readonly toJSON?: unknown }).toJSON;
    if (typeof teller !== 'function') return told;
    const next: unknown = Reflect.apply(teller, told, []);
    // An invalid Date gives null, which nobody meant, either.
    if (next === null) throw new WireError('unencodable', `an invalid ${nameOf(told)}`);
    told = next;
  }
  throw new WireError('unencodable', `toJSON gives an object with toJSON, ${depthMax} times over`);
}

function objectFields(object: object): Fields {
  const keys = Object.keys(object);
  if (!hasForm(object, keys.length)) throw formless(object);
  const names: string[] = [];
  const values: unknown[] = [];
  let at = '';
  try {
    for (at of keys) {
      const value = (object as Readonly<Record<string, unknown>>)[at];
      if (value === undefined) continue;
      names.push(at);
      values.push(value);
    }
  } catch (error) {
    throw within(at, error);
  }
  return { names, values };
}

function mapFields(map: ReadonlyMap<unknown, unknown>): Fields {
  const names: string[] = [];
  const values: unknown[] = [];
  for (const [key, value] of map) {
    if (typeof key !== 'string') throw within(String(key), new WireError('unencodable', 'a key that is no string'));
    if (value === undefined) continue;
    names.push(key);
    values.push(value);
  }
  return { names, values };
}

// A plain object has, whatever is in it. What else there is keeps what it holds elsewhere, if it has no field of its own or
// is of a class that the language knows by another name.
function hasForm(object: object, fields: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return true;
  return fields > 0 && Object.prototype.toString.call(object) === '[object Object]';
}

function formless(object: object): WireError {
  return new WireError('unencodable', `a ${nameOf(object)} has no form in an event: give its fields or text, or the class a toJSON`);
}

function nameOf(object: object): string {
  const tag = Object.prototype.toString.call(object).slice('[object '.length, -1);
  return tag === 'Object' && typeof object.constructor === 'function' ? object.constructor.name : tag;
}

// Other people's code runs in between, and what it throws has its place, too.
function within(step: string, error: unknown): WireError {
  const inner = error instanceof WireError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const path = `${pointerStep(step)}${inner?.path ?? ''}`;
  return new WireError(inner?.code ?? 'unencodable', message, { path, cause: inner === undefined ? error : inner.cause });
}
