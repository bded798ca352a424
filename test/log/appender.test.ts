// The queue in front of the writer: turns, order, and every request settled exactly once.
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/log/appender.js';
import { Appender } from '../../src/log/appender.js';
import { LogError } from '../../src/log/failure.js';
import type { Sender } from '../../src/log/lanes.js';
import { queueCost } from '../../src/log/lanes.js';
import type { AppendOrder, CommittedLines, Order } from '../../src/log/mailbox.js';
import { Pace } from '../../src/log/pace.js';
import { randomFrom } from './memory-disk.js';

const error = new LogError('disk_full', 'write', 'test');

/** What was posted, and a writer that answers when it is told to. */
class Harness {
  readonly posted: AppendOrder[] = [];
  readonly settled: { readonly name: string; readonly outcome: Outcome }[] = [];
  readonly appender: Appender;
  #seq = 1;
  readonly #senders = new Map<string | number, Sender>();

  constructor(sync: 'line' | 'group', pace?: Pace) {
    // The memory that bodies are handed over in is used again.
    this.appender = new Appender(sync, (order: Order) => {
      if (order.kind === 'append') this.posted.push({ ...order, bytes: Uint8Array.from(order.bytes) });
    }, Appender.share(), pace);
  }

  enqueue(source: string | number, name: string, bodies = 1, then: () => void = () => undefined): void {
    this.appender.enqueue(this.#sender(source), Array.from({ length: bodies }, (_, i) => `${name}.${i}`), {
      settle: (outcome) => {
        this.settled.push({ name, outcome });
        then();
      },
    });
  }

  /** A process with one connection, unless the name says `process/connection`. */
  #sender(name: string | number): Sender {
    const known = this.#senders.get(name) ?? { process: String(name).split('/')[0] ?? '' };
    this.#senders.set(name, known);
    return known;
  }

  close(source: string | number): void {
    this.appender.close(this.#sender(source));
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
  commit(order: AppendOrder, from = 0, requests = order.requests.length, own = 0, wakeMs = 0): void {
    const bodies = Harness.bodies(order).slice(from, from + requests).flat();
    const lines = [...Array.from({ length: own }, () => 'own'), ...bodies];
    const first = this.#seq;
    this.#seq += lines.length;
    const texts = lines.map((_, i) => `{"seq":${first + i},"mac":"${String(first + i).padStart(64, '0')}"}\n`);
    const ends: number[] = [];
    let at = 0;
    for (const text of texts) ends.push(at += text.length);
    const bytes = Buffer.from(new ArrayBuffer(at));
    bytes.write(texts.join(''));
    const commit: CommittedLines = { first, ts: 'now', bytes, ends, syncMs: 0, isRequest: true };
    this.appender.committed([commit], requests, wakeMs);
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
    for (let i = 0; i < 300; i += 1) harness.enqueue(i % 12, `${i % 12}`);
    harness.appender.pump();
    // Four had no turn yet, and nobody else makes them wait.
    expect(harness.names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']);
    for (const order of harness.posted.slice(0, 1)) harness.commit(order);
    expect(harness.names.slice(12)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  test('takes who comes anew before those that had their turn, and these all the same, however many come', () => {
    const harness = new Harness('group');
    for (let i = 0; i < 5; i += 1) harness.enqueue('loud', `large${i}`, 300);
    harness.appender.pump();
    harness.enqueue('quiet', 'quiet');
    const [large] = harness.posted;
    if (large === undefined) throw new Error('nothing was handed over');
    harness.commit(large);
    expect(harness.names).toEqual(['large0', 'large1', 'quiet', 'large2']);
    for (let i = 0; i < 100; i += 1) harness.enqueue(`new${i}`, 'new');
    for (const order of harness.posted.slice(1)) harness.commit(order);
    expect(harness.names.indexOf('large3')).toBe(4 + 16);
  });

  test('gives a process no more for many connections than for one, and each of its connections its turn', () => {
    const harness = new Harness('group');
    for (let i = 0; i < 30; i += 1) harness.enqueue(`loud/${i % 3}`, `loud${i}`);
    for (let i = 0; i < 3; i += 1) harness.enqueue('quiet', `quiet${i}`);
    harness.enqueue('loud/4', 'late');
    harness.appender.pump();
    expect(harness.names.slice(0, 9)).toEqual(['loud0', 'quiet0', 'loud1', 'quiet1', 'loud2', 'quiet2', 'late', 'loud3', 'loud4']);
  });

  test('takes what a closed connection left before what its process sends on another', () => {
    const harness = new Harness('line');
    for (let i = 0; i < 30; i += 1) harness.enqueue('one/old', `old${i}`);
    harness.enqueue('one/new', 'new');
    for (let i = 0; i < 30; i += 1) harness.enqueue('two', `two${i}`);
    harness.close('one/old');
    for (let order = 0; harness.posted[order] !== undefined || order === 0; order += 1) {
      harness.appender.pump();
      const posted = harness.posted[order];
      if (posted !== undefined) harness.commit(posted);
    }
    const ones = harness.names.filter((name) => !name.startsWith('two'));
    expect(ones).toEqual([...Array.from({ length: 30 }, (_, i) => `old${i}`), 'new']);
    expect(harness.names.slice(0, 4)).toEqual(['old0', 'two0', 'old1', 'two1']);
    expect(harness.appender.load).toEqual({ bytes: 0, events: 0 });
  });

  test('counts what each process has in it, with what is kept beside the bodies', () => {
    const harness = new Harness('line');
    harness.enqueue('one/a', 'x', 3);
    harness.enqueue('one/b', 'y');
    harness.enqueue('two', 'z');
    const [one, two] = [queueCost(9, 3) + queueCost(3, 1), queueCost(3, 1)];
    expect([harness.appender.loadOf('one'), harness.appender.loadOf('two')]).toEqual([one, two]);
    expect(harness.appender.load).toEqual({ bytes: one + two, events: 5 });
    harness.appender.pump();
    for (const order of harness.posted) harness.commit(order);
    expect([harness.appender.loadOf('one'), harness.appender.loadOf('two')]).toEqual([0, 0]);
  });

  test('counts all the memory that a large request has to itself, which may be more than its bodies', () => {
    const harness = new Harness('group');
    harness.enqueue('one', 'x'.repeat(20_001));
    const load = harness.appender.load.bytes;
    expect(load).toBeGreaterThan(queueCost(20_003, 1));
    expect(load).toBeLessThanOrEqual(queueCost(20_003 * 1.125, 1));
    harness.appender.pump();
    for (const order of harness.posted) harness.commit(order);
    expect(harness.appender.load).toEqual({ bytes: 0, events: 0 });
  });

  test('hands over two batches and waits with the third until one is answered', () => {
    const harness = new Harness('line');
    for (let i = 0; i < 200; i += 1) harness.enqueue('one', `r${i}`);
    harness.appender.pump();
    expect(harness.posted.map((order) => order.ends.length)).toEqual([8, 8]);
    const [first] = harness.posted;
    if (first === undefined) throw new Error('nothing was handed over');
    harness.commit(first, 0, 7);
    expect(harness.posted).toHaveLength(2);
    harness.commit(first, 7, 1);
    expect(harness.posted.map((order) => order.ends.length)).toEqual([8, 8, 8]);
    expect(harness.names).toEqual(Array.from({ length: 24 }, (_, i) => `r${i}`));
  });

  test('lets who comes anew join the batch that is ready, but not so many at once, nor a large request, nor who waits already', () => {
    const harness = new Harness('group');
    for (let i = 0; i < 600; i += 1) harness.enqueue('flood', `f${i}`);
    harness.appender.pump();
    expect(harness.posted.map((order) => order.ends.length)).toEqual([256, 256]);
    // Who waits already, and who has too much, waits for a turn; nobody else for him.
    harness.enqueue('flood', 'f600');
    harness.enqueue('large', 'large', 65);
    harness.appender.pump();
    expect(harness.posted).toHaveLength(2);
    harness.enqueue('small', 'small');
    harness.appender.pump();
    expect(harness.names.slice(512)).toEqual(['small']);
    const second = new Harness('group');
    for (let i = 0; i < 600; i += 1) second.enqueue('flood', `f${i}`);
    second.appender.pump();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      second.enqueue(name, name, name === 'b' ? 64 : 1);
      second.appender.pump();
    }
    expect(second.posted.slice(2).map((order) => order.ends.length)).toEqual([1, 64, 1, 1]);
    expect(second.names.slice(512)).toEqual(['a', 'b', 'c', 'd']);
    // From now on there is one batch at once. The next one begins with who is left, and is a part of a full one.
    const [one, other] = second.posted;
    if (one === undefined || other === undefined) throw new Error('nothing was handed over');
    second.commit(one);
    expect(second.posted).toHaveLength(6);
    second.commit(other);
    expect(second.names.slice(516, 518)).toEqual(['e', 'f512']);
    expect(second.posted.at(-1)?.ends.length).toBe(64);
  });

  test('lets nobody join when it is the others\' turn', () => {
    const harness = new Harness('group');
    for (let i = 0; i < 600; i += 1) harness.enqueue('flood', `f${i}`);
    harness.appender.pump();
    for (let i = 0; i < 20; i += 1) harness.enqueue(`new${i}`, `n${i}`);
    harness.appender.pump();
    expect(harness.names.slice(512)).toEqual(Array.from({ length: 16 }, (_, i) => `n${i}`));
    for (const order of harness.posted.slice(0, 2)) harness.commit(order);
    expect(harness.names.slice(528, 533)).toEqual(['f512', 'n16', 'n17', 'n18', 'n19']);
  });

  test('makes shorter batches, one at once, for a while where somebody joined beside others, and full ones again', () => {
    const harness = new Harness('group');
    let sent = 0;
    const flood = (): void => { for (; sent < harness.posted.length * 256 + 2048; sent += 1) harness.enqueue('flood', `f${sent}`); };
    flood();
    harness.appender.pump();
    harness.enqueue('quiet', 'q');
    harness.appender.pump();
    const lengths: number[] = [];
    const underWay: number[] = [];
    for (let done = 0; done < 100; done += 1) {
      const order = harness.posted[done];
      if (order === undefined) throw new Error('nothing is under way');
      flood();
      const before = harness.posted.length;
      harness.commit(order);
      lengths.push(...harness.posted.slice(before).map(({ ends }) => ends.length));
      underWay.push(harness.posted.length - done - 1);
    }
    expect(lengths.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => 128));
    expect(new Set(lengths.slice(64))).toEqual(new Set([256]));
    expect(lengths.length).toBeGreaterThan(70);
    // Those that were there, and the one that joined, go first.
    expect(underWay.slice(3, 60)).toEqual(Array.from({ length: 57 }, () => 1));
    expect(underWay.at(-1)).toBe(2);
  });

  test('begins before the turn is over where nothing is under way and 32 lines wait', () => {
    const harness = new Harness('group');
    const begun = (): number[] => harness.posted.map(({ ends }) => ends.length);
    for (let n = 1; n <= 96; n += 1) {
      harness.enqueue('one', `${n}`);
      harness.appender.pumpEarly();
      expect(begun()).toEqual(n < 32 ? [] : [32]);
    }
    harness.appender.pump();
    expect(begun()).toEqual([32, 64]);
    for (const order of [...harness.posted]) harness.commit(order);
    harness.appender.pumpEarly();
    expect(begun()).toHaveLength(2);
  });

  test('calls a request lone where its sender was the only one for a while and nothing else is under way', () => {
    const harness = new Harness('group');
    const alone = (source: string): boolean => {
      harness.enqueue(source, source);
      harness.appender.pump();
      const isLone = harness.appender.pace === 'lone';
      const order = harness.posted.at(-1);
      if (order !== undefined) harness.commit(order);
      return isLone;
    };
    expect(Array.from({ length: 10 }, () => alone('one'))).toEqual([...Array.from({ length: 8 }, () => false), true, true]);
    expect(Array.from({ length: 20 }, (_, n) => alone(`new${n}`))).toEqual(Array.from({ length: 20 }, () => false));
    expect(Array.from({ length: 20 }, (_, n) => alone(n % 2 === 0 ? 'one' : 'other'))).toEqual(Array.from({ length: 20 }, () => false));
    for (let n = 0; n < 10; n += 1) alone('one');
    harness.enqueue('one', 'a');
    harness.enqueue('one', 'b');
    harness.appender.pump();
    expect(harness.appender.pace).toBeUndefined();
  });

  test('calls few lines starved, whosever they are, where the thread had to wait for a core', () => {
    const harness = new Harness('group');
    const paceOf = (...bodies: readonly number[]): string | undefined => {
      const from = harness.posted.length;
      for (const [index, count] of bodies.entries()) harness.enqueue(index, 'x', count);
      harness.appender.pump();
      const { pace } = harness.appender;
      for (const order of harness.posted.slice(from)) harness.commit(order, 0, undefined, 0, 0.01);
      return pace;
    };
    expect(paceOf(1, 2)).toBeUndefined();
    harness.enqueue('late', 'x');
    harness.appender.pump();
    const [late] = harness.posted.slice(-1);
    if (late !== undefined) harness.commit(late, 0, undefined, 0, 5);
    expect(paceOf(1, 2)).toBe('starved');
    expect(paceOf(4, 4)).toBe('starved');
    expect(paceOf(4, 4, 1)).toBeUndefined();
    expect(harness.appender.pace).toBeUndefined();
    for (let wakes = 0; wakes < 256; wakes += 1) paceOf(1, 2);
    expect(paceOf(1, 2)).toBeUndefined();
  });

  test('hands a brisk request over at once, and no other before the turn ends', () => {
    const harness = new Harness('group', new Pace(() => 0));
    const postedEarly = (name: string, sender: string): boolean => {
      const before = harness.posted.length;
      harness.enqueue(sender, name);
      harness.appender.pumpEarly();
      const isEarly = harness.posted.length > before;
      harness.appender.pump();
      return isEarly;
    };
    const commitLast = (): void => {
      const order = harness.posted.at(-1);
      if (order !== undefined) harness.commit(order);
    };
    const early = Array.from({ length: 30 }, (_, n) => {
      const isEarly = postedEarly(`a${n}`, 'one');
      commitLast();
      return isEarly;
    });
    expect(early.indexOf(true)).toBe(availableParallelism() > 1 ? 17 : -1);
    // While one is under way the next waits for its turn's end.
    postedEarly('b', 'one');
    expect(postedEarly('c', 'one')).toBe(false);
    expect(postedEarly('d', 'other')).toBe(false);
  });

  test('says of a brisk request that the next one will come at once', () => {
    const harness = new Harness('group', new Pace(() => 0));
    for (let n = 0; n < 30; n += 1) {
      harness.enqueue('one', `a${n}`);
      harness.appender.pump();
      const order = harness.posted.at(-1);
      if (order !== undefined) harness.commit(order);
    }
    expect(harness.posted.map(({ isBrisk }) => isBrisk).indexOf(true)).toBe(availableParallelism() > 1 ? 17 : -1);
    expect(harness.posted.at(-1)?.isBrisk).toBe(availableParallelism() > 1);
    harness.enqueue('one', 'b');
    harness.enqueue('other', 'c');
    harness.appender.pump();
    expect(harness.posted.at(-1)?.isBrisk).toBe(false);
  });

  test('never parts a request, however large it is', () => {
    const harness = new Harness('line');
    for (const [name, bodies] of [['a', 3], ['b', 500], ['c', 1]] as const) harness.enqueue('one', name, bodies);
    harness.appender.pump();
    // The next one is made up when that is done, of whatever is there by then.
    expect(harness.posted.map((order) => [...order.requests])).toEqual([[3, 503]]);
    harness.enqueue('quiet', 'd');
    const [large] = harness.posted;
    if (large === undefined) throw new Error('nothing was handed over');
    harness.commit(large);
    expect(harness.posted.map((order) => [...order.requests])).toEqual([[3, 503], [1, 2]]);
    expect(harness.names.slice(2)).toEqual(['d', 'c']);
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
