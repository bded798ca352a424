// Configuration: everything wrong is said at once, empty is unset, and what is right arrives.
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { readConfig } from '../../src/config/config.js';

const place = { INDELIBLE_STATE_DIR: '/var/lib/x' };

function good(environment: Readonly<Record<string, string>>): Config {
  const read = readConfig({ ...place, ...environment });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return read.config;
}

function problems(environment: Readonly<Record<string, string>>): readonly string[] {
  const read = readConfig({ ...place, ...environment });
  return read.ok ? [] : read.problems;
}

describe('places', () => {
  test.each([
    [{ INDELIBLE_STATE_DIR: '/a', STATE_DIRECTORY: '/b', HOME: '/c' }, '/a'],
    [{ STATE_DIRECTORY: '/b', XDG_STATE_HOME: '/x', HOME: '/c' }, '/b'],
    [{ XDG_STATE_HOME: '/x', HOME: '/c' }, '/x/indelible'],
    [{ HOME: '/c' }, '/c/.local/state/indelible'],
    [{ INDELIBLE_STATE_DIR: '', STATE_DIRECTORY: '', HOME: '/c' }, '/c/.local/state/indelible'],
  ])('of %o put the state into %s', (environment, state) => {
    const read = readConfig(environment);
    expect(read.ok && read.config.stateDirectory).toBe(state);
  });

  test('are never made up', () => {
    expect(readConfig({}).ok).toBe(false);
    expect(readConfig({ PATH: '/bin' }).ok).toBe(false);
  });

  test.each([
    [{ INDELIBLE_SOCKET: '/a/s', RUNTIME_DIRECTORY: '/b' }, '/a/s'], [{ RUNTIME_DIRECTORY: '/b', XDG_RUNTIME_DIR: '/r' }, '/b/indelible.sock'],
    [{ XDG_RUNTIME_DIR: '/r' }, '/r/indelible/indelible.sock'], [{}, '/var/lib/x/indelible.sock'], [{ INDELIBLE_SOCKET: '' }, '/var/lib/x/indelible.sock'],
  ])('of %o put the socket at %s', (environment, path) => {
    expect(good(environment).listeners.map((listener) => listener.path)).toEqual([path]);
  });

  test('of 107 bytes are sockets, of 108 are a problem', () => {
    expect(good({ INDELIBLE_SOCKET: `/${'x'.repeat(106)}` }).listeners).toHaveLength(1);
    expect(problems({ INDELIBLE_SOCKET: `/${'x'.repeat(107)}` })).toHaveLength(1);
    expect(problems({ INDELIBLE_SOCKET: `/${'é'.repeat(54)}` })).toHaveLength(1);
  });
});

describe('variables', () => {
  test('have the defaults that are documented', () => {
    const config = good({});
    const { sync, headSync, segmentBytes, segmentMs, sealMs, heartbeatMs, retain, recent, limits, logLevel } = config;
    const { readerGids, origin, listeners } = config;
    expect({ sync, headSync, segmentBytes, segmentMs, sealMs, heartbeatMs, retain, recent, limits, logLevel }).toEqual({
      sync: 'line', headSync: 'second', segmentBytes: 67_108_864, segmentMs: 86_400_000, sealMs: 60_000, heartbeatMs: 900_000,
      retain: { bytes: 0, ms: 0 }, recent: 10_000, logLevel: 'info',
      limits: { frameBytes: 1_048_576, eventBytes: 262_144, events: 1024, clients: 1024, queueBytes: 67_108_864 },
    });
    expect(readerGids.size).toBe(0);
    expect(origin).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*\/[0-9a-f]{8}$/);
    expect(listeners).toMatchObject([{ name: 'default', mode: 0o660, profiles: undefined, labels: {}, rate: 0 }]);
  });

  test('that are empty count as unset', () => {
    const empty = Object.fromEntries(['SYNC', 'RECENT', 'SEAL_MS', 'LISTENERS', 'SOCKET_MODE', 'READERS', 'RATE', 'LOG_LEVEL', 'HEAD_SYNC']
      .map((name) => [`INDELIBLE_${name}`, '']));
    expect({ ...good(empty), origin: '' }).toEqual({ ...good({}), origin: '' });
  });

  test('that are wrong are all named at once', () => {
    const wrong = {
      INDELIBLE_SYNC: 'never', INDELIBLE_HEAD_SYNC: 'x', INDELIBLE_SEGMENT_BYTES: '1', INDELIBLE_SEAL_MS: 'soon', INDELIBLE_RECENT: '127',
      INDELIBLE_SOCKET_MODE: '999', INDELIBLE_ORIGIN: 'not allowed', INDELIBLE_LISTENERS: '{}', INDELIBLE_READERS: 'no-such-group-here',
      INDELIBLE_MAX_EVENTS: '0', INDELIBLE_LOG_LEVEL: 'loud', INDELIBLE_UNKNOWN_KINDS: 'maybe', INDELIBLE_REDACT: 'some', INDELIBLE_TYPO: '1',
    };
    const said = problems(wrong);
    for (const name of Object.keys(wrong)) {
      expect([name, said.filter((problem) => problem.includes(name)).length]).toEqual([name, 1]);
    }
    expect(said).toHaveLength(Object.keys(wrong).length);
  });

  test('are whole numbers inside their bounds, bounds included', () => {
    expect(good({ INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RECENT: '128' })).toMatchObject({ segmentBytes: 65_536, recent: 128 });
    for (const value of ['65535', '-1', '1e5', '65536.5', '0x10000', ' ', '99999999999999999999']) {
      expect([value, problems({ INDELIBLE_SEGMENT_BYTES: value }).length]).toEqual([value, 1]);
    }
  });

  test('name readers by gid and by group', () => {
    expect([...good({ INDELIBLE_READERS: 'root, 4711 12' }).readerGids]).toEqual([0, 4711, 12]);
  });
});

