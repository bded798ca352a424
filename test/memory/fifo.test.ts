import { expect, test } from 'vitest';
import { Fifo } from '../../src/memory/fifo.js';
import { Collected } from '../collected.js';
import { Random } from '../random.js';

interface Item {
  readonly n: number;
}

test('what goes in comes out, in that order, whatever passed through before', () => {
  const random = new Random(1);
  const fifo = new Fifo<Item>();
  let [pushed, taken] = [0, 0];
  for (let round = 0; round < 400; round += 1) {
    for (let more = random.whole(0, round % 40 === 0 ? 3_000 : 20); more > 0; more -= 1) {
      fifo.push({ n: pushed });
      pushed += 1;
    }
    expect(fifo).toHaveLength(pushed - taken);
    expect(fifo.at(fifo.length)).toBeUndefined();
    const index = random.whole(0, 30);
    expect(fifo.at(index)?.n).toBe(taken + index < pushed ? taken + index : undefined);
    const all = Array.from({ length: pushed - taken }, (_, i) => taken + i);
    if (round % 10 === 0) expect(Array.from(fifo, ({ n }) => n)).toEqual(all);
    for (let less = random.whole(0, round % 40 === 30 ? 5_000 : 25); less > 0 && taken < pushed; less -= 1) {
      expect(fifo.shift()).toEqual({ n: taken });
      taken += 1;
    }
    if (taken === pushed) expect([fifo.shift(), fifo.at(0), fifo.length]).toEqual([undefined, undefined, 0]);
  }
  expect(taken).toBeGreaterThan(4_000);
});

test('what was cleared is not there any more, and what comes then is', () => {
  const fifo = new Fifo<Item>();
  for (let n = 0; n < 100; n += 1) fifo.push({ n });
  fifo.clear();
  expect([fifo.length, fifo.at(0), fifo.shift()]).toEqual([0, undefined, undefined]);
  fifo.push({ n: 7 });
  expect(Array.from(fifo)).toEqual([{ n: 7 }]);
});

test('what has left is not held on to', async () => {
  const fifo = new Fifo<Item>();
  const collected = new Collected<number>();
  for (let n = 0; n < 64; n += 1) {
    const item = { n };
    collected.watch(item, n);
    fifo.push(item);
  }
  for (let n = 0; n < 32; n += 1) fifo.shift();
  await collected.until(32);
  expect([...collected.names].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, n) => n));
  expect(fifo).toHaveLength(32);
});
