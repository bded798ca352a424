// A log that was damaged, and what its operator does about it, by the commands as they are typed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { DaemonOptions } from '../daemon.js';
import { Conversation, Daemon, append, program, recordsIn, temporaryDirectory } from '../daemon.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function indelible(...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  return { status, stdout, stderr };
}

async function recorded(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await Daemon.start(options);
  cleanup.push(() => daemon.clear());
  const client = new Conversation(daemon.socket);
  cleanup.push(() => client.close());
  expect(await client.ask(append(1, 'original'))).toMatchObject({ op: 'ack' });
  return daemon;
}

function damage(state: string): void {
  const name = readdirSync(join(state, 'log')).find((entry) => /^\d{20}\.jsonl$/.test(entry)) ?? '';
  const path = join(state, 'log', name);
  writeFileSync(path, readFileSync(path, 'utf8').replace('original', 'invented'));
}

function elsewhere(): string {
  const place = temporaryDirectory();
  cleanup.push(() => { rmSync(place, { recursive: true, force: true }); });
  return place;
}

test('serve names the command, the command opens a new log, serve goes on with it, and each log is checked with its own key', async () => {
  const key = join(elsewhere(), 'old.key');
  const first = await recorded({ args: ['--key-out', key] });
  await first.stop();
  const last = recordsIn(first.state).at(-1);
  const { origin } = recordsIn(first.state)[0]?.event ?? {};
  damage(first.state);
  const refused = Daemon.spawn({ state: first.state });
  const { code, stderr } = await refused.ended;
  expect(code).toBe(3);
  expect(stderr).toContain('indelible init --successor');

  const newKey = join(elsewhere(), 'new.key');
  const made = indelible('init', '--successor', '--state-dir', first.state, '--key-out', newKey);
  expect(made).toMatchObject({ status: 0, stdout: '' });
  const old = join(first.state, 'predecessor-1');
  for (const text of [String(origin), `record ${last?.seq ?? 0}`, last?.mac ?? '', old, 'sealed head']) expect(made.stderr).toContain(text);

  const second = await recorded({ state: first.state });
  await second.stop();
  const [genesis] = recordsIn(first.state);
  expect(genesis?.event['previous']).toEqual({ origin, seq: last?.seq, mac: last?.mac });
  expect(genesis?.event['origin']).not.toBe(origin);
  expect(indelible('verify', '--state-dir', first.state, '--key', newKey).status).toBe(0);
  const tampered = indelible('verify', '--state-dir', old, '--key', key);
  expect([tampered.status, tampered.stdout.includes('bad_mac')]).toEqual([1, true]);
});

test('a log that is whole may be succeeded after a break-in; its key on the host moves with it; verify finds nothing wrong', async () => {
  const daemon = await recorded();
  await daemon.stop();
  const made = indelible('init', '--successor', '--state-dir', daemon.state, '--origin', 'after.example/break-in');
  expect(made.status).toBe(0);
  expect(made.stdout).toMatch(/^indelible-verification-key:v1:after\.example\/break-in:/);
  const key = join(elsewhere(), 'key');
  writeFileSync(key, made.stdout);
  const old = join(daemon.state, 'predecessor-1');
  expect(indelible('verify', '--state-dir', old, '--key', join(old, 'keys/verification.key')).status).toBe(0);
  expect(indelible('verify', '--state-dir', daemon.state, '--key', key).status).toBe(0);
});

test('is refused where it would do harm, and says why', async () => {
  const daemon = await recorded();
  const held = indelible('init', '--successor', '--state-dir', daemon.state);
  expect([held.status, held.stderr.includes(`process ${daemon.process.pid ?? 0}`)]).toEqual([4, true]);
  await daemon.stop();
  const { origin } = recordsIn(daemon.state)[0]?.event ?? {};
  const same = indelible('init', '--successor', '--state-dir', daemon.state, '--origin', String(origin));
  expect([same.status, same.stderr.includes('--origin')]).toEqual([2, true]);
  const taken = join(elsewhere(), 'key');
  writeFileSync(taken, 'mine');
  expect(indelible('init', '--successor', '--state-dir', daemon.state, '--key-out', taken)).toMatchObject({ status: 2 });
  const nowhere = indelible('init', '--successor', '--state-dir', daemon.state, '--key-out', join(taken, 'in/a/file'));
  expect([nowhere.status, nowhere.stderr]).toEqual([2, expect.stringContaining('cannot be made')]);
  expect([readFileSync(taken, 'utf8'), existsSync(join(daemon.state, 'predecessor-1'))]).toEqual(['mine', false]);
  for (const place of [elsewhere(), join(elsewhere(), 'absent')]) {
    const { status, stderr } = indelible('init', '--successor', '--state-dir', place);
    expect([status, stderr.includes('no log')]).toEqual([3, true]);
  }
  rmSync(join(daemon.state, 'log'), { recursive: true });
  const lost = indelible('init', '--successor', '--state-dir', daemon.state);
  expect([lost.status, lost.stderr.includes('backup')]).toEqual([3, true]);
});

test('serve and a plain init begin nothing while one is under way; the same command finishes it', async () => {
  const daemon = await recorded();
  await daemon.stop();
  mkdirSync(join(daemon.state, 'predecessor-1'), { mode: 0o700 });
  renameSync(join(daemon.state, 'log'), join(daemon.state, 'predecessor-1/log'));
  const { code, stderr } = await Daemon.spawn({ state: daemon.state }).ended;
  expect([code, stderr.includes('give \\"indelible init --successor\\" again')]).toEqual([3, true]);
  expect(indelible('init', '--state-dir', daemon.state)).toMatchObject({ status: 3 });
  expect(indelible('init', '--successor', '--state-dir', daemon.state)).toMatchObject({ status: 0 });
  const second = await recorded({ state: daemon.state });
  expect(await second.stop()).toMatchObject({ code: 0 });
});

test('a predecessor whose old keys were taken away, or an empty place for one, stops no daemon', async () => {
  const daemon = await recorded();
  await daemon.stop();
  mkdirSync(join(daemon.state, 'predecessor-1'));
  const beside = await Daemon.start({ state: daemon.state });
  cleanup.push(() => beside.clear());
  await beside.stop();
  const key = join(elsewhere(), 'new.key');
  expect(indelible('init', '--successor', '--state-dir', daemon.state, '--key-out', key)).toMatchObject({ status: 0 });
  rmSync(join(daemon.state, 'predecessor-1/keys'), { recursive: true });
  const after = await Daemon.start({ state: daemon.state });
  cleanup.push(() => after.clear());
  expect(recordsIn(daemon.state)[0]).toMatchObject({ kind: 'genesis', event: { previous: { seq: expect.any(Number) as number } } });
  await after.stop();
  // And once more: the next one has a place of its own.
  expect(indelible('init', '--successor', '--state-dir', daemon.state, '--key-out', `${key}.2`)).toMatchObject({ status: 0 });
  expect(existsSync(join(daemon.state, 'predecessor-2/keys'))).toBe(true);
});