describe('listeners', () => {
  const listeners = (value: unknown): Config['listeners'] => good({ INDELIBLE_LISTENERS: JSON.stringify(value) }).listeners;
  const refused = (value: unknown): boolean => problems({ INDELIBLE_LISTENERS: typeof value === 'string' ? value : JSON.stringify(value) }).length === 1;

  test('are read with everything they may have, and take over what they leave out', () => {
    const whole = { name: 'vm-1', path: '/run/vm_52', mode: '0666', profiles: ['generic'], labels: { vm: 'one' }, rate: 9 };
    expect(listeners([whole, { name: 'b', path: '/b' }])).toEqual([
      { ...whole, mode: 0o666 }, { name: 'b', path: '/b', mode: 0o660, profiles: undefined, labels: {}, rate: 0 },
    ]);
    expect(good({ INDELIBLE_LISTENERS: '[{"name":"b","path":"/b"}]', INDELIBLE_SOCKET_MODE: '0600', INDELIBLE_RATE: '3' }).listeners)
      .toMatchObject([{ mode: 0o600, rate: 3 }]);
  });

  test.each([
    ['not json'], [{}], [[]], [[1]], [[null]], [[[]]], [[{ name: 'a' }]], [[{ path: '/a' }]], [[{ name: 'a', path: 'relative' }]],
    [[{ name: '', path: '/a' }]], [[{ name: 'self', path: '/a' }]], [[{ name: 'a b', path: '/a' }]], [[{ name: 'a', path: `/${'x'.repeat(107)}` }]],
    [[{ name: 'a', path: '/a', mode: 0o660 }]], [[{ name: 'a', path: '/a', mode: '0999' }]], [[{ name: 'a', path: '/a', rate: -1 }]],
    [[{ name: 'a', path: '/a', rate: 1.5 }]], [[{ name: 'a', path: '/a', profiles: ['no-such'] }]], [[{ name: 'a', path: '/a', profiles: 'generic' }]],
    [[{ name: 'a', path: '/a', labels: { n: 1 } }]], [[{ name: 'a', path: '/a', labels: [] }]], [[{ name: 'a', path: '/a', labels: { vm: '\udc80' } }]], [[{ name: 'a', path: '/a', labels: { '\ud800': 'x' } }]],
    [[{ name: 'a', path: '/a', typo: 1 }]],
    [[{ name: 'a', path: '/a' }, { name: 'a', path: '/b' }]], [[{ name: 'a', path: '/a' }, { name: 'b', path: '/a' }]],
  ])('%j is refused', (value) => { expect(refused(value)).toBe(true); });

  test('that are wrong are named with all that is wrong with them', () => {
    const wrong = [{ name: 'a b', path: 'relative', mode: 7 }, { name: 'fine', path: '/fine' }, { name: 'b', path: '/b', rate: -1, typo: 1 }];
    const said = problems({ INDELIBLE_LISTENERS: JSON.stringify(wrong) });
    expect(said.map((problem) => /^"INDELIBLE_LISTENERS" entry (\d: \w+)/.exec(problem)?.[1])).toEqual(['0: name', '0: path', '0: mode', '2: has', '2: rate']);
  });

  test('that do not have the socket of INDELIBLE_SOCKET contradict it', () => {
    const entries = JSON.stringify([{ name: 'a', path: '/run/a' }]);
    expect(problems({ INDELIBLE_LISTENERS: entries, INDELIBLE_SOCKET: '/run/b' })).toEqual([expect.stringContaining('INDELIBLE_SOCKET')]);
    expect(problems({ INDELIBLE_LISTENERS: entries, INDELIBLE_SOCKET: '/run/./a' })).toEqual([]);
  });
});
