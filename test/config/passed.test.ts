// Sockets that systemd opened: whose they are, and what does not fit.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { passedSockets, withPassed } from '../../src/config/passed.js';
import type { ListenerConfig } from '../../src/server/settings.js';

const defaults = { mode: 0o660, rate: 7 };
const labelled: ListenerConfig = { name: 'default', path: '/run/a', mode: 0o600, profiles: undefined, labels: { host: 'a' }, rate: 0 };
const pathOf = (descriptor: number): string | undefined => ['/run/a', '/run/b'][descriptor - 3];

describe('passed sockets', () => {
  test('are those of our pid, from descriptor 3 on, with their names', () => {
    const environment = { LISTEN_PID: '17', LISTEN_FDS: '2', LISTEN_FDNAMES: 'default:vm-7' };
    expect(passedSockets(environment, 17)).toEqual([{ descriptor: 3, name: 'default' }, { descriptor: 4, name: 'vm-7' }]);
    expect(passedSockets({ ...environment, LISTEN_FDNAMES: undefined, LISTEN_FDS: '1' }, 17)).toEqual([{ descriptor: 3, name: 'default' }]);
  });

  test.each([
    [{ LISTEN_PID: '18', LISTEN_FDS: '1' }], [{ LISTEN_FDS: '1' }], [{ LISTEN_PID: '17' }], [{ LISTEN_PID: '17', LISTEN_FDS: '0' }],
    [{ LISTEN_PID: '17', LISTEN_FDS: '-1' }], [{ LISTEN_PID: '17', LISTEN_FDS: 'many' }], [{ LISTEN_PID: '17', LISTEN_FDS: '1000000000' }], [{}],
  ])('are none with %o', (environment) => {
    expect(passedSockets(environment, 17)).toEqual([]);
  });

  test('go to the listeners of their names, which keep what else was said of them; other names are listeners, too', () => {
    const passed = [{ descriptor: 3, name: 'default' }, { descriptor: 4, name: 'vm-7' }];
    const own: ListenerConfig = { ...labelled, name: 'own', path: '/run/c' };
    const problems: string[] = [];
    expect(withPassed([own, labelled], passed, defaults, problems, pathOf)).toEqual([
      { ...labelled, descriptor: 3 },
      { name: 'vm-7', path: '/run/b', mode: 0o660, profiles: undefined, labels: {}, rate: 7, descriptor: 4 },
      own,
    ]);
    expect(problems).toEqual([]);
  });

  test.each([
    ['another place', [{ ...labelled, path: '/run/x' }], [{ descriptor: 3, name: 'default' }], /INDELIBLE_SOCKET or INDELIBLE_LISTENERS has it at \/run\/x/],
    ['another\'s place', [{ ...labelled, name: 'other' }], [{ descriptor: 3, name: 'default' }], /so is listener other/],
    ['a name twice', [], [{ descriptor: 3, name: 'a' }, { descriptor: 4, name: 'a' }], /passed twice/],
    ['a name that none may have', [], [{ descriptor: 3, name: 'self' }], /FileDescriptorName/],
    ['no socket', [], [{ descriptor: 9, name: 'a' }], /descriptor 9.* is no Unix stream socket that listens/],
  ])('do not fit: %s', (_, configured, passed, message) => {
    const problems: string[] = [];
    withPassed(configured, passed, defaults, problems, pathOf);
    expect(problems).toEqual([expect.stringMatching(message)]);
  });

  test('are asked of the kernel, and a mistake is a problem of the configuration', () => {
    const read = readConfig({ INDELIBLE_STATE_DIR: '/s' }, [{ descriptor: 999, name: 'default' }]);
    expect(read).toMatchObject({ ok: false, problems: [expect.stringContaining('descriptor 999')] });
  });

  test('are all named that do not fit, with whatever else is wrong', () => {
    const passed = [{ descriptor: 998, name: 'default' }, { descriptor: 999, name: 'self' }, { descriptor: 997, name: 'default' }];
    const socket = `/${'x'.repeat(200)}`;
    expect(readConfig({ INDELIBLE_STATE_DIR: '/s', INDELIBLE_SYNC: 'both', INDELIBLE_SOCKET: socket }, passed)).toMatchObject({
      ok: false,
      problems: [
        expect.stringContaining('"INDELIBLE_SOCKET" should name a shorter path'),
        expect.stringContaining('"default" (descriptor 998) is no'),
        expect.stringContaining('"self" should have a FileDescriptorName'), expect.stringContaining('"self" (descriptor 999) is no'),
        expect.stringContaining('"default" is passed twice'), expect.stringContaining('"default" (descriptor 997) is no'),
        expect.stringContaining('INDELIBLE_SYNC'),
      ],
    });
  });
});
