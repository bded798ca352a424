// The memory of event ids, which makes an append idempotent: the same id from the same listener and user is recorded
// once, and every later copy is answered with where the first one is.
//
// Invariant: an id is known from the moment its event is taken in, so that a copy that comes before the first is durable
// is not written either; it waits for the first one's fate.
import type { LogError } from '../log/failure.js';
import { Shares } from './shares.js';

/** Ids remembered at least; up to twice as many are. */
export const idsMax = 65_536;
/** Copies of events that are not durable yet, waiting for the first one's fate, at most: each costs memory until then. */
export const copiesWaitingMax = 65_536;

/** What became of an event that was taken in. */
export type Fate =
  | { readonly kind: 'durable'; readonly seq: number; readonly mac: string }
  | { readonly kind: 'rejected'; readonly error: LogError };

/** Told once. */
type Listener = (fate: Fate) => void;

/** A copy that waits, and whose it is. */
interface WaitingCopy {
  readonly source: string;
  readonly tell: Listener;
}

/** An event that was taken in under an id; its fate is unknown until it is settled. */
export class RememberedId {
  /** Whose event of that id is remembered; see `idKey`. */
  readonly key: string;
  /** Where it is recorded; 0 as long as nobody knows. */
  seq = 0;
  mac = '';
  waiting: WaitingCopy[] | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }

  get isDurable(): boolean {
    return this.seq > 0;
  }
}

/** An id as it is kept: only within its listener and user does it mean anything. `scope`: see `idScope`. */
export function idKey(scope: string, id: string): string {
  return scope + id;
}

/** What ids are unique in. */
export function idScope(listener: string, uid: number): string {
  return `${uid} ${listener} `;
}

export class IdMemory {
  /**
   * Two generations, so that forgetting costs nothing: when the young one is full it becomes the old one, and what was old
   * is forgotten as a whole. (Taking the oldest out of one map means looking for it past all that have left.)
   */
  #young = new Map<string, RememberedId>();
  #old = new Map<string, RememberedId>();
  readonly #copies = new Shares(copiesWaitingMax);

  /** Remembered ones, pending ones among them. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Copies that wait for a first one's fate. */
  get waiting(): number {
    return this.#copies.taken;
  }

  /** Whether so many copies of one source more may wait. */
  hasRoom(source: string, copies: number): boolean {
    return this.#copies.hasRoom(source, copies);
  }

  lookup(key: string): RememberedId | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Takes a new id in; `durable` or `rejected` MUST follow. */
  expect(key: string): RememberedId {
    if (this.#young.size >= idsMax) this.#age();
    const id = new RememberedId(key);
    this.#young.set(key, id);
    return id;
  }

  /** Has `tell` called with the fate of a pending one, of which `source` sent a copy. */
  wait(id: RememberedId, source: string, tell: Listener): void {
    (id.waiting ??= []).push({ source, tell });
    this.#copies.take(source, 1);
  }

  /** It is recorded, and from here on remembered as that. */
  durable(id: RememberedId, seq: number, mac: string): void {
    id.seq = seq;
    id.mac = mac;
    this.#tell(id, { kind: 'durable', seq, mac });
  }

  /** It was not recorded: it is forgotten, so that it can be sent again. */
  rejected(id: RememberedId, error: LogError): void {
    this.#young.delete(id.key);
    this.#old.delete(id.key);
    this.#tell(id, { kind: 'rejected', error });
  }

  #tell(id: RememberedId, fate: Fate): void {
    const { waiting } = id;
    if (waiting === undefined) return;
    id.waiting = undefined;
    for (const { source } of waiting) this.#copies.give(source, 1);
    for (const { tell } of waiting) tell(fate);
  }

  #age(): void {
    const forgotten = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    // Whose fate is not known yet is never forgotten: a copy of it would be recorded twice.
    for (const [key, id] of forgotten) if (!id.isDurable) this.#young.set(key, id);
  }
}
