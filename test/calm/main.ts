/**
 * `scripts/calm [--runs N] [--seed S] [--lanes L] [--only SCENARIO] [--json]`: logs that nobody tampered with, taken
 * through whatever else can happen, and how often they were called tampered with. One run again: its scenario, its seed,
 * `--runs 1`. Interrupted, it ends the runs under way and counts what was done.
 *
 * Exit status: 0 no alarm, 1 alarms, 2 usage, 3 something was not brought about, so nothing is proved of it.
 */
import { parseArgs } from 'node:util';
import type { Outcome } from './scenario.js';
import { scenarios } from './scenarios.js';
import { formatTable, runSuite, summarize } from './suite.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' }, lanes: { type: 'string', default: '2' },
    only: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`usage: scripts/calm [--runs N] [--seed S] [--lanes L] [--only SCENARIO] [--json]\nscenarios: ${scenarios.map(({ name }) => name).join(', ')}\n`);
  process.exit(0);
}

function fail(message: string): never {
  process.stderr.write(`calm: ${message}\n`);
  process.exit(2);
}

function whole(name: 'runs' | 'seed' | 'lanes'): number {
  const text = values[name];
  return /^\d{1,9}$/.test(text) && (name === 'seed' || Number(text) > 0) ? Number(text) : fail(`--${name} takes a whole number, not ${text}`);
}

const chosen = values.only === undefined ? scenarios : scenarios.filter(({ name }) => name === values.only);
if (chosen.length === 0) fail(`--only takes one of: ${scenarios.map(({ name }) => name).join(', ')}`);

function tell(outcome: Outcome, done: number): void {
  const again = `--only '${outcome.scenario}' --seed ${outcome.seed} --runs 1`;
  for (const { what, kept } of outcome.alarms) process.stderr.write(`ALARM ${again}\n  ${what}\n  ${kept === undefined ? '' : `kept in ${kept}`}\n`);
  for (const what of outcome.undone) process.stderr.write(`NOT BROUGHT ABOUT ${again}\n  ${what}\n`);
  if (done % 50 === 0) process.stderr.write(`${done} runs\n`);
}

const interrupted = new AbortController();
process.once('SIGINT', () => { interrupted.abort(); });
const options = { runs: whole('runs'), seed: whole('seed'), lanes: whole('lanes') };
const outcomes = await runSuite({ ...options, scenarios: chosen, signal: interrupted.signal, onOutcome: tell });
if (outcomes.length < options.runs) process.stderr.write(`interrupted after ${outcomes.length} of ${options.runs} runs\n`);
const lines = summarize(outcomes);
const failed = outcomes.filter(({ alarms, undone }) => alarms.length + undone.length > 0);
process.stdout.write(values.json ? `${JSON.stringify({ ...options, lines, failed })}\n` : `${formatTable(lines)}\n`);
const isAllDone = outcomes.length === options.runs && failed.every(({ undone }) => undone.length === 0);
process.exitCode = failed.some(({ alarms }) => alarms.length > 0) ? 1 : isAllDone ? 0 : 3;
