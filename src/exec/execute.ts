// One command from the question whether it may run to its exit status. Invariant: nothing runs before its `request` is
// durable, and the log never says less than what happened: `request`, `started`, warnings, `exit`; or a lone `denial`; or
// `request` and `denial` where it could not be started.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Clock } from '../clock/clock.js';
import { errorCode } from '../disk/disk.js';
import type { AclFile } from './acl-file.js';
import type { Rule } from './acl.js';
import { type Call, type DenialReason, decide } from './decision.js';
import { systemMessageOf } from './failure.js';
import { Journal, type Loss, type Recorder } from './journal.js';
import type { Limits } from './limits.js';
import { type Cause, type Ending, Running } from './running.js';
import { type Slot, type TryLock, slotDirectory, takeSlot } from './slots.js';

/** Exit status where it is not the command's own, as with env(1), nohup(1) and timeout(1). */
export const wrapperExit = {
  /** It was not run because that could not be recorded; or it succeeded, and its record or the output passed on is not whole. */
  incomplete: 125,
  /** It was denied, or could not be started. */
  denied: 126,
  notFound: 127,
} as const;

/** What a command is to be run with. */
export interface Order {
  readonly call: Call;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Those above 2 that the command is to have. */
  readonly descriptors: readonly number[];
  readonly acl: AclFile | undefined;
  readonly tryLock: TryLock;
  readonly clock: Clock;
  readonly graceMs: number;
  /** How long the last events may take once the command has ended, ms. */
  readonly settleMs: number;
  /** Tells a person why this takes so long, once the command has ended. */
  readonly tell: (line: string) => void;
}

/** A person is told what is waited for after so long, ms. */
const patienceMs = 1_000;

/** What became of it. `notes` are for a person; `end` says whether this process may simply return. */
export interface Outcome {
  readonly exitCode: number;
  readonly notes: readonly string[];
  readonly end: 'return' | 'stuck';
}

/** Runs a command on record. @throws ExecError, and then nothing was run */
export async function execute(order: Order, recorder: Recorder): Promise<Outcome> {
  const { call, acl, clock } = order;
  const journal = new Journal(recorder, () => clock.wall());
  const decision = decide(call, acl?.acl, recorder.eventBytesMax);
  if (decision.kind === 'denied') return deny(journal, call, decision.reason, decision.argv, decision.why);
  const slot = slotFor(order, decision.rule);
  if (slot === 'none free') return deny(journal, call, 'concurrency_limit_reached', call.argv);
  try {
    // MUST be durable before anything runs: a command that nobody can be told of is what this is here to prevent.
    await journal.sure({
      event: 'request', agent_id: call.agentId, machine_id: call.machineId, argv: call.argv,
      matched_acl: decision.rule?.description ?? null, stdin_bytes: call.stdinBytes, timeout_ms: decision.limits.durationMs,
    });
    return await run(order, journal, decision.limits);
  } finally {
    slot?.release();
  }
}

function slotFor({ call, environment, acl, tryLock }: Order, rule: Rule | undefined): Slot | 'none free' | undefined {
  if (acl === undefined || rule?.concurrencyMax === undefined) return undefined;
  return takeSlot(slotDirectory(call.uid, environment), acl, rule, rule.concurrencyMax, tryLock) ?? 'none free';
}

async function deny(
  journal: Journal, { agentId, machineId }: Call, reason: DenialReason, argv: readonly string[], why?: string,
): Promise<Outcome> {
  await journal.sure({ event: 'denial', agent_id: agentId, machine_id: machineId, argv, reason });
  return { exitCode: wrapperExit.denied, notes: [`denied: ${reason}${why === undefined ? '' : `: ${why}`}`], end: 'return' };
}

// On record it is a denial, whose reasons are the log's; to a person, nobody denied anything.
async function notStarted(journal: Journal, call: Call, error: unknown): Promise<Outcome> {
  const outcome = await deny(journal, call, 'spawn_failed', call.argv);
  const [name = ''] = call.argv;
  if (errorCode(error) !== 'ENOENT') return { ...outcome, notes: [`cannot be started: ${name}: ${systemMessageOf(error)}`] };
  // The kernel says the same of a script whose interpreter is missing.
  const why = name.includes('/') && existsSync(name) ? `cannot be started: ${name}: the interpreter that it names was not found` : `not found: ${name}`;
  return { ...outcome, exitCode: wrapperExit.notFound, notes: [why] };
}

async function run(order: Order, journal: Journal, limits: Limits): Promise<Outcome> {
  const { call, descriptors, clock, graceMs, settleMs, tell } = order;
  const notes: string[] = [];
  let running: Running;
  try {
    running = await Running.start({
      argv: call.argv, descriptors, limits, clock, graceMs,
      warn: (warning) => {
        journal.note({ event: 'warning', ...warning });
        notes.push(...noteOf(warning.kind, limits));
      },
    });
  } catch (error) {
    return await notStarted(journal, call, error);
  }
  journal.note({ event: 'started', pid: running.pid });
  const ending = await running.ended;
  const { code, signal, durationMs, stdoutBytes, stderrBytes, truncated } = ending;
  journal.note({
    event: 'exit', code, signal: signal === null ? null : constants.signals[signal], duration_ms: durationMs,
    stdout_bytes: stdoutBytes, stderr_bytes: stderrBytes, truncated,
  });
  if (ending.cancelledBy !== undefined) notes.push(whyCancelled(ending.cancelledBy, limits));
  notes.push(...ending.faults.map((fault) => `output could not be passed on: ${fault}`));
  const waiting = setTimeout(() => { tell('the command has ended; waiting for the daemon to acknowledge that'); }, patienceMs);
  const losses = await journal.settle(settleMs);
  clearTimeout(waiting);
  for (const { event, reason } of losses) notes.push(`NOT ACKNOWLEDGED: ${event} of request ${journal.requestId}: ${reason}`);
  return { exitCode: exitCodeOf(ending, losses), notes, end: ending.isStuck ? 'stuck' : 'return' };
}

/** What a warning is to a person; empty for those that are only for the log. */
function noteOf(kind: string, limits: Limits): readonly string[] {
  switch (kind) {
    case 'stdout_cap_hit': return [`stdout was cut off after its cap of ${limits.stdoutBytes} bytes`];
    case 'stderr_cap_hit': return [`stderr was cut off after its cap of ${limits.stderrBytes} bytes`];
    default: return [];
  }
}

function whyCancelled(cause: Cause, { durationMs, stdinBytes = 0 }: Limits): string {
  switch (cause) {
    case 'time': return `the command, or what it left behind, was ended: over its limit of ${durationMs} ms`;
    case 'stdin': return `the command was ended: over its limit of ${stdinBytes} bytes of stdin`;
    case 'signal': return 'what the command left behind was ended: a signal had asked for it';
  }
}

/**
 * The command's own, 128 and its signal's number if one ended it. A record with holes is no success, nor is output that a full
 * disk took from us: the command would have been told of that, and has not been.
 */
function exitCodeOf({ code, signal, faults }: Ending, losses: readonly Loss[]): number {
  const own = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  return own === 0 && (losses.length > 0 || faults.length > 0) ? wrapperExit.incomplete : own;
}

