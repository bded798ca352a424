// What passes between the two threads: everything once and in order, whichever way it goes, and nobody sleeps through it.
import { existsSync } from 'node:fs';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Appender } from '../../src/log/appender.js';
import type { Numbers, SharedChannel } from '../../src/log/channel.js';
import { Inbox, Outbox, shareChannel } from '../../src/log/channel.js';
import { LineSlots } from '../../src/log/line-slots.js';
import type { AppendOrder, CommittedLines, CommittedReport, Order, Report } from '../../src/log/mailbox.js';
import { orderNumbers, reportNumbers } from '../../src/log/numbers.js';
import { randomFrom } from './memory-disk.js';

/** Numbers that are small go as numbers, all others do not. */
const small: Numbers<number> = {
  write(message, place) {
    if (message < 1000) place[0] = message;
    return message < 1000;
  },
  read: (place) => place[0] ?? -1,
};

/** Both ends in one thread, and what was posted by the port. */
class Ends<T> {
  readonly outbox: Outbox<T>;
  readonly inbox: Inbox<T>;
  readonly shared: SharedChannel;
  byPort = 0;

  constructor(numbers: Numbers<T>, from = 0) {
    const { port1, port2 } = new MessageChannel();
    const shared = shareChannel(from);
    this.shared = shared;
    const counted = { postMessage: (message: T) => { this.byPort += 1; port1.postMessage(message); } };
    this.outbox = new Outbox(counted, shared, numbers);
    this.inbox = new Inbox(port2, shared, numbers);
  }

  taken(): T[] {
    const all: T[] = [];
    this.inbox.each((message) => { all.push(message); });
    return all;
  }
}

