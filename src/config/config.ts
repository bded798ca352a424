// The daemon's configuration: every INDELIBLE_ variable, read in one place and once. All that is wrong is said at once,
// so that nobody starts a daemon five times to find five mistakes. The only reader of the daemon's environment.
import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import env from 'env-var';
import { profileNames } from '../event/catalogue.js';
import { groupId } from '../kernel/proc.js';
import { originForm } from '../keys/verification.js';
import type { WriterOptions } from '../log/commit.js';
import { checkedSocketPath, socketPath, stateDirectory } from '../wire/place.js';
import type { ListenerConfig, Limits } from '../server/settings.js';
import type { ListenerDefaults } from './listeners.js';
import { readListeners } from './listeners.js';
import { parseMode } from './mode.js';
import type { PassedSocket } from './passed.js';
import { withPassed } from './passed.js';
import { unknownVariables } from './variables.js';

type Environment = Readonly<Record<string, string | undefined>>;

const kiB = 1024;
const miB = 1024 * kiB;
/** Sizes of files: far beyond any disk this will meet, and far below 2^53. */
const tiB = 1024 * 1024 * miB;

/** What `doctor` goes by, too, where the daemon's own is not to be had. */
export const defaults = { sealMs: 60_000, heartbeatMs: 900_000, diskLowBytes: 256 * miB } as const;

export interface Config {
  readonly stateDirectory: string;
  readonly listeners: readonly ListenerConfig[];
  /** For listeners that are added while the daemon runs. */
  readonly listenerDefaults: ListenerDefaults;
  readonly origin: string;
  /** Whether somebody chose that name, or it was made up for a log to come. */
  readonly isOriginNamed: boolean;
  readonly sync: 'line' | 'group';
  readonly headSync: 'second' | 'always';
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly sealMs: number;
  readonly heartbeatMs: number;
  readonly retain: { readonly bytes: number; readonly ms: number };
  readonly recent: number;
  readonly limits: Limits;
  readonly readerGids: ReadonlySet<number>;
  /** Whether a kind that its profile does not know is refused, or taken unchecked. */
  readonly unknownKinds: 'reject' | 'accept';
  /** Whether every record is told to the process log. */
  readonly mirror: boolean;
  /** Whether secrets in events are masked. */
  readonly redact: boolean;
  readonly logLevel: string;
  /** Below so many free bytes the disk is low. */
  readonly diskLowBytes: number;
}

export type ReadConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads and checks everything. Nothing is touched: no directory is made, no socket opened. `passed`: sockets that were opened
 * for us, each for the listener of its name.
 */
