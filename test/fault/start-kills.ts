// Kills of a start: the first one, which makes the log in a process of its own, and those that mend what a crash left.
import { Bench } from './bench.js';
import type { Call } from './board.js';
import { everyClass, roleOf } from './board.js';
import type { Mode } from './phases.js';
import { envOf, modeName } from './phases.js';
import type { KillPoint } from './running-kills.js';
import type { Fault, Tally } from './tally.js';
import type { Template } from './templates.js';

/** What a start finds: nothing at all, or what a crash left. */
export interface Beginning {
  readonly name: string;
  readonly mode: Mode;
  readonly template: Template | undefined;
}

export function prepare(bench: Bench, { template }: Beginning): void {
  if (template === undefined) bench.forget();
  else bench.become(template.path, template.ledger);
  bench.board.clear();
}

/** The calls of one undisturbed start, until it listens. */
export async function callsOfStart(shim: string, beginning: Beginning): Promise<Call[]> {
  const bench = new Bench(shim, envOf(beginning.mode));
  try {
    prepare(bench, beginning);
    bench.board.trace();
    const ended = await bench.started(bench.spawn());
    if (ended !== undefined) throw new Error(`"${beginning.name}" could not be started: ${ended.stderr}`);
    return bench.board.calls();
  } finally {
    await bench.clear();
  }
}

/** Kills a start at each point, and starts again. */
export async function killStarts(shim: string, beginning: Beginning, points: readonly KillPoint[], tally: Tally): Promise<void> {
  const bench = new Bench(shim, envOf(beginning.mode));
  try {
    for (const point of points) {
      const what = `kill ${point.side}${point.withParent === true ? ', both processes' : ''}`;
      const fault: Fault = { phase: beginning.name, mode: modeName(beginning.mode), what, at: point.at };
      try {
        prepare(bench, beginning);
        await killOnce(bench, point, fault, tally);
      } catch (error) {
        tally.deviated(fault, 'start', [error instanceof Error ? error.message : String(error)]);
        await bench.end();
      }
    }
  } finally {
    await bench.clear();
  }
}

async function killOnce(bench: Bench, { at, side, withParent = false }: KillPoint, fault: Fault, tally: Tally): Promise<void> {
  bench.board.arm({ classes: everyClass, at, times: 1, mode: side === 'before' ? 'killBefore' : 'killAfter', withParent });
  const ended = await bench.started(bench.spawn());
  const { first } = bench.board;
  const problems: string[] = [];
  if (ended === undefined) await bench.end();
  else bench.daemon = undefined;
  // Only the process that makes the log was killed: the daemon says so and ends.
  if (ended?.signal === null && (ended.code !== 5 || !ended.stderr.includes('"level":60'))) {
    problems.push(`its child was killed, and it exits ${ended.code ?? ''}: ${ended.stderr}`);
  }
  problems.push(...bench.judge());
  await bench.start();
  problems.push(...await bench.mustServe());
  await bench.end();
  problems.push(...bench.judge());
  if (first === undefined) tally.missed(fault, problems);
  else tally.done(fault, `${first.name} ${roleOf(first.path)}`, 'killed', problems);
}
