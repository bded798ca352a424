// What keeps many clients from coming to more than a few: shares, pools, turns, places.
import { describe, expect, test } from 'vitest';
import { sourcePiece } from '../../src/server/admission.js';
import { clientsThatFit, filesNeeded } from '../../src/server/capacity.js';
import type { Holder } from '../../src/server/pool.js';
import { Pool } from '../../src/server/pool.js';
import { RateLimiter } from '../../src/server/rate.js';
import { Readers } from '../../src/server/readers.js';
import type { Place } from '../../src/server/reply-order.js';
import { Creditors, ReplyOrder, owedReplies } from '../../src/server/reply-order.js';
import { Shares } from '../../src/server/shares.js';
import type { Peer } from '../../src/server/source.js';
import { Turns, requestCost, turnBudget } from '../../src/server/turns.js';
import type { Reply } from '../../src/wire/message.js';
import { StillClock } from '../log/run.js';

describe('shares', () => {
  test('leave a part for the next source when a hundred have taken all they could', () => {
    const shares = new Shares(1 << 20);
    for (let source = 0; source < 100; source += 1) {
      const name = `s${source}`;
      expect(shares.hasRoom(name, 1)).toBe(true);
      while (shares.hasRoom(name, 64)) shares.take(name, 64);
    }
    expect(shares.taken).toBeLessThan(1 << 20);
    expect(shares.hasRoom('quiet', 1)).toBe(true);
  });

  test('give one that is alone half and no more, and back what it gave back', () => {
    const shares = new Shares(100);
    for (let i = 0; i < 50; i += 1) shares.take('one', 1);
    expect([shares.hasRoom('one', 1), shares.hasRoom('two', 37), shares.hasRoom('two', 38)]).toEqual([false, true, false]);
    shares.give('one', 50);
    expect([shares.taken, shares.hasRoom('one', 100)]).toEqual([0, true]);
  });
});

class Hoarder implements Holder {
  held = 0;
  gone = false;
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  hold(bytes: number): void {
    this.held = bytes;
    this.#pool.hold(this, bytes);
  }

  letGo(): void {
    this.held = 0;
    this.gone = true;
  }
}

describe('a pool', () => {
  test('lets whoever holds the most for the longest go, and nobody before it is too much', () => {
    const clock = new StillClock();
    const pool = new Pool(clock, 1000);
    const [old, large, young] = [new Hoarder(pool), new Hoarder(pool), new Hoarder(pool)];
    old.hold(300);
    clock.pass(1000);
    large.hold(700);
    clock.pass(10);
    expect([old.gone, large.gone]).toEqual([false, false]);
    young.hold(200);
    expect([old.gone, large.gone, young.gone]).toEqual([true, false, false]);
  });

  test('believes what its holders hold now, and not what they once said', () => {
    const clock = new StillClock();
    const pool = new Pool(clock, 1000);
    const [one, two] = [new Hoarder(pool), new Hoarder(pool)];
    one.hold(900);
    clock.pass(1);
    one.held = 10;
    two.hold(900);
    expect([one.gone, two.gone]).toEqual([false, false]);
  });
});

describe('turns', () => {
  test('count a long event as many', () => {
    expect([requestCost(1, 300), requestCost(256, 100_000)]).toEqual([1, 256]);
    expect(requestCost(1, 255 * 1024)).toBeGreaterThan(turnBudget);
  });

  test('give a process its budget and not more, its connections one behind the other', async () => {
    const turns = new Turns();
    const loud = [turns.join('loud'), turns.join('loud')] as const;
    const quiet = turns.join('quiet');
    expect(loud[0]).toBe(loud[1]);
    const order: string[] = [];
    const spend = (name: string, rounds: number): void => {
      if (loud[0].isSpent || rounds === 0) return;
      loud[0].spend(turnBudget);
      order.push(name);
      if (rounds > 1) turns.wait(loud[0], () => { spend(name, rounds - 1); });
    };
    spend('a', 3);
    spend('b', 1);
    expect([order, loud[0].isSpent, quiet.isSpent]).toEqual([['a'], true, false]);
    turns.wait(loud[0], () => { spend('b', 3); });
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(order).toEqual(['a', 'a', 'b', 'a', 'b', 'b']);
    for (const allowance of loud) turns.leave(allowance);
    expect(turns.join('loud')).not.toBe(loud[0]);
  });
});

