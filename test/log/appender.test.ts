// The queue in front of the writer: turns, order, and every request settled exactly once.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/log/appender.js';
import { Appender } from '../../src/log/appender.js';
import { LogError } from '../../src/log/failure.js';
import type { AppendOrder, CommittedLines, Order } from '../../src/log/mailbox.js';
import { randomFrom } from './memory-disk.js';

const error = new LogError('disk_full', 'write', 'test');

/** What was posted, and a writer that answers when it is told to. */
class Harness {
  readonly posted: AppendOrder[] = [];
  readonly settled: { readonly name: string; readonly outcome: Outcome }[] = [];
  readonly appender: Appender;
  #seq = 1;

  constructor(sync: 'line' | 'group') {
    // The memory that bodies are handed over in is used again.
    this.appender = new Appender(sync, (order: Order) => {
      if (order.kind === 'append') this.posted.push({ ...order, bytes: Uint8Array.from(order.bytes) });
    });
  }

  enqueue(source: unknown, name: string, bodies = 1, then: () => void = () => undefined): void {
    this.appender.enqueue(source, Array.from({ length: bodies }, (_, i) => `${name}.${i}`), {
      settle: (outcome) => {
        this.settled.push({ name, outcome });
        then();
      },
    });
  }

  /** The bodies of an order, request by request. */
  static bodies(order: AppendOrder): string[][] {
    const text = Buffer.from(order.bytes);
    const all: string[] = [];
    let from = 0;
    for (const end of order.ends) {
      all.push(text.toString('utf8', from, end));
      from = end;
    }
    let line = 0;
    return [...order.requests].map((end) => {
      const bodies = all.slice(line, end);
      line = end;
      return bodies;
    });
  }

  get names(): string[] {
    return this.posted.flatMap((order) => Harness.bodies(order).map(([first = '']) => first.replace(/\.0$/, '')));
  }

  /** The writer commits `requests` of an order from its `from`-th on, behind `own` lines of its own. */
  commit(order: AppendOrder, from = 0, requests = order.requests.length, own = 0): void {
    const bodies = Harness.bodies(order).slice(from, from + requests).flat();
    const lines = [...Array.from({ length: own }, () => 'own'), ...bodies];
    const first = this.#seq;
    this.#seq += lines.length;
    const texts = lines.map((_, i) => `{"seq":${first + i},"mac":"${String(first + i).padStart(64, '0')}"}\n`);
    const ends = new Uint32Array(texts.length);
    let at = 0;
    for (const [i, text] of texts.entries()) ends[i] = at += text.length;
    const bytes = Buffer.from(new ArrayBuffer(at));
    bytes.write(texts.join(''));
    const commit: CommittedLines = { first, ts: 'now', bytes, ends, syncMs: 0, isRequest: true };
    this.appender.committed([commit], requests);
  }
}

