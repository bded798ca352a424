// Pipes for a command's output and input. What Node makes for a child are sockets, and a program that opens /dev/stdout or
// /dev/stderr by name gets ENXIO from a socket; so these are real pipes, made as FIFOs that lose their names at once.
// Invariant: no name is left behind, and no end of ours goes to a child but the one it is given.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecError, messageOf } from './failure.js';

/** Two descriptors; reading and writing block, and so belong on the thread pool. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** Makes so many pipes. @throws ExecError `pipes` */
export function makePipes(count: number): readonly Pipe[] {
  if (count === 0) return [];
  let directory: string | undefined;
  try {
    directory = mkdtempSync(join(tmpdir(), 'indelible-exec-'));
    const names = Array.from({ length: count }, (_, i) => join(directory ?? '', String(i)));
    const made = spawnSync('mkfifo', ['-m', '600', ...names], { env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'ignore', 'pipe'] });
    if (made.error !== undefined) throw made.error;
    if (made.status !== 0) throw new Error(made.stderr.toString('utf8').trim());
    return names.map(openBoth);
  } catch (error) {
    throw new ExecError('pipes', `no pipe to be had for the command: ${messageOf(error)}`, error);
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true });
  }
}

function openBoth(name: string): Pipe {
  // Opening one end alone waits for the other; with both held for a moment, neither waits.
  const both = openSync(name, constants.O_RDWR);
  try {
    return { read: openSync(name, constants.O_RDONLY), write: openSync(name, constants.O_WRONLY) };
  } finally {
    closeSync(both);
  }
}

/** Ends a read of ours that waits on a pipe which others keep open, by giving it a byte that nobody is to look at. */
export function wakeReader(read: number): void {
  const write = openSync(`/proc/self/fd/${read}`, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    writeSync(write, Buffer.alloc(1));
  } finally {
    closeSync(write);
  }
}
