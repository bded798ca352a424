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

/**
 * Catches signals from its construction on, which MUST be before the command is started: one that came in between would end
 * us and leave a command that nobody watches. What is caught meanwhile is handled in a later turn, when there is a pid.
 */
export class Forwarding {
  readonly #as: Placement;
  readonly #listeners: readonly (readonly [NodeJS.Signals, () => void])[];
  #pid: number | undefined = undefined;
  #onEnding: () => void = () => undefined;

  constructor(as: Placement) {
    this.#as = as;
    const caught = [...fromTerminal, ...fromOthers, ...(as === 'leader' ? stopping : [])];
    this.#listeners = caught.map((signal) => [signal, () => { this.#pass(signal); }]);
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** The command is there, in the turn of the construction still. `onEnding` is called with each signal that asks for an end. */
  begin(pid: number, onEnding: () => void): void {
    this.#pid = pid;
    this.#onEnding = onEnding;
  }

  /** Nobody is left to send to, and the pid may be another's: from now on signals only ask us to stop waiting. */
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
    if (this.#pid !== undefined) send(this.#pid, signal, this.#as);
  }
}
