/**
 * The one queue in front of the writer's thread. Requests wait here, each source in its own line; batches take one
 * request of every source in turn, so that who sends much waits behind his own and not before everybody else's.
 *
 * Invariant: every request that was taken in is settled exactly once, in the order it was handed over, and as `durable`
 * only after the thread said so.
 */
import type { LogError } from './failure.js';
import { DurableLines } from './durable.js';
import type { AppendOrder, CommittedLines, Order } from './mailbox.js';

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'durable'; readonly lines: DurableLines }
  /** `lines`: the bodies from the first on that are durable all the same, if any are. */
  | { readonly kind: 'rejected'; readonly error: LogError; readonly lines?: DurableLines; readonly written: number };

/** Bodies to be recorded next to each other. */
export interface AppendRequest {
  readonly bodies: readonly string[];
  /** Called once, synchronously, when its fate is known. */
  readonly settle: (outcome: Outcome) => void;
}

/** Batches under way at once: one that the disk is busy with and one that is ready when it returns. */
const batchesMax = 2;
/** What one batch holds: in `group` mode it may become one commit, in `line` mode as many fsyncs as it has lines. */
const batchLinesMax = { line: 64, group: 4096 } as const;
const batchBytesMax = 4 * 1024 * 1024;

/** A line of waiting requests; `from` is the first not taken yet, so that taking one is not a copy of the rest. */
interface Lane {
  waiting: AppendRequest[];
  from: number;
}

export class Appender {
  readonly #post: (order: Order, transfer: ArrayBuffer[]) => void;
  readonly #linesMax: number;
  readonly #lanes = new Map<unknown, Lane>();
  /** Handed to the thread and not yet answered, oldest first; `#answered` of them are. */
  #underWay: AppendRequest[] = [];
  #answered = 0;
  #batches: number[] = [];
  #bytes = 0;
  #events = 0;

  constructor(sync: 'line' | 'group', post: (order: Order, transfer: ArrayBuffer[]) => void) {
    this.#post = post;
    this.#linesMax = batchLinesMax[sync];
  }

  /** Characters and bodies that were taken in and are not settled. */
  get load(): { readonly bytes: number; readonly events: number } {
    return { bytes: this.#bytes, events: this.#events };
  }

  /** Takes a request in. Requests of one `source` keep their order. */
  enqueue(source: unknown, request: AppendRequest): void {
    const lane = this.#lanes.get(source);
    if (lane === undefined) this.#lanes.set(source, { waiting: [request], from: 0 });
    else lane.waiting.push(request);
    this.#count(request, 1);
  }

  /** Hands over what waits, as far as there is room under way. To be called when everything of one turn was taken in. */
  pump(): void {
    while (this.#batches.length < batchesMax && this.#lanes.size > 0) this.#handOver(this.#takeBatch());
  }

  /** The thread finished the oldest `requests`, and these are the lines it wrote. */
  committed(commits: readonly CommittedLines[], requests: number): void {
    const done = Array.from({ length: requests }, () => this.#oldest());
    // What the log wrote for itself came before them: theirs are the last lines.
    const last = commits.at(-1);
    let seq = last === undefined ? 0 : last.first + last.ends.length;
    for (const request of done) seq -= request.bodies.length;
    for (const request of done) {
      request.settle({ kind: 'durable', lines: new DurableLines(commits, seq) });
      seq += request.bodies.length;
    }
    this.pump();
  }

  /** The thread will write no more of the oldest `requests`; `commits` hold what it did write of the first. */
  rejected(commits: readonly CommittedLines[], requests: number, error: LogError): void {
    // A header, a seal or a step of the clock may have come before it, and is nothing of it.
    const own = commits.filter(({ isRequest }) => isRequest);
    const first = own[0]?.first ?? 0;
    let written = own.reduce((sum, { ends }) => sum + ends.length, 0);
    for (let n = 0; n < requests; n += 1) {
      const lines = written > 0 ? { lines: new DurableLines(own, first) } : {};
      this.#oldest().settle({ kind: 'rejected', error, written, ...lines });
      written = 0;
    }
    this.pump();
  }

  /** Nothing will be written any more: settles all there is. */
  failed(error: LogError): void {
    while (this.#answered < this.#underWay.length) this.#oldest().settle({ kind: 'rejected', error, written: 0 });
    for (const lane of this.#lanes.values()) {
      for (const request of lane.waiting.slice(lane.from)) {
        this.#count(request, -1);
        request.settle({ kind: 'rejected', error, written: 0 });
      }
    }
    this.#lanes.clear();
  }

  #takeBatch(): AppendRequest[] {
    const batch: AppendRequest[] = [];
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
        lines += request.bodies.length;
        for (const body of request.bodies) bytes += body.length;
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

  #handOver(batch: readonly AppendRequest[]): void {
    if (batch.length === 0) return;
    const { bytes, ends, requests } = encodeBatch(batch);
    this.#underWay.push(...batch);
    this.#batches.push(batch.length);
    this.#post({ kind: 'append', bytes, ends, requests }, [bytes.buffer, ends.buffer, requests.buffer]);
  }

  #oldest(): AppendRequest {
    const request = this.#underWay[this.#answered];
    if (request === undefined) throw new Error('the writer answered a request that was never handed over');
    this.#answered += 1;
    this.#count(request, -1);
    if (this.#answered === this.#underWay.length || this.#answered > 4096) {
      this.#underWay = this.#underWay.slice(this.#answered);
      this.#answered = 0;
    }
    const left = (this.#batches[0] ?? 0) - 1;
    if (left > 0) this.#batches[0] = left;
    else this.#batches.shift();
    return request;
  }

  #count(request: AppendRequest, sign: 1 | -1): void {
    this.#events += sign * request.bodies.length;
    for (const body of request.bodies) this.#bytes += sign * body.length;
  }
}

/** One buffer for all bodies, and where they end. */
function encodeBatch(batch: readonly AppendRequest[]): Omit<AppendOrder, 'kind'> {
  let lines = 0;
  let room = 0;
  for (const { bodies } of batch) {
    lines += bodies.length;
    for (const body of bodies) room += Buffer.byteLength(body, 'utf8');
  }
  const bytes = Buffer.from(new ArrayBuffer(room));
  const ends = new Uint32Array(lines);
  const requests = new Uint32Array(batch.length);
  let line = 0;
  let at = 0;
  for (const [index, { bodies }] of batch.entries()) {
    for (const body of bodies) {
      at += bytes.write(body, at, 'utf8');
      ends[line] = at;
      line += 1;
    }
    requests[index] = line;
  }
  return { bytes, ends, requests };
}
