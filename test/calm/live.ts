/** Verification of a log that is written to as fast as the daemon can. */
import { Pumps } from './pumps.js';
import type { Scenario } from './scenario.js';

/** Rounds of verification in one run; each takes longer than the one before, as the log grows. */
const roundsMax = 2;

/** Records a second: fewer are no load. */
const loads = { group: 1000, line: 100 } as const;

/** Processes that send as fast as they are answered. */
export const live: Scenario = {
  name: 'verified under full load',
  weight: 3,
  async run(bench) {
    const { random } = bench;
    const sync = random.pick(['group', 'line'] as const);
    const settings = { ...random.settings(), INDELIBLE_SYNC: sync, INDELIBLE_SEAL_MS: random.pick(['200', '1000']) };
    if (await bench.start(settings) === undefined) return;
    const pumps = await Pumps.start(bench, random.whole(1, 2));
    const from = { seq: bench.newestSeq(), ms: performance.now() };
    await pumps.reach(bench, random.whole(3_000, 12_000));
    for (let round = random.whole(1, roundsMax); round > 0; round -= 1) {
      bench.check('under full load', bench.state, bench.given(), random.pick(['key', 'pub']));
      bench.keepCheckpoint();
      if (random.chance(0.3)) await bench.checkByCommand('under full load');
    }
    const perSecond = Math.round((bench.newestSeq() - from.seq) / ((performance.now() - from.ms) / 1000));
    bench.notes.push(`records a second: ${perSecond}`);
    bench.must(perSecond > loads[sync], `only ${perSecond} records a second were written: that is no load`);
    if (random.chance(0.3)) {
      await bench.kill();
      bench.check('killed under full load');
      if (await bench.start(settings) === undefined) return;
      bench.check('started again under full load');
    }
    await pumps.end(bench);
    await bench.stop();
    bench.check('after full load');
  },
};
