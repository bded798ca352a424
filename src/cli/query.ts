/**
 * `indelible query`: the whole log on disk, without the daemon. Invariant: a line that cannot be read or does not follow
 * the one before it is marked wherever it is shown, and what was not shown is said at the end.
 */
import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { realDisk } from '../disk/disk.js';
import { printable } from '../event/printable.js';
import { LineBatch } from '../query/batch.js';
import { csvHeader, csvRow } from '../query/csv.js';
import { filterHelp } from '../query/fields.js';
import { LineNumbers } from '../query/line-number.js';
import type { ScanOptions, Seen } from '../query/scan.js';
import { LogScan } from '../query/scan.js';
import type { Tally } from '../query/tally.js';
import type { Filters } from '../wire/message.js';
import { RecordFilter } from '../wire/filter.js';
import { stateDirectory } from '../wire/place.js';
import { exitCodes } from './exit.js';
import { addFilters, filtersOf, mistakeIn } from './filters.js';
import { showRecord } from './show.js';
import { columns, painter, say, wantsColour } from './terminal.js';

/** Characters of a broken line that are shown; the file has the rest. */
const rawCharsMax = 4096;

const helpText = `
Reads the files themselves, also while the daemon writes, up to the last record that the log's head says is durable.
Each line is checked to follow the one before it; whether it is authentic, only "indelible verify" can say. A line that
does not follow, or cannot be read, begins with "!", or with --json is {"broken","segment","line","raw"}; in --csv it is
left out. What was skipped is counted on stderr at the end.

${filterHelp()}

Exit status: 0 all that was read is a whole chain, 1 something is broken or missing, 2 wrong usage, 3 no log.

Examples:
  indelible query --outcome denied --since 2026-11-20T00:00:00Z
  indelible query --reverse --limit 20 --json | jq .event`;

function positive(value: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('a whole number from 1, please.');
  return count;
}

/** The command, to be added to the program. */
export function queryCommand(): Command {
  const command = new Command('query')
    .summary('search the whole log on disk')
    .description('Shows the records that match all filters, oldest first, from the log\'s files; the daemon is not needed.')
    .option('--limit <count>', 'stop after so many', positive)
    .option('--reverse', 'newest first')
    .addOption(new Option('--json', 'the raw lines of the log').conflicts('csv'))
    .option('--csv', 'a table for spreadsheets, RFC 4180')
    .option('--state-dir <dir>', 'the state directory; without it, where the daemon would find its own');
  addFilters(command);
  command.addHelpText('after', helpText);
  return command.action(async (options) => {
    const format = options.json === true ? 'json' : options.csv === true ? 'csv' : 'table';
    const plan = { format, limit: options.limit ?? Number.POSITIVE_INFINITY } as const;
    const scan = beginScan(options, options.reverse === true ? 'newest_first' : 'oldest_first');
    if (typeof scan === 'number') process.exitCode = scan;
    else process.exitCode = await show(scan, plan);
  });
}

/** A reading of the log that the options name; the exit status if there is none to read, which was then said. */
export function beginScan(
  options: Readonly<Record<string, unknown>>, order: ScanOptions['order'], more: Filters = {},
): LogScan | number {
  const filters = { ...filtersOf(options), ...more };
  const mistake = mistakeIn(filters);
  if (mistake !== undefined) {
    say(`indelible: ${mistake}`);
    return exitCodes.usage;
  }
  const given = options['stateDir'];
  const directory = typeof given === 'string' ? given : stateDirectory(process.env);
  if (directory === undefined) {
    say('indelible: no state directory: give --state-dir, or set INDELIBLE_STATE_DIR, XDG_STATE_HOME or HOME');
    return exitCodes.usage;
  }
  try {
    const scan = new LogScan({ disk: realDisk, stateDirectory: directory, filter: new RecordFilter(filters), order });
    if (scan.segments.length > 0) return scan;
    say(`indelible: there is no log in ${printable(directory)}: name the state directory with --state-dir, or in INDELIBLE_STATE_DIR`);
  } catch (error) {
    say(`indelible: ${printable(error instanceof Error ? error.message : String(error))}`);
  }
  return exitCodes.unverifiable;
}

interface Plan {
  readonly format: 'table' | 'json' | 'csv';
  readonly limit: number;
}

async function show(scan: LogScan, plan: Plan): Promise<number> {
  const batch = new LineBatch();
  const text = writer(plan.format);
  if (plan.format === 'csv') batch.add(csvHeader());
  for (const seen of scan.run()) {
    const line = text(seen);
    if (line !== undefined) {
      batch.add(line);
      scan.tally.shown += 1;
    }
    if (batch.isFull) await flush(batch);
    if (scan.tally.shown >= plan.limit) break;
  }
  await flush(batch);
  sayTally(scan.tally);
  return scan.tally.isSound ? exitCodes.ok : exitCodes.failed;
}

/** Writes what was collected; resolves when there is room for more. */
export async function flush(batch: LineBatch): Promise<void> {
  const bytes = batch.take();
  if (bytes.length > 0 && !process.stdout.write(bytes)) await once(process.stdout, 'drain');
}

/** What was skipped, for the person. */
export function sayTally(tally: Tally): void {
  for (const [name, reason] of tally.lost) say(`indelible: ${name} was not read: ${printable(reason)}`);
  say(`indelible: ${tally.text}`);
}

/** How a line is written in a format; undefined for one that the format has no place for. */
function writer(format: Plan['format']): (seen: Seen) => Buffer | string | undefined {
  const numbers = new LineNumbers(realDisk);
  const paint = painter(wantsColour());
  const rawOf = ({ bytes }: Seen): string => {
    const raw = printable(bytes.toString('utf8', 0, rawCharsMax * 4));
    return raw.length > rawCharsMax ? `${raw.slice(0, rawCharsMax)}…` : raw;
  };
  const lineOf = ({ segment, offset }: Seen): number | undefined => numbers.at(segment.path, offset);
  return (seen) => {
    const { fault, segment, bytes } = seen;
    switch (format) {
      case 'csv': return fault === undefined ? csvRow(bytes) : undefined;
      case 'json': return fault === undefined ? bytes : JSON.stringify({ broken: fault, segment: segment.name, line: lineOf(seen), raw: rawOf(seen) });
      case 'table':
        if (fault === undefined) return showRecord(bytes.toString('utf8'), paint, columns());
        return `${paint('red', `! ${fault} ${segment.name}:${lineOf(seen) ?? '?'}`)} ${rawOf(seen)}`;
      default: return format satisfies never;
    }
  };
}
