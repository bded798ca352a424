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

/** Reads the array. What is wrong goes to `problems`, each with the entry it is in; what is right is returned. */
export function readListeners(
  text: string, defaults: ListenerDefaults, profiles: ReadonlySet<string>, problems: string[],
): readonly ListenerConfig[] {
  const wrong = (what: string): void => { problems.push(`"INDELIBLE_LISTENERS" ${what}`); };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    wrong(`should be a JSON array: ${String(error)}`);
    return [];
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > listenersMax) {
    wrong(`should be a JSON array of 1 to ${listenersMax} objects`);
    return [];
  }
  const listeners: ListenerConfig[] = [];
  for (const [index, entry] of value.entries()) {
    const read = readListener(entry, defaults, profiles);
    if (read.ok) listeners.push(read.listener);
    else for (const problem of read.problems) wrong(`entry ${index}: ${problem}`);
  }
  for (const what of ['name', 'path'] as const) {
    if (new Set(listeners.map((listener) => listener[what])).size !== listeners.length) wrong(`has two entries with the same ${what}`);
  }
  return listeners;
}

/** One entry, or all that is wrong with it. */
export type ReadListener =
  | { readonly ok: true; readonly listener: ListenerConfig }
  | { readonly ok: false; readonly problems: readonly string[] };

export function readListener(entry: unknown, defaults: ListenerDefaults, known: ReadonlySet<string>): ReadListener {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return { ok: false, problems: ['should be an object'] };
  const fields = entry as Fields;
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  for (const key of Object.keys(fields).filter((one) => !keys.includes(one))) {
    problems.push(`has an unknown key ${JSON.stringify(key)}; known are ${keys.join(', ')}`);
  }
  const name = attempt(() => parseName(fields['name']));
  const path = attempt(() => parsePath(fields['path']));
  const mode = attempt(() => parseOwnMode(fields['mode'], defaults.mode));
  const profiles = attempt(() => parseProfiles(fields['profiles'], known));
  const labels = attempt(() => parseLabels(fields['labels']));
  const rate = attempt(() => parseRate(fields['rate'], defaults.rate));
  const isRead = name !== undefined && path !== undefined && mode !== undefined && labels !== undefined && rate !== undefined;
  if (problems.length > 0 || !isRead) return { ok: false, problems };
  return { ok: true, listener: { name, path, mode, profiles, labels, rate } };
}

function parseName(value: unknown): string {
  if (typeof value !== 'string' || !nameForm.test(value) || value === 'self') throw new Error(`name should match ${nameForm.source} and not be "self"`);
  return value;
}

function parsePath(value: unknown): string {
  if (typeof value !== 'string' || !value.startsWith('/')) throw new Error('path should be an absolute path');
  return checkedSocketPath(value);
}

function parseOwnMode(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'string') throw new Error('mode should be an octal string such as "0660"');
  return parseMode('mode', value);
}

function parseRate(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw new Error('rate should be a whole number of events per second');
  return value;
}

function parseProfiles(value: unknown, known: ReadonlySet<string>): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((name) => typeof name === 'string' && known.has(name));
  if (!isList) throw new Error(`profiles should be an array of ${[...known].join(', ')}`);
  return value as readonly string[];
}

function parseLabels(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('labels should be an object of strings');
  if (!Object.values(value).every((label) => typeof label === 'string')) throw new Error('labels should be an object of strings');
  const labels = value as Readonly<Record<string, string>>;
  // JSON can write one; what is sent to clients cannot, nor can it be compared with anything that they send.
  const broken = Object.entries(labels).find((label) => label.some((text) => /\p{Surrogate}/u.test(text)));
  if (broken !== undefined) throw new Error(`label ${JSON.stringify(broken[0])} should have no lone surrogate`);
  return labels;
}
