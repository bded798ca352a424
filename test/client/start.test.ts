// Connecting to a socket that lets in before anybody answers, as systemd's does while it starts the daemon.
import { rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import { Daemon, temporaryDirectory } from '../daemon.js';

let directory: string;
beforeEach(() => { directory = temporaryDirectory(); });
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

test('a client that was let in waits for the daemon to be started, and one that nobody lets in does not', async () => {
  const front = createServer().listen(join(directory, 'front'));
  await once(front, 'listening');
  const arrived = once(front, 'connection') as Promise<[Socket]>;
  // Little time for one that is not there, less than a start takes; enough for one that is being started.
  const connecting = connect({ socket: join(directory, 'front'), connectTimeoutMs: 100, startTimeoutMs: 60_000 });
  const [socket] = await arrived;
  const daemon = await Daemon.start({ state: join(directory, 'd') });
  const behind = createConnection(daemon.socket);
  socket.pipe(behind).pipe(socket);
  const client = await connecting;
  expect((await client.append({ action: 'first' })).count).toBe(1);
  await client.close();
  await expect(connect({ socket: join(directory, 'nobody'), connectTimeoutMs: 100, startTimeoutMs: 60_000 })).rejects.toMatchObject({ code: 'not_connected' });
  socket.destroy();
  front.close();
  await daemon.clear();
});

test('without a time for that, connecting takes no longer than it may', async () => {
  const front = createServer().listen(join(directory, 'front'));
  await once(front, 'listening');
  await expect(connect({ socket: join(directory, 'front'), connectTimeoutMs: 50 })).rejects.toMatchObject({ code: 'not_connected' });
  front.close();
});
