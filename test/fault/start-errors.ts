// Errors of a start: it works all the same, or ends with a status that says why; the next one, without the error, works.
import { Bench } from './bench.js';
import { roleOf } from './board.js';
import { startExits } from './expectations.js';
import { envOf, modeName } from './phases.js';
import type { Beginning } from './start-kills.js';
import { prepare } from './start-kills.js';
import type { Fault, Tally } from './tally.js';
import type { ErrorPoint } from './trouble.js';

/** Puts each error into a start. */
export async function failStarts(shim: string, beginning: Beginning, points: readonly ErrorPoint[], tally: Tally): Promise<void> {
  const bench = new Bench(shim, envOf(beginning.mode));
  try {
    for (const point of points) {
      const fault: Fault = { phase: beginning.name, mode: modeName(beginning.mode), what: point.trouble.name, at: point.at };
      try {
        prepare(bench, beginning);
        await failOnce(bench, point, fault, tally);
      } catch (error) {
        tally.deviated(fault, bench.board.first?.name ?? 'start', [error instanceof Error ? error.message : String(error)]);
        await bench.end();
      }
    }
  } finally {
    await bench.clear();
  }
}

async function failOnce(bench: Bench, { call, at, trouble }: ErrorPoint, fault: Fault, tally: Tally): Promise<void> {
  bench.board.arm(...trouble.rules(call, at));
  const ended = await bench.started(bench.spawn());
  const { first } = bench.board;
  const problems: string[] = [];
  let outcome = 'works';
  if (ended === undefined) {
    bench.board.disarm();
    problems.push(...await bench.mustServe());
    await bench.end();
  } else {
    bench.daemon = undefined;
    outcome = `exit ${ended.code ?? ended.signal ?? ''}`;
    if (!startExits.includes(ended.code ?? -1)) problems.push(`${outcome}: ${ended.stderr.slice(0, 2000)}`);
    if (!ended.stderr.includes('"level":60')) problems.push(`${outcome} without a reason: ${ended.stderr}`);
    if (trouble.cause === 'passing') problems.push(`an error that passes ended a start: ${ended.stderr}`);
  }
  problems.push(...bench.judge());
  if (ended !== undefined) {
    await bench.start();
    problems.push(...await bench.mustServe());
    await bench.end();
    problems.push(...bench.judge());
  }
  if (first === undefined) tally.missed(fault, problems);
  else tally.done(fault, `${first.name} ${roleOf(first.path)}`, outcome, problems);
}
