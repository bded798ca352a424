// `indelible tail`: the newest records, and with -f every one that follows, through rotations and daemon restarts.
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Client, Filters } from '../client/client.js';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';
import { addFilters, filtersOf, mistakeIn } from './filters.js';
import { showRecord } from './show.js';
import { Printer, columns, painter, say, wantsColour } from './terminal.js';

/** What the daemon gives in one reply. */
const linesMax = 1000;

function lineCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0 || count > linesMax) throw new InvalidArgumentError(`from 0 to ${linesMax}, please.`);
  return count;
}

export function tailCommand(): Command {
  const command = new Command('tail')
    .summary('show the newest records, and follow')
    .description('Shows the newest records that match, oldest first. With -f it goes on with every one that becomes durable.')
    .option('-n, --lines <count>', 'how many to begin with', lineCount, 20)
    .option('-f, --follow', 'go on with what is recorded from now on')
    .option('--json', 'the raw lines of the log')
    .option('--socket <path>', 'the daemon\'s socket');
  addFilters(command);
  command.addHelpText('after', [
    '', 'They come from the daemon\'s memory (INDELIBLE_RECENT); where that does not reach back far enough it is said, and', '"indelible query" has the rest.',
    '', 'Exit status: 0, 1 no daemon, 2 wrong usage.', '', 'Examples:', '  indelible tail -f --outcome denied', '  indelible tail -n 100 --since 2026-11-20T00:00:00Z',
  ].join('\n'));
  return command.action(async (options) => {
    const filters = filtersOf(options);
    const mistake = mistakeIn(filters);
    if (mistake !== undefined) {
      say(`indelible: ${mistake}`);
      process.exitCode = exitCodes.usage;
      return;
    }
    const paint = painter(wantsColour());
    const printer = new Printer();
    const text = options.json === true ? (line: string) => line : (line: string) => showRecord(line, paint, columns());
    const show = (line: string): Promise<void> => printer.print(text(line));
    const plan = { lines: options.lines, follow: options.follow === true };
    await withClient(options, async (client) => {
      const exit = await tail(client, plan, filters, show);
      await printer.flush();
      return exit;
    });
  });
}

interface TailPlan {
  readonly lines: number;
  readonly follow: boolean;
}

async function tail(client: Client, plan: TailPlan, filters: Filters, show: (line: string) => Promise<void>): Promise<number> {
  // The head first: what is durable by now comes from `recent`, everything behind it from `tail`, so nothing is missed.
  const { head, recent } = await client.status();
  if (plan.lines > 0) {
    const { records } = await client.recent({ ...filters, limit: plan.lines, before: head.seq + 1 });
    for (const line of [...records].reverse()) await show(line);
    if (records.length < plan.lines && recent.size < head.seq) {
      say(`indelible: only the newest ${recent.size} of ${head.seq} records are in memory and were looked at; for what is older: indelible query`);
    }
  }
  if (plan.follow) {
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { stop.abort(); });
    for await (const record of client.tail({ filters, from: head.seq + 1, signal: stop.signal })) await show(record.line);
  }
  return exitCodes.ok;
}
