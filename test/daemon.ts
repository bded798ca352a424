// The real daemon as a process of its own, and a raw conversation with it. Everything waits for what happens, never for time.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realDisk } from '../src/disk/disk.js';
import { parseVerificationKey } from '../src/keys/verification.js';
import type { Reply } from '../src/wire/message.js';
import { Encoder } from '../src/wire/encode.js';
import { FrameReader } from '../src/wire/frame.js';
import { decodeReply } from '../src/wire/reply.js';
import { writeValue } from '../src/wire/value.js';
import type { Report } from '../src/verify/report.js';
import { verify } from '../src/verify/verify.js';
import { encodeFrame } from './frame.js';

/** Node's own options for the daemon, as units and `scripts/start` have them. */
export const nodeOptions = ['--max-semi-space-size=4'] as const;

export const program = new URL('../dist/cli/main.js', import.meta.url).pathname;

/** A name short enough for a socket below it. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'ind-'));
}

/** How a daemon ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface DaemonOptions {
  /** State directory; a new temporary one when absent. */
  readonly state?: string;
  readonly socket?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What runs the daemon, `strace` for instance: its words, then `node dist/cli/main.js serve`. */
  readonly under?: readonly string[];
  readonly args?: readonly string[];
}

/** A daemon that is running, or was. */
export class Daemon {
  readonly state: string;
  readonly socket: string;
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  #stderr = '';
  readonly #said: { readonly text: string; readonly resolve: () => void }[] = [];

  private constructor(options: DaemonOptions) {
    if (!existsSync(program)) throw new Error(`${program} is not there: run "npm run build" first`);
    this.state = options.state ?? temporaryDirectory();
    this.socket = options.socket ?? join(this.state, 's');
    const [command = '', ...words] = [...(options.under ?? []), process.execPath, ...nodeOptions, program, 'serve', ...(options.args ?? [])];
    this.process = spawn(command, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: this.state, INDELIBLE_SOCKET: this.socket, ...options.env },
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => { this.#hear(text); });
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (code, signal) => { resolve({ code, signal, stderr: this.#stderr }); });
    });
    // Whoever awaits it hears of it; nobody is bound to.
    this.ended.catch(() => undefined);
  }

  /** Starts one and does not wait for anything. */
  static spawn(options: DaemonOptions = {}): Daemon {
    return new Daemon(options);
  }

  /** Starts one that listens when this resolves. */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = new Daemon(options);
    await daemon.ready();
    return daemon;
  }

  /** When all its sockets listen. Rejects if it ends before. */
  async ready(): Promise<this> {
    const first = await Promise.race([this.says('"listening"'), this.ended]);
    if (first !== undefined) throw new Error(`the daemon ended with ${first.code ?? first.signal ?? ''}: ${first.stderr}`);
    return this;
  }

  /** When its process log holds a text. */
  says(text: string): Promise<undefined> {
    if (this.#stderr.includes(text)) return Promise.resolve(undefined);
    return new Promise((resolve) => { this.#said.push({ text, resolve: () => { resolve(undefined); } }); });
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.process.kill(signal);
    return this.ended;
  }

  stop(): Promise<Ended> {
    return this.kill('SIGTERM');
  }

  /** Ends it if it still runs and takes its files away. */
  async clear(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill('SIGKILL');
    rmSync(this.state, { recursive: true, force: true });
  }

  #hear(text: string): void {
    this.#stderr += text;
    for (const said of this.#said) if (this.#stderr.includes(said.text)) said.resolve();
  }
}

/** A record as far as tests look into it. */
export interface Recorded {
  readonly seq: number;
  readonly key: string;
  readonly profile: string;
  readonly kind: string;
  readonly id?: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly event: Readonly<Record<string, unknown>>;
  readonly mac: string;
}

/** Every record of a state directory, oldest first. */
export function recordsIn(state: string): Recorded[] {
  return linesIn(state).map((line) => JSON.parse(line) as Recorded);
}

/** Every whole line of a state directory's segments. */
export function linesIn(state: string): string[] {
  const log = join(state, 'log');
  const segments = readdirSync(log).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort();
  return segments.flatMap((name) => readFileSync(join(log, name), 'utf8').split('\n').slice(0, -1));
}

/** What `verify` says of a state directory, with the key that its first start left there. */
export function verified(state: string): Report {
  const key = parseVerificationKey(readFileSync(join(state, 'keys/verification.key'), 'utf8'));
  if (key === undefined) throw new Error('keys/verification.key holds no key');
  return verify({ disk: realDisk, stateDirectory: state, key: { key, besideLog: false } });
}

/** A request's payload, in a frame. */
export function frameOf(request: object): Buffer {
  const encoder = new Encoder();
  writeValue(encoder, request);
  return encodeFrame(encoder.take());
}

/** A connection that speaks frames and keeps every reply, in the order they came. */
export class Conversation {
  readonly socket: Socket;
  readonly replies: Reply[] = [];
  /** Resolves when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>;
  #isClosed = false;
  #wake: (() => void)[] = [];

  constructor(path: string) {
    this.socket = connect(path);
    const frames = new FrameReader(64 * 1024 * 1024);
    this.socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      for (let outcome = frames.next(); outcome.kind === 'payload'; outcome = frames.next()) this.replies.push(decodeReply(outcome.payload));
      this.#rouse();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#isClosed = true;
        this.#rouse();
        resolve();
      });
    });
  }

  send(...requests: readonly object[]): void {
    this.socket.write(Buffer.concat(requests.map(frameOf)));
  }

  /** When there are `count` replies. Rejects if the connection closes before. */
  async until(count: number): Promise<readonly Reply[]> {
    while (this.replies.length < count) {
      if (this.#isClosed) throw new Error(`closed after ${this.replies.length} of ${count} replies`);
      await new Promise<void>((resolve) => { this.#wake.push(resolve); });
    }
    return this.replies;
  }

  /** Sends one request and waits for the reply after all that came before. */
  async ask(request: object): Promise<Reply> {
    const before = this.replies.length;
    this.send(request);
    const reply = (await this.until(before + 1))[before];
    if (reply === undefined) throw new Error('no reply');
    return reply;
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  #rouse(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** An append of one generic event. */
export function append(id: number, action: string, eventId?: string): object {
  return { op: 'append', id, events: [{ profile: 'generic', event: { action }, ...(eventId === undefined ? {} : { id: eventId }) }] };
}
