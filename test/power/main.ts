/**
 * `scripts/powerloss`: the power goes while the real daemon is under load, and what was acknowledged must be there.
 * Exit status: 0 nothing was lost and nothing called tampered with, 1 something was, 2 wrong usage.
 */
import { parseArgs } from 'node:util';
import type { Loss } from './suite.js';
import { record, settings } from './suite.js';
import { formatTable } from './table.js';

const usage = `usage: scripts/powerloss [--runs N] [--seed S] [--lanes L] [--json]
--runs: losses of power (default 240); --seed: of the first recording (default 1); --lanes: restarts side by side (default 2)
A daemon lives on an ext4 whose disk records every write and every flush. Then the disk is put together again as it was
at a write that chance chose: all that was flushed, and of the rest all, nothing, or some sectors. Takes root, mount, mkfs.ext4 and cc.
`;

/** Losses of one recording: as many as show most of its ends, and not so many that they repeat each other. */
const lossesOfRecording = 20;
const requests = 120;

interface Options {
  readonly recorder: string;
  readonly shim: string;
  readonly runs: number;
  readonly seed: number;
  readonly lanes: number;
  readonly json: boolean;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      recorder: { type: 'string' }, shim: { type: 'string' }, runs: { type: 'string', default: '240' }, seed: { type: 'string', default: '1' },
      lanes: { type: 'string', default: '2' }, json: { type: 'boolean', default: false },
    },
  });
  const [runs, seed, lanes] = [values.runs, values.seed, values.lanes].map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : 0));
  const { recorder, shim, json } = values;
  if (recorder === undefined || shim === undefined) return undefined;
  if (runs === undefined || seed === undefined || lanes === undefined || runs * lanes === 0) return undefined;
  return { recorder, shim, runs, seed, lanes, json };
}

function tell({ setting, seed, fate, moment, problems, image }: Loss): void {
  if (problems.length === 0) return;
  const { sync, headSync, journal } = setting;
  process.stderr.write(`LOSS ${sync}/${headSync} data=${journal}, seed ${seed}, write ${moment.entries}, kept ${fate}\n  ${problems.join('\n  ')}\n`);
  if (image !== undefined) process.stderr.write(`  its disk is in ${image}\n`);
}

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  let options: Options | undefined;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  if (options === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const { recorder, shim, runs, seed, lanes, json } = options;
  const all: Loss[] = [];
  for (let turn = 0; all.length < runs; turn += 1) {
    const setting = settings[turn % settings.length];
    if (setting === undefined) throw new Error('there are no settings');
    const losses = Math.min(lossesOfRecording, runs - all.length);
    all.push(...await record({ recorder, shim, setting, seed: seed + turn, losses, requests, lanes, onLoss: tell }));
    process.stderr.write(`${all.length} of ${runs}\n`);
  }
  const wrong = all.filter(({ problems }) => problems.length > 0);
  process.stdout.write(json ? `${JSON.stringify({ runs, seed, wrong, losses: all })}\n` : `${formatTable(all)}\n`);
  return wrong.length === 0 ? 0 : 1;
}

process.exitCode = await main();