describe('places in the order of replies', () => {
  test('count what their replies may take, a long pointer among it, until they leave', () => {
    const left: Reply[] = [];
    const order = new ReplyOrder(new Creditors(), 'p', () => undefined);
    const [first, second] = [order.reserve(1), order.reserve(1000)];
    const { bytes } = order;
    expect(bytes).toBeGreaterThan(1001 * 100);
    second.answer({ op: 'error', id: 2, code: 'invalid_event', message: 'm', index: 0, path: `/${'k'.repeat(100_000)}` });
    expect(order.bytes).toBe(bytes + 100_001);
    expect(order.depart()).toBeUndefined();
    first.answer({ op: 'error', id: 1, code: 'overloaded', message: 'm' });
    for (let reply = order.depart(); reply !== undefined; reply = order.depart()) left.push(reply);
    expect([left.map(({ id }) => id), order.bytes, order.waiting]).toEqual([[1, 2], 0, 0]);
  });

  test('are divided among the processes that are owed any, and their connections, each of which has room for some', () => {
    const creditors = new Creditors();
    const orderOf = (process: string): ReplyOrder => new ReplyOrder(creditors, process, () => undefined);
    const fill = (order: ReplyOrder): number => {
      while (!order.isFull) order.reserve(1);
      return order.bytes;
    };
    const lone = orderOf('a');
    const all = fill(lone);
    expect(all).toBeGreaterThan(owedReplies.bytesMax);
    const others = Array.from({ length: 7 }, () => orderOf('b'));
    for (const order of others) order.reserve(1);
    // Half for the one, and the other half for its seven, however many they are.
    expect(fill(orderOf('a')) / all).toBeCloseTo(1 / 4, 2);
    expect(others.map((order) => Math.round(all / fill(order)))).toEqual(others.map(() => 14));
    expect(creditors.connections).toBe(9);
    // Those that are closed leave their part to the others.
    for (const order of others.slice(1)) order.close();
    expect(creditors.connections).toBe(3);
    expect(fill(others[0] ?? lone) / all).toBeCloseTo(1 / 2, 2);
    const many = Array.from({ length: 10_000 }, (_, n) => orderOf(`${n}`));
    for (const order of many) order.reserve(1);
    expect(many.some((order) => order.isFull)).toBe(false);
    for (const order of many) order.close();
    expect(creditors.connections).toBe(3);
  });

  test('are not kept for a connection that is closed, whenever they come', () => {
    const creditors = new Creditors();
    const answered: Reply[] = [];
    const order = new ReplyOrder(creditors, 'p', (reply) => { answered.push(reply); });
    const [first, second] = [order.reserve(1), order.reserve(1)];
    const reply = { op: 'error', id: 1, code: 'overloaded', message: 'm' } as const;
    second.answer(reply);
    order.close();
    expect([order.waiting, order.bytes, creditors.connections]).toEqual([0, 0, 0]);
    first.answer(reply);
    order.reserve(1).answer(reply);
    // They are counted all the same.
    expect([answered.length, order.depart(), order.waiting, order.bytes, creditors.connections]).toEqual([3, undefined, 0, 0, 0]);
  });

  test('make room when half of them have left, and not for each', () => {
    const creditors = new Creditors();
    const order = new ReplyOrder(creditors, 'p', () => undefined);
    const places: Place[] = [];
    while (!order.isFull) places.push(order.reserve(1));
    const departed = (count: number): void => {
      for (const place of places.splice(0, count)) {
        place.answer({ op: 'error', id: 1, code: 'overloaded', message: 'm' });
        order.depart();
      }
    };
    departed(2);
    expect([order.isFull, order.hasRoom]).toEqual([false, false]);
    departed(places.length / 2 + 1);
    expect(order.hasRoom).toBe(true);
    departed(places.length);
    expect([order.waiting, creditors.connections]).toEqual([0, 0]);
  });
});

