/** What befalls the daemon meanwhile: killed, stopped and started, held, its clock set. It is verified behind each. */
import type { Bench } from '../calm/bench.js';
import { killDuringStart } from '../calm/restarts.js';
import type { FakeClock } from '../fake-clock.js';
import { offsets } from '../fake-clock.js';
import type { Book } from './book.js';
import type { Counts } from './readers.js';

export interface Trouble {
  readonly bench: Bench;
  readonly clock: FakeClock;
  readonly book: Book;
  readonly counts: Counts;
}

/** Segments and epochs that end all the time, and a log that does not become large: each minute removes dozens of segments. */
const settings = {
  INDELIBLE_SEGMENT_BYTES: '524288', INDELIBLE_RETAIN_BYTES: '6291456', INDELIBLE_RECENT: '1000',
};

/** Starts it, in other modes each time. False where it did not: that is an alarm already. */
export async function start({ bench, clock }: Trouble): Promise<boolean> {
  const { random } = bench;
  const daemon = await bench.start({
    ...settings, ...clock.environment, INDELIBLE_SYNC: random.pick(['line', 'group']), INDELIBLE_HEAD_SYNC: random.pick(['second', 'always']),
    INDELIBLE_SEAL_MS: String(random.pick([100, 500, 2_000])),
  });
  clock.startedBy(bench.daemon?.process.pid);
  return daemon !== undefined;
}

/** Verifies what is there, with the key and with the public key; all receipts are held against the log by the book. */
export function check({ bench, counts }: Trouble, when: string): void {
  bench.check(when, bench.state, { receipts: [], checkpoint: undefined });
  count(counts, 'verified');
}

function count(counts: Counts, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** One of those that end the daemon, and the next start. False where that failed. */
export async function endAndStart(trouble: Trouble): Promise<boolean> {
  const { bench, counts } = trouble;
  const how = bench.random.pick(['killed', 'killed', 'stopped'] as const);
  if (how === 'killed') await bench.kill();
  else await bench.stop();
  count(counts, how);
  check(trouble, `${how} under load`);
  if (bench.random.chance(0.3)) {
    await killDuringStart(bench);
    count(counts, 'killed in a start');
  }
  return start(trouble);
}

/** One of those that it survives. */
export async function disturb(trouble: Trouble): Promise<void> {
  const { bench, clock, counts } = trouble;
  const { random } = bench;
  if (random.chance(0.5)) {
    bench.running?.process.kill('SIGSTOP');
    await passed(random.whole(50, 2_500));
    bench.running?.process.kill('SIGCONT');
    count(counts, 'held for a while');
  } else {
    clock.set(random.pick(offsets.filter((offset) => offset !== clock.offset)));
    count(counts, 'clock set');
  }
  if (random.chance(0.5)) check(trouble, 'while it runs');
}
