// Copying between shared memory and one's own: byte for byte, in every direction and alignment, and nothing beside it.
import { expect, test } from 'vitest';
import { copyShared } from '../../src/memory/copy-shared.js';
import { Random } from '../random.js';

const bytes = 300;
function memory(isShared: boolean): Buffer {
  return isShared ? Buffer.from(new SharedArrayBuffer(bytes)) : Buffer.alloc(bytes);
}

test('it copies what set copies, wherever from and to, and touches nothing else', () => {
  const random = new Random(11);
  for (let round = 0; round < 2000; round += 1) {
    const from = memory(round % 2 === 0);
    const to = memory(round % 4 < 2);
    for (let i = 0; i < bytes; i += 1) [from[i], to[i]] = [random.whole(0, 255), random.whole(0, 255)];
    const expected = Uint8Array.from(to);
    const size = random.whole(0, bytes);
    const [start, at] = [random.whole(0, bytes - size), random.whole(0, bytes - size)];
    expected.set(from.subarray(start, start + size), at);
    copyShared(from.subarray(start, start + size), to, at);
    if (!to.equals(expected)) expect.fail(`${size} bytes from ${start} to ${at}`);
  }
});

test('what does not fit is refused, and nothing is written', () => {
  const to = Buffer.alloc(10);
  expect(() => { copyShared(new Uint8Array(4).fill(7), to, 7); }).toThrow(RangeError);
  expect(to.equals(Buffer.alloc(10))).toBe(true);
});
