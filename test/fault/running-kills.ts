// Kills of a daemon that runs: one bench is used for many, so that every start after a kill is also the test that the next
// start works without help.
import { Bench } from './bench.js';
import type { Call } from './board.js';
import { everyClass, roleOf } from './board.js';
import type { Mode, Phase } from './phases.js';
import { envOf, modeName } from './phases.js';
import type { Fault, Tally } from './tally.js';

/** Where in a phase, and on which side of the call. */
export interface KillPoint {
  readonly at: number;
  readonly side: 'before' | 'after';
  readonly withParent?: boolean;
}

/** The calls of one undisturbed run of a phase. */
export async function callsOf(shim: string, phase: Phase, mode: Mode): Promise<Call[]> {
  const bench = new Bench(shim, { ...envOf(mode), ...phase.env });
  try {
    await bench.start();
    await bench.mustServe();
    bench.board.trace();
    await phase.act(bench);
    if (phase.ends) await bench.ended();
    return bench.board.calls().filter((call) => phase.counts?.includes(call.class) ?? true);
  } finally {
    await bench.clear();
  }
}

/** Kills at each point, one after the other on one log. */
export async function killRunning(
  shim: string, phase: Phase, mode: Mode, points: readonly KillPoint[], tally: Tally,
): Promise<void> {
  const bench = new Bench(shim, { ...envOf(mode), ...phase.env });
  try {
    for (const point of points) {
      const fault: Fault = { phase: phase.name, mode: modeName(mode), what: `kill ${point.side}`, at: point.at };
      try {
        await bench.start();
        const problems = await bench.mustServe();
        problems.push(...bench.judge());
        await killOnce(bench, phase, point, fault, problems, tally);
      } catch (error) {
        tally.deviated(fault, 'start', [error instanceof Error ? error.message : String(error)]);
        await bench.end();
        bench.forget();
      }
    }
    await bench.start();
    const problems = await bench.mustServe();
    const ended = await bench.end('SIGTERM');
    if (ended?.code !== 0) problems.push(`a clean stop exits ${ended?.code ?? ended?.signal ?? ''}`);
    problems.push(...bench.judge());
    const fault: Fault = { phase: phase.name, mode: modeName(mode), what: 'the last stop', at: 0 };
    if (problems.length > 0) tally.deviated(fault, 'stop', problems);
  } finally {
    await bench.clear();
  }
}

async function killOnce(
  bench: Bench, phase: Phase, point: KillPoint, fault: Fault, problems: string[], tally: Tally,
): Promise<void> {
  bench.board.arm({ classes: phase.counts ?? everyClass, at: point.at, times: 1, mode: point.side === 'before' ? 'killBefore' : 'killAfter' });
  problems.push(...bench.take(await phase.act(bench)));
  const ended = bench.board.first === undefined && !phase.ends ? await bench.end() : await bench.ended();
  // Not before it is over: a stop goes on behind its last answer.
  const { first } = bench.board;
  problems.push(...bench.judge());
  if (first === undefined) {
    // The clock moves a call or two from one run to the next: it was no kill, but what it left must be right all the same.
    tally.missed(fault, problems);
    return;
  }
  if (ended?.signal !== 'SIGKILL') problems.push(`killed, and yet it ended with ${ended?.code ?? ''}`);
  tally.done(fault, `${first.name} ${roleOf(first.path)}`, 'killed', problems);
}
