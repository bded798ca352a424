/**
 * `scripts/soak`: mixed load and whatever befalls a daemon, for so many minutes. Exit status: 0 nothing was lost, nothing called
 * tampered with, memory flat; 1 otherwise; 2 wrong usage; 3 too short for its memory to be judged.
 */
import { parseArgs } from 'node:util';
import { describeGrowth, growthBytesMax } from './memory.js';
import type { Soaked } from './soak.js';
import { soak } from './soak.js';

const usage = `usage: scripts/soak [--minutes N] [--seed S] [--json]
--minutes: how long (default 10; its memory can be judged from about 4 on); --seed: of all that chance decides (default 1)
Takes faketime. Its seed brings back what is done, and not the moment at which the machine does it.
`;

function formatTable(soaked: Soaked): string {
  const { minutes, seed, acknowledged, read, unread, duplicates, removed, counts, growth } = soaked;
  const rows: readonly (readonly [string, number | string])[] = [
    ['minutes, seed', `${minutes}, ${seed}`], ['events acknowledged', acknowledged],
    ['records followed and compared', read],
    ['removed before they were followed', unread], ['sent again and answered where they are', duplicates], ['records removed by retention', removed],
    ...Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)), ['verifications', soaked.verifications], ['alarms', soaked.alarms.length],
    ['lost, doubled, changed or unanswered', soaked.problems.length],
    [`memory behind the warm-up (at most ${growthBytesMax / 1024 / 1024} MiB more)`, growth === undefined ? 'too short to be judged' : describeGrowth(growth)],
  ];
  return ['| | |', '| --- | ---: |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  let words: { readonly minutes: string; readonly seed: string; readonly json: boolean };
  try {
    words = parseArgs({
      options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const [minutes, seed] = [Number(words.minutes), Number(words.seed)];
  if (!(minutes > 0 && minutes <= 100_000) || !Number.isSafeInteger(seed) || seed < 0) {
    process.stderr.write(usage);
    return 2;
  }
  const soaked = await soak({ minutes, seed, onProgress: (text) => { process.stderr.write(`${text}\n`); } });
  for (const { what, kept } of soaked.alarms) process.stderr.write(`ALARM ${what}\n  ${kept === undefined ? '' : `kept in ${kept}`}\n`);
  for (const problem of soaked.problems) process.stderr.write(`PROBLEM ${problem}\n`);
  process.stdout.write(words.json ? `${JSON.stringify(soaked)}\n` : `${formatTable(soaked)}\n`);
  if (soaked.alarms.length + soaked.problems.length > 0) return 1;
  return soaked.growth === undefined ? 3 : 0;
}

process.exitCode = await main();
