// All attacks, the criterion for a quiet client, and the table that stands in test/RESULTS.md.
import { crowdAttacks } from './attacks-crowds.js';
import { floodAttacks } from './attacks-floods.js';
import { frameAttacks } from './attacks-frames.js';
import { readerAttacks } from './attacks-readers.js';
import type { Attack, Outcome } from './scene.js';

export const attacks: readonly Attack[] = [...floodAttacks, ...crowdAttacks, ...frameAttacks, ...readerAttacks];

/** A quiet client may wait so many times its own p99 of an unloaded daemon on a machine as busy, and one commit of the flood. */
const timesAlone = 3;

/** What a quiet client may wait under a flood, ms. */
export function mayWaitMs({ beside, commitMs }: Outcome): number {
  return timesAlone * beside.p99 + commitMs;
}

/** Whether a flood cost a quiet client too much. Depends on what else the machine does: for the script, never for a test. */
export function isTooSlow(outcome: Outcome): boolean {
  return outcome.isFlood && outcome.under.p99 > mayWaitMs(outcome);
}

const mib = (bytes: number): string => String(Math.round(bytes / 2 ** 20));
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);

export const tableHead = [
  '| attack | tried | answered | quiet: p50 / p99 ms | beside busy processes | during | p99 allowed | MiB before, peak, after | bound | wrong |',
  '| --- | --- | --- | --- | --- | --- | ---: | --- | ---: | ---: |',
].join('\n');

/** One attack's line of the table. */
export function formatRow(outcome: Outcome): string {
  const { name, tried, answered, alone, beside, under, memory, problems } = outcome;
  const quiet = [alone, beside, under].map(({ p50, p99 }) => `${ms(p50)} / ${ms(p99)}`);
  const limit = outcome.isFlood ? `${ms(mayWaitMs(outcome))}${isTooSlow(outcome) ? ' (exceeded)' : ''}` : '';
  if (!outcome.isFlood) quiet[1] = '';
  const resident = `${mib(memory.before)}, ${mib(memory.peak)}, ${mib(memory.after)}`;
  return `| ${[name, tried, answered, ...quiet, limit, resident, mib(memory.bound), problems.length].join(' | ')} |`;
}
