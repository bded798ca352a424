// INDELIBLE_LISTENERS: a JSON array of sockets, each with what makes it a door of its own.
import type { ListenerConfig } from '../server/settings.js';
import { checkedSocketPath } from '../wire/place.js';
import { parseMode } from './mode.js';

const listenersMax = 1024;
/** What a listener may be called; `self` is how the log signs its own records. */
export const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const keys = ['name', 'path', 'mode', 'profiles', 'labels', 'rate'];

type Fields = Readonly<Record<string, unknown>>;

/** What an entry that says nothing of it gets. */
export interface ListenerDefaults {
  readonly mode: number;
  readonly rate: number;
}

/** Reads the array; every problem names the entry it is in. @throws Error */
export function parseListeners(
  text: string, defaults: ListenerDefaults, profiles: ReadonlySet<string>,
): readonly ListenerConfig[] {
  const wrong = (what: string): Error => new Error(`"INDELIBLE_LISTENERS" ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`should be a JSON array: ${String(error)}`);
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > listenersMax) {
    throw wrong(`should be a JSON array of 1 to ${listenersMax} objects`);
  }
  const listeners = value.map((entry: unknown, index) => {
    try {
      return parseListener(entry, defaults, profiles);
    } catch (error) {
      throw wrong(`entry ${index}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  for (const what of ['name', 'path'] as const) {
    if (new Set(listeners.map((listener) => listener[what])).size !== listeners.length) throw wrong(`has two entries with the same ${what}`);
  }
  return listeners;
}

/** Reads one entry. @throws Error that says what should be */
export function parseListener(entry: unknown, defaults: ListenerDefaults, known: ReadonlySet<string>): ListenerConfig {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw new Error('should be an object');
  const fields = entry as Fields;
  const unknown = Object.keys(fields).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Error(`has an unknown key ${JSON.stringify(unknown)}; known are ${keys.join(', ')}`);
  const { name, path, mode, profiles, labels = {}, rate = defaults.rate } = fields;
  if (typeof name !== 'string' || !nameForm.test(name) || name === 'self') throw new Error(`name should match ${nameForm.source} and not be "self"`);
  if (typeof path !== 'string' || !path.startsWith('/')) throw new Error('path should be an absolute path');
  if (mode !== undefined && typeof mode !== 'string') throw new Error('mode should be an octal string such as "0660"');
  if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 0) throw new Error('rate should be a whole number of events per second');
  return {
    name, path: checkedSocketPath(path), mode: mode === undefined ? defaults.mode : parseMode('mode', mode),
    profiles: parseProfiles(profiles, known), labels: parseLabels(labels), rate,
  };
}

function parseProfiles(value: unknown, known: ReadonlySet<string>): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((name) => typeof name === 'string' && known.has(name));
  if (!isList) throw new Error(`profiles should be an array of ${[...known].join(', ')}`);
  return value as readonly string[];
}

function parseLabels(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('labels should be an object of strings');
  if (!Object.values(value).every((label) => typeof label === 'string')) throw new Error('labels should be an object of strings');
  const labels = value as Readonly<Record<string, string>>;
  // JSON can write one; what is sent to clients cannot, nor can it be compared with anything that they send.
  const broken = Object.entries(labels).find((label) => label.some((text) => /\p{Surrogate}/u.test(text)));
  if (broken !== undefined) throw new Error(`label ${JSON.stringify(broken[0])} should have no lone surrogate`);
  return labels;
}
