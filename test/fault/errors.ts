// Errors of a daemon that runs. One daemon takes as many as it survives; one that ends is started again, which is the test
// that the next start works without help.
import type { Ended } from '../daemon.js';
import { recordsIn } from '../daemon.js';
import { Bench } from './bench.js';
import type { Work } from './bench.js';
import { roleOf } from './board.js';
import { allowedFor, stopExits } from './expectations.js';
import type { Mode, Phase } from './phases.js';
import { envOf, modeName } from './phases.js';
import type { Fault, Tally } from './tally.js';
import type { ErrorPoint } from './trouble.js';

/** Puts each error into a run of the phase. */
export async function failRunning(
  shim: string, phase: Phase, mode: Mode, points: readonly ErrorPoint[], tally: Tally,
): Promise<void> {
  const bench = new Bench(shim, { ...envOf(mode), ...phase.env });
  try {
    for (const point of points) {
      const fault: Fault = { phase: phase.name, mode: modeName(mode), what: point.trouble.name, at: point.at };
      try {
        const problems: string[] = [];
        if (bench.daemon === undefined) {
          await bench.start();
          problems.push(...await bench.mustServe());
        }
        await failOnce(bench, phase, point, fault, problems, tally);
      } catch (error) {
        tally.deviated(fault, bench.board.first?.name ?? 'start', [error instanceof Error ? error.message : String(error)]);
        await bench.end();
        bench.forget();
      }
    }
  } finally {
    await bench.clear();
  }
}

async function failOnce(
  bench: Bench, phase: Phase, { call, at, trouble }: ErrorPoint, fault: Fault, problems: string[], tally: Tally,
): Promise<void> {
  const { board, daemon } = bench;
  if (daemon === undefined) throw new Error('there is no daemon');
  board.forget();
  board.arm(...trouble.rules(call, at));
  const work = await phase.act(bench);
  problems.push(...bench.take(work));
  const lives = !phase.ends && await answersStatus(bench) && await stillWrites(bench, problems);
  const codes = codesOf(work);
  const ended = lives ? undefined : await bench.ended();
  // Not before it is over: a stop goes on behind its last answer.
  const { first } = board;
  const role = first === undefined ? '' : roleOf(first.path);
  const allowed = first === undefined ? ['unharmed' as const] : allowedFor(phase.name, call, role, trouble.cause, trouble.lasts === true);
  if (allowed.length === 0) problems.push(`no expectation for ${call} on ${role}`);
  const outcome = ended === undefined ? outcomeOf(codes) : endOf(codes, ended);
  if (ended === undefined) {
    for (const code of codes) if (code !== 'ack' && code !== 'disk_full') problems.push(`answered ${code}, and the daemon lives`);
    problems.push(...await bench.mustServe());
  } else {
    for (const code of codes) if (!answersOfAnEnd.includes(code)) problems.push(`it ended, and a request in flight was answered: ${code}`);
    if (ended.code !== 0 && reasonOf(ended.stderr) === undefined) problems.push(`it ended with ${outcome} and gave no reason`);
  }
  const isMet = phase.ends
    ? allowed.some((one) => stopExits[one].includes(ended?.code ?? -1))
    : allowed.some((one) => outcome.startsWith(one));
  if (!isMet) problems.push(`expected "${allowed.join('" or "')}", found "${outcome}"; it says: ${reasonOf(ended?.stderr ?? '') ?? 'nothing'}`);
  if (phase.isFresh === true && ended === undefined) await bench.end();
  problems.push(...bench.judge());
  // Whether the daemon could still leave word of it: an error that lasts meets that, too.
  const isTold = ended?.code === 5 && trouble.lasts !== true && !phase.ends && phase.isFresh !== true;
  if (ended !== undefined) problems.push(...await nextStart(bench, isTold));
  if (first === undefined) tally.missed(fault, problems);
  else tally.done(fault, `${first.name} ${role}`, outcome, problems);
}

function outcomeOf(codes: readonly string[]): string {
  return codes.some((code) => code !== 'ack') ? 'goes on' : 'unharmed';
}

function endOf(codes: readonly string[], { code, signal }: Ended): string {
  // Closed is an answer of a daemon that ends: what it had not read yet it cannot name.
  const closed = codes.includes('closed') && !codes.includes('write_failed') ? ', closed' : '';
  return `${code === 5 ? 'finished' : `exit ${code ?? signal ?? ''}`}${closed}`;
}

const answersOfAnEnd: readonly string[] = ['ack', 'disk_full', 'write_failed', 'shutting_down', 'closed'];

/** The next start, without the error, works and loses nothing; and it records how the run before ended. */
async function nextStart(bench: Bench, isTold: boolean): Promise<string[]> {
  const failures = (): number => recordsIn(bench.state).filter(({ profile, kind }) => profile === 'indelible' && kind === 'write_failed').length;
  try {
    const before = isTold ? failures() : 0;
    await bench.start();
    const untold = isTold && failures() !== before + 1 ? ['the next start does not record write_failed'] : [];
    return [...untold, ...await bench.mustServe(), ...bench.judge()];
  } catch (error) {
    await bench.end();
    bench.forget();
    return [`the next start: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** What a process log says of its end. */
export function reasonOf(stderr: string): string | undefined {
  const line = stderr.split('\n').find((one) => one.includes('"level":60'));
  return line === undefined ? undefined : (JSON.parse(line) as { readonly msg: string }).msg;
}

/** Whether the writer came through: what it had still to do behind the last answer is done when one more is answered. */
async function stillWrites(bench: Bench, problems: string[]): Promise<boolean> {
  bench.board.disarm();
  const work = await bench.ask(bench.ledger.append());
  problems.push(...bench.take(work));
  return codesOf(work).every((code) => code === 'ack' || code === 'disk_full');
}

/** What clients were told, by code. */
function codesOf(work: readonly Work[]): string[] {
  return work.map(({ answer }) => (typeof answer === 'string' ? answer : answer.op === 'error' ? answer.code : answer.op));
}

/** Whether the daemon is there and says how it is; one that is about to end does not answer, or says that it failed. */
async function answersStatus(bench: Bench): Promise<boolean> {
  const reply = await bench.status();
  if (reply === 'closed') return false;
  if (typeof reply === 'string' || reply.op !== 'status') throw new Error(`status was answered ${JSON.stringify(reply)}`);
  return (reply as { readonly state?: string }).state !== 'failed';
}