export function readConfig(environment: Environment, passed: readonly PassedSocket[] = []): ReadConfig {
  const problems: string[] = [];
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const from = env.from(set);
  function attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      problems.push(error instanceof Error ? error.message.replace(/^env-var: /, '') : String(error));
      return undefined;
    }
  }
  const whole = (name: string, fallback: number, min: number, max: number): number => attempt(() => {
    const value = from.get(name).default(fallback).asInt();
    if (value < min || value > max) throw new Error(`"${name}" should be from ${min} to ${max}, found ${value}`);
    return value;
  }) ?? fallback;
  const choice = <const T extends string>(name: string, values: readonly T[]): T | undefined =>
    attempt(() => from.get(name).default(values[0] ?? '').asEnum([...values]));

  problems.push(...unknownVariables(set));
  const mode = attempt(() => parseMode('INDELIBLE_SOCKET_MODE', from.get('INDELIBLE_SOCKET_MODE').default('0660').asString())) ?? 0;
  const state = stateDirectory(set);
  if (state === undefined) problems.push('no state directory: set INDELIBLE_STATE_DIR, STATE_DIRECTORY, XDG_STATE_HOME or HOME');
  const rate = whole('INDELIBLE_RATE', 0, 0, 10_000_000);
  const listeners = listenersOf(set, state ?? '', passed, { mode, rate }, problems);
  const origin = attempt(() => {
    const text = from.get('INDELIBLE_ORIGIN').default(`${hostLabel()}/${randomBytes(4).toString('hex')}`).asString();
    if (!originForm.test(text)) throw new Error(`"INDELIBLE_ORIGIN" should match ${originForm.source}, found ${JSON.stringify(text)}`);
    return text;
  }) ?? '';
  const config: Config = {
    stateDirectory: state ?? '',
    listeners,
    listenerDefaults: { mode, rate },
    origin,
    isOriginNamed: set['INDELIBLE_ORIGIN'] !== undefined,
    sync: choice('INDELIBLE_SYNC', ['line', 'group']) ?? 'line',
    headSync: choice('INDELIBLE_HEAD_SYNC', ['second', 'always']) ?? 'second',
    segmentBytes: whole('INDELIBLE_SEGMENT_BYTES', 64 * miB, 64 * kiB, tiB),
    segmentMs: whole('INDELIBLE_SEGMENT_MS', 86_400_000, 1000, 366 * 86_400_000),
    sealMs: whole('INDELIBLE_SEAL_MS', defaults.sealMs, 1, 86_400_000),
    heartbeatMs: whole('INDELIBLE_HEARTBEAT_MS', defaults.heartbeatMs, 100, 7 * 86_400_000),
    retain: {
      bytes: whole('INDELIBLE_RETAIN_BYTES', 0, 0, Number.MAX_SAFE_INTEGER), ms: whole('INDELIBLE_RETAIN_MS', 0, 0, Number.MAX_SAFE_INTEGER),
    },
    recent: whole('INDELIBLE_RECENT', 10_000, 128, 1_000_000),
    limits: {
      frameBytes: whole('INDELIBLE_MAX_FRAME_BYTES', miB, kiB, 64 * miB),
      // A byte of MessagePack becomes at most six of JSON, and a line holds 16 MiB.
      eventBytes: whole('INDELIBLE_MAX_EVENT_BYTES', 256 * kiB, 256, 2 * miB),
      events: whole('INDELIBLE_MAX_EVENTS', 1024, 1, 65_536),
      clients: whole('INDELIBLE_MAX_CLIENTS', 1024, 1, 100_000),
      queueBytes: whole('INDELIBLE_QUEUE_BYTES', 64 * miB, 64 * kiB, 4 * 1024 * miB),
    },
    readerGids: readGroups(from.get('INDELIBLE_READERS').default('').asString(), problems),
    unknownKinds: choice('INDELIBLE_UNKNOWN_KINDS', ['reject', 'accept']) ?? 'reject',
    mirror: choice('INDELIBLE_MIRROR', ['off', 'on']) === 'on',
    redact: choice('INDELIBLE_REDACT', ['on', 'off']) !== 'off',
    logLevel: choice('INDELIBLE_LOG_LEVEL', ['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent']) ?? 'info',
    diskLowBytes: whole('INDELIBLE_DISK_LOW_BYTES', defaults.diskLowBytes, 0, Number.MAX_SAFE_INTEGER),
  };
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

/** Those that are configured, and those that were passed. What is wrong goes to `problems`. */
function listenersOf(
  set: Environment, state: string, passed: readonly PassedSocket[], defaults: ListenerDefaults, problems: string[],
): readonly ListenerConfig[] {
  const { INDELIBLE_LISTENERS: text, INDELIBLE_SOCKET: socket } = set;
  const before = problems.length;
  const isSingle = text === undefined && (socket !== undefined || passed.length === 0);
  const configured = text !== undefined ? readListeners(text, defaults, profileNames, problems)
    : isSingle ? singleListener(set, state, defaults, problems) : [];
  const all = withPassed(configured, passed, defaults, problems);
  if (socket !== undefined && problems.length === before && !all.some(({ path }) => resolve(path) === resolve(socket))) {
    problems.push(`"INDELIBLE_SOCKET" is ${socket}, which no entry of INDELIBLE_LISTENERS has: add one for it, or leave it out`);
  }
  return all;
}

function singleListener(
  set: Environment, state: string, { mode, rate }: ListenerDefaults, problems: string[],
): readonly ListenerConfig[] {
  try {
    const path = checkedSocketPath(socketPath(set) ?? join(state, 'indelible.sock'));
    return [{ name: 'default', path, mode, profiles: undefined, labels: {}, rate }];
  } catch (error) {
    problems.push(`"INDELIBLE_SOCKET" should name a shorter path: ${error instanceof Error ? error.message : ''}`);
    return [];
  }
}

/** What the writer needs of it. */
export function writerOptions(config: Config): WriterOptions {
  const { sync, headSync, segmentBytes, segmentMs, sealMs, heartbeatMs, retain } = config;
  return { sync, headSync, segmentBytes, segmentMs, sealMs, heartbeatMs, retain, pid: process.pid };
}

/** The host's name in the letters an origin may have. */
function hostLabel(): string {
  const label = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 100);
  return label === '' ? 'host' : label;
}

function readGroups(text: string, problems: string[]): ReadonlySet<number> {
  const gids = new Set<number>();
  for (const name of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const gid = /^\d+$/.test(name) ? Number(name) : groupId(name);
    if (gid === undefined) problems.push(`"INDELIBLE_READERS" names a group that does not exist: ${JSON.stringify(name)}`);
    else gids.add(gid);
  }
  return gids;
}
