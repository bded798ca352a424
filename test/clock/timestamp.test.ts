import { expect, it } from 'vitest';
import { parseTimestamp, timestamp } from '../../src/clock/clock.js';

it('a timestamp is read as it is written, from the year 0 to 9999', () => {
  for (const text of ['0000-01-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z', '9999-12-31T23:59:59.999Z']) {
    expect(timestamp(parseTimestamp(text) ?? 0)).toBe(text);
  }
});

it.each([
  '2026-02-30T00:00:00.000Z', '2025-02-29T00:00:00.000Z', '2026-04-31T00:00:00.000Z', '2026-13-01T00:00:00.000Z', '2026-00-01T00:00:00.000Z',
  '2026-01-01T24:00:00.000Z', '2026-06-30T23:59:60.000Z', '2026-01-01T00:00:00.00Z', '2026-01-01t00:00:00.000Z', '2026-01-01T00:00:00.000+00:00',
])('%s is none', (text) => {
  expect(parseTimestamp(text)).toBeUndefined();
});
