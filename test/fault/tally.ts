// What was tried, what came of it, what was lost and what went otherwise than it should; and the table that says so.

export interface Fault {
  readonly phase: string;
  readonly mode: string;
  readonly what: string;
  readonly at: number;
}

/** Something that is not as it should be after a fault. */
export interface Deviation {
  readonly fault: Fault;
  /** The call that went wrong, and on what. */
  readonly where: string;
  readonly problems: readonly string[];
}

/** Rows of a table: one for each fault, or one for each fault in each phase. */
export type Rows = 'fault' | 'phase';

/** Problems that mean that something acknowledged is gone, doubled or changed, or that the chain is broken. */
const isLoss = /is lost|recorded twice|was acknowledged as|another MAC|not what was sent|never sent|verify exits/;

interface Row {
  /** The fault, without how long it lasts. */
  readonly fault: string;
  tried: number;
  lost: number;
  deviated: number;
  readonly calls: Set<string>;
  readonly answered: Map<string, number>;
}

function newRow(fault: string): Row {
  return { fault, tried: 0, lost: 0, deviated: 0, calls: new Set(), answered: new Map() };
}

/** Some rows as one. */
function sumOf(fault: string, rows: readonly Row[]): Row {
  const all = newRow(fault);
  for (const { tried, lost, deviated, calls, answered } of rows) {
    all.tried += tried;
    all.lost += lost;
    all.deviated += deviated;
    for (const call of calls) all.calls.add(call);
    for (const [outcome, count] of answered) all.answered.set(outcome, (all.answered.get(outcome) ?? 0) + count);
  }
  return all;
}

/** A fault as the short table calls it: whatever comes once or lasts is one. */
function shortName(what: string): string {
  return what.replace(/, (?:once|lasting)$/, '').replace(/^ENOSPC, and E[A-Z]+ at/, 'ENOSPC, and another error at');
}

/** A deviation in words. */
export function describe({ fault: { phase, mode, what, at }, where, problems }: Deviation): string {
  return `${phase} (${mode}), ${what}, call ${at}, ${where}:\n  ${problems.join('\n  ')}\n`;
}

export class Tally {
  /** Told of each as it comes. */
  readonly #onDeviation: (deviation: Deviation) => void;

  constructor(onDeviation: (deviation: Deviation) => void = () => undefined) {
    this.#onDeviation = onDeviation;
  }

  readonly #rows = new Map<string, Row>();
  readonly deviations: Deviation[] = [];
  #missed = 0;
  #tried = 0;

  get tried(): number {
    return this.#tried;
  }

  /** Points that a run did not come to; they are not counted as tried. */
  get missedPoints(): number {
    return this.#missed;
  }

  /** A fault struck. `problems`: what is wrong afterwards, nothing if all is well. */
  done(fault: Fault, where: string, answered: string, problems: readonly string[]): void {
    this.#tried += 1;
    const row = this.#row(fault);
    row.tried += 1;
    row.calls.add(where);
    row.answered.set(answered, (row.answered.get(answered) ?? 0) + 1);
    if (problems.length > 0) this.deviated(fault, where, problems);
  }

  missed(fault: Fault, problems: readonly string[]): void {
    this.#missed += 1;
    if (problems.length > 0) this.deviated(fault, 'no fault', problems);
  }

  deviated(fault: Fault, where: string, problems: readonly string[]): void {
    const row = this.#row(fault);
    row.deviated += 1;
    if (problems.some((problem) => isLoss.test(problem))) row.lost += 1;
    const deviation = { fault, where, problems };
    this.deviations.push(deviation);
    this.#onDeviation(deviation);
  }

  /** `calls`: different ones that were struck; `lost`: times in which something was lost. The last row is all of them. */
  table(by: Rows): string {
    const all = [...this.#rows.values()];
    const faults = [...new Set(all.map(({ fault }) => fault))];
    const named = by === 'phase' ? [...this.#rows] : faults.map((fault) => [fault, sumOf(fault, all.filter((row) => row.fault === fault))] as const);
    // Kills first, and what comes in an order that chance decided by its name.
    const isKill = (name: string): number => Number(/\bkill\b/.test(name));
    const sorted = named.sort(([a], [b]) => isKill(b) - isKill(a) || a.localeCompare(b));
    const rows = [...sorted, ['all', sumOf('all', all)] as const].map(([name, { tried, lost, deviated, calls, answered }]) => {
      const outcomes = [...answered].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${outcome} ${count}`).join(', ');
      return `| ${name} | ${tried} | ${calls.size} | ${lost} | ${deviated - lost} | ${outcomes} |`;
    });
    const head = ['| fault | tried | calls | lost | otherwise wrong | what came of it |', '| --- | ---: | ---: | ---: | ---: | --- |'];
    return [...head, ...rows, ''].join('\n');
  }

  summary(seconds: number): string {
    const lost = [...this.#rows.values()].reduce((sum, row) => sum + row.lost, 0);
    return `${this.#tried} faults in ${seconds.toFixed(0)} s (and ${this.#missed} points that a run did not come to): ` +
      `${lost} lost something, ${this.deviations.length} went otherwise than they should`;
  }

  /** What went wrong, what looks the same together: how often, and the first of them in full. */
  report(): string {
    const alike = new Map<string, Deviation[]>();
    for (const loss of this.deviations) {
      const look = `${loss.fault.phase} ${loss.where} ${loss.problems.join(' ')}`.replace(/\/tmp\/\S+|\d+|E[A-Z]{2,}/g, '');
      alike.set(look, [...(alike.get(look) ?? []), loss]);
    }
    return [...alike.values()].map((losses) => {
      const [first] = losses;
      if (first === undefined) return '';
      return `\n${losses.length} x ${describe(first)}`;
    }).join('');
  }

  toJSON(): object {
    return {
      tried: this.#tried, missed: this.#missed, deviations: this.deviations,
      rows: [...this.#rows].map(([name, row]) => ({
        fault: name, tried: row.tried, lost: row.lost, deviated: row.deviated,
        calls: [...row.calls].sort(), answered: Object.fromEntries(row.answered),
      })),
    };
  }

  #row({ phase, what }: Fault): Row {
    const name = `${phase}: ${what}`;
    const row = this.#rows.get(name) ?? newRow(shortName(what));
    this.#rows.set(name, row);
    return row;
  }
}
