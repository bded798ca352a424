/** The disk fills up, and has room again. */
import type { Bench } from './bench.js';
import { howEnded } from './bench.js';
import { killUnderLoad } from './restarts.js';
import { produce } from './producer.js';
import { SmallDisk, fillBeside } from '../small-disk.js';
import type { Scenario } from './scenario.js';

const kiB = 1024;
const diskBytes = 3 * 1024 * kiB;

/** Where the log lies, on a disk that is small. */
function mountSmall(): { readonly state: string; readonly clear: () => void } {
  const disk = SmallDisk.mount('tmpfs', diskBytes);
  return { state: disk.state, clear: () => { disk.clear(); } };
}

/** The log must stay whole through it: full, stopped or killed while full, started while full, and with room again. */
export const full: Scenario = {
  name: 'disk full',
  weight: 10,
  place: mountSmall,
  async run(bench) {
    const { random } = bench;
    if (await bench.start(random.settings()) === undefined) return;
    await produce(bench, random.whole(1, 60));
    bench.keepCheckpoint();
    const free = fillBeside(bench.state, random.whole(0, 100) * kiB);
    const { refused } = await produce(bench, 3000, undefined, (code) => code === 'disk_full');
    bench.must(refused.includes('disk_full'), `the disk never filled up: ${[...new Set(refused)].join(' ')}`);
    bench.notes.push('disks filled');
    bench.check('on a full disk');
    if (random.chance(0.2)) await bench.checkByCommand('on a full disk');
    if (random.chance(0.5)) await endWhileFull(bench);
    free();
    if (bench.running === undefined && await bench.start(random.settings()) === undefined) return;
    const { acknowledged } = await produce(bench, random.whole(1, 60));
    bench.must(acknowledged > 0, 'nothing was acknowledged after there was room again');
    bench.check('with room again');
    if (random.chance(0.5)) {
      await killUnderLoad(bench);
      bench.check('killed with room again');
      if (await bench.start(random.settings()) === undefined) return;
    }
    await bench.stop();
    bench.check('after a full disk');
  },
};

/** Stopped or killed where no further record fits, and perhaps started there: that may fail, but not for the log's sake. */
async function endWhileFull(bench: Bench): Promise<void> {
  const { random, daemon } = bench;
  if (random.chance(0.5)) await bench.kill();
  else await daemon?.stop();
  bench.check('ended on a full disk');
  if (random.chance(0.5)) return;
  const next = bench.spawn(random.settings());
  const isUp = await next.ready().then(() => true, () => false);
  if (!isUp) {
    const ended = await next.ended;
    if (ended.code === 3 || ended.signal !== null) bench.alarm(`a start on a full disk ended with ${howEnded(ended)}`);
  }
  bench.check('after a start on a full disk');
}
