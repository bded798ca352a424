// A command while it runs: its streams, its limits, its end. A command has ended when its process has, nobody of its group
// is left (under a terminal it has none of its own: there its process alone counts), and its output was passed on to the
// last byte. Invariant: whatever the command, its descendants or the readers of its output do, it ends at the latest a
// moment after its time limit; its slot is taken so long; and what is said of it is exact.
//
// A terminal goes to the command as it is, so that it finds what it would find without us; its bytes are then not
// counted (0) and only the time limit holds. Everything else that it puts out goes through an Outflow.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Clock } from '../clock/clock.js';
import type { Entry } from './journal.js';
import { isPopulated, untilEmpty } from './group.js';
import { stdinKind, supply } from './inflow.js';
import { type Limits, warnAfterBytes, warnAfterMs } from './limits.js';
import { Outflow } from './outflow.js';
import { makePipes } from './pipe.js';
import { Forwarding, placement, send } from './signals.js';
import type { Placement } from './signals.js';

export type Warning = Omit<Extract<Entry, { readonly event: 'warning' }>, 'event'>;

/** Why a command was ended by us: its time or its stdin was used up, or a signal asked for it and not all of it obeyed. */
export type Cause = 'time' | 'stdin' | 'signal';

/** How a command ended. `code` and `signal` are those of its process. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Until all of it had ended, also what it left in the background. */
  readonly durationMs: number;
  readonly cancelledBy: Cause | undefined;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Output was cut off, by its cap or because we stopped waiting for it. */
  readonly truncated: boolean;
  /** A reader still holds up bytes of ours; waiting for it any longer would be waiting for ever. */
  readonly isStuck: boolean;
  /** Why output could not be passed on, other than that nobody reads it. */
  readonly faults: readonly string[];
}

/** What starting a command takes. */
export interface Start {
  readonly argv: readonly string[];
  /** Descriptors above 2 that it is to have, under the same numbers. */
  readonly descriptors: readonly number[];
  readonly limits: Limits;
  readonly clock: Clock;
  /** From SIGTERM to SIGKILL, and from the last call to end to the end of waiting, ms. */
  readonly graceMs: number;
  readonly warn: (warning: Warning) => void;
}

/** A command that was started. */
export class Running {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  readonly #start: Start;
  readonly #child: ChildProcess;
  readonly #as: Placement;
  readonly #forwarding: Forwarding;
  readonly #flows: { readonly stdout: Outflow | undefined; readonly stderr: Outflow | undefined };
  readonly #startedAt: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #stopWaiting = new AbortController();
  #phase: 'running' | 'ending' | 'ended' = 'running';
  #process: 'there' | 'gone' = 'there';
  #isAsked = false;
  #cancelledBy: Cause | undefined = undefined;

