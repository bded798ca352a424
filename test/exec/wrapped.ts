// `indelible exec` as a process of its own, in a session without a terminal unless `script` gives it one.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '../client/daemon.js';
import { program } from '../daemon.js';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** An event of a command, as far as a test looks into it. */
export type Recorded = Readonly<Record<string, unknown>>;

export interface WrapOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A descriptor, or `pipe`, which the test writes to; nothing when absent. */
  readonly stdin?: number | 'pipe';
  /** Where stdout goes; read when absent. */
  readonly stdout?: number | 'stalled';
}

const [node, main] = [process.execPath, program];

/** A command line that is running, or was. */
export class Wrapped {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #stdout: Buffer[] = [];
  #stderr = '';
  #waiting: (() => void)[] = [];

  private constructor(command: string, args: readonly string[], options: WrapOptions) {
    const { env, cwd, stdin = 'ignore', stdout } = options;
    this.process = spawn(command, args, {
      detached: true, ...(cwd === undefined ? {} : { cwd }), env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
      stdio: [stdin, typeof stdout === 'number' ? stdout : 'pipe', 'pipe'],
    });
    if (stdout !== 'stalled') {
      this.process.stdout?.on('data', (chunk: Buffer) => {
        this.#stdout.push(chunk);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    }
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => { this.#stderr += text; });
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      // Whoever lets stdout stall does not wait for its end.
      this.process.once(stdout === 'stalled' ? 'exit' : 'close', (code: number | null, signal: NodeJS.Signals | null) => {
        resolve({ code, signal, stdout: Buffer.concat(this.#stdout), stderr: this.#stderr });
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  static start(socket: string, args: readonly string[], options: WrapOptions = {}): Wrapped {
    return new Wrapped(node, [main, 'exec', '--socket', socket, ...args], options);
  }

  /** Under a terminal of its own, which what is written to stdin is typed into. */
  static underTerminal(socket: string, words: readonly string[]): Wrapped {
    const line = [node, main, 'exec', '--socket', socket, '--', ...words].map((word) => `'${word.replaceAll('\'', '\'\\\'\'')}'`).join(' ');
    // `exec`, so that no shell of script's stands between: it would die of ^C by itself.
    return new Wrapped('script', ['-qec', `exec ${line}`, '/dev/null'], { stdin: 'pipe' });
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString('utf8');
  }

  /** What a pattern finds in stdout, as soon as it does. Rejects when the command ends without it. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.stdout);
      if (found !== null) return found[1] ?? found[0];
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`ended without ${pattern.source}: ${this.stdout}${this.#stderr}`);
      }
      await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    }
  }

  type(text: string): void {
    this.process.stdin?.write(text);
  }
}

/** Runs to the end. */
export function wrap(socket: string, args: readonly string[], options: WrapOptions = {}): Promise<Ended> {
  return Wrapped.start(socket, args, options).ended;
}

/** What the daemon recorded, in order. */
export function eventsOf(daemon: Daemon): Recorded[] {
  return daemon.records.map(({ entry }) => entry.event as Recorded);
}

/** Names of events, warnings and denials with what they are. */
export function outline(events: readonly Recorded[]): string[] {
  return events.map(({ event, kind, reason }) => [event, kind, reason].filter((word) => typeof word === 'string').join(' '));
}

/** Writes an ACL that may be believed. */
export function aclIn(directory: string, acl: object): string {
  const path = join(directory, `acl-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(path, JSON.stringify({ version: 1, enabled: true, ...acl }));
  chmodSync(path, 0o600);
  return path;
}
