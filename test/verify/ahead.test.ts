// Segments walked ahead of whoever verifies: the same report as without, whatever is wrong with the log.
import { expect, it } from 'vitest';
import { listSegments } from '../../src/log/segment.js';
import { lookAheadOnThreads } from '../../src/verify/ahead.js';
import type { AheadOrder, LookAhead } from '../../src/verify/ahead.js';
import { factsFrom } from '../../src/verify/facts.js';
import { StretchWalker } from '../../src/verify/stretch-walker.js';
import { verify } from '../../src/verify/verify.js';
import type { VerifyOptions } from '../../src/verify/verify.js';
import { LogMaker } from './make-log.js';
import type { MemoryDisk } from './memory-disk.js';

function sixSegments(): LogMaker {
  const log = new LogMaker({ retain: { bytes: 100, ms: 0 } });
  log.genesis();
  for (let segment = 1; segment <= 6; segment += 1) {
    // The fifth segment's silence is one by the heartbeat that the fourth stated.
    if (segment !== 5) log.started(segment === 4 ? 1000 : 900_000);
    log.events(2, 2);
    log.seal();
    if (segment === 5) log.nowMs += 60_000;
    log.events(segment === 5 ? 20 : 3);
    if (segment < 6) log.rotate();
  }
  return log;
}

/** Walks the segments on the very thread that asks, and counts what it could give. */
function here(disk: MemoryDisk): { readonly lookAhead: LookAhead; readonly given: () => number } {
  let given = 0;
  const lookAhead: LookAhead = ({ logPub, ...start }, orders) => {
    const facts = factsFrom(logPub);
    if (facts === undefined) throw new Error('no facts');
    const walker = new StretchWalker({ disk, facts, ...start });
    const stretches = new Map(orders.map(({ segment, seqs }) => [segment.name, walker.walk(segment, seqs, () => undefined)]));
    return {
      take: (segment) => {
        const stretch = stretches.get(segment.name);
        if (stretch !== undefined) given += 1;
        return stretch;
      },
      close: () => undefined,
    };
  };
  return { lookAhead, given: () => given };
}

const log = sixSegments();
const withKey = { stateDirectory: '/', key: { key: log.key, besideLog: false } };
const withPub = { stateDirectory: '/', pub: log.logPub };

/** Verifies both ways, demands the same of both, and tells how many segments were gone over in one step. */
function bothWays(disk: MemoryDisk, options: Omit<VerifyOptions, 'disk'>): number {
  const ahead = here(disk);
  expect(verify({ ...options, disk, lookAhead: ahead.lookAhead })).toEqual(verify({ ...options, disk }));
  expect(disk.opened).toBe(0);
  return ahead.given();
}

it('a whole log is gone over segment by segment, with every silence, receipt and seal as by lines', () => {
  const receipts = log.receipts.filter(({ seq }) => seq % 3 === 0);
  const disk = log.disk();
  expect(bothWays(disk, { ...withKey, receipts })).toBe(4);
  expect(bothWays(disk, { ...withPub, receipts })).toBe(4);
  const report = verify({ ...withKey, disk, receipts, lookAhead: here(disk).lookAhead });
  const counts = { receipts: receipts.length, receipts_found: receipts.length, segments: 6, epochs: 11 };
  expect(report).toMatchObject({ exit: 0, counts });
  expect(report.findings).toMatchObject([{ code: 'silence' }]);
});

it('a receipt that is wrong is found in a segment that was walked ahead', () => {
  const receipts = [{ seq: 30, mac: 'f'.repeat(64) }, { seq: 31, mac: log.receipts[30]?.mac ?? '' }, { seq: 31, mac: 'a'.repeat(64) }];
  const disk = log.disk();
  bothWays(disk, { ...withKey, receipts });
  expect(verify({ ...withKey, disk, receipts, lookAhead: here(disk).lookAhead })).toMatchObject({
    exit: 1, counts: { receipts_found: 1 }, findings: [{ code: 'receipt_mismatch', seq: 30 }, { code: 'receipt_mismatch', seq: 31 }, { code: 'silence' }],
  });
});