describe('a channel', () => {
  // The count goes around: before, over and behind the turn.
  test.each([0, 2 ** 31 - 20, -20])('passes everything once and in order, behind message %i', (from) => {
    const ends = new Ends(small, from);
    const random = randomFrom(5);
    let made = 0;
    const message = (): number => (random() < 0.7 ? made++ % 1000 : 1000 + made++);
    for (let round = 0; round < 300; round += 1) {
      // More than there are places, too.
      const messages = Array.from({ length: Math.floor(random() * 14) }, message);
      for (const one of messages) ends.outbox.post(one);
      expect(ends.inbox.isHere).toBe(messages.length > 0);
      expect(ends.taken()).toEqual(messages);
    }
  });

  test('uses the port for what has no numbers, and for what finds no place', () => {
    const ends = new Ends(small);
    for (const message of [1, 2, 3]) ends.outbox.post(message);
    expect(ends.byPort).toBe(0);
    ends.outbox.post(1000);
    expect(ends.byPort).toBe(1);
    for (let message = 5; message <= 10; message += 1) ends.outbox.post(message);
    // Eight places, of which one stays empty for what went by the port.
    expect(ends.byPort).toBe(3);
    expect(ends.taken()).toEqual([1, 2, 3, 1000, 5, 6, 7, 8, 9, 10]);
    ends.outbox.post(11);
    expect(ends.byPort).toBe(3);
  });

  test('gives a place to the next message only when it was read', () => {
    const marks: number[] = [];
    const ends = new Ends<number>({
      write: (message, place) => small.write(message, place),
      read(place) {
        marks.push(new Int32Array(ends.shared.marks)[0] ?? -1);
        return small.read(place);
      },
    });
    for (const message of [7, 8]) ends.outbox.post(message);
    expect(ends.taken()).toEqual([7, 8]);
    expect(marks).toEqual([0, 1]);
  });

  test('goes on behind a message that cannot be made of its numbers, or cannot be posted', () => {
    const ends = new Ends<number>({
      write(message, place) {
        if (message === 2) throw new Error('write');
        return small.write(message, place);
      },
      read(place) {
        if (place[0] === 3) throw new Error('read');
        return small.read(place);
      },
    });
    ends.outbox.post(1);
    expect(() => { ends.outbox.post(2); }).toThrow('write');
    for (const message of [3, 4]) ends.outbox.post(message);
    expect(ends.inbox.next()).toBe(1);
    expect(() => ends.inbox.next()).toThrow('read');
    expect(ends.taken()).toEqual([4]);
  });

  test.each(['wait', 'spin'] as const)('that comes between the end of a %s and the turning away is seen', (look) => {
    const ends = new Ends(small);
    const { inbox } = ends;
    const turnAway = inbox.turnAway.bind(inbox);
    inbox.turnAway = () => {
      ends.outbox.post(5);
      turnAway();
    };
    expect(inbox[look](0.01)).toBe(true);
    expect(ends.taken()).toEqual([5]);
  });

  test('does not take what a place has held for a whole turn of the count for the message', () => {
    const ends = new Ends(small);
    const first = new Float64Array(ends.shared.places, ends.shared.places.byteLength / 8, 2);
    first.set([1, 99]);
    ends.outbox.post(1000);
    expect(ends.taken()).toEqual([1000]);
  });

  test('loses nothing that comes while the other side stops looking for it', async () => {
    const built = new URL('../../dist/log/channel.js', import.meta.url);
    if (!existsSync(built)) throw new Error(`${built.pathname} is not there: run "npm run build" first`);
    const { port1: near, port2: far } = new MessageChannel();
    const { port1: woken, port2: wake } = new MessageChannel();
    const [shared, asked] = [shareChannel(), new Int32Array(new SharedArrayBuffer(4))];
    const total = 20_000;
    // Posts one message for each time it is asked, a moment later: now while the other side still looks, now when it does not.
    const worker = new Worker(`
      const { workerData: { built, far, wake, shared, asked, total } } = require('node:worker_threads');
      import(built).then(({ Outbox }) => {
        const outbox = new Outbox(far, shared, { write: (message, place) => { place[0] = message; return true; } }, wake);
        for (let n = 1; n <= total; n += 1) {
          while (Atomics.load(asked, 0) < n);
          const end = performance.now() + ((n * 7919) % 1000) / 10_000;
          while (performance.now() < end);
          outbox.post(n);
        }
      });`, { eval: true, workerData: { built: built.href, far, wake, shared, asked, total }, transferList: [far, wake] });
    const inbox = new Inbox(near, shared, small);
    let taken = 0;
    let late: NodeJS.Timeout | undefined;
    await new Promise<void>((done, fail) => {
      worker.on('error', fail);
      late = setTimeout(() => { fail(new Error(`message ${taken + 1} was slept through`)); }, 20_000);
      const take = (): void => {
        for (;;) {
          while (inbox.next() !== undefined) taken += 1;
          if (taken === total) {
            done();
            return;
          }
          Atomics.store(asked, 0, taken + 1);
          if (!(taken % 2 === 0 ? inbox.wait(0.02) : inbox.spin(0.02))) return;
        }
      };
      woken.on('message', () => {
        inbox.turnAway();
        if (inbox.isHere) take();
      });
      setImmediate(take);
    }).finally(() => {
      clearTimeout(late);
      woken.close();
      return worker.terminate();
    });
    expect(taken).toBe(total);
  });
});

