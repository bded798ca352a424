// A state directory that is somebody else's: said with its owner, as a mistake of whoever started us and not of the disk.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../daemon.js';
import { isRoot, ofRoot } from '../root.js';

const claim = new URL('../../dist/cli/claim.js', import.meta.url).pathname;
/** A user that owns nothing here. */
const stranger = 64_999;
let state: string;
beforeEach(() => { state = temporaryDirectory(); });
afterEach(() => { rmSync(state, { recursive: true }); });

/** What claiming comes to for a stranger. Loaded as whoever runs the tests: it may lie where only they may read. */
function claimed(path: string): { readonly exitCode?: number; readonly said: string } {
  const script = `
    const { claimDirectory } = await import(${JSON.stringify(claim)});
    if (${isRoot}) { process.setgroups([]); process.setgid(${stranger}); process.setuid(${stranger}); }
    let said = '';
    const logger = { fatal: (text) => { said += text; }, warn: (text) => { said += text; } };
    console.log(JSON.stringify({ ...claimDirectory(${JSON.stringify(path)}, logger), said }));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(stdout) as { readonly exitCode?: number; readonly said: string };
}

test('a directory of another user\'s exits 2 and names its owner', () => {
  const { exitCode, said } = claimed(isRoot ? state : '/root');
  expect([exitCode, said]).toEqual([2, expect.stringContaining('belongs to uid 0')]);
});

test.runIf(isRoot)(ofRoot('so does a file in it that root left there'), () => {
  mkdirSync(join(state, 'keys'));
  writeFileSync(join(state, 'keys/current'), '', { mode: 0o600 });
  for (const path of [state, join(state, 'keys')]) {
    chmodSync(path, 0o700);
    chownSync(path, stranger, stranger);
  }
  const { exitCode, said } = claimed(state);
  expect([exitCode, said]).toEqual([2, expect.stringContaining(`${join(state, 'keys/current')} belongs to uid 0`)]);
  chownSync(join(state, 'keys/current'), stranger, stranger);
  expect(claimed(state)).toEqual({ ok: true, state, said: '' });
});
