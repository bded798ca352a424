// `indelible verify` on real files: several threads, resuming, and names that a segment should not have.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/disk/disk.js';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import { Conversation, Daemon, linesIn, program, temporaryDirectory, verified } from '../daemon.js';
import { isRoot, ofRoot } from '../root.js';
import { LogMaker, smallLog } from '../verify/make-log.js';

const place = mkdtempSync(join(tmpdir(), 'ind-verify-'));
afterAll(() => { rmSync(place, { recursive: true }); });

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Ran {
  return spawnSync(process.execPath, [program, 'verify', ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
}

describe('a log large enough for several threads', () => {
  const state = join(place, 'large');
  const log = new LogMaker();
  let segments: readonly string[] = [];

  beforeAll(() => {
    log.genesis();
    log.started();
    // Five segments of 3 MB: threads are set to work from 8 MB on.
    for (let segment = 1; segment <= 5; segment += 1) {
      log.events(15, 200, 'deploy', 'x'.repeat(600));
      log.seal();
      log.events(1, 3);
      log.rotate();
    }
    log.events(2);
    log.writeTo(state);
    segments = readdirSync(join(state, 'log')).filter((name) => /^\d{20}/.test(name)).sort();
  });

  function bothWays(): Report {
    const alone = verify({ disk: realDisk, stateDirectory: state, key: { key: log.key, besideLog: true } });
    const { status, stdout } = run('--state-dir', state, '--json');
    expect(JSON.parse(stdout)).toEqual(alone);
    expect(status).toBe(alone.exit);
    return alone;
  }

  it('is found intact, with the same report as by one thread', () => {
    expect(bothWays()).toMatchObject({ exit: 0, findings: [], counts: { segments: 6, records: log.seq } });
  });

  it.each([0, 1, 2, 4])('one changed byte in segment %d gives the same report as by one thread', (index) => {
    const path = join(state, 'log', segments[index] ?? '');
    const good = readFileSync(path);
    const bad = Buffer.from(good);
    bad[1_000_000] = (bad[1_000_000] ?? 0) ^ 1;
    writeFileSync(path, bad);
    try {
      expect(bothWays()).toMatchObject({ exit: 1, findings: [{ code: 'bad_mac', segment: segments[index] }] });
    } finally {
      writeFileSync(path, good);
    }
  });
});

describe('resuming', () => {
  const state = join(place, 'resumed');
  const kept = join(place, 'kept.txt');
  const log = smallLog();

  beforeAll(() => { log.writeTo(state); });

  it('saves the newest checkpoint of an intact log, and resumes from it', () => {
    expect(run('--state-dir', state, '--save-checkpoint', kept)).toMatchObject({ status: 0 });
    expect(readFileSync(kept, 'utf8')).toBe(log.checkpoints.at(-1));
    const again = run('--state-dir', state, '--from-checkpoint', kept, '--save-checkpoint', kept);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stdout).toContain('were not read again: they rest on the earlier run');
  });

  it('saves nothing of a log that is not intact, and says so', () => {
    const damaged = join(place, 'damaged');
    const path = join(place, 'not-kept.txt');
    log.writeTo(damaged);
    rmSync(join(damaged, 'log/head'));
    const { status, stderr } = run('--state-dir', damaged, '--save-checkpoint', path);
    expect([status, stderr]).toEqual([1, 'indelible verify: no checkpoint was saved: the log is not known to be intact\n']);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('a note that is none is wrong usage', () => {
    writeFileSync(kept, 'something else\n');
    expect(run('--state-dir', state, '--from-checkpoint', kept)).toMatchObject({ status: 2, stdout: '' });
  });

  it('when retention has taken what was kept, that is said once, and the next run has a newer one', () => {
    const retiring = smallLog({ retain: { bytes: 100, ms: 0 } });
    const held = join(place, 'held.txt');
    writeFileSync(held, retiring.checkpoints[0] ?? '');
    retiring.retire();
    const there = join(place, 'retiring');
    retiring.writeTo(there);
    const words = ['--state-dir', there, '--checkpoint', held, '--save-checkpoint', held];
    expect(run(...words)).toMatchObject({ status: 3, stdout: expect.stringContaining('retired_unchecked') as string, stderr: '' });
    expect(readFileSync(held, 'utf8')).toBe(retiring.checkpoints.at(-1));
    expect(run(...words)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('a request of 1,024 lines in line mode is many commits behind one head', () => {
  const request = (id: number): object =>
    ({ op: 'append', id, events: Array.from({ length: 1024 }, (_, n) => ({ profile: 'generic', event: { action: 'b', detail: n } })) });

  it('a kill in the middle of it leaves a log that is intact', async () => {
    const daemon = await Daemon.start();
    try {
      const conversation = new Conversation(daemon.socket);
      const before = linesIn(daemon.state).length;
      conversation.send(request(1));
      while (linesIn(daemon.state).length < before + 300) await new Promise((resolve) => { setImmediate(resolve); });
      await daemon.kill('SIGKILL');
      await conversation.closed;
      expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
    } finally {
      await daemon.clear();
    }
  });

  it('and so is the log while such requests are written, whenever one looks', async () => {
    const key = join(temporaryDirectory(), 'key');
    const daemon = await Daemon.start();
    try {
      writeFileSync(key, readFileSync(join(daemon.state, 'keys/verification.key')));
      const conversation = new Conversation(daemon.socket);
      for (let id = 1; id <= 6; id += 1) conversation.send(request(id));
      const seen = new Set<number>();
      for (let looks = 0; conversation.replies.length < 6 || looks === 0; looks += 1) {
        const { exit, findings, last } = verified(daemon.state);
        expect([exit, findings]).toEqual([0, []]);
        seen.add(last?.seq ?? 0);
        await new Promise((resolve) => { setImmediate(resolve); });
      }
      expect(conversation.replies.map(({ op }) => op)).toEqual(Array.from({ length: 6 }, () => 'ack'));
      expect(seen.size).toBeGreaterThan(1);
      expect(run('--state-dir', daemon.state, '--key', key)).toMatchObject({ status: 0 });
      await conversation.close();
    } finally {
      rmSync(join(key, '..'), { recursive: true });
      await daemon.clear();
    }
  });
});

describe('what is no verdict is not called tampering', () => {
  const state = join(place, 'whole');
  const key = join(place, 'whole.key');
  const log = smallLog();

  beforeAll(() => {
    log.writeTo(state);
    writeFileSync(key, readFileSync(join(state, 'keys/verification.key')));
  });

  /** What `verify` said on stderr, with its status; stdout goes where `to` says. */
  function runTo(to: 'full disk' | 'closed pipe', ...args: readonly string[]): readonly [number | null, string] {
    const script = to === 'full disk' ? '"$0" "$@" > /dev/full' : '{ "$0" "$@"; echo $? >&3; } | true';
    const words = ['-c', script, process.execPath, program, 'verify', '--state-dir', state, ...args];
    const { status, stderr, output } = spawnSync('bash', words, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    return [to === 'full disk' ? status : Number(output[3]), stderr];
  }

  it.each([[], ['--json']])('a full disk keeps the report from being printed, and that is said %s', (...args) => {
    const said = 'indelible verify: the verdict could not be printed: ENOSPC: no space left on device, write; its exit status would be';
    expect(runTo('full disk', '--key', key, ...args)).toEqual([3, `${said} 0\n`]);
    expect(runTo('full disk', '--key', key, '--checkpoint', strange(), ...args)).toEqual([1, `${said} 1\n`]);
  });

  it.each([[], ['--json']])('a reader that goes away is none of the log\'s faults %s', (...args) => {
    expect(runTo('closed pipe', '--key', key, ...args)).toEqual([0, '']);
    expect(runTo('closed pipe', '--key', key, '--checkpoint', strange(), ...args)).toEqual([1, '']);
  });

  /** A checkpoint of another log. */
  function strange(): string {
    const path = join(place, 'strange.txt');
    writeFileSync(path, smallLog({ seed: 'another' }).checkpoints[0] ?? '');
    return path;
  }

  it.each(['--key', '--pub', '--checkpoint', '--from-checkpoint', '--receipts'])('%s with what cannot be read could not be verified', (option) => {
    for (const [path, code] of [[join(place, 'absent'), 'ENOENT'], [place, 'EISDIR']] as const) {
      const { status, stdout, stderr } = run('--state-dir', state, option, path);
      expect([status, stdout, stderr.split('\n').length]).toEqual([3, '', 2]);
      expect(stderr).toMatch(new RegExp(`^indelible verify: .*${code}`));
    }
  });

  it('a checkpoint that is to be saved and may not even be looked at', () => {
    const path = join(key, 'below a file');
    const { status, stderr } = run('--state-dir', state, '--key', key, '--save-checkpoint', path);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^indelible verify: --save-checkpoint: ENOTDIR/)]);
  });

  it('a file in the state directory\'s place', () => {
    expect(run('--state-dir', key)).toMatchObject({ status: 3, stdout: expect.stringContaining('no_log: ') as string, stderr: '' });
  });

  it('a key beside the log that is none', () => {
    const other = join(place, 'spoiled');
    log.writeTo(other);
    writeFileSync(join(other, 'keys/verification.key'), 'no key\n');
    const { status, stdout, stderr } = run('--state-dir', other);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^indelible verify: the key beside the log is not used: .*\n$/)]);
    expect(stdout).toContain('no_key: ');
  });

  it.each([
    ['a FIFO', (path: string) => { execFileSync('mkfifo', [path]); }],
    ['a link to what never ends', (path: string) => { symlinkSync('/dev/zero', path); }],
  ])('%s in the place of the key beside the log', (name, put) => {
    const other = join(place, `spoiled by ${name}`);
    log.writeTo(other);
    rmSync(join(other, 'keys/verification.key'), { force: true });
    put(join(other, 'keys/verification.key'));
    const { status, stderr } = run('--state-dir', other);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^indelible verify: the key beside the log is not used: .* does not hold one\n$/)]);
  });

  it('a key that lies beside the log vouches for nothing, by whatever way it is named', () => {
    const other = join(place, 'beside');
    log.writeTo(other);
    const beside = join(other, 'keys/verification.key');
    copyFileSync(key, beside);
    const by = (file: string): unknown => (JSON.parse(run('--state-dir', other, '--key', file, '--json').stdout) as Report).checked_with;
    expect([by(beside), by(key)]).toEqual(['key_beside_log', 'key_beside_log']);
    renameSync(beside, join(other, 'my.key'));
    expect([by(join(other, 'my.key')), by(key)]).toEqual(['key_beside_log', 'key']);
  });

  const someoneElse = 65_534;
  it.runIf(isRoot)(ofRoot('a user who may not enter the state directory'), () => {
    const closed = join(place, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    chmodSync(place, 0o755);
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'verify', '--state-dir', closed], {
      encoding: 'utf8', uid: someoneElse, gid: someoneElse, cwd: '/',
    });
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^indelible verify: the key beside the log is not used: EACCES: .*\n$/)]);
    expect(stdout).toContain('unreadable: EACCES');
  });
});

it('a closed segment that goes on with a TiB of holes is a finding, and is not read to its end', () => {
  const state = join(place, 'holes');
  const log = smallLog();
  log.writeTo(state);
  const [first = ''] = readdirSync(join(state, 'log')).filter((name) => /^\d{20}/.test(name)).sort();
  truncateSync(join(state, 'log', first), 2 ** 40);
  const { status, stdout } = run('--state-dir', state, '--json');
  const { findings } = JSON.parse(stdout) as Report;
  expect([status, findings.some(({ segment }) => segment === first)]).toEqual([1, true]);
});

it('a segment with a second name is a finding, unless the directory is a backup of hard links', () => {
  const state = join(place, 'linked');
  smallLog().writeTo(state);
  linkSync(join(state, 'log/00000000000000000001.jsonl'), join(place, 'second-name'));
  const strict = run('--state-dir', state);
  expect(strict.status).toBe(1);
  expect(strict.stdout).toContain('segment_hard_linked (00000000000000000001.jsonl)');
  expect(run('--state-dir', state, '--hard-links')).toMatchObject({ status: 0 });
});
