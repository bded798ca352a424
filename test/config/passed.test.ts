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
    expect(withPassed([own, labelled], passed, defaults, pathOf)).toEqual([
      { ...labelled, descriptor: 3 },
      { name: 'vm-7', path: '/run/b', mode: 0o660, profiles: undefined, labels: {}, rate: 7, descriptor: 4 },
      own,
    ]);
  });

  test.each([
    ['another place', [{ ...labelled, path: '/run/x' }], [{ descriptor: 3, name: 'default' }], /INDELIBLE_SOCKET or INDELIBLE_LISTENERS has it at \/run\/x/],
    ['another\'s place', [{ ...labelled, name: 'other' }], [{ descriptor: 3, name: 'default' }], /so is listener other/],
    ['a name twice', [], [{ descriptor: 3, name: 'a' }, { descriptor: 4, name: 'a' }], /passed twice/],
    ['a name that none may have', [], [{ descriptor: 3, name: 'self' }], /FileDescriptorName/],
    ['no socket', [], [{ descriptor: 9, name: 'a' }], /descriptor 9.* is no Unix stream socket that listens/],
  ])('do not fit: %s', (_, configured, passed, message) => {
    expect(() => withPassed(configured, passed, defaults, pathOf)).toThrow(message);
  });

  test('are asked of the kernel, and a mistake is a problem of the configuration', () => {
    const read = readConfig({ INDELIBLE_STATE_DIR: '/s' }, [{ descriptor: 999, name: 'default' }]);
    expect(read).toMatchObject({ ok: false, problems: [expect.stringContaining('descriptor 999')] });
  });
});
