// Whose frames are looked at when. In one turn of the event loop so much is taken from each process, over however many
// connections it sends; what it has more waits for the next turn, its connections one behind the other. That is what a
// quiet client waits for each loud process.

/** Events of one process in one turn, or what they are worth: reading, checking and masking one takes some microseconds. */
export const turnBudget = 64;
/** Up to so many bytes an event is one; what is longer takes longer. */
const eventBytes = 1024;

/** What a request of so many events and bytes costs of the budget. */
export function requestCost(events: number, bytes: number): number {
  return Math.max(events, bytes / eventBytes);
}

/** The turns so far, of which all allowances know. */
interface Round {
  number: number;
}

/** What may be taken from one process. */
export class Allowance {
  readonly process: string;
  /** Its connections. */
  connections = 0;
  /** Those that have more to be looked at, in the order of their turns. */
  waiting: (() => void)[] = [];
  readonly #round: Round;
  #seenRound: number;
  #left = turnBudget;

  constructor(process: string, round: Round) {
    this.process = process;
    this.#round = round;
    this.#seenRound = round.number;
  }

  /** Whether nothing more may be taken in this turn. */
  get isSpent(): boolean {
    if (this.#seenRound !== this.#round.number) {
      this.#seenRound = this.#round.number;
      this.#left = turnBudget;
    }
    return this.#left <= 0;
  }

  spend(cost: number): void {
    this.#left -= cost;
  }
}

export class Turns {
  readonly #round: Round = { number: 0 };
  readonly #allowances = new Map<string, Allowance>();
  /** Processes with connections that wait. */
  #due = new Set<Allowance>();
  #isScheduled = false;

  /** For one connection; `leave` MUST follow when it is closed. */
  join(process: string): Allowance {
    const allowance = this.#allowances.get(process) ?? new Allowance(process, this.#round);
    this.#allowances.set(process, allowance);
    allowance.connections += 1;
    return allowance;
  }

  leave(allowance: Allowance): void {
    allowance.connections -= 1;
    if (allowance.connections === 0) this.#allowances.delete(allowance.process);
  }

  /** Has `work` called in the next turn in which the process has something left. */
  wait(allowance: Allowance, work: () => void): void {
    allowance.waiting.push(work);
    this.#due.add(allowance);
    this.#schedule();
  }

  // Only whoever spent all of it waits, so nobody has to be told of a new turn but those.
  #next(): void {
    this.#isScheduled = false;
    this.#round.number += 1;
    const due = this.#due;
    this.#due = new Set();
    for (const allowance of due) {
      const { waiting } = allowance;
      allowance.waiting = [];
      let taken = 0;
      for (; taken < waiting.length && !allowance.isSpent; taken += 1) waiting[taken]?.();
      // Before those that have just had their turn.
      if (taken < waiting.length) allowance.waiting = [...waiting.slice(taken), ...allowance.waiting];
      if (allowance.waiting.length > 0) this.#due.add(allowance);
    }
    if (this.#due.size > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => { this.#next(); });
  }
}
