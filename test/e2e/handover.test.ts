// Where a verification key goes: to a file that stdout is, or nowhere, for whoever prepared its secret has it.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Daemon, program, temporaryDirectory } from '../daemon.js';

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  mkdirSync(join(directory, 'credentials'));
});
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function indelible(words: readonly string[], env: Readonly<Record<string, string>> = {}): Said {
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } });
}

function verifies(key: string): Said {
  writeFileSync(join(directory, 'key'), key);
  return indelible(['verify', '--state-dir', join(directory, 's'), '--key', join(directory, 'key')]);
}

test('init whose stdout is a file says where the key is', () => {
  const file = openSync(join(directory, 'out'), 'w', 0o600);
  const { status, stderr } = spawnSync(process.execPath, [program, 'init', '--state-dir', join(directory, 's')], { encoding: 'utf8', stdio: ['ignore', file, 'pipe'] });
  closeSync(file);
  expect([status, stderr]).toEqual([0, expect.stringContaining(`Its verification key is in ${join(directory, 'out')}: move it off this host.`)]);
  expect(verifies(readFileSync(join(directory, 'out'), 'utf8')).status).toBe(0);
});

describe('makes no log where nobody would have its key:', () => {
  /** Status of an init whose stdout goes where the words of a shell say, and what it said. */
  function initTo(words: string): readonly [string, string] {
    const script = `"$1" "$2" init --state-dir "$3" ${words}; echo "\${PIPESTATUS[0]}" > "$4"`;
    const { stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, program, join(directory, 's'), join(directory, 'status')], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    return [readFileSync(join(directory, 'status'), 'utf8').trim(), stderr];
  }

  test.each([
    ['5', '> /dev/full', 'ENOSPC'],
    ['2', '> /dev/null', '--key-out'],
    ['2', '>&-', '--key-out'],
    // One that ended before the key was written, and one that never reads what the pipe took.
    ['5', '| true', ''],
    ['5', '| sleep 1', ''],
    ['2', '--key-out /nowhere/at/all/key', 'no directory /nowhere/at/all'],
  ])('%s: init %s', (status, words, said) => {
    const [code, stderr] = initTo(words);
    expect([code, stderr]).toEqual([status, expect.stringContaining(said)]);
    expect(existsSync(join(directory, 's/keys/current'))).toBe(false);
    // And the next init makes it.
    const { stdout } = indelible(['init', '--state-dir', join(directory, 's')]);
    expect(verifies(stdout).status).toBe(0);
  });

  test('5: a successor; the same command goes on where it ended', () => {
    expect(initTo('| cat')[0]).toBe('0');
    // A log that holds more than its first record.
    const started = spawnSync(process.execPath, [program, 'serve'], { env: { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: join(directory, 's') }, timeout: 3000 });
    expect(started.status).toBe(0);
    const [code, stderr] = initTo('--successor > /dev/full');
    expect([code, stderr]).toEqual(['5', expect.stringContaining('give the command again')]);
    const { status, stdout } = indelible(['init', '--successor', '--state-dir', join(directory, 's')]);
    expect([status, verifies(stdout).status]).toEqual([0, 0]);
  });
});

describe('a secret that was prepared', () => {
  const secret = randomBytes(32).toString('base64');
  const words = /behind these words, in one line: (indelible-verification-key:v1:\S+:)/;
  const environment = (): Record<string, string> => ({ CREDENTIALS_DIRECTORY: join(directory, 'credentials') });

  test('is the log\'s, and neither printed nor stored by init', () => {
    writeFileSync(join(directory, 'credentials/verification-secret'), `${secret}\n`);
    const { status, stdout, stderr } = indelible(['init', '--state-dir', join(directory, 's')], environment());
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).not.toContain(secret);
    expect(verifies(`${words.exec(stderr)?.[1] ?? ''}${secret}\n`).status).toBe(0);
    expect(existsSync(join(directory, 's/keys/verification.key'))).toBe(false);
  });

  test('is taken by the first start of serve, too', async () => {
    writeFileSync(join(directory, 'credentials/verification-secret'), secret);
    const daemon = await Daemon.start({ state: join(directory, 's'), env: environment() });
    const { stderr, code } = await daemon.stop();
    expect([code, stderr]).toEqual([0, expect.not.stringContaining(secret)]);
    expect(verifies(`${words.exec(stderr)?.[1] ?? ''}${secret}`).status).toBe(0);
  });

  test.each([['short', randomBytes(31).toString('base64')], ['text', 'correct horse battery staple'], ['nothing', ''], ['two lines', `${secret}\n\n`]])('is refused where it is none: %s', (_, text) => {
    writeFileSync(join(directory, 'credentials/verification-secret'), text);
    const { status, stderr } = indelible(['init', '--state-dir', join(directory, 's')], environment());
    expect([status, stderr]).toEqual([2, expect.stringContaining('base64 of 32 random bytes')]);
    expect(existsSync(join(directory, 's/keys/current'))).toBe(false);
  });
});

test('verify compares with nothing where the file that it is to save is not there yet, and says so', () => {
  const key = join(directory, 'key');
  expect(indelible(['init', '--state-dir', join(directory, 's'), '--key-out', key]).status).toBe(0);
  const saved = join(directory, 'last');
  for (const option of ['--checkpoint', '--from-checkpoint']) {
    const first = indelible(['verify', '--state-dir', join(directory, 's'), '--key', key, option, saved, '--save-checkpoint', saved]);
    expect([first.status, first.stderr]).toEqual([0, expect.stringContaining(`there is no ${saved} yet`)]);
    // Any other file that is not there is a mistake.
    expect(indelible(['verify', '--state-dir', join(directory, 's'), '--key', key, option, `${saved}-other`, '--save-checkpoint', saved]).status).toBe(3);
  }
});
