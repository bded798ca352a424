/**
 * A daemon for as long as one likes. First it is killed, stopped and started, held and its clock set while clients of all
 * kinds go on; then, for the second half, one daemon lives through all of that which does not end it, and its memory is
 * watched. At the end the log is held against all that was acknowledged.
 */
import { realDisk } from '../../src/disk/disk.js';
import { listSegments } from '../../src/log/segment.js';
import { Bench } from '../calm/bench.js';
import type { Alarm } from '../calm/bench.js';
import { linesIn } from '../daemon.js';
import { FakeClock } from '../fake-clock.js';
import { Random } from '../random.js';
import { Book } from './book.js';
import type { Growth } from './memory.js';
import { Memory, growthBytesMax } from './memory.js';
import { produce } from './producers.js';
import type { Counts, Readers } from './readers.js';
import { askAll, beSlow, follow } from './readers.js';
import { check, disturb, endAndStart, start } from './troubles.js';

export interface Soaked {
  readonly seed: number;
  readonly minutes: number;
  readonly acknowledged: number;
  readonly read: number;
  /** Removed by retention before the follower came to them. */
  readonly unread: number;
  readonly duplicates: number;
  readonly verifications: number;
  readonly removed: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Undefined where the second half was too short for its warm-up. */
  readonly growth: Growth | undefined;
  readonly problems: readonly string[];
  readonly alarms: readonly Alarm[];
}

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

/** Between two troubles, ms. */
const calmMs = { min: 400, max: 6_000 };
const sampleMs = 500;
/** Events behind which a daemon has filled what it keeps: it remembers this many ids, and its last records. */
const warmEvents = 66_000;
const verifyEveryMs = 10_000;

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** Runs it all, and clears up. */
export async function soak({ minutes, seed, onProgress }: SoakOptions): Promise<Soaked> {
  const bench = new Bench({ random: new Random(seed) });
  const clock = new FakeClock(bench.elsewhere);
  bench.afterwards = () => { clock.clear(); };
  const book = new Book();
  const counts: Counts = new Map();
  const trouble = { bench, clock, book, counts };
  const [over, followed] = [new AbortController(), new AbortController()];
  const { signal } = over;
  const alarm = (what: string): void => { bench.alarm(what); };
  const memory = new Memory();
  let removed = 0;
  try {
    if (await start(trouble)) {
      const socket = bench.daemon?.socket ?? '';
      const readers: Readers = { socket, book, random: new Random(seed + 1), signal, counts, alarm };
      const follower = follow(readers, followed.signal);
      const clients = [produce({ socket, book, random: new Random(seed + 2), signal }), beSlow(readers), askAll(readers)];
      const halfMs = minutes * 30_000;
      const until = performance.now() + halfMs;
      const isUp = await restless(trouble, until, onProgress);
      if (isUp) await steady(trouble, memory, until + halfMs, onProgress);
      over.abort();
      if (isUp) {
        await Promise.all(clients);
        // The follower is behind; it is at the end when it has the last that was acknowledged.
        while (book.next <= book.newest && bench.running !== undefined) await passed(20);
      }
      followed.abort();
      await follower;
    }
    await bench.stop();
    check(trouble, 'at the end');
    const first = firstOf(bench);
    removed = first - 1;
    book.check(first, linesIn(bench.state));
    await bench.checkByCommand('at the end', bench.state, { receipts: [], checkpoint: undefined });
  } finally {
    over.abort();
    followed.abort();
    await bench.clear();
  }
  return {
    seed, minutes, acknowledged: book.acknowledged, read: book.read, unread: book.unread, duplicates: book.duplicates, removed,
    verifications: bench.verifications, counts: Object.fromEntries(counts), growth: memory.growth,
    problems: [...book.problems, ...growthProblems(memory.growth)], alarms: bench.alarms,
  };
}

type Troubled = Parameters<typeof start>[0];

/** The first half. False where the daemon did not come up any more. */
async function restless(trouble: Troubled, until: number, onProgress?: (text: string) => void): Promise<boolean> {
  const { bench, book } = trouble;
  while (performance.now() < until) {
    await passed(bench.random.whole(calmMs.min, calmMs.max));
    if (bench.random.chance(0.4)) await disturb(trouble);
    else if (!await endAndStart(trouble)) return false;
    book.retire(firstOf(bench));
    onProgress?.(`${book.acknowledged} acknowledged, ${bench.alarms.length} alarms, ${book.wrong} problems`);
  }
  return true;
}

/** The second half: one daemon, which is not ended. */
async function steady(trouble: Troubled, memory: Memory, until: number, onProgress?: (text: string) => void): Promise<void> {
  const { bench, book } = trouble;
  const began = book.acknowledged;
  let verified = performance.now();
  while (performance.now() < until && bench.running !== undefined) {
    await passed(sampleMs);
    if (book.acknowledged - began > warmEvents) memory.sample(bench.daemon?.process.pid);
    if (bench.random.chance(0.05)) await disturb(trouble);
    if (performance.now() - verified > verifyEveryMs) {
      verified = performance.now();
      check(trouble, 'under load');
      onProgress?.(`${book.acknowledged} acknowledged, ${bench.alarms.length} alarms, ${book.wrong} problems`);
    }
    book.retire(firstOf(bench));
  }
  if (bench.running === undefined) bench.alarm('the daemon ended by itself');
}

function firstOf(bench: Bench): number {
  return listSegments(realDisk, bench.places.log)[0]?.first ?? 1;
}

function growthProblems(growth: Growth | undefined): string[] {
  if (growth === undefined || growth.to - growth.from <= growthBytesMax) return [];
  return [`memory grew from ${growth.from} to ${growth.to} bytes`];
}
