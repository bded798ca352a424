// What the kernel says, asked on this machine.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KernelError, clockSync, peerCredentials, peerGroups, pipeState, tryLock } from '../../src/kernel/native.js';
import { bootId, groupId, lockHolder, processStart } from '../../src/kernel/proc.js';
import { temporaryDirectory } from '../daemon.js';

let directory: string;
beforeEach(() => { directory = temporaryDirectory(); });
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

describe('a connection', () => {
  test('has the pid, uid, gid and groups of who made it, until it is closed', async () => {
    const path = join(directory, 's');
    const server = createServer();
    const accepted = new Promise<Socket>((resolve) => { server.once('connection', resolve); });
    server.listen(path);
    await once(server, 'listening');
    const script = `require('net').connect(${JSON.stringify(path)}).on('close', () => process.exit())`;
    const child = spawn(process.execPath, ['-e', script]);
    const socket = await accepted;
    expect(peerCredentials(socket)).toEqual({ pid: child.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    const own = /^Groups:(.*)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]?.trim().split(' ') ?? [];
    expect(peerGroups(socket).map(String).sort()).toEqual(own.filter((gid) => gid !== '').sort());
    socket.destroy();
    await Promise.all([once(socket, 'close'), once(child, 'close')]);
    let thrown: unknown;
    try {
      peerCredentials(socket);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(KernelError);
    expect((thrown as KernelError).code).toBe('no_descriptor');
    server.close();
  });

  test('to ourselves has our own pid', async () => {
    const path = join(directory, 's');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const socket = connect(path);
    await once(socket, 'connect');
    expect(peerCredentials(socket).pid).toBe(process.pid);
    socket.destroy();
    server.close();
  });
});

test('what a pipe holds is waiting until it is read, or abandoned once its reader is gone', () => {
  const path = join(directory, 'pipe');
  spawnSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, 'w');
  writeSync(writer, 'key');
  expect(pipeState(writer)).toBe('waiting');
  readSync(reader, Buffer.alloc(3));
  expect(pipeState(writer)).toBe('taken');
  writeSync(writer, 'key');
  closeSync(reader);
  expect(pipeState(writer)).toBe('abandoned');
  closeSync(writer);
});

describe('flock', () => {
  test('is had once, shows its holder, and is free again when the descriptor is closed', () => {
    const [one, two] = [openSync(directory, 'r'), openSync(directory, 'r')];
    expect(tryLock(one)).toBe(true);
    expect(tryLock(two)).toBe(false);
    expect(lockHolder(directory)).toBe(process.pid);
    closeSync(one);
    expect(tryLock(two)).toBe(true);
    closeSync(two);
    expect(lockHolder(directory)).toBeUndefined();
  });

  test('of a descriptor that is none is an error', () => {
    const closed = openSync(directory, 'r');
    closeSync(closed);
    let thrown: unknown;
    try {
      tryLock(closed);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(KernelError);
    expect((thrown as KernelError).code).toBe('flock');
  });
});

describe('/proc', () => {
  test('tells processes apart by when they started', async () => {
    // A name that tries to look like the fields behind it.
    const child = spawn('/bin/sh', ['-c', 'read x'], { argv0: 'a) S 1 (b' });
    await once(child, 'spawn');
    const start = processStart(child.pid ?? 0);
    expect(start).toBeGreaterThanOrEqual(processStart(process.pid) ?? Number.POSITIVE_INFINITY);
    expect(processStart(child.pid ?? 0)).toBe(start);
    child.kill();
    await once(child, 'close');
    expect(processStart(child.pid ?? 0)).toBeUndefined();
  });

  test('knows the boot and the groups, and says nothing of what is not there', () => {
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect([groupId('root'), groupId('no-such-group'), groupId('')]).toEqual([0, undefined, undefined]);
    expect(processStart(2 ** 30)).toBeUndefined();
  });
});

test('the kernel says whether its clock is kept right, and how wrong it may be', () => {
  const { isSynchronised, maxErrorMs } = clockSync();
  expect(isSynchronised).toBeTypeOf('boolean');
  // The kernel lets the error grow to 16 s while nobody corrects it, and no further.
  expect(maxErrorMs).toBeGreaterThanOrEqual(0);
  expect(maxErrorMs).toBeLessThanOrEqual(16_000);
});
