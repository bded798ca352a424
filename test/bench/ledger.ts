// Who was told what: an event counts when its ack has arrived. Invariant: at the end every request was answered once, in
// order, and no record was promised to two.

/** What a run was told. `gaps` are records that were the log's own, or another client's. */
export interface LedgerSum {
  readonly events: number;
  /** Sentences; empty when the ledger is whole. */
  readonly wrong: readonly string[];
}

export class Ledger {
  readonly #batch: number;
  readonly #firsts: number[] = [];
  readonly #wrong: string[] = [];

  constructor(batch: number) {
    this.#batch = batch;
  }

  /** The request numbered `expected` of a connection was acknowledged as `id`, in `count` records from `first` on. */
  acknowledged(expected: number, id: number, first: number, count: number): void {
    if (id !== expected) this.#complain(`request ${expected} was answered as ${id}`);
    if (count !== this.#batch) this.#complain(`request ${id} of ${this.#batch} events was acknowledged with ${count}`);
    this.#firsts.push(first);
  }

  /** What does not end in an ack. */
  failed(what: string): void {
    this.#complain(what);
  }

  sum(unanswered: number): LedgerSum {
    if (unanswered > 0) this.#complain(`${unanswered} requests were never answered`);
    const firsts = Float64Array.from(this.#firsts).sort();
    firsts.forEach((first, i) => {
      const before = firsts[i - 1];
      if (before !== undefined && first < before + this.#batch) this.#complain(`record ${first} was promised twice`);
    });
    return { events: firsts.length * this.#batch, wrong: this.#wrong };
  }

  #complain(what: string): void {
    if (this.#wrong.length < 10) this.#wrong.push(what);
  }
}
