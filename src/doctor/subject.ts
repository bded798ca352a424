// What is examined: a state directory, the socket that belongs to it, and whoever holds it. Gathered once, before the checks.
import type { Config } from '../config/config.js';
import { defaults, readConfig } from '../config/config.js';
import type { Places } from '../log/segment.js';
import { placesIn } from '../log/segment.js';
import { isForbidden } from './check.js';
import type { Holder } from './holder.js';
import { environmentOf, findHolder } from './holder.js';
import type { Host } from './host.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What to examine, as it was asked for. */
export interface Wanted {
  /** Absolute. */
  readonly stateDirectory: string;
  /** Absolute. */
  readonly socket: string;
  /** Of whoever asks; stands in for the daemon's where that cannot be read. */
  readonly environment: Environment;
}

/** The daemon's configuration, or what comes nearest to it. */
export interface Settings {
  /** Whether it is the running daemon's own. */
  readonly isDaemons: boolean;
  /** Undefined: it is wrong; `problems` say how. */
  readonly config: Config | undefined;
  readonly problems: readonly string[];
  readonly diskLowBytes: number;
}

export interface Subject {
  readonly host: Host;
  readonly wanted: Wanted;
  /** Below the real path, behind all links; where that is not to be had, below the path as given. */
  readonly places: Places;
  readonly holder: Holder;
  readonly settings: Settings;
}

/** Gathers; what cannot be had is unknown, and the checks say why. */
export async function subjectOf(host: Host, wanted: Wanted): Promise<Subject> {
  const places = placesIn(await realStateOf(host, wanted.stateDirectory));
  const holder = await findHolder(host, places);
  const daemons = holder.kind === 'process' ? await environmentOf(host, holder.pid) : undefined;
  return { host, wanted, places, holder, settings: settingsOf(daemons, wanted) };
}

async function realStateOf(host: Host, path: string): Promise<string> {
  try {
    return await host.realPath(path) ?? path;
  } catch {
    // The checks meet the same error and say so.
    return path;
  }
}

function settingsOf(daemons: Environment | undefined, { environment, stateDirectory }: Wanted): Settings {
  const from = daemons ?? { ...environment, INDELIBLE_STATE_DIR: stateDirectory };
  const read = readConfig(from);
  const low = readLow(from['INDELIBLE_DISK_LOW_BYTES']);
  return {
    isDaemons: daemons !== undefined, config: read.ok ? read.config : undefined, problems: read.ok ? [] : read.problems,
    diskLowBytes: low,
  };
}

/** Unset, empty or wrong counts as the default; what is wrong is said by `configuration`. */
function readLow(text = ''): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : defaults.diskLowBytes;
}

/** Where a value of the configuration was read, for people. */
export function settingsSource(settings: Settings): string {
  return settings.isDaemons ? 'the daemon\'s environment' : 'this environment; the daemon\'s is not to be read';
}

/** Who the files should belong to: the daemon's user where it runs, else whoever has the directory. */
export async function ownerOf({ host, holder, places }: Subject): Promise<number | undefined> {
  if (holder.kind === 'process' && holder.uid !== undefined) return holder.uid;
  return (await host.stat(places.state))?.uid;
}

/** The answer, or undefined where this user may not ask. */
export async function unlessForbidden<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
