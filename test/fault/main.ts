// The fault matrix as a program: every kill and every error, or a sample of them, a table at the end. `scripts/faults`
// builds and runs it. Exit status: 0 all went as it should, 1 something did not, 2 wrong usage.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Choice, Job } from './matrix.js';
import { errorJobs, inAnyOrder, killJobs, runJobs } from './matrix.js';
import { phaseNames } from './phases.js';
import type { Rows } from './tally.js';
import { Tally, describe } from './tally.js';
import type { Template } from './templates.js';
import { makeTemplates } from './templates.js';

const usage = `usage: scripts/faults [--kind kills|errors] [--phase NAME] [--runs N] [--seed N] [--lanes N] [--by fault|phase] [--json]
--kind, --phase: these only; --runs: so many faults of each kind, chosen by --seed (default all); --lanes: side by side
--by: rows of the table; --json: the whole result. Takes a C compiler. Interrupted, it ends what is under way and counts what was done.
phases: ${phaseNames.join(', ')}
`;

interface Options extends Choice {
  readonly kind: 'kills' | 'errors' | undefined;
  readonly lanes: number;
  readonly by: Rows;
  readonly json: boolean;
}

function readOptions(): Options | undefined {
  const { shim, kind, phase, by, json, ...numbers } = readWords();
  const [sample, seed, lanes] = [numbers.runs, numbers.seed, numbers.lanes].map(wholeNumber);
  if (by !== 'fault' && by !== 'phase') return undefined;
  if (shim === undefined || (kind !== undefined && kind !== 'kills' && kind !== 'errors')) return undefined;
  if (phase !== undefined && !phaseNames.includes(phase)) return undefined;
  if (seed === undefined || lanes === undefined || (sample === undefined && numbers.runs !== undefined)) return undefined;
  return { shim, kind, phase, by, json, sample, seed, lanes };
}

/** @throws TypeError for an option that there is not */
function readWords() {
  return parseArgs({
    options: {
      shim: { type: 'string' }, kind: { type: 'string' }, phase: { type: 'string' }, runs: { type: 'string' },
      seed: { type: 'string', default: '1' }, lanes: { type: 'string', default: '2' }, json: { type: 'boolean', default: false },
      by: { type: 'string', default: 'fault' },
    },
  }).values;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

async function jobsOf(options: Options, templates: readonly Template[]): Promise<Job[]> {
  const kills = options.kind === 'errors' ? [] : await killJobs(options, templates);
  const errors = options.kind === 'kills' ? [] : await errorJobs(options, templates);
  return [...kills, ...errors];
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
  const interrupted = new AbortController();
  process.once('SIGINT', () => { interrupted.abort(); });
  const tally = new Tally((deviation) => { process.stderr.write(describe(deviation)); });
  const began = performance.now();
  const needsTemplates = options.phase === undefined || options.phase === 'recovery' || options.phase === 'start';
  const { directory, templates } = needsTemplates ? await makeTemplates(options.shim) : { directory: undefined, templates: [] };
  try {
    const jobs = inAnyOrder(await jobsOf(options, templates), options.seed);
    await runJobs(jobs, options.lanes, tally, (done) => {
      process.stderr.write(`${done} of ${jobs.length} jobs, ${tally.tried} faults, ${tally.deviations.length} deviations\n`);
    }, interrupted.signal);
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
  const seconds = (performance.now() - began) / 1000;
  if (interrupted.signal.aborted) process.stderr.write('interrupted: not all was tried\n');
  if (options.json) process.stdout.write(`${JSON.stringify(tally, null, 2)}\n`);
  else process.stdout.write(`${tally.table(options.by)}\n${tally.summary(seconds)}\n${tally.report()}`);
  return tally.deviations.length === 0 ? 0 : 1;
}

process.exitCode = await main();
