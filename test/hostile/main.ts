/**
 * `scripts/hostile`: clients that mean harm, against the real daemon; `--help` says how. Exit status: 0 all as it must be,
 * 1 not, 2 usage.
 */
import { parseArgs } from 'node:util';
import type { Outcome } from './scene.js';
import { runAttack } from './scene.js';
import { attacks, formatRow, isTooSlow, tableHead } from './suite.js';

const help = `scripts/hostile [--only PART-OF-A-NAME] [--scale 0..1] [--json]

Each attack has a daemon of its own, with MAX_FRAME_BYTES 256 KiB and QUEUE_BYTES 16 MiB, and a quiet client that appends one
event after the other, alone at first and then during the attack. Everything that was acknowledged to it is looked for in the
log, and the daemon's memory is held against the bound in the README. --scale 0.1 does a tenth of everything. Takes root
and 10,500 open files for all of it.

${attacks.map(({ name }) => `  ${name}`).join('\n')}
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, scale: { type: 'string', default: '1' }, json: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const scale = Number(values.scale);
  const chosen = attacks.filter(({ name }) => values.only === undefined || name.includes(values.only));
  if (chosen.length === 0 || !(scale > 0 && scale <= 1)) {
    process.stderr.write(`hostile: ${chosen.length === 0 ? 'no attack has this in its name' : '--scale is above 0 and at most 1'}\n`);
    return 2;
  }
  const outcomes: Outcome[] = [];
  const tell = (text: string): void => { if (!values.json) process.stdout.write(`${text}\n`); };
  tell(tableHead);
  for (const attack of chosen) {
    process.stderr.write(`${attack.name} ...\n`);
    const outcome = await runAttack(attack, scale);
    outcomes.push(outcome);
    tell(formatRow(outcome));
    for (const problem of outcome.problems) process.stderr.write(`WRONG --only '${attack.name}': ${problem}\n`);
    if (isTooSlow(outcome)) process.stderr.write(`SLOW --only '${attack.name}': p99 ${outcome.under.p99} ms\n`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ scale, outcomes })}\n`);
  return outcomes.some((outcome) => outcome.problems.length > 0 || isTooSlow(outcome)) ? 1 : 0;
}

process.exitCode = await main();
