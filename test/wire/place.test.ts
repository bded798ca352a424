import { expect, test } from 'vitest';
import { checkedSocketPath, socketPath, stateDirectory } from '../../src/wire/place.js';

test('the socket is found in this order, an empty value counting as unset', () => {
  const env = {
    INDELIBLE_SOCKET: '/a', RUNTIME_DIRECTORY: '/run/i', XDG_RUNTIME_DIR: '/run/user/1', INDELIBLE_STATE_DIR: '/s',
    STATE_DIRECTORY: '/var/lib/i', XDG_STATE_HOME: '/x', HOME: '/h',
  };
  expect(socketPath(env)).toBe('/a');
  expect(socketPath({ ...env, INDELIBLE_SOCKET: '' })).toBe('/run/i/indelible.sock');
  expect(socketPath({ ...env, INDELIBLE_SOCKET: '', RUNTIME_DIRECTORY: '' })).toBe('/run/user/1/indelible/indelible.sock');
  expect(socketPath({ INDELIBLE_STATE_DIR: '', STATE_DIRECTORY: '/var/lib/i' })).toBe('/var/lib/i/indelible.sock');
  expect(socketPath({ INDELIBLE_STATE_DIR: '/s', STATE_DIRECTORY: '/var/lib/i' })).toBe('/s/indelible.sock');
  expect(stateDirectory({ XDG_STATE_HOME: '/x', HOME: '/h' })).toBe('/x/indelible');
  expect(stateDirectory({ HOME: '/h' })).toBe('/h/.local/state/indelible');
  expect(stateDirectory({})).toBeUndefined();
  expect(socketPath({})).toBeUndefined();
});

test('a path that is empty, or that the kernel would cut short, is refused, counted in bytes', () => {
  expect(() => checkedSocketPath('')).toThrow(expect.objectContaining({ code: 'bad_path' }) as Error);
  expect(checkedSocketPath('x'.repeat(107))).toHaveLength(107);
  expect(() => checkedSocketPath('x'.repeat(108))).toThrow(expect.objectContaining({ code: 'bad_path' }) as Error);
  expect(() => checkedSocketPath('ü'.repeat(54))).toThrow('108 bytes');
});
