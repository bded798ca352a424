// Listeners that come and go while the daemon runs: one file for each in `<state>/listeners`, `NAME.json`, holding what an
// entry of INDELIBLE_LISTENERS holds but for its name.
//
// A directory and not a request on the socket, because whoever can connect must never be able to open a door, or to close
// somebody else's; who may write into the state directory is decided by the filesystem. And it survives a restart.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { errorCode } from '../disk/disk.js';
import { placesIn } from '../log/segment.js';
import type { ListenerConfig } from '../server/settings.js';
import type { ListenerDefaults } from './listeners.js';
import { readListener } from './listeners.js';

/** A listener's file at most, bytes. */
const fileBytesMax = 64 * 1024;
const suffix = '.json';

/** Where a state directory keeps them. */
export function listenerDirectory(state: string): string {
  return join(state, 'listeners');
}

/** The file of a listener. */
export function listenerFile(state: string, name: string): string {
  return join(listenerDirectory(state), `${name}${suffix}`);
}

/** What the directory says now. A file that is wrong takes nothing away from the others. */
export interface ReadListeners {
  readonly listeners: readonly ListenerConfig[];
  readonly problems: readonly string[];
}

/**
 * Reads all files; those whose name or path is `taken` by another listener are problems. What cannot be read, or only half
 * of it, says nothing: a listener among `current` stays as it was until its file is gone or says something else.
 */
export function readListenerDirectory(
  state: string, defaults: ListenerDefaults, profiles: ReadonlySet<string>, taken: readonly ListenerConfig[],
  current: readonly ListenerConfig[] = [],
): ReadListeners {
  const listeners: ListenerConfig[] = [];
  const problems: string[] = [];
  const files = filesIn(listenerDirectory(state));
  if (typeof files === 'string') return { listeners: current, problems: [`listeners: ${files}`] };
  for (const file of files) {
    try {
      const listener = readOne(join(listenerDirectory(state), file), file.slice(0, -suffix.length), defaults, profiles);
      const obstacle = obstacleTo(listener, state, [...taken, ...listeners]);
      if (obstacle !== undefined) throw new Error(obstacle);
      listeners.push(listener);
    } catch (error) {
      problems.push(`listeners/${file}: ${error instanceof Error ? error.message : String(error)}`);
      listeners.push(...current.filter(({ name }) => `${name}${suffix}` === file));
    }
  }
  return { listeners, problems };
}

/** Why a listener cannot stand beside the others, if it cannot. */
export function obstacleTo(listener: ListenerConfig, state: string, others: readonly ListenerConfig[]): string | undefined {
  const other = others.find(({ name, path }) => name === listener.name || path === listener.path);
  if (other !== undefined) return `its ${other.name === listener.name ? 'name' : 'path'} is that of listener ${other.name}`;
  return isOwnPlace(state, listener.path) ? 'its path is a place of the log itself' : undefined;
}

/** Whether it is a place of what a state directory holds: a socket there would be overwritten, or worse. */
function isOwnPlace(state: string, path: string): boolean {
  const firstStep = (place: string): string => relative(state, place).split('/')[0] ?? '';
  const own = Object.values<string>({ ...placesIn(state), listeners: listenerDirectory(state) }).map(firstStep);
  const first = firstStep(path);
  // A file is made under this name first.
  return own.includes(first.replace(/\.tmp$/, ''));
}

/** The files, none if nobody ever added one, or why they cannot be listed. */
function filesIn(directory: string): readonly string[] | string {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(suffix) && !name.startsWith('.')).sort();
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? [] : String(error);
  }
}

function readOne(path: string, name: string, defaults: ListenerDefaults, profiles: ReadonlySet<string>): ListenerConfig {
  if (statSync(path).size > fileBytesMax) throw new Error(`is larger than ${fileBytesMax} bytes`);
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('should be a JSON object');
  if ('name' in value && value.name !== name) throw new Error(`names itself ${JSON.stringify(value.name)}; the file's name decides`);
  const read = readListener({ ...value, name }, defaults, profiles);
  if (!read.ok) throw new Error(read.problems.join('; '));
  return read.listener;
}
