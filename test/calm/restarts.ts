/** Stops, kills and starts: what every daemon goes through, and the log with it. */
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodeHead } from '../../src/log/head.js';
import { listSegments } from '../../src/log/segment.js';
import { realDisk } from '../../src/disk/disk.js';
import type { Bench } from './bench.js';
import { howEnded } from './bench.js';
import { produce } from './producer.js';
import type { Scenario } from './scenario.js';

const sectorBytes = 512;

/** Clean stops, each start with other settings. */
export const restarts: Scenario = {
  name: 'restarts',
  weight: 20,
  async run(bench) {
    const { random } = bench;
    for (let round = random.whole(2, 3); round > 0; round -= 1) {
      if (await bench.start(random.settings()) === undefined) return;
      if (random.chance(0.8)) await produce(bench, random.whole(1, 150));
      bench.keepCheckpoint();
      const across = random.chance(0.15) ? bench.checkByCommand('across a stop and a start') : undefined;
      if (random.chance(0.5)) bench.check('while it runs');
      await bench.stop();
      bench.check('after a clean stop');
      if (across !== undefined && round > 1 && await bench.start(random.settings()) !== undefined) await bench.stop();
      await across;
    }
  },
};

/** Kills under load, and during starts; verified as the kill left it, and after the start that mended it. */
export const kills: Scenario = {
  name: 'kills',
  weight: 24,
  async run(bench) {
    const { random } = bench;
    for (let round = random.whole(1, 3); round > 0; round -= 1) {
      const across = random.chance(0.15) ? bench.checkByCommand('across a kill and a start') : undefined;
      if (random.chance(0.4)) await killDuringStart(bench);
      if (await bench.start(random.settings()) === undefined) return;
      if (random.chance(0.3)) bench.check('after the start behind a kill');
      await killUnderLoad(bench);
      bench.check('after a kill');
      await across;
      if (random.chance(0.5) && tearEnd(bench)) bench.check('with a torn end');
      bench.keepCheckpoint();
    }
    if (await bench.start(random.settings()) === undefined) return;
    bench.check('after the last start');
    if (random.chance(0.2)) await bench.checkByCommand('after the last start');
    await bench.stop();
    bench.check('after the last stop');
  },
};

/** Kills it in the middle of a start, whatever it is doing there. */
export async function killDuringStart(bench: Bench): Promise<void> {
  const { random } = bench;
  for (let times = random.whole(1, 3); times > 0; times -= 1) {
    const daemon = bench.spawn(random.settings());
    // Node itself takes the first part; the rest is spread over everything a start does.
    const moment = random.whole(0, 450);
    const timer = setTimeout(() => { daemon.process.kill('SIGKILL'); }, moment);
    const ended = await daemon.ended;
    clearTimeout(timer);
    if (ended.signal !== 'SIGKILL') bench.alarm(`a start ended by itself with ${howEnded(ended)}`);
    if (random.chance(0.5)) bench.check(`after a kill ${moment} ms into a start`);
  }
}

/** Kills it behind an acknowledgement that chance chose, so that a slow machine is killed in the same places. */
export async function killUnderLoad(bench: Bench): Promise<void> {
  const { random } = bench;
  const at = random.whole(1, 120);
  const victim = bench.daemon;
  await produce(bench, at + 64, (count) => { if (count === at) victim?.process.kill('SIGKILL'); });
  // It may have ended before for all its acknowledgements were used up.
  await bench.kill();
}

/**
 * What a loss of power makes of bytes that were written and not yet synced: they are gone from somewhere on, or sectors
 * of them are zeros. Only bytes behind the sealed head are unsynced for certain. False if there are none.
 */
function tearEnd(bench: Bench): boolean {
  const { random } = bench;
  const head = decodeHead(readFileSync(bench.places.head));
  const newest = listSegments(realDisk, bench.places.log).at(-1);
  if (newest === undefined || head?.segment !== newest.name) return false;
  const path = join(bench.places.log, newest.name);
  const { size } = statSync(path);
  if (size <= head.bytes) return false;
  const file = openSync(path, 'r+');
  try {
    const from = random.whole(head.bytes, size - 1);
    if (random.chance(0.5)) ftruncateSync(file, from);
    else {
      const sector = Math.ceil(from / sectorBytes) * sectorBytes;
      if (sector >= size) return false;
      writeSync(file, Buffer.alloc(size - sector), 0, size - sector, sector);
    }
  } finally {
    closeSync(file);
  }
  bench.notes.push('torn ends');
  return true;
}
