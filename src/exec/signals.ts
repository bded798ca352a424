// Signals on their way to the command. Invariant: each arrives once. Under a terminal the command stays in our process
// group, so that job control and full-screen programs work, and the terminal itself tells the whole group of ^C, ^\, ^Z
// and its size; those are passed on only when it cannot have been the terminal, because our group is in the background.
// Without one the command leads a session and a group of its own, and everything is passed on to that group. There SIGTSTP
// arrives, and stops only who handles it: the kernel does not stop a group that no shell could continue.
import { terminalTie } from './terminal.js';

const fromTerminal = ['SIGINT', 'SIGQUIT', 'SIGWINCH'] as const;
// A hangup reaches the foreground twice, by the terminal and by us: rather twice than never.
const fromOthers = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
// Under a terminal these stop and continue us too, as a shell expects of a job, so they are not caught.
const stopping = ['SIGTSTP', 'SIGCONT'] as const;
const ending: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']);

/** `job`: in our process group, under the terminal. `leader`: in a session of its own. */
export type Placement = 'job' | 'leader';

export function placement(): Placement {
  return terminalTie() === 'none' ? 'leader' : 'job';
}

/** Sends a signal to a command that has not been waited for yet: to it alone in a job, to its whole group else. */
export function send(pid: number, signal: NodeJS.Signals, as: Placement): void {
  try {
    process.kill(as === 'leader' ? -pid : pid, signal);
  } catch {
    // It has ended, or took another user's rights (sudo): as with kill(1), there is nothing more to be done.
  }
}

/** Passes signals on from now on; what comes before there is a command waits for it. */
export class Forwarding {
  readonly #as: Placement;
  readonly #onEnding: () => void;
  readonly #early: NodeJS.Signals[] = [];
  readonly #listeners: readonly (readonly [NodeJS.Signals, () => void])[];
  #pid: number | undefined = undefined;

  /** `onEnding` is called with every signal that asks a program to end. */
  constructor(as: Placement, onEnding: () => void) {
    this.#as = as;
    this.#onEnding = onEnding;
    const caught = [...fromTerminal, ...fromOthers, ...(as === 'leader' ? stopping : [])];
    this.#listeners = caught.map((signal) => [signal, () => { this.#pass(signal); }]);
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** The command is there. */
  begin(pid: number): void {
    this.#pid = pid;
    for (const signal of this.#early.splice(0)) this.#pass(signal);
  }

  /** The command has ended and its pid may be another's: nothing is sent any more, and signals ask us to stop waiting. */
  finish(): void {
    this.#pid = undefined;
  }

  /** Signals do again what they do to any program. */
  end(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #pass(signal: NodeJS.Signals): void {
    if (ending.has(signal)) this.#onEnding();
    if (this.#as === 'job' && (fromTerminal as readonly string[]).includes(signal) && terminalTie() === 'foreground') return;
    if (this.#pid === undefined) this.#early.push(signal);
    else send(this.#pid, signal, this.#as);
  }
}
