/**
 * Many runs, side by side, and the table of what came of them. Invariant: a run that did not bring about what it is for
 * is a failure as an alarm is, only of another kind.
 */
import { runOnce } from './scenario.js';
import type { Outcome, Scenario } from './scenario.js';

export interface SuiteOptions {
  readonly scenarios: readonly Scenario[];
  readonly runs: number;
  /** Run n has the seed `seed + n`, from 0; with it and its scenario's name it can be had again. */
  readonly seed: number;
  /** Runs under way at once. */
  readonly lanes: number;
  /** Aborted: no further run is begun, those under way end. */
  readonly signal?: AbortSignal;
  readonly onOutcome?: (outcome: Outcome, done: number) => void;
}

/** One scenario's line of the table. */
export interface Line {
  readonly scenario: string;
  readonly runs: number;
  readonly verifications: number;
  readonly alarms: number;
  /** Runs that did not bring about what they are for. */
  readonly undone: number;
  /** What took place, in words. */
  readonly notes: string;
}

/** Which scenario each run is, so that every stretch of runs has them in about their shares, the first ones all of them. */
export function planned(scenarios: readonly Scenario[], runs: number): Scenario[] {
  const counts = scenarios.map(() => 0);
  return Array.from({ length: runs }, () => {
    let next = 0;
    for (const [index, { weight }] of scenarios.entries()) {
      const share = (counts[index] ?? 0) / weight;
      if (share < (counts[next] ?? 0) / (scenarios[next]?.weight ?? 1)) next = index;
    }
    counts[next] = (counts[next] ?? 0) + 1;
    const scenario = scenarios[next];
    if (scenario === undefined) throw new Error('there are no scenarios');
    return scenario;
  });
}

/** Runs them all; the outcomes are in the order in which they came. */
export async function runSuite({ scenarios, runs, seed, lanes, signal, onOutcome }: SuiteOptions): Promise<Outcome[]> {
  const plan = planned(scenarios, runs);
  const outcomes: Outcome[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      const scenario = plan[index];
      if (scenario === undefined || signal?.aborted === true) return;
      const outcome = await runOnce(scenario, seed + index);
      outcomes.push(outcome);
      onOutcome?.(outcome, outcomes.length);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

/** The table's lines. */
export function summarize(outcomes: readonly Outcome[]): Line[] {
  const names = [...new Set(outcomes.map(({ scenario }) => scenario))];
  return names.map((scenario) => {
    const own = outcomes.filter((outcome) => outcome.scenario === scenario);
    return {
      scenario, runs: own.length,
      verifications: own.reduce((sum, { verifications }) => sum + verifications, 0),
      alarms: own.reduce((sum, { alarms }) => sum + alarms.length, 0),
      undone: own.filter(({ undone }) => undone.length > 0).length,
      notes: summarizeNotes(own.flatMap(({ notes }) => notes)),
    };
  });
}

/** Words are counted; words with a number behind them are given from least to most. */
function summarizeNotes(notes: readonly string[]): string {
  const plain = new Map<string, number>();
  const numbers = new Map<string, number[]>();
  for (const note of notes) {
    const [, word, number] = /^(.*): (\d+)$/.exec(note) ?? [];
    if (word === undefined) plain.set(note, (plain.get(note) ?? 0) + 1);
    else numbers.set(word, [...(numbers.get(word) ?? []), Number(number)]);
  }
  const spread = [...numbers].map(([word, all]) => {
    const sorted = all.toSorted((a, b) => a - b);
    return `${word}: ${sorted[0] ?? 0} to ${sorted.at(-1) ?? 0}, median ${sorted[Math.floor(sorted.length / 2)] ?? 0}`;
  });
  return [...[...plain].map(([word, count]) => `${count} ${word}`), ...spread].join('; ');
}

/** The table as text. */
export function formatTable(lines: readonly Line[]): string {
  const sum = (of: (line: Line) => number): number => lines.reduce((total, line) => total + of(line), 0);
  const total: Line = {
    scenario: 'all', runs: sum((line) => line.runs), verifications: sum((line) => line.verifications),
    alarms: sum((line) => line.alarms), undone: sum((line) => line.undone), notes: '',
  };
  const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['scenario', 'runs', 'verifications', 'alarms', 'not brought about', 'what took place']), '| --- | ---: | ---: | ---: | ---: | --- |',
    ...[...lines, total].map((line) => row([line.scenario, line.runs, line.verifications, line.alarms, line.undone, line.notes])),
  ].join('\n');
}
