// The memory of event ids, which makes an append idempotent: the same id from the same listener and user is recorded
// once, and every later copy is answered with where the first one is.
//
// Invariant: an id is known from the moment its event is taken in, so that a copy that comes before the first is durable
// is not written either; it waits for the first one's fate.
import type { LogError } from '../log/failure.js';

/** Ids remembered at least, oldest forgotten first. */
export const idsMax = 65_536;

/** An event that was taken in under an id. */
export type Remembered =
  | { readonly kind: 'durable'; readonly seq: number; readonly mac: string }
  | { readonly kind: 'pending'; readonly waiting: ((fate: Fate) => void)[] };

/** What became of a pending one. */
export type Fate =
  | { readonly kind: 'durable'; readonly seq: number; readonly mac: string }
  | { readonly kind: 'rejected'; readonly error: LogError };

/** An id as it is kept: only within its listener and user does it mean anything. */
export function idKey(listener: string, uid: number, id: string): string {
  return `${uid} ${listener} ${id}`;
}

export class IdMemory {
  readonly #known = new Map<string, Remembered>();

  get size(): number {
    return this.#known.size;
  }

  lookup(key: string): Remembered | undefined {
    return this.#known.get(key);
  }

  /** Takes a new id in; `settle` MUST follow. */
  expect(key: string): void {
    this.#known.set(key, { kind: 'pending', waiting: [] });
  }

  /** Says what became of an expected id; a rejected one is forgotten, so that it can be sent again. */
  settle(key: string, fate: Fate): void {
    const known = this.#known.get(key);
    if (fate.kind === 'durable') this.remember(key, fate.seq, fate.mac);
    else this.#known.delete(key);
    if (known?.kind === 'pending') for (const tell of known.waiting) tell(fate);
  }

  /** Remembers a durable one, from a commit or from the log at start. */
  remember(key: string, seq: number, mac: string): void {
    // To the end of the order, which is the order of the log.
    this.#known.delete(key);
    this.#known.set(key, { kind: 'durable', seq, mac });
    if (this.#known.size <= idsMax) return;
    for (const [oldest, held] of this.#known) {
      if (held.kind === 'pending') continue;
      this.#known.delete(oldest);
      return;
    }
  }
}
