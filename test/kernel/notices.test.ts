// What passes between the service manager and us: sockets one way, words the other.
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KernelError, Notices, listeningPath } from '../../src/kernel/native.js';
import { temporaryDirectory } from '../daemon.js';
import { Manager } from './manager.js';

let directory: string;
beforeEach(() => { directory = temporaryDirectory(); });
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

function descriptorOf(server: Server): number {
  return (server as Server & { readonly _handle: { readonly fd: number } })._handle.fd;
}

describe('a socket that was passed', () => {
  test.each([
    ['a path', (): string => join(directory, 's')],
    ['a path of 107 bytes', (): string => `${directory}/${'x'.repeat(107 - directory.length - 1)}`],
  ])('that listens has its name: %s', async (_, place) => {
    const server = createServer().listen(place());
    await once(server, 'listening');
    expect(listeningPath(descriptorOf(server))).toBe(place());
    server.close();
  });

  test('is nothing where it is a connection, a file, a TCP socket, or not there', async () => {
    const server = createServer().listen(join(directory, 's'));
    const tcp = createServer().listen(0, '127.0.0.1');
    await Promise.all([once(server, 'listening'), once(tcp, 'listening')]);
    const client = connect(join(directory, 's'));
    await once(client, 'connect');
    const file = openSync(directory, 'r');
    const connected = (client as typeof client & { readonly _handle: { readonly fd: number } })._handle.fd;
    for (const descriptor of [connected, file, descriptorOf(tcp), 4000]) expect(listeningPath(descriptor)).toBeUndefined();
    closeSync(file);
    client.destroy();
    server.close();
    tcp.close();
  });
});

describe('a notice', () => {
  test.each([['a path', (): string => join(directory, 'n')], ['an abstract name', (): string => `@indelible-test-${process.pid}`]])('arrives as it was sent, by %s', (_, place) => {
    const manager = new Manager(place());
    const notices = new Notices(place());
    notices.send('READY=1\nSTATUS=grüße');
    notices.send('WATCHDOG=1');
    expect(manager.heard()).toEqual(['READY=1\nSTATUS=grüße', 'WATCHDOG=1']);
    manager.close();
  });

  test('that nobody takes is an error, at once, and no wait', () => {
    const manager = new Manager(join(directory, 'n'));
    const notices = new Notices(join(directory, 'n'));
    expect(() => { for (;;) notices.send('x'); }).toThrow(KernelError);
    // There is room again when they are taken.
    expect(manager.heard().length).toBeGreaterThan(0);
    notices.send('again');
    expect(manager.heard()).toEqual(['again']);
    manager.close();
    expect(() => { notices.send('gone'); }).toThrow(KernelError);
  });
});
