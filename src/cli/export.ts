/**
 * `indelible export`: records in the shape of the system they came from, or as JSON lines or a table. Invariant: a line
 * that does not follow the one before it is never exported, and the exit status says that there was one.
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from '@commander-js/extra-typings';
import { printable } from '../event/printable.js';
import { sourceLine } from '../exchange/export.js';
import { LineSigner, parseHmacKey } from '../exchange/signature.js';
import { sourceNamed, sourceNames } from '../exchange/source.js';
import { LineBatch } from '../query/batch.js';
import { csvHeader, csvRow } from '../query/csv.js';
import { exitCodes } from './exit.js';
import { addFilters, filtersOf } from './filters.js';
import { beginScan, flush, sayTally } from './query.js';
import { say } from './terminal.js';

const helpText = `
To one of the systems: the events of its profile, each as it is in the log, one a line, so that its own tools can read
them. What was imported comes back as the same JSON, line by line; fields that an old line lacked are there with their
defaults, and what was masked when it was recorded stays masked, which is counted. With --hmac-key the lines of tryaudex
are signed again, in a chain from "genesis" on. To jsonl: the log's own lines. To csv: a table for spreadsheets.

Reads the files themselves, as "indelible query" does, with the same filters.

Exit status: 0 all that was read is a whole chain, 1 something is broken or missing and was left out, 2 wrong usage,
3 no log.

Example:
  indelible export --to codetether --since 2026-11-01T00:00:00Z > audit.jsonl`;

/** The command, to be added to the program. */
export function exportCommand(): Command {
  const command = new Command('export')
    .summary('write records in another system\'s shape')
    .description('Writes the log\'s records to stdout, oldest first, in the shape that another system reads.')
    .addOption(new Option('--to <shape>', 'who is to read it').choices([...sourceNames, 'jsonl', 'csv']).makeOptionMandatory())
    .option('--hmac-key <file>', 'signs the lines of tryaudex')
    .option('--state-dir <dir>', 'the state directory; without it, where the daemon would find its own');
  addFilters(command);
  command.addHelpText('after', helpText);
  command.action(async (options) => {
    process.exitCode = await exportLog(options.to, options.hmacKey, options);
  });
  return command;
}

async function exportLog(to: string, keyFile: string | undefined, options: Readonly<Record<string, unknown>>): Promise<number> {
  const source = sourceNamed(to);
  const { profile } = filtersOf(options);
  if (source !== undefined && profile !== undefined && profile !== source.profile) {
    return wrongUsage(`--profile: ${to} takes the events of ${source.profile}`);
  }
  if (keyFile !== undefined && source?.signed !== true) return wrongUsage(`--hmac-key: the lines of ${to} are not signed`);
  let signer: LineSigner | undefined;
  try {
    signer = keyFile === undefined ? undefined : new LineSigner(parseHmacKey(readFileSync(keyFile)));
  } catch (error) {
    return wrongUsage(`--hmac-key: ${error instanceof Error ? error.message : String(error)}`);
  }
  const scan = beginScan(options, 'oldest_first', source === undefined ? {} : { profile: source.profile });
  if (typeof scan === 'number') return scan;
  const batch = new LineBatch();
  let masked = 0;
  if (to === 'csv') batch.add(csvHeader());
  for (const { bytes, fault } of scan.run()) {
    if (fault !== undefined) continue;
    if (source === undefined) batch.add(to === 'csv' ? csvRow(bytes) : bytes);
    else {
      const line = sourceLine(bytes, signer);
      if (line === undefined) continue;
      if (line.masked) masked += 1;
      batch.add(line.bytes);
    }
    scan.tally.shown += 1;
    if (batch.isFull) await flush(batch);
  }
  await flush(batch);
  if (masked > 0 && source !== undefined) say(`indelible: in ${masked} of them something was masked when they were recorded`);
  sayTally(scan.tally);
  return scan.tally.isSound ? exitCodes.ok : exitCodes.failed;
}

function wrongUsage(what: string): number {
  say(`indelible: ${printable(what)}`);
  return exitCodes.usage;
}
