/**
 * The one queue in front of the writer's thread. Requests wait in lanes, whose turns they take; batches are made up of
 * them as the thread gets through.
 *
 * Invariant: every request that was taken in is settled exactly once, in the order it was handed over, and as `durable`
 * only after the thread said so.
 */
import { realClock } from '../clock/clock.js';
import { Fifo } from '../memory/fifo.js';
import type { LogError } from './failure.js';
import type { Body } from './bodies.js';
import { joinBodies } from './bodies.js';
import { DurableLines } from './durable.js';
import type { Queued, Sender } from './lanes.js';
import { Lanes } from './lanes.js';
import type { AppendOrder, CommittedLines, Order } from './mailbox.js';
import { Pace } from './pace.js';

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

/** What was handed over together. */
interface Batch {
  /** Whether it joined others, beyond those that keep the disk busy. */
  readonly joins: boolean;
  /** Requests that are not answered. */
  left: number;
}

/** Batches under way at once: one that the disk is busy with and one that is ready when it returns. */
const batchesMax = 2;
/**
 * What one batch holds: in `group` mode it may become one commit, in `line` mode as many fsyncs as it has lines. Who comes
 * anew waits for the batches under way, so they are no larger than it takes to keep the disk busy; behind a request that
 * is larger by itself, the next batch is made up when that is done.
 */
const batchLinesMax = { line: 8, group: 256 } as const;
/**
 * So many lines are worth an fsync of their own while the rest of the turn is taken in: of a client that has a window of
 * requests, one part is then written while the other is read.
 */
const earlyLines = 32;
/** With newcomers in it, a batch is filled up with others to this part of it. */
const newcomersShare = 4;
const batchBytesMax = 1024 * 1024;
/**
 * Where one joined others lately, the next ones are likely: for so many batches only one is under way at once, and of this part
 * of its length. It costs those who send much a quarter of their rate, and saves those who come anew the wait for a second batch.
 */
const companyBatches = 64;
const companyShare = 2;
/**
 * Who comes anew while all batches are under way does not wait for the next one, but goes along with the one that is ready, in
 * a batch that joins it: so many of these at once, of so many bytes. The thread makes one commit of what is there, of so many
 * lines as one may have.
 */
const joiningMax = { batches: 4, bytes: 64 * 1024 } as const;
/** With so many lines under way at most a thread that waits for a core is given this one's: they are soon done. */
const starvedLinesMax = 8;
/** Room for a batch and the request that filled it, unless that one is very large. */
const slotBytes = batchBytesMax + 1024 * 1024;

/** Of a request of which nothing was written. */
export const noLines = new DurableLines([]);

export class Appender {
  readonly #post: (order: Order) => void;
  readonly #linesMax: number;
  readonly #lanes = new Lanes<Waiter>();
  /** Handed to the thread and not yet answered. */
  readonly #underWay = new Fifo<Request>();
  #batches: Batch[] = [];
  #linesUnderWay = 0;
  #companyLeft = 0;
  readonly #pace: Pace;
  readonly #memory: SharedArrayBuffer;
  #slot = 0;

