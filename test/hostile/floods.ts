// Starts flooding processes and hears what they were answered.
import { spawn } from 'node:child_process';
import { compiledBeside } from '../compiled.js';
import { frameOf } from '../daemon.js';
import type { FloodOrder, Flooded } from './flood.js';

const wire = new URL('../../dist/wire/', import.meta.url).href;

/** What to send; the rest of an order has its usual values. */
export interface Flood extends Partial<Pick<FloodOrder, 'enough' | 'reads' | 'reconnects'>> {
  readonly socket: string;
  readonly connections: number;
  readonly ms: number;
  /** Sent over and over. */
  readonly requests: readonly object[];
}

/** One process; resolves when it has ended. */
export function flood({ requests, ...rest }: Flood): Promise<Flooded> {
  const block = Buffer.concat(requests.map(frameOf)).toString('hex');
  const usual = { enough: Number.MAX_SAFE_INTEGER, reads: true, reconnects: false };
  const order: FloodOrder = { wire, block, frames: requests.length, ...usual, ...rest };
  const child = spawn(process.execPath, [compiledBeside(import.meta.url, 'flood')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(order));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => { text += piece; });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Flooded);
      else reject(new Error(`a flooding process ended with ${code ?? 'a signal'}`));
    });
  });
}

/** Several processes at once, and the sum of it. */
export async function floods(count: number, what: Flood): Promise<Flooded> {
  const all = await Promise.all(Array.from({ length: count }, () => flood(what)));
  const replies: Record<string, number> = {};
  const sum = { sent: 0, acked: 0, closed: 0, connections: 0 };
  for (const one of all) {
    sum.sent += one.sent;
    sum.acked += one.acked;
    sum.closed += one.closed;
    sum.connections += one.connections;
    for (const [kind, times] of Object.entries(one.replies)) replies[kind] = (replies[kind] ?? 0) + times;
  }
  return { ...sum, replies };
}

/** Requests of so many generic events each. */
export function appends(requests: number, events: number): object[] {
  return Array.from({ length: requests }, (_, id) => ({
    op: 'append', id, events: Array.from({ length: events }, (__, n) => ({ profile: 'generic', event: { action: 'flood', detail: `${id}.${n} ${'x'.repeat(60)}` } })),
  }));
}

/** Replies by kind, in words. */
export function answeredText(replies: Readonly<Record<string, number>>): string {
  return Object.entries(replies).sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, times]) => `${times} ${kind}`).join(', ');
}
