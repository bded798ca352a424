// One attack on a daemon of its own: a quiet client before it and during it, the daemon's memory all along, and the log
// afterwards. Whatever the attack is, the daemon lives, the quiet client is served, and its records are there.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Conversation, Daemon, verified } from '../daemon.js';
import type { BoundInput } from './bound.js';
import { memoryBound } from './bound.js';
import { appends } from './floods.js';
import type { Latency } from './quiet.js';
import { QuietClient } from './quiet.js';

export interface Status {
  readonly clients: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly accepted: Readonly<Record<string, number>>;
  readonly head: { readonly seq: number };
  readonly fsync_ms: { readonly p50: number; readonly p99: number };
}

/** What an attack is given. */
export interface Target {
  readonly daemon: Daemon;
  /** From 0 to 1: how much of what the script does. */
  readonly scale: number;
  readonly status: () => Promise<Status>;
}

/** What an attack came to: what was sent, what was answered, and what should not be. */
export interface Happened {
  readonly tried: string;
  readonly answered: string;
  readonly problems?: readonly string[];
}

export interface Attack {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly under?: readonly string[];
  /** For a flood, whose cost to the quiet client is held against the criterion: its processes, and the events of each request. */
  readonly flood?: { readonly processes: number; readonly events: number };
  /** The log afterwards is looked into. */
  readonly after?: (state: string) => readonly string[];
  readonly run: (target: Target) => Promise<Happened>;
}

/** One attack's line of the table. */
export interface Outcome extends Happened {
  readonly name: string;
  readonly isFlood: boolean;
  readonly alone: Latency;
  /** Beside as many processes as the flood has, which compute and send nothing; `alone` where it is none. */
  readonly beside: Latency;
  readonly under: Latency;
  /**
   * One commit of the flood, ms: what one request of it takes on the unloaded daemon (median), or one fsync at its slowest,
   * whichever is more. A commit takes as long as either at least.
   */
  readonly commitMs: number;
  /** The daemon's, bytes. */
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number; readonly bound: number };
  readonly problems: readonly string[];
}

/** Small, so that the bound is one that something could exceed. */
const usual = { frameBytes: 256 * 1024, queueBytes: 16 * 1024 * 1024, clients: 1024, events: 1024 } as const;
/** How often memory is looked at, ms. */
const sampleMs = 20;
const aloneCount = 1500;
const requestCount = 30;

export async function runAttack(attack: Attack, scale: number): Promise<Outcome> {
  const env: Readonly<Record<string, string>> = {
    INDELIBLE_MAX_FRAME_BYTES: String(usual.frameBytes), INDELIBLE_QUEUE_BYTES: String(usual.queueBytes),
    INDELIBLE_MAX_CLIENTS: String(usual.clients), INDELIBLE_MAX_EVENTS: String(usual.events), INDELIBLE_SOCKET_MODE: '0666', ...attack.env,
  };
  const daemon = await Daemon.start({ env, ...(attack.under === undefined ? {} : { under: attack.under }) });
  const problems: string[] = [];
  const operator = new Conversation(daemon.socket);
  let asked = 0;
  const status = async (): Promise<Status> => {
    asked += 1;
    return await operator.ask({ op: 'status', id: asked }) as unknown as Status;
  };
  const pid = daemon.process.pid ?? 0;
  let peak = 0;
  const sampler = setInterval(() => { peak = Math.max(peak, residentBytes(pid)); }, sampleMs);
  try {
    const quiet = new QuietClient(daemon.socket);
    const count = Math.max(20, Math.round(aloneCount * scale));
    const alone = await quiet.runFor(count);
    const { flood } = attack;
    const beside = flood === undefined ? alone : await besideBusy(flood.processes, () => quiet.runFor(count));
    const requestMs = flood === undefined ? 0 : await medianRequestMs(operator, flood.events);
    const before = residentBytes(pid);
    peak = before;
    let isOver = false;
    const served = quiet.run(() => isOver);
    const happened = await attack.run({ daemon, scale, status }).finally(() => { isOver = true; });
    const under = await served;
    const commitMs = Math.max(requestMs, (await status()).fsync_ms.p99);
    await settled(status);
    const after = residentBytes(pid);
    const bound = memoryBound(boundInput(env));
    if (peak > bound) problems.push(`memory: ${peak} bytes at the peak, more than the bound of ${bound}`);
    await Promise.all([quiet.close(), operator.close()]);
    const ended = await daemon.stop();
    const isWell = ended.code === 0 && !/\n\s+at |"stack"/.test(ended.stderr);
    if (!isWell) problems.push(`it did not end well: ${ended.code ?? ended.signal ?? ''} ${ended.stderr.slice(-500)}`);
    problems.push(...quiet.problems, ...(happened.problems ?? []), ...missing(daemon.state, quiet));
    problems.push(...(attack.after?.(daemon.state) ?? []));
    const memory = { before, peak, after, bound };
    return { ...happened, name: attack.name, isFlood: flood !== undefined, alone, beside, under, commitMs, memory, problems };
  } finally {
    clearInterval(sampler);
    await daemon.clear();
  }
}

/** What a machine without a core to spare costs a client by itself. */
async function besideBusy(processes: number, what: () => Promise<Latency>): Promise<Latency> {
  const busy = Array.from({ length: processes }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  try {
    return await what();
  } finally {
    for (const one of busy) one.kill('SIGKILL');
  }
}

async function medianRequestMs(client: Conversation, events: number): Promise<number> {
  const took: number[] = [];
  for (const request of appends(requestCount, events)) {
    const began = performance.now();
    await client.ask(request);
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[requestCount / 2] ?? 0;
}

/** What is wrong with the log: it is not intact, or a record of the quiet client is not where its ack said. */
function missing(state: string, { acked }: QuietClient): string[] {
  const report = verified(state);
  if (report.exit !== 0) return [`verify does not call the log intact: ${JSON.stringify(report.findings[0])}`];
  const numbers = new Map([...acked].map(([number, seq]) => [seq, number]));
  let seq = 0;
  for (const line of storedLines(state)) {
    seq += 1;
    const number = numbers.get(seq);
    if (number !== undefined && line.includes(`"action":"quiet-${number}"`)) numbers.delete(seq);
  }
  return [...numbers].map(([at, number]) => `record ${at} was acknowledged for quiet-${number} and is not there`);
}

/** Every line, one segment in memory at a time: a flood leaves millions. */
function* storedLines(state: string): Generator<Buffer> {
  const log = join(state, 'log');
  for (const name of readdirSync(log).filter((entry) => /^\d{20}\.jsonl$/.test(entry)).sort()) {
    const bytes = readFileSync(join(log, name));
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      yield bytes.subarray(from, end);
      from = end + 1;
    }
  }
}

/** When nobody is connected any more but those who ask and are quiet. */
async function settled(status: () => Promise<Status>): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    if ((await status()).clients <= 2) return;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

function boundInput(env: Readonly<Record<string, string>>): BoundInput {
  const number = (name: string): number => Number(env[`INDELIBLE_${name}`]);
  const [clients, events] = [number('MAX_CLIENTS'), number('MAX_EVENTS')];
  return { clients, events, frameBytes: number('MAX_FRAME_BYTES'), queueBytes: number('QUEUE_BYTES') };
}

export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
