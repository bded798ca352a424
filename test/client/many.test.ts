// Very many appends that wait: what happens to one of them costs little, however many the others are.
import { describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/client/client.js';
import type { Pending } from '../../src/client/pending.js';
import { Queue } from '../../src/client/queue.js';
import { daemon, until } from './connected.js';

describe('a queue', () => {
  let looks = 0;
  const made = (order: number): Pending => {
    let state: Pending['state'] = 'waiting';
    return {
      get order() { looks += 1; return order; },
      get state() { looks += 1; return state; },
      set state(to) { state = to; },
    } as Pending;
  };
  const take = (queue: Queue, most: number): Pending[] => {
    const taken: Pending[] = [];
    for (let next = queue.first(); next !== undefined && taken.length < most; next = queue.first()) {
      next.state = 'flying';
      taken.push(next);
    }
    return taken;
  };

  test('takes back what was refused without a look at all that wait', () => {
    const queue = new Queue();
    for (let i = 0; i < 20_000; i++) queue.add(made(i));
    looks = 0;
    for (let round = 0; round < 10; round++) {
      for (const append of take(queue, 64)) queue.restore([append]);
    }
    expect(looks).toBeLessThan(20_000);
  });

  test('gives those that came back in any order at their own places, each once', () => {
    const queue = new Queue();
    for (let i = 0; i < 10; i++) queue.add(made(i));
    const all = take(queue, 6);
    for (const i of [4, 1, 5]) queue.restore(all.slice(i, i + 1));
    expect(take(queue, 2).map(({ order }) => order)).toEqual([1, 4]);
    queue.restore(all);
    expect(take(queue, 20).map(({ order }) => order)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(queue.first()).toBeUndefined();
  });

  test('knows one that was taken from its middle and came back', () => {
    const queue = new Queue();
    const appends = [0, 1, 2, 3].map(made);
    for (const append of appends) queue.add(append);
    for (let round = 0; round < 3; round++) {
      for (const append of appends.slice(1, 3)) append.state = 'flying';
      queue.restore(appends.slice(1, 3).reverse());
    }
    expect(take(queue, 20).map(({ order }) => order)).toEqual([0, 1, 2, 3]);
  });
});

test('deadlines that pass one by one are not each a reason to look at all that wait', async () => {
  daemon.answer = () => 'silence';
  const other = await connect({ socket: daemon.path });
  const waiting = Promise.allSettled(Array.from({ length: 20_000 }, () => other.append({ action: 'a' })));
  await until(() => daemon.appends.length > 0);
  const set = vi.spyOn(globalThis, 'setTimeout');
  const hurried = Array.from({ length: 500 }, (_, i) => other.append({ action: 'b' }, { timeoutMs: 500 + i }));
  const outcomes = await Promise.allSettled(hurried);
  const timers = set.mock.calls.length;
  set.mockRestore();
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(timers).toBeLessThan(100);
  await other.close({ timeoutMs: 0 });
  await waiting;
});