describe('readers of the disk', () => {
  test('are so many at a time; the others have their turn, and those who went away open nothing', async () => {
    const readers = new Readers(2);
    let open = 0;
    const opened: string[] = [];
    async function* records(name: string): AsyncGenerator<number> {
      open += 1;
      expect(open).toBeLessThanOrEqual(2);
      opened.push(name);
      await new Promise(setImmediate);
      yield 1;
      open -= 1;
    }
    const read = async (name: string, isWanted: boolean): Promise<number> => {
      let count = 0;
      for await (const one of readers.read(() => records(name), () => isWanted)) count += one;
      return count;
    };
    const counts = await Promise.all([read('a', true), read('b', true), read('gone', false), read('c', true), read('d', true)]);
    expect(counts).toEqual([1, 1, 0, 1, 1]);
    expect(opened).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('rates', () => {
  test('of very many processes that were all refused are recorded early and not forgotten', () => {
    let recorded = 0;
    const rates = new RateLimiter(new StillClock(), () => { for (const { count } of rates.heldBack()) recorded += count; });
    const processes = 10_000;
    for (let pid = 1; pid <= processes; pid += 1) {
      const source = { listener: 'l', pid, uid: 1, gid: 1 };
      const peer: Peer = { source, sourceText: '', sourcePiece: sourcePiece('{}'), idScope: '', process: `l 1 ${pid}`, groups: new Set() };
      expect(rates.take(peer, 1, 10)).toBeUndefined();
      expect(rates.take(peer, 1, 3)).toBeGreaterThan(0);
    }
    const left = rates.heldBack();
    expect(left.length).toBeLessThanOrEqual(4096);
    expect(recorded + left.reduce((sum, { count }) => sum + count, 0)).toBe(processes * 3);
  });

  test('whose record the log could not take are not forgotten either', () => {
    const unwritten: (() => void)[] = [];
    const rates = new RateLimiter(new StillClock(), () => {
      unwritten.push(...rates.heldBack().map(({ giveBack }) => giveBack));
    });
    const processes = 5000;
    const peerOf = (pid: number): Peer => {
      const source = { listener: 'l', pid, uid: 1, gid: 1 };
      return { source, sourceText: '', sourcePiece: sourcePiece('{}'), idScope: '', process: `l 1 ${pid}`, groups: new Set() };
    };
    for (let pid = 1; pid <= processes; pid += 1) {
      rates.take(peerOf(pid), 1, 10);
      rates.take(peerOf(pid), 1, 3);
    }
    expect(unwritten.length).toBeGreaterThan(0);
    // The first one is back, with a bucket of its own, before the log's answer is.
    rates.take(peerOf(1), 1, 10);
    rates.take(peerOf(1), 1, 3);
    for (const giveBack of unwritten) giveBack();
    const left = rates.heldBack();
    expect(left.reduce((sum, { count }) => sum + count, 0)).toBe((processes + 1) * 3);
    expect(left.find(({ source }) => source.pid === 1)?.count).toBe(6);
  });
});

test('as many clients are taken as there are descriptors for', () => {
  expect(clientsThatFit(1024, 1, Number.POSITIVE_INFINITY)).toBe(1024);
  expect(clientsThatFit(1024, 1, filesNeeded(1024, 1))).toBe(1024);
  expect(clientsThatFit(1024, 3, filesNeeded(100, 3))).toBe(100);
  expect(clientsThatFit(1024, 1, 20)).toBe(1);
});
