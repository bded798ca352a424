// scripts/copy as an operator calls it, rightly and wrongly: what it copies verifies, and what is there stays until then.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Daemon, linesIn, program } from '../daemon.js';

const script = new URL('../../scripts/copy', import.meta.url).pathname;
const place = mkdtempSync(join(tmpdir(), 'ind-copy-'));
const key = join(place, 'key');
let daemon: Daemon;
let to: string;

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Ends it after a while: what loops for ever has the status null. */
function copy(...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync('bash', [script, ...args], { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

function indelible(...args: readonly string[]): Outcome {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'], INDELIBLE_SOCKET: daemon.socket } });
}

function emit(): void {
  expect(indelible('emit', '--action', 'more').status).toBe(0);
}

/** All files below a directory, with their content. */
function content(directory: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
    .filter((path) => statSync(join(directory, path)).isFile()).map((path) => [path, readFileSync(join(directory, path), 'latin1')]));
}

beforeAll(async () => {
  const state = join(place, 'state');
  expect(spawnSync(process.execPath, [program, 'init', '--state-dir', state, '--key-out', key], { env: { PATH: process.env['PATH'] } }).status).toBe(0);
  daemon = await Daemon.start({ state, env: { INDELIBLE_SEAL_MS: '1' } });
  emit();
});
beforeEach(() => { to = join(mkdtempSync(join(place, 'to-')), 'copy'); });
afterAll(async () => {
  await daemon.clear();
  rmSync(place, { recursive: true });
});

describe('a copy', () => {
  test('of a log that is written verifies, is for its owner only, and proves its records', () => {
    expect(copy(daemon.state, to)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(indelible('verify', '--state-dir', to, '--key', key).status).toBe(0);
    for (const path of ['.', 'log']) expect([path, statSync(join(to, path)).mode & 0o777]).toEqual([path, 0o700]);
    for (const path of Object.keys(content(to))) expect([path, statSync(join(to, path)).mode & 0o777]).toEqual([path, 0o600]);
    expect(existsSync(join(to, 'checkpoint'))).toBe(true);
    expect(indelible('prove', '1', '--state-dir', to).status).toBe(0);
    expect(readdirSync(join(to, '..'))).toEqual(['copy']);
  });

  test('takes the place of an older one of the same log, and of an empty directory', () => {
    mkdirSync(to);
    expect(copy(daemon.state, to).status).toBe(0);
    const before = linesIn(to).length;
    emit();
    expect(copy(daemon.state, `${to}/`)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(linesIn(to).length).toBeGreaterThan(before);
    expect(indelible('verify', '--state-dir', to, '--key', key).status).toBe(0);
    expect(readdirSync(join(to, '..'))).toEqual(['copy']);
    // And of a copy one may be made.
    expect(copy(to, `${to}-2`).status).toBe(0);
    expect(content(`${to}-2`)).toEqual(content(to));
  });
});

describe('is refused, and what is there stays:', () => {
  test('no arguments, or one too many; --help says how', () => {
    for (const args of [[], [daemon.state], [daemon.state, to, 'more'], ['', to]]) {
      expect(copy(...args)).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('Usage: scripts/copy STATE TO') as string });
    }
    expect(copy('--help')).toEqual({ status: 0, stdout: expect.stringContaining('Usage: scripts/copy STATE TO') as string, stderr: '' });
  });

  test('a source that is no log', () => {
    expect(copy(daemon.state, to).status).toBe(0);
    const before = content(to);
    const empty = `${to}-empty`;
    mkdirSync(empty);
    for (const source of [empty, `${to}-absent`]) expect(copy(source, to).status).toBe(2);
    expect(content(to)).toEqual(before);
  });

  test('the source itself, and a place in it or above it', () => {
    const still = `${to}-still`;
    expect(copy(daemon.state, still).status).toBe(0);
    const before = content(still);
    for (const target of [still, `${still}/.`, join(still, 'log'), join(still, 'new'), join(still, '..')]) expect([target, copy(still, target).status]).toEqual([target, 2]);
    expect(content(still)).toEqual(before);
  });

  test('STATE and TO swapped: a state directory, or a newer copy, is never replaced', () => {
    expect(copy(daemon.state, to).status).toBe(0);
    const { status, stderr } = copy(to, daemon.state);
    expect([status, stderr]).toEqual([2, expect.stringContaining('were STATE and TO swapped?')]);
    expect(existsSync(join(daemon.state, 'log/head'))).toBe(true);
    emit();
    const newer = `${to}-newer`;
    expect(copy(daemon.state, newer).status).toBe(0);
    const before = content(newer);
    expect(copy(to, newer)).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('were STATE and TO swapped?') as string });
    expect(content(newer)).toEqual(before);
  });

  test('another log\'s copy, a directory of other things, a file', () => {
    const other = `${to}-other`;
    expect(indelible('init', '--state-dir', other).status).toBe(0);
    expect(copy(other, to).status).toBe(0);
    mkdirSync(`${to}-things`);
    writeFileSync(`${to}-things/mine`, 'mine');
    writeFileSync(`${to}-file`, 'mine');
    const before = content(join(to, '..'));
    for (const target of [to, `${to}-things`, `${to}-file`]) expect([target, copy(daemon.state, target).status]).toEqual([target, 2]);
    expect(content(join(to, '..'))).toEqual(before);
  });

  test('a log that is shorter than its head says, or not what it was when the older copy was made', () => {
    expect(copy(daemon.state, to).status).toBe(0);
    const before = content(to);
    const spoilt = `${to}-spoilt`;
    cpSync(to, spoilt, { recursive: true });
    const segment = join(spoilt, 'log/00000000000000000001.jsonl');
    writeFileSync(segment, readFileSync(segment, 'utf8').replace('"more"', '"MORE"'));
    expect(copy(spoilt, to)).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('is not what it was') as string });
    truncateSync(segment, statSync(segment).size - 1);
    expect(copy(spoilt, to)).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('shorter than its head says') as string });
    expect(content(to)).toEqual(before);
    expect(readdirSync(join(to, '..')).sort()).toEqual(['copy', 'copy-spoilt']);
  });
});
