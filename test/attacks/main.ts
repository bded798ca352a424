// scripts/attacks: makes logs with the real daemon, attacks them in every way there is, and prints what verification found.
import { parseArgs } from 'node:util';
import { randomFrom } from '../log/memory-disk.js';
import { allAttacks } from './catalogue.js';
import { makeLogs } from './logs.js';
import { Run } from './run.js';
import { isClean, tableJson, tableText } from './table.js';

const usage = `Usage: scripts/attacks [--seed N] [--sample K | --full] [--only WORD] [--json]

Attacks logs that the real daemon made, and shows how many attacks verification finds.

  --seed N     what is drawn (default 1)
  --sample K   attempts of each class (default 100)
  --full       every line and every byte; takes hours
  --only WORD  classes whose family or name has this word in it
  --json       the result as JSON

Exit status: 0 nothing missed but named residuals, 1 something missed or a class not tried, 2 wrong usage
`;

/** Times a thief copies the running daemon's state. */
const moments = 8;
/** Every so many-th attempt goes through the real command, too. */
const throughCommand = 97;

function fail(message: string): never {
  process.stderr.write(`attacks: ${message}\n${usage}`);
  process.exit(2);
}

function wholeNumber(name: string, text: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : fail(`--${name} takes a whole number from 1 on`);
}

interface Given {
  readonly seed: string;
  readonly sample: string;
  readonly full: boolean;
  readonly only: string;
  readonly json: boolean;
  readonly help: boolean;
}

function given(): Given {
  try {
    return parseArgs({
      options: {
        seed: { type: 'string', default: '1' }, sample: { type: 'string', default: '100' }, full: { type: 'boolean', default: false },
        only: { type: 'string', default: '' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const { seed: seedText, sample, full, only, json, help } = given();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}
const seed = wholeNumber('seed', seedText);
const extent = { throughCommand, ...(full ? {} : { sample: wholeNumber('sample', sample) }) };
const attacks = allAttacks.filter(({ family, name }) => `${family} ${name}`.toLowerCase().includes(only.toLowerCase()));
if (attacks.length === 0) fail(`no class has "${only}" in it`);

process.stderr.write('the daemon makes the logs…\n');
const logs = await makeLogs(seed, moments);
for (const { name, lines, segments, loot } of [logs.line, logs.group, logs.fork, logs.twin, logs.retired]) {
  process.stderr.write(`${name}: ${lines.length} records, ${segments.length} segments, ${loot.stored.name.epoch} epochs sealed\n`);
}
const run = new Run(logs, extent, randomFrom(seed));
for (const [index, attack] of attacks.entries()) {
  const { tried, missed } = run.carryOut(attack);
  process.stderr.write(`${index + 1} of ${attacks.length}: ${attack.family}: ${attack.name}: ${tried} tried, ${missed} missed\n`);
}
process.stdout.write(json ? `${JSON.stringify(tableJson(run.outcome, seed))}\n` : tableText(run.outcome));
process.exitCode = isClean(run.outcome) ? 0 : 1;
