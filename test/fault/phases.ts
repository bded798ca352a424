// The stretches of a daemon's life that faults are put into: what the daemon runs with, and what is asked of it meanwhile.
import type { Bench, Work } from './bench.js';
import type { CallClass } from './board.js';

export interface Mode {
  readonly sync: 'line' | 'group';
  readonly headSync: 'second' | 'always';
}

export const modes: readonly Mode[] = [
  { sync: 'line', headSync: 'second' }, { sync: 'group', headSync: 'always' },
  { sync: 'line', headSync: 'always' }, { sync: 'group', headSync: 'second' },
];

/** A phase of a daemon that runs. */
export interface Phase {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Only these calls are killed at; all when absent. */
  readonly counts?: readonly CallClass[];
  /** Whether the daemon is gone when the phase is over. */
  readonly ends: boolean;
  /** Whether every fault gets a daemon that has met none before. */
  readonly isFresh?: boolean;
  /** Everything the phase consists of; over when all is answered, or when the daemon is gone. */
  act(bench: Bench): Promise<Work[]>;
}

/** Three clients: one pipelines single events and one request of several, two ask at the same time, the last having just come. */
async function appendBurst(bench: Bench): Promise<Work[]> {
  const { ledger } = bench;
  const works = await Promise.all([
    bench.ask(ledger.append(), ledger.append(), ledger.append(3), ledger.append()),
    bench.ask(ledger.append(), ledger.append(2)),
    bench.ask(ledger.append()),
  ]);
  return works.flat();
}

/** One request after the other: what is due behind one is done when the next is answered. */
async function oneByOne(bench: Bench, count: number, bytes: number): Promise<Work[]> {
  const works: Work[] = [];
  for (let n = 0; n < count; n += 1) {
    const work = await bench.ask(bench.ledger.append(1, bytes));
    works.push(...work);
    if (work.some(({ answer }) => typeof answer === 'string')) break;
  }
  return works;
}

const append: Phase = { name: 'append', env: {}, ends: false, act: appendBurst };

/** How long the daemon may leave head and keys unsynced, ms, and a little more. */
const headSyncMs = 1_200;

/** Head and keys are synced when their second is nearly over: it is the daemon's clock that has to pass. */
const headSync: Phase = {
  name: 'head sync', env: {}, counts: ['sync'], ends: false,
  async act(bench) {
    const work = await bench.ask(bench.ledger.append());
    const passed = new Promise((resolve) => { setTimeout(resolve, headSyncMs); });
    await Promise.race([passed, bench.daemon?.ended]);
    return work;
  },
};

/** Behind every request an epoch is old enough to be sealed. */
const seal: Phase = { name: 'seal', env: { INDELIBLE_SEAL_MS: '1' }, ends: false, act: (bench) => oneByOne(bench, 2, 20) };

/** Requests of half a segment each. */
const rotation: Phase = {
  name: 'rotation', env: { INDELIBLE_SEGMENT_BYTES: '65536' }, ends: false, act: (bench) => oneByOne(bench, 3, 33_000),
};

/** How long a removal is waited for that a fault may have put off, ms, and how often it is looked at. */
const removalMs = 1_000;
const lookMs = 20;

/** The oldest segments go when their daemon's clock comes to it. */
const retention: Phase = {
  name: 'retention', env: { INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RETAIN_BYTES: '65536' }, ends: false, isFresh: true,
  async act(bench) {
    const work = await oneByOne(bench, 5, 33_000);
    const oldest = bench.segments()[0];
    const until = performance.now() + removalMs;
    const lives = (): boolean => bench.daemon?.process.exitCode === null && bench.daemon.process.signalCode === null;
    while (lives() && performance.now() < until && bench.segments()[0] === oldest) {
      await new Promise((resolve) => { setTimeout(resolve, lookMs); });
    }
    return work;
  },
};

/** A clean stop, with requests still under way. */
const stop: Phase = {
  name: 'stop', env: {}, ends: true,
  async act(bench) {
    const { daemon } = bench;
    const work = bench.ask(bench.ledger.append(), bench.ledger.append(2));
    daemon?.process.kill('SIGTERM');
    return work;
  },
};

export const phases: readonly Phase[] = [append, headSync, seal, rotation, retention, stop];

/** A first start, one after a clean stop and those after a crash are phases, too. */
export const phaseNames = ['first start', 'start', ...phases.map(({ name }) => name), 'recovery'] as const;

export function envOf(mode: Mode): Readonly<Record<string, string>> {
  return { INDELIBLE_SYNC: mode.sync, INDELIBLE_HEAD_SYNC: mode.headSync };
}

export function modeName(mode: Mode): string {
  return `${mode.sync}/${mode.headSync}`;
}
