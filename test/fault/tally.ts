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

/** Problems that mean that something acknowledged is gone, doubled or changed, or that the chain is broken. */
const isLoss = /is lost|recorded twice|was acknowledged as|another MAC|not what was sent|never sent|verify exits/;

interface Row {
  tried: number;
  lost: number;
  deviated: number;
  readonly calls: Set<string>;
  readonly answered: Map<string, number>;
}

function newRow(): Row {
  return { tried: 0, lost: 0, deviated: 0, calls: new Set(), answered: new Map() };
}

export class Tally {
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
    this.deviations.push({ fault, where, problems });
  }

  /** A row for each phase and kind of fault. `calls`: different ones that were struck; `lost`: deviations that lost something. */
  table(): string {
    const rows = [...this.#rows].map(([name, { tried, lost, deviated, calls, answered }]) => {
      const outcomes = [...answered].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${outcome} ${count}`).join(', ');
      return `| ${name} | ${tried} | ${calls.size} | ${lost} | ${deviated} | ${outcomes} |`;
    });
    return ['| fault | tried | calls | lost | deviated | answered |', '| --- | --- | --- | --- | --- | --- |', ...rows, ''].join('\n');
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
      const { fault: { phase, mode, what, at }, where, problems } = first;
      return `\n${losses.length} x ${phase} (${mode}), ${what}, call ${at}, ${where}:\n  ${problems.join('\n  ')}\n`;
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
    const row = this.#rows.get(name) ?? newRow();
    this.#rows.set(name, row);
    return row;
  }
}
