// Spoiled logs on a real disk, against the real command line: query, verify, export, a daemon's start and, where it goes
// well, `tail`. Invariant: whatever is there, a command ends by itself, with a status that it documents and no stack trace.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Daemon, program, temporaryDirectory } from '../daemon.js';
import { describeSpoiled } from './files.js';
import type { Nodes, SampleLog } from './logs.js';
import { changed, guarded, sampleLogs } from './logs.js';
import type { Outcome } from './outcome.js';
import { Random } from './random.js';
import { spoil } from './spoil.js';

/** However slow the machine is: a command that takes longer hangs, ms. */
const deadlineMs = 120_000;
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
const stackTrace = /\n\s+at .+:\d+:\d+|"stack":/;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] }, timeout: deadlineMs, killSignal: 'SIGKILL' });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => { said[name] += text; });
    child.once('error', reject);
    child.once('close', (code) => { resolve({ code, ...said }); });
  });
}

/** Puts the files on the disk, as they are. */
function writeTo(directory: string, nodes: Nodes): void {
  chmodSync(directory, 0o700);
  for (const name of ['log', 'keys']) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
  for (const [path, node] of nodes) {
    const at = join(directory, path);
    mkdirSync(dirname(at), { recursive: true });
    if (Buffer.isBuffer(node)) writeFileSync(at, node, { mode: 0o600 });
    else if (node === 'directory') mkdirSync(at);
    else if (node === 'fifo') execFileSync('mkfifo', [at]);
    else if (node === 'unreadable') writeFileSync(at, 'x', { mode: 0o000 });
    else symlinkSync(node.link === '' ? '.' : node.link, at);
  }
}

/** Names of all that lies below a directory, a link being only a link: two that lead to where they are would have no end. */
function namesIn(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const name = join(below, entry.name);
    return entry.isDirectory() ? [name, ...namesIn(directory, name)] : [name];
  });
}

/** All that lies in a state directory but what says who holds it. */
function textOf(directory: string): string {
  return namesIn(directory).filter((name) => !/^(?:indelible\.lock|s$)/.test(name)).sort().map((name) => {
    const at = join(directory, name);
    const stat = lstatSync(at);
    return `${name} ${stat.mode} ${stat.isFile() ? readFileSync(at, 'latin1') : stat.isSymbolicLink() ? readlinkSync(at) : ''}`;
  }).join('\n');
}

async function commandsOn(sample: SampleLog, nodes: Nodes, directory: string, outcome: Outcome): Promise<string | undefined> {
  const at = ['--state-dir', directory];
  for (const args of [['query', ...at], ['query', '--reverse', '--json', ...at], ['export', '--to', 'jsonl', ...at], ['verify', '--no-progress', ...at]]) {
    const ran = await run(args);
    const name = args.slice(0, 2).filter((word) => word !== '--state-dir').join(' ');
    outcome.count(`commands: ${args[0] ?? ''}: exit ${ran.code ?? 'none'}`);
    if (ran.code === null) return `${name} did not end`;
    if (![0, 1, 2, 3].includes(ran.code)) return `${name} ended with ${ran.code}: ${ran.stderr.slice(0, 600)}`;
    if (stackTrace.test(ran.stderr)) return `${name} shows a stack trace: ${ran.stderr.slice(0, 900)}`;
    const shown = `${args.includes('--json') || args[0] === 'export' ? '' : ran.stdout}${ran.stderr}`;
    if (controls.test(shown)) return `${name} moves a terminal`;
    const change = changed(sample.nodes, nodes, guarded(sample, false));
    if (args[0] === 'verify' && ran.code === 0 && change !== undefined) return `verify calls it intact: ${change} was changed`;
  }
  return undefined;
}

async function startOn(directory: string, outcome: Outcome): Promise<string | undefined> {
  const before = textOf(directory);
  const daemon = Daemon.spawn({ state: directory });
  const first = await Promise.race([daemon.says('"listening"'), daemon.ended]);
  if (first === undefined) {
    const tail = await run(['tail', '-n', '50', '--socket', daemon.socket]);
    if (tail.code !== 0 || controls.test(tail.stdout) || stackTrace.test(tail.stderr)) return `tail after a start: exit ${tail.code ?? ''} ${tail.stderr}`;
    const ended = await daemon.stop();
    outcome.count('commands: serve: started, and stopped again');
    return ended.code === 0 && !stackTrace.test(ended.stderr) ? undefined : `it started and ended with ${ended.code ?? ''}: ${ended.stderr.slice(-800)}`;
  }
  outcome.count(`commands: serve: exit ${first.code ?? first.signal ?? ''}`);
  if (stackTrace.test(first.stderr)) return `serve shows a stack trace and ends with ${first.code ?? ''}: ${first.stderr.slice(-1500)}`;
  if (first.code !== 3) return `serve ends with ${first.code ?? ''}: ${first.stderr.slice(-800)}`;
  return textOf(directory) === before ? undefined : `serve changed what it refused: ${first.stderr.slice(-600)}`;
}

/** Runs the cases, two at once. */
export async function fuzzCommands(cases: number, outcome: Outcome): Promise<void> {
  const samples = sampleLogs();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < cases; number = next++) {
      const random = new Random(outcome.seed, 'commands', number);
      const sample = random.pick(random.oneIn(2) ? samples.filter(({ startable }) => startable) : samples);
      const nodes = spoil(sample.nodes, random);
      const directory = temporaryDirectory();
      try {
        writeTo(directory, nodes);
        const wrong = await commandsOn(sample, nodes, directory, outcome)
          ?? (sample.startable ? await startOn(directory, outcome) : undefined);
        if (wrong !== undefined) outcome.mismatch(`commands ${wrong.split(':')[0] ?? ''}`, { target: 'commands', number, what: `${sample.name}: ${wrong}`, input: describeSpoiled(sample.nodes, nodes) });
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
  };
  await Promise.all([worker(), worker()]);
  outcome.count('commands: cases', cases);
}
