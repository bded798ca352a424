import { describe, expect, test } from 'vitest';
import { SpareBuffers } from '../../src/memory/spare-buffers.js';
import { Random } from '../random.js';

describe('spare buffers', () => {
  test('what was given back is what the next one of about its size gets', () => {
    const spare = new SpareBuffers(1024 * 1024);
    const first = spare.take(100_000);
    expect(first.length).toBeGreaterThanOrEqual(100_000);
    spare.give(first);
    expect(spare.bytes).toBe(first.length);
    expect(spare.take(99_000)).toBe(first);
    expect(spare.bytes).toBe(0);
    expect(spare.take(99_000)).not.toBe(first);
  });

  test('a buffer of 4 KiB or more is at most an eighth larger than what was asked for', () => {
    const spare = new SpareBuffers(0);
    const random = new Random(1);
    for (let n = 0; n < 10_000; n += 1) {
      const bytes = random.whole(4096, 2 ** random.whole(13, 26));
      const { length } = spare.take(bytes);
      expect(length).toBeGreaterThanOrEqual(bytes);
      expect(length).toBeLessThanOrEqual(bytes * 1.125);
    }
    expect(spare.take(2 ** 20)).toHaveLength(2 ** 20);
    expect(spare.take(1)).toHaveLength(4096);
  });

  test('no more is kept than may be, and of sizes that nobody asks for any more nothing in the end', () => {
    const spare = new SpareBuffers(1_000_000);
    const random = new Random(2);
    const held: Buffer[] = [];
    for (let n = 0; n < 5_000; n += 1) {
      if (random.chance(0.5)) held.push(spare.take(random.whole(1, 300_000)));
      else for (const buffer of held.splice(0, 2)) spare.give(buffer);
      expect(spare.bytes).toBeLessThanOrEqual(1_000_000);
      expect(new Set(held)).toHaveProperty('size', held.length);
    }
    const others = Array.from({ length: 10 }, () => spare.take(98_304));
    for (const buffer of others) spare.give(buffer);
    expect(spare.bytes).toBe(10 * (others[0]?.length ?? 0));
    for (let n = 0; n < 10; n += 1) expect(others).toContain(spare.take(98_304));
  });

  test('one that is larger than all that may be kept is not, and takes nobody\'s place', () => {
    const spare = new SpareBuffers(10_000);
    const small = spare.take(5_000);
    spare.give(small);
    spare.give(spare.take(20_000));
    expect(spare.take(5_000)).toBe(small);
  });
});
