/**
 * The one queue in front of the writer's thread. Requests wait here, each source in its own line; batches take one
 * request of every source in turn, so that who sends much waits behind his own and not before everybody else's.
 *
 * Invariant: every request that was taken in is settled exactly once, in the order it was handed over, and as `durable`
 * only after the thread said so.
 */
import type { LogError } from './failure.js';
import type { Bodies } from './bodies.js';
import { BodyStore, SpareChunks, joinBodies } from './bodies.js';
import { DurableLines } from './durable.js';
import type { AppendOrder, CommittedLines, Order } from './mailbox.js';

/** What became of a request. */
export type Outcome =
  /** `lines` hold the bodies from record `first` on. */
  | { readonly kind: 'durable'; readonly first: number; readonly lines: DurableLines }
  /** `written`: so many of the bodies, from record `first` on, are durable in `lines` all the same. */
  | { readonly kind: 'rejected'; readonly error: LogError; readonly first: number; readonly written: number; readonly lines: DurableLines };

/** Whoever waits for a request. */
export interface Waiter {
  /** Called once, synchronously, when its fate is known. */
  settle(outcome: Outcome): void;
}

/** A request as it waits. */
interface Queued extends Bodies {
  readonly waiter: Waiter;
  readonly lane: Lane;
}

/** What is kept of a request, and of each of its bodies, beside their bytes: measured, and rounded up. */
const requestBytes = 768;
const bodyBytes = 256;

/** What a request takes of the queue's memory, bytes: very many small ones would otherwise be far more than their bodies. */
export function queueCost(bytes: number, bodies: number): number {
  return requestBytes + bodies * bodyBytes + bytes;
}

/** Batches under way at once: one that the disk is busy with and one that is ready when it returns. */
const batchesMax = 2;
/**
 * What one batch holds: in `group` mode it may become one commit, in `line` mode as many fsyncs as it has lines. Who comes
 * anew waits for the batches under way, so they are no larger than it takes to keep the disk busy; behind a request that
 * is larger by itself, the next batch is made up when that is done.
 */
const batchLinesMax = { line: 4, group: 256 } as const;
const batchBytesMax = 1024 * 1024;
/** Room for a batch and the request that filled it, unless that one is very large. */
const slotBytes = batchBytesMax + 1024 * 1024;

/** One source's requests; `from` is the first in `waiting` not taken yet, so that taking one is not a copy of the rest. */
interface Lane {
  readonly source: unknown;
  readonly store: BodyStore;
  waiting: Queued[];
  from: number;
  /** What it has in the queue, under way or waiting: see `queueCost`. */
  bytes: number;
}

/** Of a request of which nothing was written. */
export const noLines = new DurableLines([]);

export class Appender {
  readonly #post: (order: Order) => void;
  readonly #linesMax: number;
  readonly #spare = new SpareChunks();
  /** Of every source with something that is not settled. */
  readonly #lanes = new Map<unknown, Lane>();
  /** Those with something that waits, in the order of their turns. */
  readonly #turns = new Set<Lane>();
  /** Handed to the thread and not yet answered, oldest first; `#answered` of them are. */
  #underWay: Queued[] = [];
  #answered = 0;
  #batches: number[] = [];
  #linesUnderWay = 0;
  readonly #slots: SharedArrayBuffer[] = [];
  #slot = 0;
  #bytes = 0;
  #events = 0;

  constructor(sync: 'line' | 'group', post: (order: Order) => void) {
    this.#post = post;
    this.#linesMax = batchLinesMax[sync];
  }

