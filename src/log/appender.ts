/**
 * The one queue in front of the writer's thread. Requests wait in lanes, whose turns they take; batches are made up of
 * them as the thread gets through.
 *
 * Invariant: every request that was taken in is settled exactly once, in the order it was handed over, and as `durable`
 * only after the thread said so.
 */
import type { LogError } from './failure.js';
import type { Body } from './bodies.js';
import { joinBodies } from './bodies.js';
import { DurableLines } from './durable.js';
import type { Queued, Sender } from './lanes.js';
import { Lanes } from './lanes.js';
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

type Request = Queued<Waiter>;

/** Batches under way at once: one that the disk is busy with and one that is ready when it returns. */
const batchesMax = 2;
/**
 * What one batch holds: in `group` mode it may become one commit, in `line` mode as many fsyncs as it has lines. Who comes
 * anew waits for the batches under way, so they are no larger than it takes to keep the disk busy; behind a request that
 * is larger by itself, the next batch is made up when that is done.
 */
const batchLinesMax = { line: 4, group: 256 } as const;
/** With newcomers in it, a batch is filled up with others to this part of it. */
const newcomersShare = 4;
const batchBytesMax = 1024 * 1024;
/** Room for a batch and the request that filled it, unless that one is very large. */
const slotBytes = batchBytesMax + 1024 * 1024;

/** Of a request of which nothing was written. */
export const noLines = new DurableLines([]);

export class Appender {
  readonly #post: (order: Order) => void;
  readonly #linesMax: number;
  readonly #lanes = new Lanes<Waiter>();
  /** Handed to the thread and not yet answered, oldest first; `#answered` of them are. */
  #underWay: Request[] = [];
  #answered = 0;
  #batches: number[] = [];
  #linesUnderWay = 0;
  readonly #slots: SharedArrayBuffer[] = [];
  #slot = 0;

  constructor(sync: 'line' | 'group', post: (order: Order) => void) {
    this.#post = post;
    this.#linesMax = batchLinesMax[sync];
  }

  /** What was taken in and is not settled: its memory in bytes, see `queueCost`, and its bodies. */
  get load(): { readonly bytes: number; readonly events: number } {
    return this.#lanes.load;
  }

  /** The same of one process, bytes. */
  loadOf(process: string): number {
    return this.#lanes.loadOf(process);
  }

  /** Whether there is one request and no other, and it was handed over. */
  get isLone(): boolean {
    return this.#underWay.length - this.#answered === 1 && this.#lanes.isEmpty;
  }

  /** Takes a request in: bodies to be recorded next to each other. Requests of one `sender` keep their order. */
  enqueue(sender: Sender, bodies: readonly Body[], waiter: Waiter): void {
    this.#lanes.put(sender, bodies, waiter);
  }

  /** The sender's connection is closed; what it sent is still written. */
  close(sender: Sender): void {
    this.#lanes.close(sender);
  }

  /** Hands over what waits, as far as there is room under way. To be called when everything of one turn was taken in. */
  pump(): void {
    while (this.#batches.length < batchesMax && this.#linesUnderWay < this.#linesMax * batchesMax && !this.#lanes.isEmpty) {
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
    for (let request = this.#lanes.next(); request !== undefined; request = this.#lanes.next()) {
      this.#lanes.settle(request);
      request.waiter.settle(outcome);
    }
  }

  #takeBatch(): Request[] {
    const batch: Request[] = [];
    let lines = 0;
    let bytes = 0;
    // Who comes anew waits for what is under way already, and then not for a whole batch of others as well.
    const filledLines = this.#lanes.hasNewcomers ? this.#linesMax / newcomersShare : this.#linesMax;
    while (lines < (this.#lanes.hasNewcomers ? this.#linesMax : filledLines) && bytes < batchBytesMax) {
      const request = this.#lanes.next();
      if (request === undefined) return batch;
      batch.push(request);
      lines += request.ends.length;
      bytes += request.to - request.from;
    }
    return batch;
  }

  #handOver(batch: readonly Request[]): void {
    if (batch.length === 0) return;
    for (const request of batch) {
      this.#underWay.push(request);
      this.#linesUnderWay += request.ends.length;
    }
    this.#batches.push(batch.length);
    this.#slot = (this.#slot + 1) % batchesMax;
    const order = encodeBatch(batch, (bytes) => this.#slotOf(bytes));
    for (const request of batch) this.#lanes.release(request);
    this.#post({ kind: 'append', ...order });
  }

  /** Memory that the thread sees: that of the batch before the last, which is answered. One that is too large has its own. */
  #slotOf(bytes: number): Buffer {
    if (bytes > slotBytes) return Buffer.from(new SharedArrayBuffer(bytes));
    const slot = this.#slots[this.#slot] ??= new SharedArrayBuffer(slotBytes);
    return Buffer.from(slot, 0, bytes);
  }

  #oldest(): Request {
    const request = this.#underWay[this.#answered];
    if (request === undefined) throw new Error('the writer answered a request that was never handed over');
    this.#answered += 1;
    this.#linesUnderWay -= request.ends.length;
    this.#lanes.settle(request);
    if (this.#answered === this.#underWay.length || this.#answered > 4096) {
      this.#underWay = this.#underWay.slice(this.#answered);
      this.#answered = 0;
    }
    const left = (this.#batches[0] ?? 0) - 1;
    if (left > 0) this.#batches[0] = left;
    else this.#batches.shift();
    return request;
  }
}

/** One buffer for all bodies, and where they end. */
function encodeBatch(batch: readonly Request[], slotOf: (bytes: number) => Buffer): Omit<AppendOrder, 'kind'> {
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
