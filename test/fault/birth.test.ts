// A daemon that is killed in its first start, while another process makes its log: nothing of it goes on, so that the next
// start neither finds the lock held nor a log that is just being made.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realDisk } from '../../src/disk/disk.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { verify } from '../../src/verify/verify.js';
import { compileShim } from '../compile.js';
import { program, temporaryDirectory } from '../daemon.js';
import { Bench } from './bench.js';
import type { Rule } from './board.js';

let place = '';
let shim = '';

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'ind-shim-'));
  shim = join(place, 'shim.so');
  compileShim(shim);
});

afterAll(() => { rmSync(place, { recursive: true, force: true }); });

/** One letter from /proc: T is stopped, Z is dead and not yet taken note of; X where there is no such process. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return 'X';
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter((word) => word !== '').map(Number);
}

/** Looks until something is so; the test's own time limit ends it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => { setTimeout(resolve, 5); });
}

test('a kill in the middle of making the log ends its maker, too, and the next start works at once', async () => {
  const bench = new Bench(shim, {});
  let maker = 0;
  try {
    // Stopped where it holds the lock and has handed over a key: however long that takes, it is there when the daemon dies.
    bench.board.arm({ classes: ['rename'], part: 'keys/identity', at: 1, times: 1, mode: 'stopAfter' });
    const daemon = bench.spawn();
    await until(() => bench.board.struck() === 1);
    [maker = 0] = childrenOf(daemon.process.pid ?? 0);
    await until(() => stateOf(maker) === 'T');
    expect((await daemon.kill('SIGKILL')).signal).toBe('SIGKILL');
    await bench.start();
    expect(['Z', 'X']).toContain(stateOf(maker));
    expect(await bench.mustServe()).toEqual([]);
    expect(bench.judge()).toEqual([]);
  } finally {
    if (maker > 0 && stateOf(maker) === 'T') process.kill(maker, 'SIGKILL');
    await bench.clear();
  }
});

test('wherever a first start is killed, the next one puts the key where it was told to, without help', async () => {
  const bench = new Bench(shim, {});
  const keyFile = join(bench.state, 'out.key');
  const keyOut = ['--key-out', keyFile];
  // Around the moments at which the key is there and the log is not, one kill after the other on one directory.
  const rules: readonly Pick<Rule, 'classes' | 'mode' | 'part'>[] = [
    { classes: ['open'], part: 'out.key', mode: 'killAfter' }, { classes: ['sync'], part: 'out.key', mode: 'killAfter' },
    { classes: ['rename'], part: 'out.key', mode: 'killBefore' }, { classes: ['rename'], part: 'out.key', mode: 'killAfter' },
    { classes: ['rename'], part: 'keys/handed-over', mode: 'killAfter' }, { classes: ['rename'], part: 'keys/current', mode: 'killAfter' },
  ];
  try {
    for (const rule of rules) {
      bench.board.clear();
      bench.board.arm({ ...rule, at: 1, times: 1, withParent: true });
      const ended = await bench.spawn(keyOut).ended;
      expect([rule.part, rule.mode, bench.board.struck(), ended.signal]).toEqual([rule.part, rule.mode, 1, 'SIGKILL']);
    }
    bench.board.clear();
    expect(await bench.started(bench.spawn(keyOut))).toBeUndefined();
    expect(await bench.mustServe()).toEqual([]);
    await bench.end('SIGTERM');
    const key = parseVerificationKey(readFileSync(keyFile, 'utf8'));
    if (key === undefined) throw new Error(`${keyFile} holds no key`);
    const report = verify({ disk: realDisk, stateDirectory: bench.state, key: { key, besideLog: false } });
    expect([report.exit, report.findings, bench.ledger.check(bench.state)]).toEqual([0, [], []]);
    expect(readdirSync(join(bench.state, 'keys')).sort()).toEqual(['current', 'identity', 'salt']);
  } finally {
    await bench.clear();
  }
});

test('a maker whose daemon is dead before it begins makes nothing', () => {
  const state = temporaryDirectory();
  try {
    // No process has this number.
    const words = [program, 'init', '--state-dir', state, '--parent', String(2 ** 30)];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect([status, readdirSync(state)]).toEqual([1, []]);
    expect(stderr).toContain('has ended');
  } finally {
    rmSync(state, { recursive: true });
  }
});