describe('numbers', () => {
  test('of an order are the order', () => {
    const memory = Appender.share();
    const ends = new Ends<Order>(orderNumbers(memory));
    const bytes = Buffer.from(memory, 4096, 300);
    const order = (lines: number, of: Uint8Array = bytes): AppendOrder => ({
      kind: 'append', bytes: of, ends: Uint32Array.from({ length: lines }, (_, n) => n * 3), requests: Uint32Array.from([1, lines]),
      postedAt: 12345.678901, isBrisk: lines % 2 === 0,
    });
    for (const lines of [1, 2, 256, 2000]) {
      ends.outbox.post(order(lines));
      const [got] = ends.taken() as AppendOrder[];
      expect(got).toEqual({ ...order(lines), bytes: new Uint8Array(memory, 4096, 300) });
      expect(got?.bytes.buffer).toBe(memory);
    }
    expect(ends.byPort).toBe(0);
    // As many as a place has, one less and one more.
    for (let lines = 2030; lines < 2050; lines += 1) {
      ends.outbox.post(order(lines));
      expect((ends.taken() as AppendOrder[]).map(({ ends: of, requests }) => [[...of], [...requests]])).toEqual(
        [[[...order(lines).ends], [1, lines]]]);
    }
    expect(ends.byPort).toBe(10);
    ends.byPort = 0;
    // Too many; bodies elsewhere; another order.
    const elsewhere = Uint8Array.from([1, 2, 3]);
    for (const message of [order(2040), order(2, elsewhere), { kind: 'stop', reason: 'SIGTERM' } as const]) ends.outbox.post(message);
    expect(ends.byPort).toBe(3);
    expect(ends.taken().map((message) => ({ ...message, bytes: undefined }))).toEqual([
      { ...order(2040), bytes: undefined }, { ...order(2), bytes: undefined }, { kind: 'stop', reason: 'SIGTERM', bytes: undefined },
    ]);
  });

  test('of a report are the report', () => {
    const shared = LineSlots.share();
    const slots = new LineSlots(shared);
    const ends = new Ends<Report>(reportNumbers(shared.memory));
    const commit = (first: number, lines: number): CommittedLines => {
      const texts = Array.from({ length: lines }, (_, n) => `{"seq":${first + n},"mac":"${String(first + n).padStart(64, '0')}"}\n`);
      const bytes = slots.room(texts.join('').length) ?? Buffer.alloc(0);
      bytes.write(texts.join(''));
      let end = 0;
      return {
        first, ts: `2026-11-28T04:05:06.${String(first).padStart(3, '0')}Z`, bytes, ends: texts.map((text) => end += text.length),
        syncMs: 0.125 * first, isRequest: first > 1,
      };
    };
    const report = (...commits: readonly CommittedLines[]): CommittedReport => {
      const last = commits.at(-1);
      const seq = (last?.first ?? 1) + (last?.ends.length ?? 0) - 1;
      return {
        kind: 'committed', commits, requests: 3, slot: slots.take(), wakeMs: 0.25,
        standing: { seq, mac: String(seq).padStart(64, '0'), epoch: 4, step: 5, sealedTo: 6, segments: 7, bytes: 2 ** 40 },
      };
    };
    for (const sent of [report(commit(1, 1)), report(commit(1, 1), commit(2, 1), commit(3, 512))]) {
      ends.outbox.post(sent);
      const [got] = ends.taken() as CommittedReport[];
      expect({ ...got, commits: got?.commits.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) })) }).toEqual(
        { ...sent, commits: sent.commits.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) })) });
      expect(got?.commits[0]?.bytes.buffer).toBe(shared.memory);
      slots.release(sent.slot);
    }
    expect(ends.byPort).toBe(0);
    for (let lines = 1985; lines < 2015; lines += 1) {
      const sent = report(commit(1, lines));
      ends.outbox.post(sent);
      const got = ends.taken() as CommittedReport[];
      expect(got.map(({ commits }) => commits.map((one) => one.ends))).toEqual([[sent.commits[0]?.ends]]);
      slots.release(sent.slot);
    }
    expect(ends.byPort).toBeGreaterThan(0);
    expect(ends.byPort).toBeLessThan(30);
    // A failure's: the log stood further than was told before it.
    const further = report(commit(1, 1));
    const ahead = { ...further, standing: { ...further.standing, seq: 2, mac: 'f'.repeat(64) } };
    ends.outbox.post(ahead);
    expect((ends.taken() as CommittedReport[]).map(({ standing }) => standing)).toEqual([ahead.standing]);
    slots.release(further.slot);
    ends.byPort = 0;
    // No lines; lines that found no slot; too many; another report.
    const bare = { ...report(commit(1, 1)), commits: [] };
    const elsewhere = report({ ...commit(1, 1), bytes: Buffer.alloc(10) });
    for (const message of [bare, elsewhere, report(commit(1, 2100)), { kind: 'stopped' } as const]) ends.outbox.post(message);
    expect(ends.byPort).toBe(4);
    expect(ends.taken().map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed', 'stopped']);
  });
});
