import { expect, test } from 'vitest';
import { inTime } from '../../src/clock/in-time.js';

test('what comes in time is what it is, an error too, and what does not is called late', async () => {
  expect(await inTime(Promise.resolve(1), 60_000, 'late')).toBe(1);
  await expect(inTime(Promise.reject(new Error('no')), 60_000, 'late')).rejects.toThrow('no');
  expect(await inTime(new Promise(() => undefined), 1, 'late')).toBe('late');
});
