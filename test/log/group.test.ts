import { describe, expect, test } from 'vitest';
import { Group } from '../../src/log/group.js';

const room = { bytes: 1 << 30, records: 1 << 20 };

function groupOf(bodies: number, lineBytes = 100): Group {
  const group = new Group();
  for (let n = 0; n < bodies; n += 1) group.add(new Uint8Array(1), lineBytes);
  group.requests = bodies;
  return group;
}

describe('what makes one commit', () => {
  test('few lines do not wait for very many behind them, and these may be a commit', () => {
    expect(groupOf(0).takes(10_000)).toBe(true);
    expect(groupOf(1).takes(511)).toBe(true);
    expect(groupOf(1).takes(512)).toBe(false);
    expect(groupOf(256).takes(256)).toBe(true);
  });

  test('it ends where it has enough for one fsync, or a segment or an epoch ends', () => {
    expect(groupOf(511).isFull(room)).toBe(false);
    expect(groupOf(512).isFull(room)).toBe(true);
    expect(groupOf(4, 1024 * 1024).isFull(room)).toBe(true);
    expect(groupOf(3, 1024 * 1024).isFull(room)).toBe(false);
    expect(groupOf(3).isFull({ ...room, bytes: 301 })).toBe(false);
    expect(groupOf(3).isFull({ ...room, bytes: 300 })).toBe(true);
    expect(groupOf(3).isFull({ ...room, records: 3 })).toBe(true);
    expect(groupOf(1).isFull()).toBe(true);
  });
});