it('a checkpoint over any size is compared as by lines', () => {
  for (const checkpoint of log.checkpoints) {
    bothWays(log.disk(), { ...withKey, checkpoint });
    bothWays(log.disk(), { ...withPub, checkpoint });
  }
});

it('every line edited, dropped, doubled or swapped with the next gives the same report both ways', () => {
  const clean = log.disk();
  let stretches = 0;
  for (const { path } of listSegments(clean, '/log')) {
    const lines = clean.file(path).toString('latin1').split('\n').slice(0, -1);
    for (const [at, line] of lines.entries()) {
      const variants = [
        lines.with(at, line.replace('"source"', '"sourcf"')), lines.with(at, line.replace(/"key":"\d+\.\d+/, '"key":"7.3')),
        lines.toSpliced(at, 1), lines.toSpliced(at, 0, line),
        [...lines.slice(0, at), ...lines.slice(at, at + 2).reverse(), ...lines.slice(at + 2)],
      ];
      for (const variant of variants) {
        const disk = clean.copy();
        disk.nodes.set(path, Buffer.from(variant.map((text) => `${text}\n`).join(''), 'latin1'));
        stretches += bothWays(disk, withKey);
        bothWays(disk, withPub);
      }
    }
  }
  // In most of them only one of the four is spoiled; were none ever used, both ways would be one.
  expect(stretches).toBeGreaterThan(500);
});

it('a header that lies about what stood before it is found both ways', () => {
  const clean = log.disk();
  const [, second = '', third = ''] = listSegments(clean, '/log').map(({ path }) => path);
  for (const [what, by] of [['"epoch_vkey":"', '"epoch_vkey":"x'], ['"tree_size":1', '"tree_size":2'], ['"key":"2.0"', '"key":"900000000000000.0"']] as const) {
    for (const path of [second, third]) {
      const disk = clean.copy();
      disk.nodes.set(path, Buffer.from(clean.file(path).toString('latin1').replace(what, by), 'latin1'));
      bothWays(disk, withKey);
      bothWays(disk, withPub);
    }
  }
  const other = new LogMaker({ seed: 'other' });
  const disk = clean.copy();
  disk.nodes.set(third, other.disk().nodes.get('/log.pub') ?? Buffer.alloc(0));
  bothWays(disk, withKey);
});

it('a log whose beginning was retired, and one with a removal under way, read the same both ways', () => {
  const retiring = sixSegments();
  const before = retiring.disk();
  retiring.retire();
  const after = retiring.disk();
  expect(bothWays(after, withKey)).toBe(3);
  for (const [path, node] of after.nodes) before.nodes.set(path, node);
  bothWays(before, withKey);
  expect(verify({ ...withKey, disk: before }).exit).toBe(0);
});

it('a thread that died is not waited for while the others are busy, and what they walk is taken', () => {
  // The one that gets the first order does nothing any more; the other answers, and is never idle.
  const script = new URL(`data:text/javascript,${encodeURIComponent(`
    import { workerData } from 'node:worker_threads';
    const { port, signs, at } = workerData;
    const sign = () => { Atomics.add(signs, at, 1); Atomics.notify(signs, at); };
    let isDead = false;
    port.on('message', ({ segment }) => {
      isDead ||= segment.name === 'dead';
      if (isDead) return;
      setInterval(sign, 1);
      port.postMessage({ name: segment.name, stretch: { from: segment.name, pace: { times: new Float64Array(0) } } });
      sign();
    });`)}`);
  const start = { logPub: log.logPub, firstEpoch: undefined, epochsMax: 1, retiredStarts: new Set<number>(), retiredTo: 0 };
  const order = (name: string): AheadOrder => ({ segment: { name, path: '', first: 1 }, bytes: 2 ** 23, seqs: new Float64Array(0) });
  const orders = ['dead', 'second', 'third', 'fourth', 'fifth'].map(order);
  const ahead = lookAheadOnThreads(2, { script, patienceMs: 3000 })(start, orders);
  try {
    const taken = orders.map(({ segment }) => ahead?.take(segment)?.from);
    expect(taken).toEqual([undefined, 'second', undefined, 'fourth', 'fifth']);
  } finally {
    ahead?.close();
  }
});
