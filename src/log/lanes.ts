/**
 * Whose turn it is. Requests wait in lanes, one for each connection; processes take turns, and in each of them its
 * connections do. So who sends much waits behind his own and not before everybody else's, and a process gains nothing
 * by opening more connections. Who comes anew goes before those that had a turn already, whose requests may be large; but
 * not so many of them in a row that the others would starve.
 *
 * Invariant: requests of one connection leave in the order they came, those of one that is closed before its process's
 * others: who connects again to send on is recorded behind what it had sent before.
 */
import { Fifo } from '../memory/fifo.js';
import type { Bodies, Body } from './bodies.js';
import { BodyStore, SpareChunks } from './bodies.js';

/** A connection, as far as turns go; its identity counts. */
export interface Sender {
  /** Names the process behind it. */
  readonly process: string;
}

/** A request as it waits. */
export interface Queued<T> extends Bodies {
  readonly waiter: T;
  readonly lane: Lane<T>;
}

/** What is kept of a request, and of each of its bodies, beside their bytes: measured, and rounded up. */
const requestBytes = 768;
const bodyBytes = 256;

/** What a request takes of the queue's memory, bytes: very many small ones would otherwise be far more than their bodies. */
export function queueCost(bytes: number, bodies: number): number {
  return requestBytes + bodies * bodyBytes + bytes;
}

/** The same of one that is there: memory that it has to itself counts whole. */
function costOf({ chunk, from, to, bodies }: Bodies): number {
  return queueCost(chunk.size === 'own' ? chunk.bytes.length : to - from, bodies);
}

/** Newcomers in a row, while others wait. */
const freshInARowMax = 16;
/** Newcomers looked at for one whose request is small. */
const freshLookedAtMax = 16;

interface Process<T> {
  readonly name: string;
  /** Its connections with something that waits, in the order of their turns. */
  turns: Set<Lane<T>>;
  /** What it has that is not settled: see `queueCost`. */
  bytes: number;
}

/** One connection's requests. */
interface Lane<T> {
  readonly sender: Sender;
  readonly process: Process<T>;
  readonly store: BodyStore;
  readonly waiting: Fifo<Queued<T>>;
  /** Requests that are not settled. */
  unsettled: number;
  isClosed: boolean;
}

export class Lanes<T> {
  readonly #spare = new SpareChunks();
  /** Of everybody with something that is not settled. */
  readonly #lanes = new Map<Sender, Lane<T>>();
  readonly #processes = new Map<string, Process<T>>();
  /** Processes with something that waits and no turn yet since they came, and the others, each in the order of their turns. */
  readonly #fresh = new Set<Process<T>>();
  readonly #turns = new Set<Process<T>>();
  #freshInARow = 0;
  #bytes = 0;
  #events = 0;

  /** What was put in and is not settled: its memory in bytes, see `queueCost`, and its bodies. */
  get load(): { readonly bytes: number; readonly events: number } {
    return { bytes: this.#bytes, events: this.#events };
  }

  /** The same of one process, bytes. */
  loadOf(process: string): number {
    return this.#processes.get(process)?.bytes ?? 0;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#turns.size === 0 && this.#fresh.size === 0;
  }

  /** Whether somebody waits who has had no turn yet, among others who have. */
  get hasNewcomers(): boolean {
    return this.#fresh.size > 0 && this.#turns.size > 0;
  }

  put(sender: Sender, bodies: readonly Body[], waiter: T): void {
    const lane = this.#lanes.get(sender) ?? this.#open(sender);
    const { process } = lane;
    const { chunk, from, to, firstBody } = lane.store.keep(bodies);
    const request = { chunk, from, to, firstBody, bodies: bodies.length, waiter, lane };
    lane.waiting.push(request);
    lane.unsettled += 1;
    if (process.turns.size === 0) this.#fresh.add(process);
    process.turns.add(lane);
    const cost = costOf(request);
    process.bytes += cost;
    this.#bytes += cost;
    this.#events += bodies.length;
  }

  /** Takes the request whose turn it is. `release` MUST follow when its bodies are copied, `settle` when its fate is known. */
  next(): Queued<T> | undefined {
    const from = this.#fresh.size > 0 && !this.#isOthersTurn ? this.#fresh : this.#turns;
    const process = first(from);
    return process === undefined ? undefined : this.#take(process, from);
  }

  /** As `next`, of somebody who had no turn yet and whose request has so many bodies and bytes at most. */
  nextFresh(bodies: number, bytes: number): Queued<T> | undefined {
    if (this.#isOthersTurn) return undefined;
    let looked = 0;
    for (const process of this.#fresh) {
      const lane = first(process.turns);
      const request = lane?.waiting.at(0);
      const isSmall = request !== undefined && request.bodies <= bodies && request.to - request.from <= bytes;
      if (isSmall) return this.#take(process, this.#fresh);
      looked += 1;
      if (looked === freshLookedAtMax) return undefined;
    }
    return undefined;
  }

  get #isOthersTurn(): boolean {
    return this.#freshInARow >= freshInARowMax && this.#turns.size > 0;
  }

  #take(process: Process<T>, from: Set<Process<T>>): Queued<T> {
    this.#freshInARow = from === this.#fresh ? this.#freshInARow + 1 : 0;
    const lane = first(process.turns);
    const request = lane?.waiting.shift();
    if (lane === undefined || request === undefined) throw new Error('a turn without a request');
    const hasMore = lane.waiting.length > 0;
    // Whoever has more goes to the end; a lane that is closed stays in front until it has nothing more.
    if (!hasMore) process.turns.delete(lane);
    else if (!lane.isClosed) toTheEnd(process.turns, lane);
    if (process.turns.size === 0 || from === this.#fresh) from.delete(process);
    if (process.turns.size > 0) toTheEnd(this.#turns, process);
    return request;
  }

  /** A request's bodies were copied. */
  release(request: Queued<T>): void {
    request.lane.store.release(request);
  }

  /** A request's fate is known. */
  settle(request: Queued<T>): void {
    const { bodies, lane } = request;
    const { process } = lane;
    const cost = costOf(request);
    this.#bytes -= cost;
    this.#events -= bodies;
    process.bytes -= cost;
    lane.unsettled -= 1;
    if (lane.unsettled === 0) this.#lanes.delete(lane.sender);
    if (process.bytes === 0) this.#processes.delete(process.name);
  }

  /** The connection is closed: nothing more comes in this lane, and what waits in it goes before its process's others. */
  close(sender: Sender): void {
    const lane = this.#lanes.get(sender);
    if (lane === undefined) return;
    lane.isClosed = true;
    const { process } = lane;
    process.turns = new Set([...process.turns].sort((a, b) => Number(b.isClosed) - Number(a.isClosed)));
  }

  #open(sender: Sender): Lane<T> {
    let process = this.#processes.get(sender.process);
    if (process === undefined) {
      process = { name: sender.process, turns: new Set(), bytes: 0 };
      this.#processes.set(process.name, process);
    }
    const waiting = new Fifo<Queued<T>>();
    const lane = { sender, process, store: new BodyStore(this.#spare), waiting, unsettled: 0, isClosed: false };
    this.#lanes.set(sender, lane);
    return lane;
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const one of set) return one;
  return undefined;
}

function toTheEnd<T>(set: Set<T>, one: T): void {
  if (set.size === 1 && set.has(one)) return;
  set.delete(one);
  set.add(one);
}
