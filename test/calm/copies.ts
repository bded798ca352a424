/** Copies taken while the daemon runs, and what becomes of them under verification. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { temporaryDirectory } from '../daemon.js';
import type { Bench } from './bench.js';
import { produce } from './producer.js';
import { Pumps } from './pumps.js';
import { killUnderLoad } from './restarts.js';
import type { Scenario } from './scenario.js';

/** The documented way, as an operator would run it. Of the source tree, wherever this file was compiled to. */
const procedure = ['../../scripts/copy', '../../../scripts/copy'].map((path) => new URL(path, import.meta.url).pathname).find((path) => existsSync(path));

/** Copies the bench's log in the documented way and verifies the copy, with all that was acknowledged before it began. */
export async function copyAsDocumented(bench: Bench, when: string): Promise<void> {
  const to = join(temporaryDirectory(), 'copy');
  const given = bench.given();
  const error = await runProcedure(bench.state, to);
  if (error === undefined) {
    bench.check(`a copy ${when}`, to, given);
    if (bench.random.chance(0.03)) await bench.checkByCommand(`a copy ${when}`, to, given);
    bench.notes.push('documented copies');
  } else bench.undone.push(error);
  rmSync(join(to, '..'), { recursive: true, force: true });
}

/** Copies the whole directory file by file, in an order that chance decides, while nothing writes to it. */
export function copyInAnyOrder(bench: Bench, when: string): void {
  const to = join(temporaryDirectory(), 'copy');
  const given = bench.given();
  const files = readdirSync(bench.state, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(bench.state, path)).isFile());
  for (const path of bench.random.shuffle(files)) {
    mkdirSync(join(to, relative('.', join(path, '..'))), { recursive: true });
    copyFileSync(join(bench.state, path), join(to, path));
  }
  bench.check(`a copy in any order ${when}`, to, given);
  bench.notes.push('copies in any order');
  rmSync(join(to, '..'), { recursive: true, force: true });
}

/** What went wrong, or undefined. */
function runProcedure(from: string, to: string): Promise<string | undefined> {
  if (procedure === undefined) return Promise.resolve('scripts/copy is not where it was');
  return new Promise((resolve) => {
    const child = spawn('bash', [procedure, from, to], { stdio: ['ignore', 'ignore', 'pipe'] });
    let error = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { error += text; });
    child.once('error', (cause) => { resolve(String(cause)); });
    child.once('close', (code) => { resolve(code === 0 ? undefined : `scripts/copy ended with ${code ?? 'a signal'}: ${error}`); });
  });
}

/** Enough that every copy meets commits, seals and rotations; at full speed the logs only get long. */
const loadPerSecond = 3000;

/** The documented way, while producers of their own write. */
export const copies: Scenario = {
  name: 'copied under load',
  weight: 8,
  async run(bench) {
    const { random } = bench;
    const settings = { ...random.settings(), INDELIBLE_SYNC: random.pick(['line', 'group', 'group']) };
    if (await bench.start(settings) === undefined) return;
    const pumps = await Pumps.start(bench, random.whole(1, 2), loadPerSecond);
    for (let times = random.whole(3, 6); times > 0; times -= 1) {
      await copyAsDocumented(bench, 'under load');
      bench.keepCheckpoint();
    }
    if (random.chance(0.4)) {
      const across = copyAsDocumented(bench, 'across a kill and a start');
      await bench.kill();
      if (random.chance(0.5)) await copyAsDocumented(bench, 'of a killed daemon\'s log');
      if (await bench.start(settings) === undefined) return;
      await across;
    }
    await pumps.end(bench);
    await bench.stop();
    bench.check('after it was copied');
  },
};

/** The whole directory, any order, while nothing writes: after a stop, after a kill, and through a link turned file. */
export const copiesAtRest: Scenario = {
  name: 'copied at rest',
  weight: 9,
  async run(bench) {
    const { random } = bench;
    if (await bench.start(random.settings()) === undefined) return;
    await produce(bench, random.whole(1, 150));
    bench.keepCheckpoint();
    if (random.chance(0.5)) await killUnderLoad(bench);
    else await bench.stop();
    for (let times = random.whole(2, 4); times > 0; times -= 1) copyInAnyOrder(bench, 'of a log at rest');
    await copyAsDocumented(bench, 'of a log at rest');
    bench.check('after it was copied');
  },
};
