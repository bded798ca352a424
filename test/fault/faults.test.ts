// A sample of the fault matrix, always the same one; scripts/faults runs all of it. And two checks of the matrix itself: it sees
// every call that matters, and it finds what is lost.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileShim } from '../compile.js';
import { Conversation, Daemon, append } from '../daemon.js';
import { Bench } from './bench.js';
import { Board } from './board.js';
import { failRunning } from './errors.js';
import { errnos } from './expectations.js';
import { errorJobs, killJobs, runJobs } from './matrix.js';
import { modes, phases } from './phases.js';
import { Tally } from './tally.js';
import type { Template } from './templates.js';
import { makeTemplates } from './templates.js';
import { lyingDisk } from './trouble.js';

const kills = 20;
const errors = 20;
const lanes = 2;
const seed = 20_261_120;

let place = '';
let shim = '';
let templates: readonly Template[] = [];
let templateDirectory = '';

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'ind-shim-'));
  shim = join(place, 'shim.so');
  compileShim(shim);
  ({ directory: templateDirectory, templates } = await makeTemplates(shim, ['half a line', 'a seal ahead of its keys']));
});

afterAll(() => {
  for (const directory of [place, templateDirectory]) if (directory !== '') rmSync(directory, { recursive: true });
});

test(`${kills} kills at chosen calls: the next start works, what was acknowledged is there once`, async () => {
  const tally = new Tally();
  const jobs = await killJobs({ shim, phase: undefined, sample: kills, seed, modes: 1 }, templates);
  await runJobs(jobs, lanes, tally, () => undefined);
  expect(tally.deviations).toEqual([]);
  expect(tally.tried + tally.missedPoints).toBe(kills);
  expect(tally.tried).toBeGreaterThan(kills / 2);
});

test(`${errors} errors at chosen calls: each is answered or ends the daemon with its reason, nothing is lost`, async () => {
  const tally = new Tally();
  const jobs = await errorJobs({ shim, phase: undefined, sample: errors, seed, modes: 1 }, templates);
  await runJobs(jobs, lanes, tally, () => undefined);
  expect(tally.deviations).toEqual([]);
  expect(tally.tried + tally.missedPoints).toBe(errors);
  expect(tally.tried).toBeGreaterThan(errors / 2);
});

test('a write that the disk says it made and did not make is found by the matrix', async () => {
  const [phase] = phases;
  // In `line` mode the next line's write finds the file too short, before anybody hears of the one before it.
  const mode = modes.find(({ sync }) => sync === 'group');
  if (phase === undefined || mode === undefined) throw new Error('there is nothing to run');
  const tally = new Tally();
  await failRunning(shim, phase, mode, [{ call: 'grow', at: 1, trouble: lyingDisk }], tally);
  expect(tally.tried).toBe(1);
  expect(tally.deviations.flatMap(({ problems }) => problems).join('\n')).toMatch(/was acknowledged as record \d+ and is lost/);
});

test('a SIGTERM that comes while a daemon ends for a failed disk does not change its exit status', async () => {
  const bench = new Bench(shim, {});
  try {
    const daemon = await bench.start();
    bench.board.arm({ classes: ['sync'], at: 1, times: 1, mode: 'fail', errno: errnos.EIO, part: '.jsonl' });
    const work = bench.ask(bench.ledger.append());
    await daemon.says('"level":60');
    // At every moment of its end that there is.
    const again = setInterval(() => { daemon.process.kill('SIGTERM'); }, 1);
    const { code, signal } = await bench.ended();
    clearInterval(again);
    expect({ code, signal }).toEqual({ code: 5, signal: null });
    expect((await work).map(({ answer }) => answer)).toMatchObject([{ op: 'error', code: 'write_failed' }]);
  } finally {
    await bench.clear();
  }
});

test.each([
  ['the state directory cannot be made', { classes: ['mkdir'], at: 1, mode: 'fail', errno: errnos.EIO }],
  ['there are no descriptors for the directory', { classes: ['mkdir'], at: 1, mode: 'fail', errno: errnos.EMFILE }],
  ['an fsync of the new segment fails', { classes: ['sync'], part: 'log/0', at: 1, mode: 'fail', errno: errnos.ENOSPC }],
  ['there is no room for the keys', { classes: ['grow'], part: 'keys/', at: 1, mode: 'fail', errno: errnos.EDQUOT }],
  ['the socket cannot be bound', { classes: ['socket'], at: 1, mode: 'fail', errno: errnos.EROFS }],
] as const)('a first start in which %s exits 5, and the next one works', async (_, rule) => {
  const bench = new Bench(shim, {});
  try {
    bench.board.arm({ ...rule, times: 1 });
    expect(await bench.started(bench.spawn())).toMatchObject({ code: 5 });
    expect(bench.board.struck()).toBe(1);
    await bench.start();
    expect([...await bench.mustServe(), ...bench.judge()]).toEqual([]);
  } finally {
    await bench.clear();
  }
});

