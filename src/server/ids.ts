// The memory of event ids, which makes an append idempotent: the same id from the same listener and user is recorded
// once, and every later copy is answered with where the first one is.
//
// Invariant: an id is known from the moment its event is taken in, so that a copy that comes before the first is durable
// is not written either; it waits for the first one's fate. Until that is known an id is never forgotten.
import { hashBytes } from '../keys/hash.js';
import type { DurableLines } from '../log/durable.js';
import type { LogError } from '../log/failure.js';
import { KeyTable, absent } from './key-table.js';
import { Shares } from './shares.js';

/** Ids of durable events that are remembered, the newest ones. */
export const idsMax = 100_000;
/** Room for these, and for some that wait beside them. Had from the beginning: tables that grow leave holes in memory. */
const tableEntries = 2 ** 17;
/** Copies of events in requests that are not answered yet, at most: each costs memory until then. */
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

/** The number of a remembered id. When the id is forgotten, its number is given to another. */
export type RememberedId = number;

/** None. */
export const noId: RememberedId = absent;

/** What ids are unique in: only within its listener and user does one mean anything. */
export function idScope(listener: string, uid: number): string {
  return `${uid} ${listener} `;
}

export class IdMemory {
  readonly #keys = new KeyTable(tableEntries);
  /** Where each is recorded; 0 as long as nobody knows. */
  #seqs = new Float64Array(this.#keys.capacity);
  #macs = Buffer.alloc(this.#keys.capacity * hashBytes);
  /** Those that are durable, as they became so; a ring. */
  readonly #durable = new Int32Array(idsMax);
  #oldest = 0;
  #durableCount = 0;
  readonly #waiting = new Map<RememberedId, WaitingCopy[]>();
  readonly #copies = new Shares(copiesWaitingMax);

  /** Remembered ones, pending ones among them. */
  get size(): number {
    return this.#keys.size;
  }

  /** Copies in requests that wait. */
  get waiting(): number {
    return this.#copies.taken;
  }

  /** Whether so many copies of one source more may wait. */
  hasRoom(source: string, copies: number): boolean {
    return this.#copies.hasRoom(source, copies);
  }

  /** An id of a scope, or `noId`. */
  lookup(scope: string, id: string): RememberedId {
    return this.#keys.find(scope, id);
  }

  /** Where a remembered one is recorded; 0 as long as nobody knows. */
  seq(id: RememberedId): number {
    return this.#seqs[id] ?? 0;
  }

  /** Of one that is recorded. */
  mac(id: RememberedId): string {
    return this.#macs.toString('hex', id * hashBytes, (id + 1) * hashBytes);
  }

  /** Takes a new id in; `durable` or `rejected` MUST follow. */
  expect(scope: string, id: string): RememberedId {
    const remembered = this.#keys.add(scope, id);
    if (this.#keys.capacity > this.#seqs.length) this.#grow(this.#keys.capacity);
    this.#seqs[remembered] = 0;
    return remembered;
  }

  /** `source` sent a copy of something durable, in a request that may have to wait; `letGo` MUST follow. */
  keep(source: string): void {
    this.#copies.take(source, 1);
  }

  /** A request with so many copies of durable events is answered. */
  letGo(source: string, copies: number): void {
    this.#copies.give(source, copies);
  }

  /** Has `tell` called with the fate of a pending one, of which `source` sent a copy. */
  wait(id: RememberedId, source: string, tell: Listener): void {
    const copies = this.#waiting.get(id);
    if (copies === undefined) this.#waiting.set(id, [{ source, tell }]);
    else copies.push({ source, tell });
    this.#copies.take(source, 1);
  }

  /** It is recorded, and from here on remembered as that. */
  durable(id: RememberedId, seq: number, mac: string): void {
    this.#macs.write(mac, id * hashBytes, hashBytes, 'hex');
    this.#becomesDurable(id, seq);
  }

  /** The same, of a record among `lines`. */
  recorded(id: RememberedId, seq: number, lines: Pick<DurableLines, 'copyMac'>): void {
    lines.copyMac(seq, this.#macs, id * hashBytes);
    this.#becomesDurable(id, seq);
  }

  #becomesDurable(id: RememberedId, seq: number): void {
    this.#seqs[id] = seq;
    if (this.#durableCount === idsMax) this.#forgetOldest();
    this.#durable[(this.#oldest + this.#durableCount) % idsMax] = id;
    this.#durableCount += 1;
    if (this.#waiting.size > 0) this.#tell(id, { kind: 'durable', seq, mac: this.mac(id) });
  }

  /** It was not recorded: it is forgotten, so that it can be sent again. */
  rejected(id: RememberedId, error: LogError): void {
    this.#keys.remove(id);
    this.#tell(id, { kind: 'rejected', error });
  }

  #tell(id: RememberedId, fate: Fate): void {
    const copies = this.#waiting.get(id);
    if (copies === undefined) return;
    this.#waiting.delete(id);
    for (const { source } of copies) this.#copies.give(source, 1);
    for (const { tell } of copies) tell(fate);
  }

  #forgetOldest(): void {
    this.#keys.remove(this.#durable[this.#oldest] ?? noId);
    this.#oldest = (this.#oldest + 1) % idsMax;
    this.#durableCount -= 1;
  }

  #grow(capacity: number): void {
    const seqs = new Float64Array(capacity);
    seqs.set(this.#seqs);
    this.#seqs = seqs;
    const macs = Buffer.alloc(capacity * hashBytes);
    this.#macs.copy(macs);
    this.#macs = macs;
  }
}
