/** Retention removes segments, oldest first: under load, through kills, and while somebody verifies. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { realDisk } from '../../src/disk/disk.js';
import { listSegments } from '../../src/log/segment.js';
import type { Bench } from './bench.js';
import { copyAsDocumented } from './copies.js';
import { Pumps } from './pumps.js';
import { killDuringStart } from './restarts.js';
import type { Scenario } from './scenario.js';

/** A few small segments are kept, so that each second of load removes several. */
const settings = {
  INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RETAIN_BYTES: '200000', INDELIBLE_SYNC: 'group', INDELIBLE_SEAL_MS: '200',
};

/** By when a daemon under load has removed something, ms, however busy the machine is. */
const removedWithinMs = 60_000;

/** The first record that is still there. */
function firstKept(bench: Bench): number {
  return listSegments(realDisk, bench.places.log)[0]?.first ?? 1;
}

/** Fails loudly where nothing is ever removed. */
export const retention: Scenario = {
  name: 'retention',
  weight: 10,
  async run(bench) {
    const { random } = bench;
    if (await bench.start(settings) === undefined) return;
    const pumps = await Pumps.start(bench, 1, 4000);
    for (let round = random.whole(2, 4); round > 0; round -= 1) {
      const across = bench.checkByCommand('while segments are removed');
      bench.check('while segments are removed');
      await across;
      bench.keepCheckpoint();
      if (random.chance(0.5)) await copyAsDocumented(bench, 'while segments are removed');
      await bench.kill();
      bench.check('killed while segments are removed');
      if (random.chance(0.3)) await killDuringStart(bench);
      if (await bench.start(settings) === undefined) return;
      bench.check('started after segments were removed');
    }
    // The kills may each have come before it got to that.
    const before = performance.now();
    while (firstKept(bench) === 1 && performance.now() - before < removedWithinMs) await delay(50);
    await pumps.end(bench);
    await bench.stop();
    bench.check('after segments were removed');
    const removed = firstKept(bench) - 1;
    bench.must(removed > 0, 'no segment was ever removed');
    bench.must(existsSync(bench.places.retired) && readFileSync(bench.places.retired).length > 0, 'nothing stands for what was removed');
    bench.notes.push(`records removed: ${removed}`);
  },
};
