// What `npm pack` makes, installed as a user would: globally, with its dependencies, and nothing of this tree.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeOptions, temporaryDirectory } from '../daemon.js';

const root = new URL('../..', import.meta.url).pathname;

test.each(['scripts/start', 'systemd/indelible.service', 'systemd/indelible@.service'])(
  '%s gives Node the options with which the daemon is tested and measured', (name) => {
    const options = /^(?:exec |ExecStart=\/\S+\/)node (.*?)\S+\/main\.js serve(?: "\$@")?$/m.exec(readFileSync(join(root, name), 'latin1'))?.[1];
    expect(options?.trim().split(' ')).toEqual(nodeOptions);
  });

test('the package installs globally, runs, and brings its units and their installer', () => {
  const directory = temporaryDirectory();
  const home = join(directory, 'home');
  const run = (program: string, ...words: readonly string[]): string =>
    execFileSync(program, words, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: '' } });
  try {
    // The tests run on a build, and other test files read it: it is packed as it is.
    const archive = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory], { cwd: root, encoding: 'utf8' }).trim();
    run('npm', 'install', '--global', '--prefix', directory, '--prefer-offline', '--no-audit', '--no-fund', '--silent', join(directory, archive));
    const command = join(directory, 'bin/indelible');
    expect(run(command, '--version')).toBe('0.1.0\n');
    const state = join(directory, 's');
    expect(run(command, 'init', '--state-dir', state, '--origin', 'packed/1', '--key-out', join(directory, 'key'))).toBe('');
    expect(run(command, 'verify', '--state-dir', state, '--key', join(directory, 'key'))).toContain('integrity     ok');
    const installed = join(directory, 'lib/node_modules/indelible');
    for (const file of ['systemd/indelible.service', 'systemd/indelible.env', 'src/wire/PROTOCOL.md', 'README.md', 'test/RESULTS.md']) expect([file, existsSync(join(installed, file))]).toEqual([file, true]);
    expect(existsSync(join(installed, 'node_modules/vitest'))).toBe(false);
    expect(run(join(installed, 'scripts/install-systemd'), '--help')).toContain('--uninstall');
    // It finds all it needs without anything to build with.
    run(process.execPath, join(installed, 'scripts/bundle.js'), join(directory, 'bundle'));
    expect(run(join(directory, 'bundle/bin/node'), join(directory, 'bundle/dist/cli/main.js'), '--version')).toBe('0.1.0\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 300_000);
