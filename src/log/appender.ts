/**
 * The one queue in front of the writer's thread. Requests wait here, each source in its own line; batches take one
 * request of every source in turn, so that who sends much waits behind his own and not before everybody else's.
 *
 * Invariant: every request that was taken in is settled exactly once, in the order it was handed over, and as `durable`
 * only after the thread said so.
 */
import type { LogError } from './failure.js';
import type { Bodies } from './bodies.js';
import { BodyStore, joinBodies } from './bodies.js';
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
}

/** Batches under way at once: one that the disk is busy with and one that is ready when it returns. */
const batchesMax = 2;
/**
 * What one batch holds: in `group` mode it may become one commit, in `line` mode as many fsyncs as it has lines. Who comes
 * anew waits for the batches under way, so they are no larger than it takes to keep the disk busy.
 */
const batchLinesMax = { line: 4, group: 256 } as const;
const batchBytesMax = 1024 * 1024;
/** Room for a batch and the request that filled it, unless that one is very large. */
const slotBytes = batchBytesMax + 1024 * 1024;

/** A line of waiting requests; `from` is the first not taken yet, so that taking one is not a copy of the rest. */
interface Lane {
  waiting: Queued[];
  from: number;
}

/** Of a request of which nothing was written. */
export const noLines = new DurableLines([]);

export class Appender {
  readonly #post: (order: Order) => void;
  readonly #linesMax: number;
  readonly #store = new BodyStore();
  readonly #lanes = new Map<unknown, Lane>();
  /** Handed to the thread and not yet answered, oldest first; `#answered` of them are. */
  #underWay: Queued[] = [];
  #answered = 0;
  #batches: number[] = [];
  readonly #slots: SharedArrayBuffer[] = [];
  #slot = 0;
  #bytes = 0;
  #events = 0;

  constructor(sync: 'line' | 'group', post: (order: Order) => void) {
    this.#post = post;
    this.#linesMax = batchLinesMax[sync];
  }

  /** Bytes and bodies that were taken in and are not settled. */
  get load(): { readonly bytes: number; readonly events: number } {
    return { bytes: this.#bytes, events: this.#events };
  }

  /** Whether there is one request and no other, and it was handed over. */
  get isLone(): boolean {
    return this.#underWay.length - this.#answered === 1 && this.#lanes.size === 0;
  }

  /** Takes a request in: bodies to be recorded next to each other. Requests of one `source` keep their order. */
  enqueue(source: unknown, bodies: readonly string[], waiter: Waiter): void {
    const { chunk, from, to, ends } = this.#store.keep(bodies);
    const request: Queued = { chunk, from, to, ends, waiter };
    const lane = this.#lanes.get(source);
    if (lane === undefined) this.#lanes.set(source, { waiting: [request], from: 0 });
    else lane.waiting.push(request);
    this.#bytes += to - from;
    this.#events += ends.length;
  }

  /** Hands over what waits, as far as there is room under way. To be called when everything of one turn was taken in. */
  pump(): void {
    while (this.#batches.length < batchesMax && this.#lanes.size > 0) this.#handOver(this.#takeBatch());
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
    for (const lane of this.#lanes.values()) {
      for (const request of lane.waiting.slice(lane.from)) {
        this.#leave(request);
        request.waiter.settle(outcome);
      }
    }
    this.#lanes.clear();
  }

  #takeBatch(): Queued[] {
    const batch: Queued[] = [];
    let lines = 0;
    let bytes = 0;
    while (this.#lanes.size > 0) {
      for (const [source, lane] of this.#lanes) {
        const request = lane.waiting[lane.from];
        if (request === undefined) {
          this.#lanes.delete(source);
          continue;
        }
        if (batch.length > 0 && (lines >= this.#linesMax || bytes >= batchBytesMax)) return batch;
        batch.push(request);
        lines += request.ends.length;
        bytes += request.to - request.from;
        lane.from += 1;
        // To the end of the turn: the map keeps its order of insertion.
        this.#lanes.delete(source);
        if (lane.from < lane.waiting.length) this.#lanes.set(source, lane);
        if (lane.from > 1024) {
          lane.waiting = lane.waiting.slice(lane.from);
          lane.from = 0;
        }
      }
    }
    return batch;
  }

  #handOver(batch: readonly Queued[]): void {
    if (batch.length === 0) return;
    for (const request of batch) this.#underWay.push(request);
    this.#batches.push(batch.length);
    this.#slot = (this.#slot + 1) % batchesMax;
    this.#post({ kind: 'append', ...encodeBatch(batch, (bytes) => this.#slotOf(bytes)) });
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

  #leave({ from, to, ends }: Queued): void {
    this.#events -= ends.length;
    this.#bytes -= to - from;
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
