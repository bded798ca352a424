// A command while it runs: its streams, its limits, its end. Invariant: whatever the command, its descendants or the
// readers of its output do, it ends at the latest a moment after its time limit, and what is said of it is exact.
//
// A terminal goes to the command as it is, so that it finds what it would find without us; its bytes are then not
// counted (0) and only the time limit holds. Everything else that it puts out goes through an Outflow.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Clock } from '../clock/clock.js';
import type { Entry } from './journal.js';
import { stdinKind, supply } from './inflow.js';
import { type Limits, warnAfterBytes, warnAfterMs } from './limits.js';
import { Outflow } from './outflow.js';
import { makePipes } from './pipe.js';
import { Forwarding, placement, send } from './signals.js';
import type { Placement } from './signals.js';

export type Warning = Omit<Extract<Entry, { readonly event: 'warning' }>, 'event'>;

/** How a command ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
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
  readonly limits: Limits;
  readonly clock: Clock;
  /** From SIGTERM to SIGKILL, and from the last call to end to the end of waiting for output, ms. */
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
  #phase: 'running' | 'ending' | 'ended' = 'running';
  #isLate = false;
  #giveUp: () => void = () => undefined;

  private constructor(
    start: Start, child: ChildProcess, pid: number, as: Placement, ends: { readonly stdout?: number; readonly stderr?: number },
    stdin: number | undefined,
  ) {
    this.#start = start;
    this.#child = child;
    this.pid = pid;
    this.#as = as;
    this.#startedAt = start.clock.monotonic();
    this.#forwarding = new Forwarding(as, () => { this.#late(); });
    this.#forwarding.begin(pid);
    this.#flows = {
      stdout: ends.stdout === undefined ? undefined : this.#flow('stdout', ends.stdout, 1, start.limits.stdoutBytes),
      stderr: ends.stderr === undefined ? undefined : this.#flow('stderr', ends.stderr, 2, start.limits.stderrBytes),
    };
    const { stdinBytes, durationMs } = start.limits;
    if (stdin !== undefined) void supply(process.stdin, stdin, stdinBytes ?? 0, (bytes) => { this.#cancel(bytes); });
    this.#after(warnAfterMs(durationMs), () => {
      if (this.#phase === 'running') start.warn({ kind: 'duration_approaching_cap' });
    });
    this.#after(durationMs, () => {
      this.#cancel(undefined);
      this.#late();
    });
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
    try {
      const child = spawn(command, words, {
        stdio: [input?.read ?? 0, stdout?.write ?? 1, stderr?.write ?? 2], detached: as === 'leader',
      });
      const { pid } = child;
      if (pid === undefined) throw await failureOf(child);
      return new Running(start, child, pid, as, {
        ...(stdout === undefined ? {} : { stdout: stdout.read }), ...(stderr === undefined ? {} : { stderr: stderr.read }),
      }, input?.write);
    } catch (error) {
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
    const givenUp = new Promise<void>((resolve) => { this.#giveUp = resolve; });
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      this.#child.once('exit', (...how) => { resolve(how); });
    });
    const durationMs = Math.round(this.#start.clock.monotonic() - this.#startedAt);
    this.#forwarding.finish();
    // What was told to end and left others of its group behind: they MUST not outlive the limit. The group keeps its
    // number while it has members, and nothing else can have taken it in this instant.
    if (this.#phase === 'ending' && this.#as === 'leader') send(this.pid, 'SIGKILL', this.#as);
    this.#phase = 'ended';
    if (isSupplied) process.stdin.destroy();
    if (this.#isLate) this.#late();
    await Promise.race([passed, givenUp]);
    for (const timer of this.#timers) clearTimeout(timer);
    const flows = [stdout, stderr].filter((flow) => flow !== undefined);
    const isStuck = flows.some((flow) => flow.end === 'open' && flow.isStalled);
    for (const flow of flows) flow.abandon();
    if (!isStuck) await passed;
    this.#forwarding.end();
    return {
      code, signal, durationMs, stdoutBytes: stdout?.passed ?? 0, stderrBytes: stderr?.passed ?? 0,
      truncated: flows.some(({ end }) => end === 'capped' || end === 'abandoned'), isStuck,
      faults: flows.flatMap(({ fault }) => fault ?? []),
    };
  }

  // The time or the input is used up.
  #cancel(bytes: number | undefined): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'ending';
    this.#start.warn({ kind: 'cancelled', ...(bytes === undefined ? {} : { bytes }) });
    send(this.pid, 'SIGTERM', this.#as);
    // A stopped command would not hear of it.
    send(this.pid, 'SIGCONT', this.#as);
    this.#after(this.#start.graceMs, () => {
      if (this.#phase === 'ending') send(this.pid, 'SIGKILL', this.#as);
    });
  }

  // Somebody wants this to end: once the command has, what is left of its output gets a moment and no more.
  #late(): void {
    this.#isLate = true;
    if (this.#phase === 'ended') this.#after(this.#start.graceMs, this.#giveUp);
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => { child.once('error', resolve); });
}
