// Any JavaScript value as MessagePack. Invariant: it is written exactly or not at all; what a producer would not find
// again in its record (a Set, a function, a lone surrogate) is refused where it is said, never replaced.
import type { Encoder } from './encode.js';
import { WireError } from './error.js';
import { depthMax } from './message.js';

/**
 * Writes a value; `undefined` fields are left out and `toJSON` is asked, as JSON does it (so a Date becomes its text).
 * Throws WireError `unencodable` with the JSON pointer of what has no exact form.
 */
export function writeValue(encoder: Encoder, value: unknown, depth = 1): void {
  switch (typeof value) {
    case 'string': encoder.text(value); return;
    case 'number': encoder.number(value); return;
    case 'boolean': encoder.constant(value); return;
    case 'bigint': encoder.bigint(value); return;
    case 'object':
      if (value === null) encoder.constant(null);
      else writeStructure(encoder, value, depth);
      return;
    default: throw new WireError('unencodable', `a value of type ${typeof value} has no form in MessagePack`);
  }
}

function writeStructure(encoder: Encoder, value: object, depth: number): void {
  if (depth > depthMax) throw new WireError('unencodable', `nested deeper than ${depthMax}, or in a circle`);
  if (Array.isArray(value)) writeArray(encoder, value, depth);
  else if (value instanceof Map) writeMap(encoder, value, depth);
  else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Set || value instanceof Error) {
    throw new WireError('unencodable', `a ${value.constructor.name} has no form in an event`);
  } else if ('toJSON' in value && typeof value.toJSON === 'function') {
    const plain = (value as { toJSON(): unknown }).toJSON();
    // An invalid Date gives null, which nobody meant.
    if (plain === null) throw new WireError('unencodable', `an invalid ${value.constructor.name}`);
    writeValue(encoder, plain, depth + 1);
  } else writeObject(encoder, value as Readonly<Record<string, unknown>>, depth);
}

function writeArray(encoder: Encoder, values: readonly unknown[], depth: number): void {
  encoder.array(values.length);
  let index = 0;
  try {
    for (; index < values.length; index++) writeValue(encoder, values[index], depth + 1);
  } catch (error) {
    throw within(String(index), error);
  }
}

function writeMap(encoder: Encoder, map: ReadonlyMap<unknown, unknown>, depth: number): void {
  encoder.map(map.size);
  let at = '';
  try {
    for (const [key, value] of map) {
      at = String(key);
      if (typeof key !== 'string') throw new WireError('unencodable', 'a key that is no string');
      encoder.text(key);
      writeValue(encoder, value, depth + 1);
    }
  } catch (error) {
    throw within(at, error);
  }
}

function writeObject(encoder: Encoder, object: Readonly<Record<string, unknown>>, depth: number): void {
  const keys = Object.keys(object);
  let size = keys.length;
  for (const key of keys) if (object[key] === undefined) size -= 1;
  encoder.map(size);
  let at = '';
  try {
    for (at of keys) {
      const value = object[at];
      if (value === undefined) continue;
      encoder.text(at);
      writeValue(encoder, value, depth + 1);
    }
  } catch (error) {
    throw within(at, error);
  }
}

function within(step: string, error: unknown): unknown {
  if (!(error instanceof WireError)) return error;
  const path = `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}${error.path ?? ''}`;
  return new WireError(error.code, error.message, { path });
}
