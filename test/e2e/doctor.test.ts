// `indelible doctor` beside the real daemon: what a person sees, what a program reads, and what it leaves behind: nothing.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { CheckName, Result } from '../../src/doctor/check.js';
import { checkNames } from '../../src/doctor/check.js';
import { Daemon, program, recordsIn, temporaryDirectory } from '../daemon.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

async function started(): Promise<Daemon> {
  const daemon = await Daemon.start();
  cleanup.push(() => daemon.clear());
  return daemon;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function doctor({ state, socket }: { readonly state: string; readonly socket: string }, ...more: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'doctor', '--state-dir', state, '--socket', socket, ...more], {
    encoding: 'utf8', env: { PATH: process.env['PATH'] },
  });
  return { status, stdout, stderr };
}

interface ReadCheck {
  readonly check: CheckName;
  readonly result: Result;
  readonly found: string;
  readonly todo: string | null;
}

interface Read {
  readonly version: number;
  readonly checks: readonly ReadCheck[];
  readonly exit: number;
}

/** What it reads as JSON, and its exit status, which the JSON repeats. */
function read(place: { readonly state: string; readonly socket: string }, ...more: readonly string[]): Read {
  const { status, stdout } = doctor(place, '--json', ...more);
  const report = JSON.parse(stdout) as Read;
  expect(report.exit).toBe(status);
  return report;
}

/** Depends on the machine that the tests run on, and not on what they do. */
const ofThisMachine: readonly CheckName[] = ['clock_sync', 'filesystem', 'free_space', 'inodes', 'core_dumps', 'open_files'];

function unwell({ checks }: Read): Readonly<Partial<Record<CheckName, Result>>> {
  const shown = checks.filter(({ check, result }) => result !== 'ok' && !ofThisMachine.includes(check));
  return Object.fromEntries(shown.map(({ check, result }) => [check, result]));
}

/** Every file below a directory, as it lies there. */
function picture(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
    const { mode, size, mtimeMs, ino } = lstatSync(join(directory, name));
    return [name, mode, size, mtimeMs, ino].join(' ');
  });
}