describe('the queue', () => {
  test('takes one request of each source in turn, so that who sends much waits behind his own', () => {
    const harness = new Harness('line');
    for (let i = 0; i < 50; i += 1) harness.enqueue('loud', `loud${i}`);
    for (const quiet of ['a', 'b']) harness.enqueue(quiet, quiet);
    harness.appender.pump();
    expect(harness.names.slice(0, 5)).toEqual(['loud0', 'a', 'b', 'loud1', 'loud2']);
  });

  test('goes on with the next source in the next batch, and not with the first again', () => {
    const harness = new Harness('line');
    for (let i = 0; i < 300; i += 1) harness.enqueue(i % 6, `${i % 6}`);
    harness.appender.pump();
    expect(harness.names).toEqual(['0', '1', '2', '3', '4', '5', '0', '1']);
  });

  test('hands over two batches and waits with the third until one is answered', () => {
    const harness = new Harness('line');
    for (let i = 0; i < 200; i += 1) harness.enqueue('one', `r${i}`);
    harness.appender.pump();
    expect(harness.posted.map((order) => order.ends.length)).toEqual([4, 4]);
    const [first] = harness.posted;
    if (first === undefined) throw new Error('nothing was handed over');
    harness.commit(first, 0, 3);
    expect(harness.posted).toHaveLength(2);
    harness.commit(first, 3, 1);
    expect(harness.posted.map((order) => order.ends.length)).toEqual([4, 4, 4]);
    expect(harness.names).toEqual(Array.from({ length: 12 }, (_, i) => `r${i}`));
  });

  test('never parts a request, however large it is', () => {
    const harness = new Harness('line');
    for (const [name, bodies] of [['a', 3], ['b', 500], ['c', 1]] as const) harness.enqueue('one', name, bodies);
    harness.appender.pump();
    expect(harness.posted.map((order) => [...order.requests])).toEqual([[3, 503], [1]]);
  });

  test('tells each request its own lines, behind what the log wrote for itself', () => {
    const harness = new Harness('group');
    for (const [name, bodies] of [['a', 2], ['b', 3]] as const) harness.enqueue(name, name, bodies);
    harness.appender.pump();
    const [order] = harness.posted;
    if (order === undefined) throw new Error('nothing was handed over');
    harness.commit(order, 0, 2, 4);
    expect(harness.settled.map(({ name, outcome }) => [name, outcome.kind === 'durable' && [outcome.first, outcome.lines.mac(outcome.first)]]))
      .toEqual([['a', [5, '5'.padStart(64, '0')]], ['b', [7, '7'.padStart(64, '0')]]]);
    expect(harness.appender.load).toEqual({ bytes: 0, events: 0 });
  });

  test('says no to everything that was handed over or waits, once, when the log has failed', () => {
    const harness = new Harness('line');
    for (let i = 0; i < 300; i += 1) harness.enqueue(i % 7, `r${i}`);
    harness.appender.pump();
    const [order] = harness.posted;
    if (order === undefined) throw new Error('nothing was handed over');
    harness.commit(order, 0, 3);
    harness.appender.failed(error);
    expect(harness.settled).toHaveLength(300);
    expect(new Set(harness.settled.map(({ name }) => name)).size).toBe(300);
    expect(harness.settled.filter(({ outcome }) => outcome.kind === 'durable')).toHaveLength(3);
    expect(harness.appender.load).toEqual({ bytes: 0, events: 0 });
  });

  test('settles every request once and keeps each source\'s order, whatever comes when', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = randomFrom(seed);
      const harness = new Harness(seed % 2 === 0 ? 'line' : 'group');
      let made = 0;
      const answered: number[] = [];
      const add = (): void => {
        const source = Math.floor(random() * 5);
        made += 1;
        // Some come from inside the word about another, where a queue is easily forgotten.
        harness.enqueue(source, `${source}-${made}`, 1 + Math.floor(random() * 30), () => { if (made < 2000 && random() < 0.4) add(); });
      };
      for (let turn = 0; turn < 200; turn += 1) {
        for (let i = Math.floor(random() * 6); i > 0; i -= 1) add();
        if (random() < 0.7) harness.appender.pump();
        const at = harness.posted.findIndex((order, index) => (answered[index] ?? 0) < order.requests.length);
        const order = harness.posted[at];
        if (order === undefined || random() < 0.3) continue;
        const done = answered[at] ?? 0;
        const some = 1 + Math.floor(random() * (order.requests.length - done));
        answered[at] = done + some;
        if (random() < 0.2) harness.appender.rejected([], some, error);
        else harness.commit(order, done, some, Math.floor(random() * 3));
      }
      harness.appender.pump();
      for (let at = 0; at < harness.posted.length; at += 1) {
        const order = harness.posted[at];
        const done = answered[at] ?? 0;
        if (order !== undefined && done < order.requests.length) harness.commit(order, done, order.requests.length - done);
      }
      expect(harness.settled).toHaveLength(made);
      for (let source = 0; source < 5; source += 1) {
        const order = harness.settled.filter(({ name }) => name.startsWith(`${source}-`)).map(({ name }) => Number(name.split('-')[1]));
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
      expect(harness.appender.load).toEqual({ bytes: 0, events: 0 });
    }
  });
});
