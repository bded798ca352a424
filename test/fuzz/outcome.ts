// What a run of a fuzzer found, and how it is told. Invariant: a case that went wrong can be had again from the seed and
// its number alone; what is kept of many is bounded.

/** Something that was not as it must be. */
export interface Mismatch {
  readonly target: string;
  readonly number: number;
  readonly what: string;
  /** What it was done with, hex or text, as small as it could be made. */
  readonly input: string;
}

/** Of the same kind, so many are kept whole. */
const keptOfAKind = 3;
const kindsMax = 200;

/** Counts what happened, and keeps what must not. */
export class Outcome {
  readonly #counts = new Map<string, number>();
  readonly #mismatches = new Map<string, Mismatch[]>();
  #mismatched = 0;
  /** By target. */
  readonly #wrong = new Map<string, number>();
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** Whether another of this kind would be kept, so that it is worth making small. */
  wants(kind: string): boolean {
    const kept = this.#mismatches.get(kind);
    return kept === undefined ? this.#mismatches.size < kindsMax : kept.length < keptOfAKind;
  }

  mismatch(kind: string, found: Mismatch): void {
    this.#mismatched += 1;
    this.#wrong.set(found.target, (this.#wrong.get(found.target) ?? 0) + 1);
    if (!this.wants(kind)) return;
    const kept = this.#mismatches.get(kind) ?? [];
    kept.push(found);
    this.#mismatches.set(kind, kept);
  }

  get mismatched(): number {
    return this.#mismatched;
  }

  get mismatches(): readonly Mismatch[] {
    return [...this.#mismatches.values()].flat();
  }

  countOf(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A row for each target: its cases, those that went wrong, and what came of all of them. */
  get table(): string {
    const targets = new Map<string, string[]>();
    for (const [name, times] of Object.entries(this.counts)) {
      const [target = '', ...what] = name.split(': ');
      if (what.join() !== 'cases') targets.set(target, [...(targets.get(target) ?? []), `${what.join(': ')} ${times}`]);
    }
    const rows = [...targets].map(([target, came]) =>
      `| ${target} | ${this.countOf(`${target}: cases`)} | ${this.#wrong.get(target) ?? 0} | ${came.join(', ')} |`);
    return ['| target | cases | went wrong | what came of it |', '| --- | ---: | ---: | --- |', ...rows].join('\n');
  }

  /** What went wrong, so that it can be had again. */
  get report(): string {
    return this.mismatches.map(({ target, number, what, input }) => `${target}, seed ${this.seed}, case ${number}: ${what}\n  ${input}\n`).join('');
  }
}