describe('beside a running daemon', () => {
  test('it warns of the key that still lies beside the log, and of nothing else, and exits 0', async () => {
    const daemon = await started();
    const report = read(daemon);
    expect(unwell(report)).toEqual({ verification_key: 'warn' });
    expect(report).toMatchObject({ version: 1, exit: 0 });
    expect(report.checks.map(({ check }) => check)).toEqual([...checkNames]);
    for (const one of report.checks) {
      expect(Object.keys(one)).toEqual(['check', 'result', 'found', 'todo']);
      if (one.result === 'warn') expect(one.todo).toMatch(/\w/);
    }
    const key = join(daemon.state, 'keys/verification.key');
    const secret = readFileSync(key, 'utf8').trim().split(':').at(-1) ?? '';
    expect(JSON.stringify(report)).not.toContain(secret);
    rmSync(key);
    expect(unwell(read(daemon))).toEqual({});
  });

  test('the canary is one record, read back as it was acknowledged; --no-canary is none', async () => {
    const daemon = await started();
    const { checks } = read(daemon);
    const canaries = (): readonly number[] => recordsIn(daemon.state).filter(({ kind }) => kind === 'doctor.canary').map(({ seq }) => seq);
    const [seq, ...others] = canaries();
    expect(others).toEqual([]);
    expect(checks.find(({ check }) => check === 'canary')?.found).toMatch(new RegExp(`^record ${seq ?? 0} was durable after .* and read back from the daemon in `));
    expect(unwell(read(daemon, '--no-canary'))).toEqual({ verification_key: 'warn', canary: 'skip' });
    expect(canaries()).toEqual([seq]);
  });

  test('a person reads one line a check within 100 columns, but for commands, and their sum', async () => {
    const daemon = await started();
    const { status, stdout, stderr } = doctor(daemon);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => /^(ok|warn|fail|skip) /.test(line)).map((line) => line.split(/ +/)[1])).toEqual([...checkNames]);
    expect(lines.filter((line) => line.length > 100 && line.includes(' ', 28) && !line.startsWith(' '.repeat(27)))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^\d+ ok, \d+ warn, 0 fail, 0 skip$/);
  });

  test('wrong modes fail, and the commands that it names mend them', async () => {
    const daemon = await started();
    chmodSync(daemon.state, 0o755);
    chmodSync(join(daemon.state, 'log/00000000000000000001.jsonl'), 0o644);
    chmodSync(join(daemon.state, 'keys/current'), 0o640);
    const broken = read(daemon, '--no-canary');
    expect(unwell(broken)).toMatchObject({ state_dir: 'fail', log_files: 'fail', key_files: 'fail' });
    expect(broken.exit).toBe(1);
    for (const { result, todo } of broken.checks.filter(({ result: one }) => one === 'fail')) {
      expect([result, spawnSync('sh', ['-c', todo?.split(': ').at(-1) ?? 'false']).status]).toEqual(['fail', 0]);
    }
    expect(unwell(read(daemon, '--no-canary'))).toEqual({ verification_key: 'warn', canary: 'skip' });
  });

  test('another log\'s socket fails', async () => {
    const [one, other] = [await started(), await started()];
    const report = read({ state: one.state, socket: other.socket });
    expect(unwell(report)).toEqual({ verification_key: 'warn', origin: 'fail' });
    expect(report.exit).toBe(1);
  });

  test('a suspended daemon fails within its time, and is not kept from going on', async () => {
    const daemon = await started();
    daemon.process.kill('SIGSTOP');
    const report = read(daemon);
    daemon.process.kill('SIGCONT');
    expect(unwell(report)).toMatchObject({ daemon: 'fail', canary: 'skip' });
    expect(unwell(read(daemon))).toEqual({ verification_key: 'warn' });
  });

  test('examining it while it starts never takes its lock away', async () => {
    const state = temporaryDirectory();
    const socket = join(state, 's');
    // One after the other, without a pause, for as long as daemons start.
    const over = new AbortController();
    const examining = (async () => {
      while (!over.signal.aborted) {
        const args = [program, 'doctor', '--state-dir', state, '--socket', socket, '--no-canary'];
        const child = spawn(process.execPath, args, { stdio: 'ignore' });
        await new Promise((resolve) => child.once('close', resolve));
      }
    })();
    for (let start = 0; start < 3; start += 1) {
      const daemon = await Daemon.start({ state });
      if (start === 0) cleanup.push(() => daemon.clear());
      expect(await daemon.stop()).toMatchObject({ code: 0 });
    }
    over.abort();
    await examining;
  });
});

describe('without a daemon', () => {
  const dead = { lock: 'fail', socket: 'fail', daemon: 'fail', origin: 'skip', canary: 'skip', versions: 'skip' } as const;

  test('that was stopped it fails, and changes nothing', async () => {
    const daemon = await started();
    await daemon.stop();
    const before = picture(daemon.state);
    const report = read(daemon);
    expect(unwell(report)).toEqual({ ...dead, verification_key: 'warn' });
    expect(report.exit).toBe(1);
    expect(report.checks.find(({ check }) => check === 'lock')?.todo).toContain(`INDELIBLE_STATE_DIR=${daemon.state} indelible serve`);
    expect(picture(daemon.state)).toEqual(before);
  });

  test('that was killed it says that nobody listens on the socket', async () => {
    const daemon = await started();
    await daemon.kill('SIGKILL');
    const report = read(daemon);
    expect(unwell(report)).toMatchObject({ daemon: 'fail' });
    expect(report.checks.find(({ check }) => check === 'daemon')?.found).toContain('nobody listens');
  });

  test('where nothing ever was it fails, and makes nothing', () => {
    const parent = temporaryDirectory();
    cleanup.push(() => { rmSync(parent, { recursive: true }); });
    const state = join(parent, 'absent');
    expect(unwell(read({ state, socket: join(state, 's') }))).toMatchObject({ state_dir: 'fail', log_files: 'fail' });
    expect(() => lstatSync(state)).toThrow('ENOENT');
  });

  test('wrong usage exits 2 and says why on stderr only', () => {
    for (const more of [['--nonsense'], ['extra'], ['--socket', `/${'x'.repeat(120)}`]]) {
      const { status, stdout, stderr } = doctor({ state: '/nowhere', socket: '/nowhere/s' }, ...more);
      expect([more, status, stdout]).toEqual([more, 2, '']);
      expect(stderr).not.toBe('');
    }
    const { status } = spawnSync(process.execPath, [program, 'doctor'], { env: {} });
    expect(status).toBe(2);
  });
});
