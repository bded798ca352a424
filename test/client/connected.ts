// A daemon made for the test and a client of it, anew for each test of the file that imports them.
import { afterEach, beforeEach } from 'vitest';
import { type Client, connect } from '../../src/client/client.js';
import { Daemon } from './daemon.js';

export let daemon: Daemon;
export let client: Client;

beforeEach(async () => {
  daemon = await new Daemon().start();
  client = await connect({ socket: daemon.path, timeoutMs: 10_000 });
});

afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await daemon.end();
});

/** Resolves when it holds, which is looked at in every turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}
