/** A daemon that is suspended, as a debugger, a container's freezer or a paused machine does it, and then goes on. */
import type { Bench } from './bench.js';
import { copyInAnyOrder } from './copies.js';
import { momentsIn } from './judge.js';
import type { Pause } from './judge.js';
import { produce } from './producer.js';
import type { Scenario } from './scenario.js';

/** How long the daemon may take to come round to a record once it runs again, ms. */
const marginMs = 800;

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** Holds the daemon for at least `ms`; during it `meanwhile` happens. Tells from when to when it was held. */
async function hold(bench: Bench, ms: number, meanwhile: () => Promise<void>): Promise<Pause> {
  const from = Date.now();
  bench.daemon?.process.kill('SIGSTOP');
  await Promise.all([meanwhile(), passed(ms)]);
  bench.daemon?.process.kill('SIGCONT');
  return { from, to: Date.now() };
}

/** Longer than twice the heartbeat is a silence and said to be one, exit 0; shorter is none; neither is tampering. */
export const suspended: Scenario = {
  name: 'suspended',
  weight: 4,
  async run(bench) {
    const { random } = bench;
    const isShort = random.chance(0.5);
    const heartbeatMs = isShort ? random.whole(500, 700) : 900_000;
    const settings = { ...random.settings(), INDELIBLE_HEARTBEAT_MS: String(heartbeatMs) };
    const held: Pause[] = [];
    bench.silences = ({ from, to }) => to - from > 2 * heartbeatMs && held.some((hold) => hold.from < to && from < hold.to);
    if (await bench.start(settings) === undefined) return;
    const load = produce(bench, random.whole(50, 300));
    for (let times = random.whole(1, 2); times > 0; times -= 1) {
      const ms = isShort && random.chance(0.7) ? 2 * heartbeatMs + marginMs : random.whole(50, 400);
      const isBefore = random.chance(0.3) ? bench.checkByCommand('across a suspension') : undefined;
      held.push(await hold(bench, ms, async () => {
        bench.check('while it is suspended');
        copyInAnyOrder(bench, 'of a suspended daemon');
        if (random.chance(0.2)) await bench.checkByCommand('while it is suspended');
      }));
      bench.check('right after a suspension');
      await isBefore;
    }
    await load;
    // A start right behind a pause counts as its explanation; what is recorded here stands between them.
    await produce(bench, 1);
    bench.keepCheckpoint();
    bench.check('some records after a suspension');
    if (random.chance(0.5)) await bench.kill();
    else await bench.stop();
    bench.check('with a suspension behind it');
    // A silence while it was down is explained by the start that follows it.
    if (isShort && random.chance(0.3)) {
      await passed(2 * heartbeatMs + marginMs);
      if (await bench.start(settings) === undefined) return;
      await bench.stop();
      bench.check('started after a long time down');
    }
    tellSilences(bench, held, heartbeatMs);
  },
};

/** The other way round: what was a silence MUST be reported. It is looked for in the records, not in the report. */
function tellSilences(bench: Bench, held: readonly Pause[], heartbeatMs: number): void {
  const long = held.filter(({ from, to }) => to - from > 2 * heartbeatMs + marginMs / 2);
  const moments = momentsIn(bench.state);
  const reported = bench.reportedSilences();
  for (const { from, to } of long) {
    const at = moments.findIndex(({ ms }) => ms > from + marginMs / 2);
    const [before, behind] = [moments[at - 1], moments[at]];
    if (before === undefined || behind === undefined || behind.ms - before.ms <= 2 * heartbeatMs) {
      bench.undone.push(`the suspension of ${to - from} ms left no such pause in the log`);
    } else if (!reported.includes(before.seq)) {
      bench.alarm(`a silence of ${behind.ms - before.ms} ms behind record ${before.seq} is not reported`);
    } else bench.notes.push('silences told');
  }
}
