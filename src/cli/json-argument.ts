// JSON that a person typed or piped in.
import type { ClientEvent } from '../client/client.js';
import { parseJson } from '../event/parse.js';
import { printable } from '../event/printable.js';

/** Its value. `where`: what is not JSON if it is not. @throws Error */
export function jsonFrom(text: string, where: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: ${printable(error instanceof Error ? error.message : String(error))}`, { cause: error });
  }
}

/** An event. @throws Error for what is no JSON object */
export function objectFrom(text: string, where: string): ClientEvent {
  const value = jsonFrom(text, where);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where} is not a JSON object`);
  return value as ClientEvent;
}
