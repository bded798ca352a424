// `indelible status`: how the daemon is, for people and for programs.
import { Command } from '@commander-js/extra-typings';
import type { Status } from '../client/client.js';
import { bytesText } from '../doctor/amount.js';
import { printable } from '../event/printable.js';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';
import type { Paint } from './terminal.js';
import { painter, print, wantsColour } from './terminal.js';

export function statusCommand(): Command {
  return new Command('status')
    .summary('show how the daemon is')
    .description('Shows counters and state of the running daemon.')
    .option('--json', 'as one line of JSON')
    .option('--socket <path>', 'the daemon\'s socket')
    .addHelpText('after', '\nExit status: 0 ready, 1 degraded, failed or not reachable, 2 wrong usage.\n\nExample:\n  indelible status --json | jq .head.seq')
    .action(async (options) => {
      await withClient(options, async (client) => {
        const status = await client.status();
        if (options.json === true) await print(JSON.stringify(status));
        else for (const line of describe(status, painter(wantsColour()))) await print(line);
        return status.state === 'ready' ? exitCodes.ok : exitCodes.failed;
      });
    });
}

/** One line a subject. */
function describe(status: Status, paint: Paint): readonly string[] {
  const { state, origin, head, epoch, step, queue, recent } = status;
  const rows: readonly (readonly [string, string])[] = [
    ['state', paint(state === 'ready' ? 'green' : 'red', printable(state))],
    ['log', printable(origin)],
    ['head', `record ${head.seq} of ${printable(head.ts ?? 'no time')}`],
    ['sealed', `up to record ${status.sealed_to}; key ${epoch}.${step}`],
    ['size', `${bytesText(status.bytes)} in ${status.segments} segments, ${sizeText(status.disk.free_bytes)} free`],
    ['sync', `${printable(status.sync)}, fsync ${status.fsync_ms.p50} ms (p99 ${status.fsync_ms.p99})`],
    ['up', `${Math.round(status.uptime_ms / 1000)} s, ${status.clients} clients`],
    ['queue', `${queue.events} events, ${bytesText(queue.bytes)}`],
    ['accepted', counts(status.accepted)],
    ['refused', counts(status.refused)],
    ['duplicates', String(status.duplicates)],
    ['redacted', String(status.redacted)],
    ['in memory', `${recent.size} of ${recent.capacity} records`],
    ['last error', printable(status.last_error ?? 'none')],
  ];
  return rows.map(([name, value]) => `${paint('dim', name.padEnd(11))} ${value}`);
}

function counts(numbers: Readonly<Partial<Record<string, number>>>): string {
  const entries = Object.entries(numbers);
  return entries.length === 0 ? 'none' : entries.map(([name, count]) => `${printable(name)} ${count ?? 0}`).join(', ');
}

function sizeText(value: number | null): string {
  return value === null ? 'unknown' : bytesText(value);
}
