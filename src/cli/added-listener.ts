/**
 * A listener's file, and the socket that the running daemon makes of it or takes away with it. Invariant: a listener that was
 * not opened leaves no file behind, or the daemon would open it one day, when what stood in its way is gone.
 */
import { lstatSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ClientError, connect } from '../client/client.js';
import type { Config } from '../config/config.js';
import { listenerDirectory, listenerFile, obstacleTo, readListenerDirectory } from '../config/listener-directory.js';
import { readListener } from '../config/listeners.js';
import { realDisk } from '../disk/disk.js';
import { removeIfThere, replaceFile } from '../disk/write.js';
import { profileNames } from '../event/catalogue.js';
import type { ListenerConfig } from '../server/settings.js';
import { exitCodes } from './exit.js';

/** How long the daemon may take to open or close a socket, ms; it looks every second. */
const changeMs = 5_000;
/** How long somebody at a socket may take to say who it is, ms. */
const answerMs = 2_000;
const lookEveryMs = 20;

/** What to exit with, and what to say. */
export interface Outcome {
  readonly exitCode: number;
  readonly said: readonly string[];
}

const done: Outcome = { exitCode: exitCodes.ok, said: [] };

/** Adds a listener or changes it; `wait`: until it answers, and takes it back if it does not. @throws Node's error */
export async function addListener(config: Config, name: string, entry: object, wait: boolean): Promise<Outcome> {
  const { stateDirectory: state, listenerDefaults, listeners: fixed } = config;
  const read = readListener({ ...entry, name }, listenerDefaults, profileNames);
  if (!read.ok) return { exitCode: exitCodes.usage, said: read.problems };
  const { listener } = read;
  const { listeners } = readListenerDirectory(state, listenerDefaults, profileNames, fixed);
  const former = listeners.find((other) => other.name === name);
  const obstacle = obstacleTo(listener, state, [...fixed, ...listeners.filter((other) => other !== former)]) ??
    await strangerAt(listener, former);
  const what = former === undefined ? 'added' : 'changed';
  if (obstacle !== undefined) return { exitCode: exitCodes.failed, said: [`listener ${name} was not ${what}: ${obstacle}`] };

  const file = listenerFile(state, name);
  const before = realDisk.read(file);
  const socketBefore = socketAt(listener.path);
  realDisk.makeDirectory(listenerDirectory(state));
  replaceFile(realDisk, file, Buffer.from(`${JSON.stringify(entry)}\n`));
  if (!wait) return done;
  const isOpen = JSON.stringify(former) === JSON.stringify(listener) ||
    await comesTrue(() => ![undefined, socketBefore].includes(socketAt(listener.path)));
  const who = await whoAnswers(listener.path);
  if (isOpen && who === name) return done;
  if (before === undefined) removeIfThere(realDisk, file);
  else replaceFile(realDisk, file, before);
  const why = who === undefined || who === name ? `the daemon did not open ${listener.path} within ${changeMs / 1000} s`
    : `${listener.path} is answered by listener ${who}`;
  return { exitCode: exitCodes.failed, said: [
    `listener ${name} was not ${what}: ${why}; its log says more. For a daemon that does not run, give --no-wait`,
  ] };
}

/** Removes a listener that was added; `wait`: until its socket is gone. @throws Node's error */
export async function removeListener(config: Config, name: string, wait: boolean): Promise<Outcome> {
  const { stateDirectory: state, listenerDefaults: defaults } = config;
  const file = listenerFile(state, name);
  if (realDisk.entry(file) === undefined) {
    return { exitCode: exitCodes.failed, said: [`no listener ${JSON.stringify(name)} was added`] };
  }
  const listener = readListenerDirectory(state, defaults, profileNames, []).listeners.find((other) => other.name === name);
  const before = listener === undefined ? undefined : socketAt(listener.path);
  // Another listener's socket, or that of a daemon that is gone, will not go away.
  const isOpen = wait && listener !== undefined && before !== undefined && await whoAnswers(listener.path) === name;
  removeIfThere(realDisk, file);
  if (!isOpen || await comesTrue(() => socketAt(listener.path) !== before)) return done;
  return { exitCode: exitCodes.failed, said: [
    `listener ${name} was removed, but the daemon did not close ${listener.path} within ${changeMs / 1000} s; its log says more`,
  ] };
}

/** Whoever else answers where a listener is to be, in words: a listener of the daemon's own configuration, or another daemon. */
async function strangerAt({ name, path }: ListenerConfig, former: ListenerConfig | undefined): Promise<string | undefined> {
  if (path === former?.path || socketAt(path) === undefined) return undefined;
  const who = await whoAnswers(path);
  return who === undefined || who === name ? undefined : `its path is that of listener ${who}`;
}

/** What tells the file at a path from any other that was or will be there; undefined if there is none. */
function socketAt(path: string): string | undefined {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return there === undefined ? undefined : `${there.dev}:${there.ino}:${there.ctimeNs}`;
}

/** Whether it does, within the daemon's time. */
async function comesTrue(isSo: () => boolean): Promise<boolean> {
  for (let looks = changeMs / lookEveryMs; looks > 0; looks -= 1) {
    if (isSo()) return true;
    await pause(lookEveryMs);
  }
  return isSo();
}

/** The name of the listener that answers at a path; undefined if nobody does. */
async function whoAnswers(path: string): Promise<string | undefined> {
  if (socketAt(path) === undefined) return undefined;
  try {
    const client = await connect({ socket: path, connectTimeoutMs: answerMs });
    const { listener } = client.welcome.source;
    await client.close();
    return typeof listener === 'string' ? listener : undefined;
  } catch (error) {
    if (error instanceof ClientError) return undefined;
    throw error;
  }
}