  /** `memory`: for the bodies of orders, see `share`. */
  constructor(sync: 'line' | 'group', post: (order: Order) => void, memory = Appender.share(), pace = new Pace()) {
    this.#post = post;
    this.#memory = memory;
    this.#pace = pace;
    this.#linesMax = batchLinesMax[sync];
  }

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer(batchesMax * slotBytes);
  }

  /** What was taken in and is not settled: its memory in bytes, see `queueCost`, and its bodies. */
  get load(): { readonly bytes: number; readonly events: number } {
    return this.#lanes.load;
  }

  /** The same of one process, bytes. */
  loadOf(process: string): number {
    return this.#lanes.loadOf(process);
  }

  /**
   * Whether to wait for what is under way: there is one request and no other, which is lone or even brisk, see `Pace`; or a few
   * lines, for which the thread would not get a core.
   */
  get pace(): 'brisk' | 'lone' | 'starved' | undefined {
    if (this.#underWay.length === 1 && this.#lanes.isEmpty && this.#pace.isLone) return this.#pace.isBrisk ? 'brisk' : 'lone';
    return this.#pace.isStarved && this.#linesUnderWay > 0 && this.#linesUnderWay <= starvedLinesMax ? 'starved' : undefined;
  }

  /** Takes a request in: bodies to be recorded next to each other. Requests of one `sender` keep their order. */
  enqueue(sender: Sender, bodies: readonly Body[], waiter: Waiter): void {
    this.#pace.taken(sender, this.#underWay.length === 0 && this.#lanes.isEmpty);
    this.#lanes.put(sender, bodies, waiter);
  }

  /** The sender's connection is closed; what it sent is still written. */
  close(sender: Sender): void {
    this.#lanes.close(sender);
  }

  /**
   * Hands over what waits, before all of the turn is taken in: where the thread has nothing to do and it is worth an fsync, or
   * where nobody but a brisk sender sends anything.
   */
  pumpEarly(): void {
    if (this.#underWay.length === 0 && (this.#pace.isBrisk || this.#lanes.load.events >= earlyLines)) this.pump();
  }

  /** Hands over what waits, as far as there is room under way. To be called when everything of one turn was taken in. */
  pump(): void {
    while (this.#count(false) < this.#batchesMax && this.#linesUnderWay < this.#linesMax * batchesMax && !this.#lanes.isEmpty) {
      this.#handOver(this.#takeBatch(), false);
    }
    while (this.#count(true) < joiningMax.batches) {
      const { hasNewcomers } = this.#lanes;
      const joining = this.#takeJoining();
      if (joining.length === 0) return;
      if (hasNewcomers) this.#companyLeft = companyBatches;
      this.#handOver(joining, true);
    }
  }

  /** The thread finished the oldest `requests`, and these are the lines it wrote. `wakeMs`: see `Report`. */
  committed(commits: readonly CommittedLines[], requests: number, wakeMs = 0): void {
    this.#pace.woken(wakeMs);
    const lines = new DurableLines(commits);
    // What the log wrote for itself came before them: theirs are the last lines.
    let first = lines.end;
    for (let n = 0; n < requests; n += 1) first -= this.#underWay.at(n)?.bodies ?? 0;
    for (let n = 0; n < requests; n += 1) {
      const { waiter, bodies } = this.#oldest();
      waiter.settle({ kind: 'durable', first, lines });
      first += bodies;
    }
    if (this.#underWay.length === 0 && this.#lanes.isEmpty) this.#pace.answered();
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
    while (this.#underWay.length > 0) this.#oldest().waiter.settle(outcome);
    for (let request = this.#lanes.next(); request !== undefined; request = this.#lanes.next()) {
      this.#lanes.settle(request);
      request.waiter.settle(outcome);
    }
  }

  #takeBatch(): Request[] {
    const batch: Request[] = [];
    let lines = 0;
    let bytes = 0;
    const filledLines = this.#filledLines();
    while (lines < (this.#lanes.hasNewcomers ? this.#linesMax : filledLines) && bytes < batchBytesMax) {
      const request = this.#lanes.next();
      if (request === undefined) return batch;
      batch.push(request);
      lines += request.bodies;
      bytes += request.to - request.from;
    }
    return batch;
  }

  get #batchesMax(): number {
    return this.#companyLeft > 0 ? 1 : batchesMax;
  }

  /** Up to where a batch is filled with those that had a turn already. */
  #filledLines(): number {
    // Who comes anew waits for what is under way already, and then not for a whole batch of others as well.
    if (this.#lanes.hasNewcomers) return this.#linesMax / newcomersShare;
    if (this.#companyLeft === 0) return this.#linesMax;
    this.#companyLeft -= 1;
    return this.#linesMax / companyShare;
  }

  #takeJoining(): Request[] {
    const batch: Request[] = [];
    let lines: number = this.#linesMax / newcomersShare;
    let bytes: number = joiningMax.bytes;
    for (;;) {
      const request = this.#lanes.nextFresh(lines, bytes);
      if (request === undefined) return batch;
      batch.push(request);
      lines -= request.bodies;
      bytes -= request.to - request.from;
    }
  }

  /** Batches under way: those that join others, or the others. */
  #count(joining: boolean): number {
    let count = 0;
    for (const { joins } of this.#batches) if (joins === joining) count += 1;
    return count;
  }

  #handOver(requests: readonly Request[], joins: boolean): void {
    if (requests.length === 0) return;
    for (const request of requests) {
      this.#underWay.push(request);
      this.#linesUnderWay += request.bodies;
    }
    this.#batches.push({ joins, left: requests.length });
    const order = encodeBatch(requests, (bytes) => joins ? Buffer.allocUnsafeSlow(bytes) : this.#nextSlot(bytes));
    for (const request of requests) this.#lanes.release(request);
    this.#post({ kind: 'append', ...order, postedAt: realClock.monotonic(), isBrisk: this.pace === 'brisk' });
  }

  /** Memory that the thread sees: that of the batch before the last, which is answered. One that is too large has its own. */
  #nextSlot(bytes: number): Buffer {
    this.#slot = (this.#slot + 1) % batchesMax;
    if (bytes > slotBytes) return Buffer.from(new SharedArrayBuffer(bytes));
    return Buffer.from(this.#memory, this.#slot * slotBytes, bytes);
  }

  #oldest(): Request {
    const request = this.#underWay.shift();
    if (request === undefined) throw new Error('the writer answered a request that was never handed over');
    this.#linesUnderWay -= request.bodies;
    this.#lanes.settle(request);
    const [batch] = this.#batches;
    if (batch !== undefined) batch.left -= 1;
    if (batch?.left === 0) this.#batches.shift();
    return request;
  }
}

/** One buffer for all bodies, and where they end. */
function encodeBatch(batch: readonly Request[], slotOf: (bytes: number) => Buffer): Pick<AppendOrder, 'bytes' | 'ends' | 'requests'> {
  let size = 0;
  let lines = 0;
  for (const { from, to, bodies } of batch) {
    size += to - from;
    lines += bodies;
  }
  const bytes = slotOf(size);
  const ends = new Uint32Array(lines);
  const requests = new Uint32Array(batch.length);
  joinBodies(batch, bytes);
  let request = 0;
  let line = 0;
  let at = 0;
  for (const { chunk, from, to, firstBody, bodies } of batch) {
    for (let body = firstBody; body < firstBody + bodies; body += 1) {
      ends[line] = at + (chunk.ends[body] ?? 0) - from;
      line += 1;
    }
    at += to - from;
    requests[request] = line;
    request += 1;
  }
  return { bytes, ends, requests };
}
