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

  get text(): string {
    const counts = Object.entries(this.counts).map(([what, times]) => `  ${String(times).padStart(9)}  ${what}`);
    const found = this.mismatches.map(({ target, number, what, input }) => `  ${target} case ${number}: ${what}\n    ${input}`);
    return [`seed ${this.seed}`, ...counts, `  ${String(this.#mismatched).padStart(9)}  mismatches`, ...found].join('\n');
  }
}
