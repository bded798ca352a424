// A Debian with a real systemd in a container, booted for one test file and gone afterwards: nothing of it is on this host but
// the tree it starts from, which is made once and kept in a cache outside the repository.
import type { ChildProcess } from 'node:child_process';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
/** What is in the tree: its name changes with it. */
const packages = 'systemd,systemd-sysv,dbus,procps,adduser';
const release = 'bookworm';
/** What the package has, and no more: nothing there can be built. */
const parts = ['dist', 'node_modules', 'systemd', 'scripts', 'package.json', 'README.md', 'LICENSE', 'src/wire/PROTOCOL.md', 'src/log/FORMAT.md', 'src/verify/REPORT.md', 'test/RESULTS.md'];
/** Where the first log's things are in it. */
export const service = 'indelible.service';
export const socket = '/run/indelible/indelible.sock';
export const state = '/var/lib/indelible';
/** Between two looks at what systemd is doing, ms. */
const lookMs = 50;

/** How a command ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The tree, made if it is not there; whoever comes second waits for the first. */
function tree(): string {
  for (const program of ['mmdebstrap', 'systemd-nspawn', 'nsenter', 'flock']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`]);
    } catch {
      throw new Error(`these tests need ${program} and root (Debian: mmdebstrap, systemd-container, util-linux); scripts/test installs them`);
    }
  }
  if (process.getuid?.() !== 0) throw new Error('these tests boot a container and need root');
  const cache = process.env['INDELIBLE_TEST_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'indelible-test');
  mkdirSync(cache, { recursive: true });
  const made = join(cache, `${release}-${packages.replaceAll(',', '-')}`);
  const script = `[ -d "$0" ] || { rm -rf "$0.new" && mmdebstrap --quiet --variant=minbase --include=${packages} ${release} "$0.new" && mv "$0.new" "$0"; }`;
  execFileSync('flock', [join(cache, 'lock'), 'sh', '-c', script, made], { stdio: ['ignore', 'ignore', 'inherit'] });
  return made;
}

/** The switchable disk, compiled. */
function shim(directory: string): string {
  const library = join(directory, 'hang.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', library, join(root, 'test/systemd/hang.c'), '-ldl']);
  return library;
}

export class Machine {
  readonly #nspawn: ChildProcess;
  readonly #directory: string;
  readonly #said: () => string;
  readonly #gone: Promise<void>;
  readonly #leader: number;

  private constructor(nspawn: ChildProcess, directory: string, leader: number, said: () => string, gone: Promise<void>) {
    this.#nspawn = nspawn;
    this.#directory = directory;
    this.#leader = leader;
    this.#said = said;
    this.#gone = gone;
  }

  /** Boots one; resolves when systemd has started all it starts. */
  static async boot(): Promise<Machine> {
    const from = tree();
    const directory = mkdtempSync(join(tmpdir(), 'ind-machine-'));
    const binds = parts.map((part) => `--bind-ro=${root}/${part}:/opt/indelible/${part}`);
    const nspawn = spawn('systemd-nspawn', [
      '--quiet', '--directory', from, `--machine=${directory.split('/').at(-1) ?? ''}`.toLowerCase(), '--boot', '--register=no', '--keep-unit',
      '--console=pipe', '--volatile=overlay', `--bind-ro=${realpathSync(process.execPath)}:/usr/bin/node`, `--bind-ro=${shim(directory)}:/opt/hang.so`, ...binds,
    ], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let said = '';
    for (const stream of [nspawn.stdout, nspawn.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text; });
    const gone = new Promise<void>((resolve) => { nspawn.once('close', () => { resolve(); }); });
    for (;;) {
      if (nspawn.exitCode !== null) throw new Error(`the container did not boot: ${said}`);
      const leader = leaderOf(nspawn.pid ?? 0);
      if (leader !== undefined) {
        const machine = new Machine(nspawn, directory, leader, () => said, gone);
        const { stdout } = await machine.run(['systemctl', 'is-system-running', '--wait']);
        if (/^(running|degraded)$/m.test(stdout)) return machine;
      }
      await delay(lookMs);
    }
  }

  /** A path of it, seen from here. */
  path(inside: string): string {
    return `/proc/${this.#leader}/root${inside}`;
  }

  /** Runs a command in it, as root. */
  run(words: readonly string[], input = ''): Promise<Ran> {
    const enter = ['-t', String(this.#leader), '-a', 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8', ...words];
    return new Promise((resolve) => {
      const child = execFile('nsenter', enter, { maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.on('error', () => undefined).end(input);
    });
  }

  /** What a script prints. Fails the test where the script does. */
  async sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(['bash', '--norc', '-euo', 'pipefail', '-c', script]);
    if (code !== 0) expect.fail(`exit status ${code} of: ${script}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Runs the command as a user. */
  as(user: string, words: readonly string[], input = ''): Promise<Ran> {
    const id = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', 'env', 'INDELIBLE_SOCKET=/run/indelible/indelible.sock'];
    return this.run([...id, ...words], input);
  }

  write(inside: string, text: string): void {
    writeFileSync(this.path(inside), text);
  }

  read(inside: string): string {
    return readFileSync(this.path(inside), 'utf8');
  }

  /** One property of a unit. */
  async show(unit: string, property: string): Promise<string> {
    return (await this.sh(`systemctl show --property=${property} --value '${unit}'`)).trim();
  }

  /** When a property is as it should be. */
  async until(unit: string, property: string, isRight: (value: string) => boolean): Promise<string> {
    for (;;) {
      const value = await this.show(unit, property);
      if (isRight(value)) return value;
      await delay(lookMs);
    }
  }

  /** When a unit is in a state. */
  async untilState(unit: string, state: string): Promise<void> {
    await this.until(unit, 'ActiveState', (value) => value === state);
  }

  async install(...words: readonly string[]): Promise<Ran> {
    return await this.run(['/opt/indelible/scripts/install-systemd', ...words]);
  }

  /** Puts the switchable disk under a service, and settings into its unit. */
  async withShim(unit: string, settings: readonly string[] = []): Promise<void> {
    const lines = ['[Service]', 'Environment=LD_PRELOAD=/opt/hang.so', 'ExecPaths=/opt', ...settings];
    await this.sh(`mkdir -p /run/disk /etc/systemd/system/${unit}.d; printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} > /etc/systemd/system/${unit}.d/disk.conf; systemctl daemon-reload`);
  }

  /** What the journal has of units, oldest first. */
  async journal(...units: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await this.sh(`journalctl --sync; journalctl --no-pager --output=json ${units.map((unit) => `-u '${unit}'`).join(' ')}`);
    return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Ends it at once, with all that runs in it. */
  async end(): Promise<void> {
    if (this.#nspawn.exitCode === null) process.kill(this.#leader, 'SIGKILL');
    await this.#gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** What it said on its console. */
  get console(): string {
    return this.#said();
  }
}

/** The first process of the container: what nspawn started. */
function leaderOf(nspawn: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').trim().split(' ');
    return child === undefined || child === '' ? undefined : Number(child);
  } catch {
    return undefined;
  }
}
