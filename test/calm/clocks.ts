/** The wall clock is set: a year and less, forwards and backwards, under the daemon's feet or while it is down. */
import type { Daemon } from '../daemon.js';
import { Conversation } from '../daemon.js';
import { FakeClock, offsets } from '../fake-clock.js';
import type { Bench } from './bench.js';
import { momentsIn } from './judge.js';
import { produce } from './producer.js';
import type { Scenario } from './scenario.js';

/** What the daemon measures may differ by what passed meanwhile, ms. */
const toleranceMs = 60_000;

/** Starts the bench's daemon by a clock. */
async function startBy(clock: FakeClock, bench: Bench): Promise<Daemon | undefined> {
  const daemon = await bench.start({ ...bench.random.settings(), ...clock.environment });
  clock.startedBy(bench.daemon?.process.pid);
  return daemon;
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
    const clock = new FakeClock(bench.elsewhere);
    bench.afterwards = () => { clock.clear(); };
    for (let round = random.whole(1, 2); round > 0; round -= 1) {
      const daemon = await startBy(clock, bench);
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
    const clock = new FakeClock(bench.elsewhere);
    bench.afterwards = () => { clock.clear(); };
    for (let round = random.whole(2, 3); round > 0; round -= 1) {
      if (await startBy(clock, bench) === undefined) return;
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