test.each([
  ['EROFS', { classes: ['open'], part: 'log/0' }, 'mount -o remount,rw'],
  ['ENOSPC', { classes: ['grow'], part: '.jsonl' }, 'make room'],
  ['EIO', { classes: ['sync'], part: '.jsonl' }, 'see dmesg'],
  ['EMFILE', { classes: ['open'], part: 'keys/' }, 'LimitNOFILE='],
] as const)('a start of a log that ends with %s says so, and what to do', async (errno, rule, todo) => {
  const bench = new Bench(shim, {});
  try {
    await bench.start();
    await bench.end();
    bench.board.clear();
    bench.board.arm({ mode: 'fail', at: 1, errno: errnos[errno], ...rule, times: 1000 });
    const { code, stderr = '' } = await bench.started(bench.spawn()) ?? {};
    const said = stderr.split('\n').filter((line) => line.includes('"level":60')).map((line) => JSON.parse(line) as { errno: string; msg: string });
    expect([code, said.length]).toEqual([5, 1]);
    expect(said[0]).toMatchObject({ errno, msg: expect.stringMatching(new RegExp(`^cannot start: [^\\n]*${errno}[^\\n]*; [^\\n]*${todo}`)) as string });
  } finally {
    await bench.clear();
  }
});

/** Everything that can change a file, whatever way a program goes about it. */
const changing = [
  'openat', 'open', 'creat', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'fsync', 'fdatasync', 'sync_file_range', 'rename', 'renameat',
  'renameat2', 'unlink', 'unlinkat', 'rmdir', 'mkdir', 'mkdirat', 'symlink', 'symlinkat', 'link', 'linkat', 'ftruncate', 'truncate',
  'fallocate', 'chmod', 'fchmod', 'fchmodat', 'utimensat', 'copy_file_range', 'sendfile', 'splice', 'io_uring_setup',
];

test('the shim sees every call that changes something below the state directory, as strace sees them', async () => {
  if (spawnSync('strace', ['-V']).error !== undefined) throw new Error('strace is not installed: apt-get install strace');
  const state = join(place, 'd');
  const log = join(place, 'trace');
  const board = new Board(join(place, 'board'));
  board.trace();
  const environment = [`LD_PRELOAD=${shim}`, `FAULT_BOARD=${board.path}`, `FAULT_ROOT=${state}`].flatMap((one) => ['-E', one]);
  const daemon = await Daemon.start({
    state, under: ['strace', '-f', '-y', '-o', log, '-e', `trace=${changing.join(',')}`, ...environment, '--'],
    env: { INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_SEAL_MS: '1' },
  });
  try {
    const client = new Conversation(daemon.socket);
    for (let n = 0; n < 3; n += 1) expect(await client.ask(append(n, 'x'.repeat(33_000)))).toMatchObject({ op: 'ack' });
    await client.close();
    // strace's child is the daemon.
    const pid = readFileSync(`/proc/${daemon.process.pid}/task/${daemon.process.pid}/children`, 'utf8').trim().split(' ')[0];
    process.kill(Number(pid), 'SIGTERM');
    expect((await daemon.ended).code).toBe(0);

    const seen = board.calls().filter((one) => one.class !== 'socket').map(({ name, path }) => `${name === 'scandir' ? 'open' : name} ${path}`);
    const made = readFileSync(log, 'latin1').split('\n').flatMap((line) => {
      const [, name = '', words = ''] = /^\d+ +(\w+)\((.*)/.exec(line) ?? [];
      if (!changing.includes(name) || !words.includes(state)) return [];
      // Of a descriptor, or the last path named: a link's and a rename's second one.
      const file = /^\d+<([^>]*)>/.exec(words)?.[1];
      const named = file === undefined ? [...words.replace(/\) += .*$/, '').matchAll(/"([^"]*)"/g)].map(([, one = '']) => one) : [file];
      const path = named.filter((one) => one.startsWith(state)).at(-1);
      if (path === undefined) return [];
      return [`${name.replace('openat', 'open')} ${path === state ? '.' : path.slice(state.length + 1)}`];
    });
    expect(made.length).toBeGreaterThan(150);
    expect(seen.sort()).toEqual(made.sort());
  } finally {
    await daemon.clear();
    board.close();
  }
});
