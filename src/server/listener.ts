// One socket in the filesystem: bound only where nobody answers, with its permissions in place before anyone can
// connect, and taken away again only if it is still ours.
import { chmodSync, lstatSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { createServer, connect as connectTo } from 'node:net';
import type { ListenOptions, Server, Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { errorCode, realDisk } from '../disk/disk.js';
import { peerCredentials } from '../kernel/native.js';
import { socketPathBytesMax } from '../wire/place.js';
import type { ListenerConfig } from './settings.js';

/** Connections the kernel may hold for us. */
const backlog = 511;

/** `held`: a live daemon listens there. `unusable`: something else is in the way, or the place cannot be used. */
export class ListenError extends Error {
  readonly code: 'held' | 'unusable';

  constructor(code: 'held' | 'unusable', message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
    this.code = code;
  }
}

/** A bound socket. */
export interface Listening {
  readonly config: ListenerConfig;
  /** What lies where its socket was bound: `own` is the one that was made, so that whoever connects reaches us. */
  standing(): 'own' | 'missing' | 'replaced';
  /** No new connections; the socket file goes if it is still the one that was made, and if we still may. */
  close(): void;
}

/** Binds and listens, or only listens where the socket was opened for us. @throws ListenError */
export async function listen(config: ListenerConfig, onConnection: (socket: Socket) => void): Promise<Listening> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, onConnection);
  return config.descriptor === undefined ? await listenAnew(config, server) : await listenOn(config, config.descriptor, server);
}

/** Whoever opened the socket goes on listening when we close it: its file is never ours to take away. */
async function listenOn(config: ListenerConfig, fd: number, server: Server): Promise<Listening> {
  try {
    await bind(server, { fd, backlog });
  } catch (error) {
    throw new ListenError('unusable', `cannot listen on ${config.path}, which was opened as descriptor ${fd}: ${String(error)}`, error);
  }
  // What becomes of the file is its opener's business, too: we could not make another in its place.
  return { config, standing: () => 'own', close: () => { server.close(); } };
}

async function listenAnew(config: ListenerConfig, server: Server): Promise<Listening> {
  await makeSureNobodyAnswers(config.path);
  // Bound under a name of its own and moved into place when it is ready: nobody connects before its mode is right, a
  // stale file is replaced in one step, and what Node unlinks when it closes is a name that is gone already.
  const temporary = join(dirname(config.path), `.${process.pid.toString(36)}${basename(config.path).slice(0, 3)}`);
  if (Buffer.byteLength(temporary) > socketPathBytesMax) {
    throw new ListenError('unusable', `${config.path} leaves no room for a temporary name beside it; choose a shorter path`);
  }
  try {
    realDisk.makeDirectory(dirname(config.path));
    rmSync(temporary, { force: true });
    await bind(server, { path: temporary, backlog });
    chmodSync(temporary, config.mode);
    renameSync(temporary, config.path);
  } catch (error) {
    server.close();
    throw new ListenError('unusable', `cannot listen on ${config.path}: ${String(error)}`, error);
  }
  const { ino } = lstatSync(config.path);
  return {
    config,
    standing() {
      const there = inodeAt(config.path);
      // The number is not given to another while the socket is bound.
      return there === undefined ? 'missing' : there === ino ? 'own' : 'replaced';
    },
    close() {
      server.close();
      try {
        // By now another daemon's socket may be there.
        if (inodeAt(config.path) === ino) unlinkSync(config.path);
      } catch {
        // The directory is not ours any more. What stays there answers nobody, and the next start replaces it.
      }
    },
  };
}

function inodeAt(path: string): number | undefined {
  try {
    return lstatSync(path).ino;
  } catch {
    return undefined;
  }
}

function bind(server: Server, place: ListenOptions | { readonly fd: number; readonly backlog: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket file that a dead daemon left may be replaced. Only silence proves it dead: whatever answers is left alone. */
async function makeSureNobodyAnswers(path: string): Promise<void> {
  let kind;
  try {
    kind = lstatSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw new ListenError('unusable', `cannot look at ${path}: ${String(error)}`, error);
  }
  if (!kind.isSocket()) throw new ListenError('unusable', `${path} exists and is not a socket; move it away or name another`);
  const holder = await whoAnswers(path);
  if (holder !== undefined) throw new ListenError('held', `${path} is served by ${holder}`);
}

function whoAnswers(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const probe = connectTo(path);
    probe.once('connect', () => {
      const { pid } = peerCredentials(probe);
      probe.destroy();
      resolve(`process ${pid}`);
    });
    probe.once('error', (error) => {
      const code = errorCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined);
      // EAGAIN: its backlog is full, so it lives. EACCES: we cannot know.
      else if (code === 'EAGAIN') resolve('a process too busy to answer');
      else reject(new ListenError('unusable', `cannot tell whether anybody listens on ${path}: ${error.message}`, error));
    });
  });
}
