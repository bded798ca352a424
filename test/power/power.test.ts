// Power losses in short; scripts/powerloss has hundreds. And the suite itself: it finds what a daemon that does not sync
// loses, and what it replays is what the disk was sent.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compile, compileShim } from '../compile.js';
import { forEver } from '../fault/board.js';
import { Random } from '../random.js';
import { RecordedDisk } from './disk.js';
import type { Loss, Plan, Setting } from './suite.js';
import { record } from './suite.js';
import { losesSomething } from './table.js';
import { Platter, readWriteLog } from './write-log.js';

/** Disks that are recorded, at most, until one loss of power is what a test is about. */
const disksMax = 8;
const everySecond: Setting = { sync: 'group', headSync: 'second', journal: 'ordered' };

let place = '';
let programs = { recorder: '', shim: '' };

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'ind-power-test-'));
  programs = { recorder: join(place, 'recorder'), shim: join(place, 'shim.so') };
  compile(new URL('recorder.c', import.meta.url), programs.recorder);
  compileShim(programs.shim);
});

afterAll(() => { rmSync(place, { recursive: true, force: true }); });

/** Losses of one disk after another, until one of them is so: chance decides what a disk holds that has lost its power. */
async function until(isSo: (loss: Loss) => boolean, plan: Pick<Plan, 'seed' | 'losses' | 'rule'>): Promise<Loss[]> {
  const losses: Loss[] = [];
  for (let disk = 0; disk < disksMax && !losses.some(isSo); disk += 1) {
    losses.push(...await record({ ...programs, ...plan, seed: plan.seed + disk, setting: everySecond, requests: 60, lanes: 2 }));
    expect(losses).toHaveLength(plan.losses * (disk + 1));
  }
  expect(losses.some(isSo)).toBe(true);
  return losses;
}

test('losses of power under load: what was acknowledged is there once, the log is intact, a torn end is no data', async () => {
  const losses = await until(({ found }) => (found?.torn ?? 0) > 0, { seed: 3, losses: 8 });
  expect(losses.flatMap(({ problems }) => problems)).toEqual([]);
  expect(losses.some(({ acknowledged }) => acknowledged > 0)).toBe(true);
});

test('a daemon whose syncs are not made loses what it acknowledged, and the suite says so', async () => {
  const rule = { classes: ['sync'], at: 1, times: forEver, mode: 'drop' } as const;
  const losses = await until(losesSomething, { rule, seed: 4, losses: 4 });
  for (const { image } of losses) if (image !== undefined) rmSync(join(image, '..'), { recursive: true });
});

test('all writes replayed make the disk as it is; of writes that no flush covers, a disk may keep none', async () => {
  const directory = join(place, 'disk');
  mkdirSync(directory);
  const disk = await RecordedDisk.make(programs.recorder, directory, 'ordered');
  writeFileSync(join(disk.directory, 'file'), 'x'.repeat(100_000));
  await disk.end();
  const entries = readWriteLog(disk.log);
  const platter = new Platter(disk.before, entries);
  try {
    const written = entries.findLastIndex(({ isFlush }) => !isFlush) + 1;
    const moment = platter.advance(written);
    const random = new Random(1);
    const [all, none] = [join(place, 'all'), join(place, 'none')];
    for (const path of [all, none]) copyFileSync(platter.path, path);
    expect(moment.unflushed).toBeGreaterThan(0);
    platter.keep(all, moment, 'all', random);
    platter.keep(none, moment, 'none', random);
    expect(readFileSync(all).equals(readFileSync(disk.image))).toBe(true);
    expect(readFileSync(none).equals(readFileSync(platter.path))).toBe(true);
    expect(readFileSync(none).equals(readFileSync(disk.image))).toBe(false);
  } finally {
    platter.close();
  }
});