  private constructor(
    start: Start, child: ChildProcess, pid: number, as: Placement, forwarding: Forwarding,
    ends: { readonly stdout?: number; readonly stderr?: number }, stdin: number | undefined,
  ) {
    this.#start = start;
    this.#child = child;
    this.pid = pid;
    this.#as = as;
    this.#startedAt = start.clock.monotonic();
    this.#forwarding = forwarding;
    forwarding.begin(pid, () => { this.#ask(); });
    this.#flows = {
      stdout: ends.stdout === undefined ? undefined : this.#flow('stdout', ends.stdout, 1, start.limits.stdoutBytes),
      stderr: ends.stderr === undefined ? undefined : this.#flow('stderr', ends.stderr, 2, start.limits.stderrBytes),
    };
    const { stdinBytes, durationMs } = start.limits;
    if (stdin !== undefined) void supply(process.stdin, stdin, stdinBytes ?? 0, (bytes) => { this.#cancel('stdin', bytes); });
    this.#after(warnAfterMs(durationMs), () => {
      if (this.#phase === 'running') start.warn({ kind: 'duration_approaching_cap' });
    });
    this.#after(durationMs, () => { this.#cancel('time'); });
    this.ended = this.#untilEnded(stdin !== undefined);
  }

  /** Starts a command. Rejects with Node's error when the kernel would not; nothing was run then. @throws ExecError `pipes` */
  static async start(start: Start): Promise<Running> {
    const isCounted = { in: start.limits.stdinBytes !== undefined && stdinKind(0).isPiped, out: !isatty(1), err: !isatty(2) };
    const pipes = [...makePipes(Object.values(isCounted).filter(Boolean).length)];
    const input = isCounted.in ? pipes.pop() : undefined;
    const stdout = isCounted.out ? pipes.pop() : undefined;
    const stderr = isCounted.err ? pipes.pop() : undefined;
    const as = placement();
    const [command = '', ...words] = start.argv;
    const forwarding = new Forwarding(as);
    try {
      const child = spawn(command, words, {
        stdio: [input?.read ?? 0, stdout?.write ?? 1, stderr?.write ?? 2, ...above2(start.descriptors)], detached: as === 'leader',
      });
      const { pid } = child;
      if (pid === undefined) throw await failureOf(child);
      return new Running(start, child, pid, as, forwarding, {
        ...(stdout === undefined ? {} : { stdout: stdout.read }), ...(stderr === undefined ? {} : { stderr: stderr.read }),
      }, input?.write);
    } catch (error) {
      forwarding.end();
      for (const ours of [input?.write, stdout?.read, stderr?.read]) if (ours !== undefined) closeSync(ours);
      throw error;
    } finally {
      // MUST be closed, or the command's end of output would never be seen.
      for (const its of [input?.read, stdout?.write, stderr?.write]) if (its !== undefined) closeSync(its);
    }
  }

  #flow(name: 'stdout' | 'stderr', from: number, to: number, capBytes: number): Outflow {
    const { warn } = this.#start;
    return new Outflow(from, to, { capBytes, warnBytes: warnAfterBytes(capBytes) }, {
      approaching: (bytes) => { warn({ kind: `${name}_approaching_cap`, bytes }); },
      capHit: (bytes) => { warn({ kind: `${name}_cap_hit`, bytes }); },
    });
  }

  async #untilEnded(isSupplied: boolean): Promise<Ending> {
    const { stdout, stderr } = this.#flows;
    const passed = Promise.all([stdout?.run(), stderr?.run()]);
    const stop = this.#stopWaiting.signal;
    const givenUp = new Promise<void>((resolve) => { stop.addEventListener('abort', () => { resolve(); }); });
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      this.#child.once('exit', (...how) => { resolve(how); });
    });
    this.#process = 'gone';
    if (this.#isAsked) this.#ask();
    await Promise.race([Promise.all([passed, this.#untilAlone()]), givenUp]);
    this.#phase = 'ended';
    this.#stopWaiting.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    if (isSupplied) process.stdin.destroy();
    const flows = [stdout, stderr].filter((flow) => flow !== undefined);
    const isStuck = flows.some((flow) => flow.end === 'open' && flow.isStalled);
    for (const flow of flows) flow.abandon();
    if (!isStuck) await passed;
    this.#forwarding.end();
    return {
      code, signal, durationMs: Math.round(this.#start.clock.monotonic() - this.#startedAt), cancelledBy: this.#cancelledBy,
      stdoutBytes: stdout?.passed ?? 0, stderrBytes: stderr?.passed ?? 0,
      truncated: flows.some(({ end }) => end === 'capped' || end === 'abandoned'), isStuck,
      faults: flows.flatMap(({ fault }) => fault ?? []),
    };
  }

  // Until nobody is left who could be sent a signal: the group keeps its number while it has members, a process does not.
  async #untilAlone(): Promise<void> {
    if (this.#as === 'leader') await untilEmpty(this.pid, this.#stopWaiting.signal);
    this.#forwarding.finish();
  }

  #isPopulated(): boolean {
    return this.#process === 'there' || (this.#as === 'leader' && isPopulated(this.pid));
  }

  // The time or the input is used up, or what was asked to end leaves something behind.
  #cancel(cause: Cause, bytes?: number): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'ending';
    this.#cancelledBy = cause;
    this.#start.warn({ kind: 'cancelled', ...(bytes === undefined ? {} : { bytes }) });
    if (cause === 'signal') {
      this.#force();
      return;
    }
    if (this.#isPopulated()) {
      send(this.pid, 'SIGTERM', this.#as);
      // A stopped command would not hear of it.
      send(this.pid, 'SIGCONT', this.#as);
    }
    this.#after(this.#start.graceMs, () => { this.#force(); });
  }

  // What is left now did not mind being asked. Output that is held by others than its group is not waited for.
  #force(): void {
    if (!this.#isPopulated()) {
      this.#stopWaiting.abort();
      return;
    }
    send(this.pid, 'SIGKILL', this.#as);
    this.#after(this.#start.graceMs, () => { this.#stopWaiting.abort(); });
  }

  // Somebody wants this to end: once the command's process has, what it leaves behind gets a moment and no more.
  #ask(): void {
    this.#isAsked = true;
    if (this.#process === 'gone') this.#after(this.#start.graceMs, () => { this.#cancel('signal'); });
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

/** One entry for each number from 3 on; for those between, Node does nothing. */
function above2(descriptors: readonly number[]): ('ignore' | number)[] {
  const last = descriptors.at(-1) ?? 2;
  return Array.from({ length: last - 2 }, (_, i) => (descriptors.includes(i + 3) ? i + 3 : 'ignore'));
}

function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => { child.once('error', resolve); });
}
