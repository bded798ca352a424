// Listeners as files: each is taken or refused on its own, and none may take a place of the log.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenerDirectory, listenerFile, readListenerDirectory } from '../../src/config/listener-directory.js';
import { profileNames } from '../../src/event/catalogue.js';

const defaults = { mode: 0o660, rate: 0 };
let state = '';

beforeEach(() => {
  state = mkdtempSync('/tmp/indelible-listeners-');
  mkdirSync(listenerDirectory(state));
});

afterEach(() => { rmSync(state, { recursive: true }); });

function put(name: string, fields: object): void {
  writeFileSync(listenerFile(state, name), JSON.stringify(fields));
}

function read(): ReturnType<typeof readListenerDirectory> {
  return readListenerDirectory(state, defaults, profileNames, []);
}

describe('the places of the log', () => {
  test.each([
    'log', 'log/audit.jsonl', 'keys/s', 'quarantine', 'listeners', 'checkpoint', 'checkpoint.tmp', 'log.pub', 'indelible.lock', 'last-words',
    'last-words.tmp', 'reserve', 'retention', '',
  ])('"%s" is none for a socket', (place) => {
    put('a', { path: join(state, place) });
    expect(read()).toEqual({ listeners: [], problems: ['listeners/a.json: its path is a place of the log itself'] });
  });

  test('beside them one may stand', () => {
    put('a', { path: join(state, 'a.sock') });
    put('b', { path: join(state, 'sockets/keys') });
    put('c', { path: `${state}-elsewhere/keys` });
    expect(read().problems).toEqual([]);
    expect(read().listeners.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });
});

test('one that is wrong takes nothing from the others', () => {
  put('a', { path: join(state, 'a.sock'), labels: { vm: '\udc80' } });
  put('b', { path: join(state, 'b.sock') });
  const { listeners, problems } = read();
  expect(listeners.map(({ name }) => name)).toEqual(['b']);
  expect(problems).toEqual(['listeners/a.json: label "vm" should have no lone surrogate']);
});
