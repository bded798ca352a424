/** The wall clock is set: a year and less, forwards and backwards, under the daemon's feet or while it is down. */
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '../daemon.js';
import { Conversation } from '../daemon.js';
import type { Bench } from './bench.js';
import { momentsIn } from './judge.js';
import { produce } from './producer.js';
import type { Scenario } from './scenario.js';

const day = 86_400;
const year = 365 * day;
/** Where the clock is set to, in seconds from the true time. */
const offsets = [0, year, -year, year, -year, day, -day, 90, -90];
/** What the daemon measures may differ by what passed meanwhile, ms. */
const toleranceMs = 60_000;

/** The daemon's environment in which its wall clock, and nothing else, is off by what a file says. */
class FakeClock {
  readonly #file: string;
  readonly #library: string;
  readonly #pids: number[] = [];
  #offset = 0;

  constructor(bench: Bench) {
    const { stdout, error } = spawnSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
    if (error !== undefined || stdout.trim() === '') throw new Error('faketime is not installed: the clock cannot be set');
    this.#library = stdout.trim();
    this.#file = join(bench.elsewhere, 'clock');
    this.set(0);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Takes effect at once: the file is read again for every look at the clock. */
  set(seconds: number): void {
    this.#offset = seconds;
    // Renamed into place, so that no look at the clock meets half a number.
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Starts the bench's daemon by this clock. */
  async start(bench: Bench): Promise<Daemon | undefined> {
    const daemon = await bench.start({ ...bench.random.settings(), ...this.#environment() });
    this.#pids.push(bench.daemon?.process.pid ?? 0);
    return daemon;
  }

  /** A process that was killed leaves the library's shared memory behind. */
  clear(): void {
    for (const pid of this.#pids) for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(join('/dev/shm', name), { force: true });
  }

  /** As after a real step, the monotonic clock runs on, and files keep the times they have. */
  #environment(): Record<string, string> {
    return {
      LD_PRELOAD: this.#library, FAKETIME_TIMESTAMP_FILE: this.#file, FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1',
    };
  }
}

/** Hears of the steps that the daemon records. */
class StepWatch {
  readonly #conversation: Conversation;
  #seen = 0;

  constructor(socket: string, from: number) {
    this.#conversation = new Conversation(socket);
    this.#conversation.send({ op: 'tail', id: 1, from, profile: 'indelible', kind: 'clock_stepped' });
  }

  /** The next step, ms. */
  async next(): Promise<number> {
    this.#seen += 1;
    const reply = (await this.#conversation.until(this.#seen))[this.#seen - 1];
    if (reply?.op !== 'record') throw new Error(`no record: ${JSON.stringify(reply)}`);
    return (JSON.parse(reply.line) as { readonly event: { readonly delta_ms: number } }).event.delta_ms;
  }

  close(): Promise<void> {
    return this.#conversation.close();
  }
}

/** Steps under a running daemon, each seen as a `clock_stepped` of the right size. */
export const clockLive: Scenario = {
  name: 'clock set while running',
  weight: 10,
  async run(bench) {
    const { random } = bench;
    const clock = new FakeClock(bench);
    bench.afterwards = () => { clock.clear(); };
    for (let round = random.whole(1, 2); round > 0; round -= 1) {
      const daemon = await clock.start(bench);
      if (daemon === undefined) return;
      const receipt = await produce(bench, random.whole(1, 40));
      bench.must(receipt.acknowledged > 0, 'nothing was acknowledged');
      const watch = new StepWatch(daemon.socket, (bench.receipts().at(-1)?.seq ?? 0) + 1);
      for (let steps = random.whole(1, 3); steps > 0; steps -= 1) {
        const before = clock.offset;
        const across = random.chance(0.1) ? bench.checkByCommand('across a step of the clock') : undefined;
        clock.set(random.pick(offsets.filter((offset) => offset !== before)));
        const wanted = (clock.offset - before) * 1000;
        const seen = await watch.next();
        bench.must(Math.abs(seen - wanted) < toleranceMs, `the clock was to step by ${wanted} ms, the daemon saw ${seen}`);
        bench.notes.push(wanted > 0 ? 'steps forwards' : 'steps backwards');
        bench.check(`right after a step of ${wanted} ms`);
        await produce(bench, random.whole(1, 40));
        bench.keepCheckpoint();
        bench.check(`some records after a step of ${wanted} ms`);
        await across;
      }
      await watch.close();
      if (random.chance(0.5)) await bench.kill();
      else await bench.stop();
      bench.check('with a stepped clock behind it');
    }
  },
};

/** The clock of the next start is another one. */
export const clockBetween: Scenario = {
  name: 'clock set between runs',
  weight: 12,
  async run(bench) {
    const { random } = bench;
    const clock = new FakeClock(bench);
    bench.afterwards = () => { clock.clear(); };
    for (let round = random.whole(2, 3); round > 0; round -= 1) {
      if (await clock.start(bench) === undefined) return;
      await produce(bench, random.whole(1, 60));
      bench.keepCheckpoint();
      bench.check(`at ${clock.offset} s`);
      if (random.chance(0.5)) await bench.kill();
      else await bench.stop();
      bench.check(`ended at ${clock.offset} s`);
      const before = clock.offset;
      clock.set(random.pick(offsets.filter((offset) => offset !== before)));
    }
    const jumps = jumpsIn(bench);
    bench.must(jumps > 0, 'the recorded times never jumped');
    bench.notes.push(...Array.from({ length: jumps }, () => 'jumps between runs'));
  },
};

/** How often the time between two neighbouring records is one that no run waited for. */
function jumpsIn(bench: Bench): number {
  const moments = momentsIn(bench.state);
  return moments.filter(({ ms }, index) => Math.abs(ms - (moments[index - 1]?.ms ?? ms)) > toleranceMs).length;
}
