// The memory of event ids, which makes an append idempotent: the same id from the same listener and user is recorded
// once, and every later copy is answered with where the first one is.
//
// Invariant: an id is known from the moment its event is taken in, so that a copy that comes before the first is durable
// is not written either; it waits for the first one's fate.
import type { LogError } from '../log/failure.js';

/** Ids remembered at least, oldest forgotten first. */
export const idsMax = 65_536;

/** An event that was taken in under an id. */
export type Remembered = { readonly kind: 'durable'; readonly seq: number; readonly mac: string } | PendingId;

/** One whose fate is not known yet, and whom to tell. */
export interface PendingId {
  readonly kind: 'pending';
  readonly waiting: ((fate: Fate) => void)[];
}

/** What became of a pending one. */
export type Fate =
  | { readonly kind: 'durable'; readonly seq: number; readonly mac: string }
  | { readonly kind: 'rejected'; readonly error: LogError };

/** An id as it is kept: only within its listener and user does it mean anything. */
export function idKey(listener: string, uid: number, id: string): string {
  return `${uid} ${listener} ${id}`;
}

export class IdMemory {
  /** In the order of the log, which is the order in which they are forgotten. */
  readonly #durable = new Map<string, { readonly kind: 'durable'; readonly seq: number; readonly mac: string }>();
  readonly #pending = new Map<string, PendingId>();
  #waiting = 0;

  /** Durable ones. */
  get size(): number {
    return this.#durable.size;
  }

  /** Copies that wait for a first one's fate. */
  get waiting(): number {
    return this.#waiting;
  }

  lookup(key: string): Remembered | undefined {
    return this.#pending.get(key) ?? this.#durable.get(key);
  }

  /** Takes a new id in; `settle` MUST follow. */
  expect(key: string): void {
    this.#pending.set(key, { kind: 'pending', waiting: [] });
  }

  /** Has `tell` called with the fate of a pending one. */
  wait(pending: PendingId, tell: (fate: Fate) => void): void {
    pending.waiting.push(tell);
    this.#waiting += 1;
  }

  /** Says what became of an expected id; a rejected one is forgotten, so that it can be sent again. */
  settle(key: string, fate: Fate): void {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (fate.kind === 'durable') this.remember(key, fate.seq, fate.mac);
    if (pending === undefined) return;
    this.#waiting -= pending.waiting.length;
    for (const tell of pending.waiting) tell(fate);
  }

  /** Remembers a durable one, from a commit or from the log at start. */
  remember(key: string, seq: number, mac: string): void {
    this.#durable.delete(key);
    this.#durable.set(key, { kind: 'durable', seq, mac });
    if (this.#durable.size <= idsMax) return;
    const [oldest] = this.#durable.keys();
    if (oldest !== undefined) this.#durable.delete(oldest);
  }
}
