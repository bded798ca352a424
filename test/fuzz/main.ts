// The fuzzers from the command line; `scripts/fuzz --help` says how. Invariant: what it prints of a case that went wrong is
// enough to have it again.
import { parseArgs } from 'node:util';
import { fuzzCommands } from './commands.js';
import { fuzzDecoder } from './decoder.js';
import { fuzzFiles } from './files.js';
import { fuzzDaemon } from './live-daemon.js';
import { Outcome } from './outcome.js';

const help = `scripts/fuzz [--seed S] [--cases N] [--target decoder|daemon|files|all] [--json]

  decoder   requests, most of them spoiled, against the decoder and the admission behind it (default 1,000,000 cases)
  daemon    the same over the socket of a real daemon, and what it recorded (default 100,000)
  files     spoiled logs, against verify, query, export, tail and a daemon's start (default 20,000)
`;

const seed = 20_261_120;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' }, cases: { type: 'string' }, target: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const target = values.target ?? 'all';
  const outcome = new Outcome(values.seed === undefined ? seed : Number(values.seed));
  const cases = (usual: number): number => (values.cases === undefined ? usual : Number(values.cases));
  const onProgress = (done: number): void => { if (process.stderr.isTTY) process.stderr.write(`\r${done} `); };
  const began = Date.now();
  if (target === 'decoder' || target === 'all') fuzzDecoder({ cases: cases(1_000_000), onProgress }, outcome);
  if (target === 'daemon' || target === 'all') {
    const all = cases(100_000);
    await fuzzDaemon({ cases: Math.ceil(all * 0.8), redact: 'off', onProgress }, outcome);
    await fuzzDaemon({ cases: Math.floor(all * 0.2), redact: 'on', onProgress }, outcome);
  }
  if (target === 'files' || target === 'all') {
    fuzzFiles({ cases: cases(20_000), onProgress }, outcome);
    // Each of these is several processes.
    await fuzzCommands(Math.ceil(cases(20_000) / 100), outcome);
  }
  const seconds = (Date.now() - began) / 1000;
  process.stderr.write(`${seconds.toFixed(0)} s\n`);
  if (values.json === true) process.stdout.write(`${JSON.stringify({ seed: outcome.seed, seconds, counts: outcome.counts, mismatched: outcome.mismatched, mismatches: outcome.mismatches })}\n`);
  else process.stdout.write(`${outcome.table}\n${outcome.report}`);
  return outcome.mismatched === 0 ? 0 : 1;
}

process.exitCode = await main();
