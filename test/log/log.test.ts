// The log with its thread, as built: nothing that is taken in is ever forgotten.
import { existsSync, rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { realDisk } from '../../src/disk/disk.js';
import type { Outcome } from '../../src/log/appender.js';
import type { Sender } from '../../src/log/lanes.js';
import type { Log as SourceLog } from '../../src/log/log.js';
import { placesIn } from '../../src/log/segment.js';
import { recordsIn, temporaryDirectory, verified } from '../daemon.js';
import { randomFrom } from './memory-disk.js';
import { StillClock, bear, usual } from './run.js';

const built = new URL('../../dist/log/log.js', import.meta.url);

const states: string[] = [];
afterEach(() => { for (const state of states.splice(0)) rmSync(state, { recursive: true, force: true }); });

async function open(sync: 'line' | 'group'): Promise<{ readonly log: SourceLog; readonly state: string }> {
  // A worker runs what was built; it has no loader for sources.
  if (!existsSync(built)) throw new Error(`${built.pathname} is not there: run "npm run build" first`);
  const { Log } = await import(built.href) as { readonly Log: typeof SourceLog };
  const state = temporaryDirectory();
  states.push(state);
  bear(realDisk, new StillClock(), placesIn(state));
  const { log } = await Log.open({
    state, options: { ...usual, sync, segmentBytes: 65_536 }, diskLowBytes: 0,
    started: { version: '0', bootId: '', listeners: [] },
  }, () => undefined);
  return { log, state };
}

const nobody = {
  committed: () => undefined, failed: () => undefined, delayed: () => undefined, levelled: () => undefined,
  alarmed: () => undefined,
};
const body = (n: number): string => `"profile":"generic","kind":"k${n}","source":{},"event":{"action":"k${n}"}`;

const senders = Array.from({ length: 12 }, (_, n) => ({ process: `p${n}` }));

function senderOf(n: number): Sender {
  return senders[n] ?? { process: 'other' };
}

describe.each(['line', 'group'] as const)('in %s mode', (sync) => {
  // Of few: somebody waits for them without a turn of the event loop, of one also without sleeping.
  test.each([12, 3, 1])('no wake-up is lost: what %i append from settle callbacks, microtasks and immediates is all settled', async (senders) => {
    const { log, state } = await open(sync);
    log.watch(nobody);
    const random = randomFrom(sync === 'line' ? 11 : 12);
    const total = 1500;
    let made = 0;
    const outcomes: Outcome['kind'][] = [];
    await new Promise<void>((done) => {
      const add = (): void => {
        if (made >= total) return;
        made += 1;
        log.append(senderOf(made % senders), [body(made)], {
          settle: (outcome) => {
            outcomes.push(outcome.kind);
            if (outcomes.length === total) done();
            // One or none now, so that the queue runs empty again and again, at every possible moment.
            const way = random();
            if (way < 0.3) add();
            else if (way < 0.5) queueMicrotask(add);
            else if (way < 0.7) setImmediate(add);
            else if (way < 0.85) process.nextTick(add);
            else setImmediate(() => { queueMicrotask(add); });
          },
        });
      };
      for (let n = 0; n < senders; n += 1) add();
    });
    expect(new Set(outcomes)).toEqual(new Set(['durable']));
    await log.stop('test');
    expect(recordsIn(state).filter(({ profile }) => profile === 'generic')).toHaveLength(total);
    expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('a stop writes what was taken in before it, and refuses what comes behind', async () => {
    const { log, state } = await open(sync);
    log.watch(nobody);
    const outcomes: Outcome[] = [];
    const waiter = { settle: (outcome: Outcome) => { outcomes.push(outcome); } };
    for (let n = 1; n <= 300; n += 1) log.append(senderOf(n % 5), [body(n)], waiter);
    const stopped = log.stop('test');
    const late: Outcome[] = [];
    log.append(senderOf(0), [body(0)], { settle: (outcome) => { late.push(outcome); } });
    // Who asks a second time waits for the same end.
    await log.stop('again');
    expect(log.phase).toEqual({ kind: 'stopped' });
    await stopped;
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 300 }, () => 'durable'));
    expect(late).toMatchObject([{ kind: 'rejected', error: { code: 'refused' } }]);
    expect(recordsIn(state).slice(-2).map(({ kind }) => kind)).toEqual(['stopped', 'seal']);
    expect(log.phase).toEqual({ kind: 'stopped' });
  });

  test('behind the fence nothing is written any more', async () => {
    const { log, state } = await open(sync);
    const before = recordsIn(state).length;
    const failed = new Promise<string>((resolve) => {
      log.watch({ ...nobody, failed: (error) => { resolve(error.what); } });
    });
    log.fence();
    const outcome = new Promise<Outcome>((resolve) => { log.append(senderOf(0), [body(1)], { settle: resolve }); });
    expect(await failed).toBe('lock');
    expect(await outcome).toMatchObject({ kind: 'rejected', error: { code: 'write_failed' } });
    expect(recordsIn(state)).toHaveLength(before);
  });
});

test('a log that nobody watches can be stopped', async () => {
  const { log, state } = await open('line');
  await log.stop('test');
  expect(recordsIn(state).at(-1)?.kind).toBe('seal');
});
