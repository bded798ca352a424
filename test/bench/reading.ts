// What comes behind the writing: verifying, searching and starting on a log of a given size, and whether an event costs
// more when the log is long.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, program } from '../daemon.js';
import { Measured } from './indelible.js';
import type { Times } from './times.js';

const batches = { sync: 'group', connections: 4, inFlight: 1024, batch: 256 } as const;
const singles = { ...batches, batch: 1 };

export interface Reading {
  readonly bytes: number;
  readonly records: number;
  readonly verify: { readonly linesPerSecond: number; readonly residentBytes: number };
  readonly query: { readonly linesPerSecond: number; readonly residentBytes: number };
  /** From the start of the process to its sockets, milliseconds: with this log, and of `init` and start without one. */
  readonly startMs: number;
  /** Microseconds of CPU for an event, when the log began and now. */
  readonly cpuAtFirst: number;
  readonly cpuNow: number;
  readonly residentBytes: number;
}

interface Ran {
  readonly ms: number;
  readonly peakBytes: number;
}

/** Runs a command and watches its memory. */
function run(words: readonly string[], exit: number): Promise<Ran> {
  const started = performance.now();
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  let peakBytes = 0;
  const look = setInterval(() => {
    try {
      peakBytes = Math.max(peakBytes, Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, 'latin1'))?.[1] ?? 0) * 1024);
    } catch {
      // It has ended; what it had is known.
    }
  }, 20);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(look);
      if (code === exit) resolve({ ms: performance.now() - started, peakBytes });
      else reject(new Error(`${words.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

/** Fills a log up to `records` and reads it in every way. */
export async function measureReading(directory: string, records: number, times: Times): Promise<Reading> {
  const measured = await Measured.start(directory, 'group');
  const { state, socket } = measured.daemon;
  try {
    const { peerCpu: cpuAtFirst } = await measured.load(singles, times);
    const seqNow = (): number => Number(/"seq":(\d+)/.exec(readFileSync(join(state, 'log/head'), 'latin1'))?.[1] ?? 0);
    while (seqNow() < records) await measured.load(batches, { warmMs: 0, measureMs: 5_000 });
    const { peerCpu: cpuNow, resident } = await measured.load(singles, times);
    await measured.daemon.stop();
    const total = seqNow();
    const verify = await run(['verify', '--state-dir', state], 0);
    const query = await run(['query', '--state-dir', state, '--kind', 'no-such-kind'], 0);
    const started = performance.now();
    const again = await Daemon.start({ state, socket, env: { INDELIBLE_SYNC: 'group' } });
    const startMs = performance.now() - started;
    const status = await again.stop();
    if (status.code !== 0) throw new Error(`the daemon ended with ${status.code ?? 'a signal'}`);
    const perSecond = ({ ms, peakBytes }: Ran): { linesPerSecond: number; residentBytes: number } => (
      { linesPerSecond: (total * 1000) / ms, residentBytes: peakBytes });
    return {
      bytes: bytesIn(state), records: total, verify: perSecond(verify), query: perSecond(query), startMs,
      cpuAtFirst, cpuNow, residentBytes: resident,
    };
  } finally {
    await measured.daemon.clear();
  }
}

function bytesIn(state: string): number {
  return Number(/"bytes":(\d+)/.exec(readFileSync(join(state, 'log/head'), 'latin1'))?.[1] ?? 0) + closedBytes(state);
}

function closedBytes(state: string): number {
  const [, open = ''] = /"segment":"([^"]+)"/.exec(readFileSync(join(state, 'log/head'), 'latin1')) ?? [];
  return readdirSync(join(state, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name) && name !== open)
    .reduce((sum, name) => sum + statSync(join(state, 'log', name)).size, 0);
}