  /** What was taken in and is not settled: its memory in bytes, see `queueCost`, and its bodies. */
  get load(): { readonly bytes: number; readonly events: number } {
    return { bytes: this.#bytes, events: this.#events };
  }

  /** The same of one source, bytes. */
  loadOf(source: unknown): number {
    return this.#lanes.get(source)?.bytes ?? 0;
  }

  /** Whether there is one request and no other, and it was handed over. */
  get isLone(): boolean {
    return this.#underWay.length - this.#answered === 1 && this.#turns.size === 0;
  }

  /** Takes a request in: bodies to be recorded next to each other. Requests of one `source` keep their order. */
  enqueue(source: unknown, bodies: readonly string[], waiter: Waiter): void {
    let lane = this.#lanes.get(source);
    if (lane === undefined) {
      lane = { source, store: new BodyStore(this.#spare), waiting: [], from: 0, bytes: 0 };
      this.#lanes.set(source, lane);
    }
    const { chunk, from, to, ends } = lane.store.keep(bodies);
    lane.waiting.push({ chunk, from, to, ends, waiter, lane });
    this.#turns.add(lane);
    const cost = queueCost(to - from, ends.length);
    lane.bytes += cost;
    this.#bytes += cost;
    this.#events += ends.length;
  }

  /** Hands over what waits, as far as there is room under way. To be called when everything of one turn was taken in. */
  pump(): void {
    while (this.#batches.length < batchesMax && this.#linesUnderWay < this.#linesMax * batchesMax && this.#turns.size > 0) {
      this.#handOver(this.#takeBatch());
    }
  }

  /** The thread finished the oldest `requests`, and these are the lines it wrote. */
  committed(commits: readonly CommittedLines[], requests: number): void {
    const lines = new DurableLines(commits);
    // What the log wrote for itself came before them: theirs are the last lines.
    let first = lines.end;
    for (let n = 0; n < requests; n += 1) first -= this.#underWay[this.#answered + n]?.ends.length ?? 0;
    for (let n = 0; n < requests; n += 1) {
      const { waiter, ends } = this.#oldest();
      waiter.settle({ kind: 'durable', first, lines });
      first += ends.length;
    }
    this.pump();
  }

  /** The thread will write no more of the oldest `requests`; `commits` hold what it did write of the first. */
  rejected(commits: readonly CommittedLines[], requests: number, error: LogError): void {
    // A header, a seal or a step of the clock may have come before it, and is nothing of it.
    const lines = new DurableLines(commits.filter(({ isRequest }) => isRequest));
    let written = lines.end - lines.first;
    for (let n = 0; n < requests; n += 1) {
      this.#oldest().waiter.settle({ kind: 'rejected', error, first: lines.first, written, lines });
      written = 0;
    }
    this.pump();
  }

  /** Nothing will be written any more: settles all there is. */
  failed(error: LogError): void {
    const outcome: Outcome = { kind: 'rejected', error, first: 0, written: 0, lines: noLines };
    while (this.#answered < this.#underWay.length) this.#oldest().waiter.settle(outcome);
    for (const lane of this.#turns) {
      for (const request of lane.waiting.slice(lane.from)) {
        this.#leave(request);
        request.waiter.settle(outcome);
      }
    }
    this.#turns.clear();
  }

  #takeBatch(): Queued[] {
    const batch: Queued[] = [];
    let lines = 0;
    let bytes = 0;
    // Whoever has more goes to the end of the set while it is walked, and so comes again.
    for (const lane of this.#turns) {
      if (batch.length > 0 && (lines >= this.#linesMax || bytes >= batchBytesMax)) return batch;
      const request = lane.waiting[lane.from];
      this.#turns.delete(lane);
      if (request === undefined) continue;
      batch.push(request);
      lines += request.ends.length;
      bytes += request.to - request.from;
      lane.from += 1;
      if (lane.from < lane.waiting.length) this.#turns.add(lane);
      if (lane.from === lane.waiting.length || lane.from > 1024) {
        lane.waiting = lane.waiting.slice(lane.from);
        lane.from = 0;
      }
    }
    return batch;
  }

  #handOver(batch: readonly Queued[]): void {
    if (batch.length === 0) return;
    for (const request of batch) {
      this.#underWay.push(request);
      this.#linesUnderWay += request.ends.length;
    }
    this.#batches.push(batch.length);
    this.#slot = (this.#slot + 1) % batchesMax;
    const order = encodeBatch(batch, (bytes) => this.#slotOf(bytes));
    for (const request of batch) request.lane.store.release(request);
    this.#post({ kind: 'append', ...order });
  }

  /** Memory that the thread sees: that of the batch before the last, which is answered. One that is too large has its own. */
  #slotOf(bytes: number): Buffer {
    if (bytes > slotBytes) return Buffer.from(new SharedArrayBuffer(bytes));
    const slot = this.#slots[this.#slot] ??= new SharedArrayBuffer(slotBytes);
    return Buffer.from(slot, 0, bytes);
  }

  #oldest(): Queued {
    const request = this.#underWay[this.#answered];
    if (request === undefined) throw new Error('the writer answered a request that was never handed over');
    this.#answered += 1;
    this.#linesUnderWay -= request.ends.length;
    this.#leave(request);
    if (this.#answered === this.#underWay.length || this.#answered > 4096) {
      this.#underWay = this.#underWay.slice(this.#answered);
      this.#answered = 0;
    }
    const left = (this.#batches[0] ?? 0) - 1;
    if (left > 0) this.#batches[0] = left;
    else this.#batches.shift();
    return request;
  }

  #leave({ from, to, ends, lane }: Queued): void {
    const cost = queueCost(to - from, ends.length);
    this.#events -= ends.length;
    this.#bytes -= cost;
    lane.bytes -= cost;
    if (lane.bytes === 0) this.#lanes.delete(lane.source);
  }
}

/** One buffer for all bodies, and where they end. */
function encodeBatch(batch: readonly Queued[], slotOf: (bytes: number) => Buffer): Omit<AppendOrder, 'kind'> {
  const bytes = slotOf(batch.reduce((sum, { from, to }) => sum + to - from, 0));
  const ends = new Uint32Array(batch.reduce((sum, request) => sum + request.ends.length, 0));
  const requests = new Uint32Array(batch.length);
  joinBodies(batch, bytes);
  let line = 0;
  let at = 0;
  for (const [index, request] of batch.entries()) {
    for (const end of request.ends) {
      ends[line] = at + end;
      line += 1;
    }
    at += request.to - request.from;
    requests[index] = line;
  }
  return { bytes, ends, requests };
}
