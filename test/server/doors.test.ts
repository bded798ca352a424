// Sockets that come and go: what cannot be opened says why, once, and takes nothing from the others.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Doors } from '../../src/server/doors.js';
import type { ListenerConfig } from '../../src/server/settings.js';

const place = mkdtempSync('/tmp/indelible-doors-');
afterAll(() => { rmSync(place, { recursive: true }); });

function listener(name: string, path: string): ListenerConfig {
  return { name, path, mode: 0o600, profiles: undefined, labels: {}, rate: 0 };
}

test('a directory that cannot be made is an error, and the others are opened', async () => {
  const doors = new Doors(() => undefined);
  const good = listener('good', join(place, 'made/for/it/s.sock'));
  // Directories cannot be made there, and Node's own way to make them never comes to an end.
  const { opened, failed } = await doors.change([listener('bad', '/proc/nobody/x.sock'), good]);
  expect(opened).toEqual([good]);
  expect(failed).toMatchObject([{ config: { name: 'bad' }, why: expect.stringMatching(/cannot listen on \/proc\/nobody\/x\.sock: .*ENOENT/) as string }]);
  await doors.close();
});

test('why one cannot be opened is said once, and again when it changes; it is tried all the while', async () => {
  const doors = new Doors(() => undefined);
  const path = join(place, 'taken.sock');
  const wanted = [listener('taken', path)];
  const holder = createServer().listen(path);
  await new Promise((resolve) => { holder.once('listening', resolve); });
  expect((await doors.change(wanted)).failed).toHaveLength(1);
  expect((await doors.change(wanted)).failed).toEqual([]);
  await doors.change([]);
  expect((await doors.change(wanted)).failed).toHaveLength(1);
  await new Promise((resolve) => { holder.close(resolve); });
  expect((await doors.change(wanted)).opened).toEqual(wanted);
  await doors.close();
});
