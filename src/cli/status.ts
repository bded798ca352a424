// `indelible status`: how the daemon is, for people and for programs.
import { Command } from '@commander-js/extra-typings';
import type { JsonObject, JsonValue } from '../client/client.js';
import { printable } from '../event/printable.js';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';
import type { Paint } from './terminal.js';
import { painter, print, quietOnClosedPipe, wantsColour } from './terminal.js';

export function statusCommand(): Command {
  return new Command('status')
    .summary('show how the daemon is')
    .description('Shows counters and state of the running daemon.')
    .option('--json', 'as one line of JSON')
    .option('--socket <path>', 'the daemon\'s socket')
    .addHelpText('after', '\nExit status: 0 ready, 1 degraded, failed or not reachable.\n\nExample:\n  indelible status --json | jq .head.seq')
    .action(async (options) => {
      quietOnClosedPipe();
      await withClient(options, async (client) => {
        const status = await client.status();
        if (options.json === true) await print(JSON.stringify(status));
        else for (const line of describe(status, painter(wantsColour()))) await print(line);
        return status['state'] === 'ready' ? exitCodes.ok : exitCodes.failed;
      });
    });
}

/** One line a subject. */
function describe(status: JsonObject, paint: Paint): readonly string[] {
  const state = plain(status['state']);
  const at = (name: string, key: string): JsonValue => (status[name] as JsonObject)[key] ?? null;
  const rows: readonly (readonly [string, string])[] = [
    ['state', paint(state === 'ready' ? 'green' : 'red', state)],
    ['log', plain(status['origin'])],
    ['head', `record ${plain(at('head', 'seq'))} of ${plain(at('head', 'ts'))}`],
    ['sealed', `up to record ${plain(status['sealed_to'])}; key ${plain(status['epoch'])}.${plain(status['step'])}`],
    ['size', `${bytesText(status['bytes'])} in ${plain(status['segments'])} segments, ${bytesText(at('disk', 'free_bytes'))} free`],
    ['sync', `${plain(status['sync'])}, fsync ${plain(at('fsync_ms', 'p50'))} ms (p99 ${plain(at('fsync_ms', 'p99'))})`],
    ['up', `${Math.round(Number(status['uptime_ms']) / 1000)} s, ${plain(status['clients'])} clients`],
    ['queue', `${plain(at('queue', 'events'))} events, ${bytesText(at('queue', 'bytes'))}`],
    ['accepted', counts(status['accepted'])],
    ['refused', counts(status['refused'])],
    ['duplicates', plain(status['duplicates'])],
    ['in memory', `${plain(at('recent', 'size'))} of ${plain(at('recent', 'capacity'))} records`],
    ['last error', plain(status['last_error'] ?? 'none')],
  ];
  return rows.map(([name, value]) => `${paint('dim', name.padEnd(11))} ${value}`);
}

function plain(value: JsonValue | undefined): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value ?? null));
}

function counts(value: JsonValue | undefined): string {
  const entries = Object.entries((value ?? {}) as JsonObject);
  return entries.length === 0 ? 'none' : entries.map(([name, count]) => `${printable(name)} ${plain(count)}`).join(', ');
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

function bytesText(value: JsonValue | undefined): string {
  if (typeof value !== 'number') return 'unknown';
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit] ?? ''}`;
}
