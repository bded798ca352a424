// The appends that are under way: queued, coalesced into requests, sent, and sent again until acknowledged.
// Invariant: an append leaves the sender exactly once, by its receipt or by its error; what is sent again is byte for
// byte what was sent before, under the same ids, so that the daemon records it once.
import { Encoder } from '../wire/encode.js';
import type { Ack, ErrorReply, Welcome } from '../wire/message.js';
import { appendHead, appendHeadBytesMax } from '../wire/request.js';
import { backoffMs } from './backoff.js';
import type { Connection } from './connection.js';
import { ClientError, isRetryable, refusal } from './error.js';
import { type Pending, type Receipt, placeOf, receiptsOf } from './pending.js';

/** Requests sent and not yet answered, at most: enough to keep the daemon's queue full over a round trip. */
export const inFlightRequestsMax = 64;
/** Bytes of these requests, at most; they are kept for sending again. */
export const inFlightBytesMax = 8 * 1024 * 1024;

// Appends that are over and still in the queue, at most; then it is rewritten, so that this costs little for each.
const staleMax = 4096;

interface AppendRequest {
  readonly id: number;
  readonly frame: Buffer;
  readonly appends: readonly Pending[];
  readonly dropped: number;
}

type Limits = Pick<Welcome, 'max_events' | 'max_frame_bytes'>;

/** Sends appends in the order they were given. */
export class Sender {
  readonly #encoder = new Encoder();
  readonly #settled: (append: Pending) => void;
  // Read from `#head` on; cut off in one go when it is empty, since shifting a long array is quadratic.
  #waiting: Pending[] = [];
  #head = 0;
  #stale = 0;
  #inFlight: AppendRequest[] = [];
  #inFlightBytes = 0;
  #connection: Connection | undefined = undefined;
  #limits: Limits = { max_events: 1, max_frame_bytes: 0 };
  // Odd: the even ones are questions.
  #nextId = 1;
  #dropped = 0;
  #refusals = 0;
  #retry: NodeJS.Timeout | undefined = undefined;
  #flush: NodeJS.Immediate | undefined = undefined;

  /** `settled` is called behind every receipt and error. */
  constructor(settled: (append: Pending) => void) {
    this.#settled = settled;
  }

  /** Counts events that were lost before they got here; the next request says so. */
  drop(events: number): void {
    this.#dropped += events;
  }

  /** Events lost and not yet acknowledged as such. */
  get dropped(): number {
    return this.#inFlight.reduce((sum, request) => sum + request.dropped, this.#dropped);
  }

  /** Queues an append; those of one turn of the event loop leave together. */
  add(append: Pending): void {
    this.#waiting.push(append);
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      this.send();
    });
  }

  /** The connection is up: what was not acknowledged goes first. */
  attach(connection: Connection, limits: Limits): void {
    this.#connection = connection;
    this.#limits = limits;
    this.send();
  }

  detach(): void {
    this.#connection = undefined;
    // Back into the queue, each event under its id: the next daemon may have other limits, and a request made for the old
    // ones would be refused for ever. A count that went along is told again: better twice than never.
    const unanswered = this.#inFlight;
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    for (const request of unanswered) this.#dropped += request.dropped;
    this.#requeue(unanswered.flatMap((request) => request.appends));
  }

  /** Takes an append back that its caller gave up; what was sent of it may be recorded all the same. */
  settle(append: Pending, error: ClientError): void {
    if (append.state === 'settled') return;
    append.state = 'settled';
    append.reject(error);
    this.#settled(append);
    // While no daemon is there the queue is not read: what was given up must not pile up in it.
    this.#stale += 1;
    if (this.#stale < staleMax) return;
    this.#compact();
  }

  /** Stops the timers; appends that are left MUST be settled by the caller. */
  close(): void {
    clearTimeout(this.#retry);
    clearImmediate(this.#flush);
  }

  /** Sends as much as the bounds allow. */
  send(): void {
    if (this.#connection === undefined || this.#retry !== undefined) return;
    while (this.#inFlight.length < inFlightRequestsMax && this.#inFlightBytes < inFlightBytesMax) {
      const request = this.#nextRequest();
      if (request === undefined) break;
      this.#inFlight.push(request);
      this.#inFlightBytes += request.frame.length;
      this.#connection.write(request.frame);
    }
  }

  acknowledged(ack: Ack): void {
    const request = this.#answered(ack.id);
    this.#refusals = 0;
    const receipts = this.#receipts(ack, request);
    for (const [i, append] of request.appends.entries()) {
      const receipt = receipts[i];
      if (append.state === 'settled' || receipt === undefined) continue;
      append.state = 'settled';
      append.resolve(receipt);
      this.#settled(append);
    }
    this.send();
  }

  // A receipt that cannot be true is none: the callers are told, and the conversation ends.
  #receipts(ack: Ack, request: AppendRequest): readonly Receipt[] {
    try {
      return receiptsOf(ack, request.appends, request.dropped > 0);
    } catch (error) {
      if (error instanceof ClientError) for (const append of request.appends) this.settle(append, error);
      throw error;
    }
  }

  /** One event's fault is its own caller's only: the others of the request are sent again without it. */
  refused(error: ErrorReply): void {
    const request = this.#answered(error.id);
    this.#dropped += request.dropped;
    if (isRetryable(error.code)) {
      this.#requeue(request.appends);
      this.#pause(error.retry_after_ms);
      return;
    }
    const place = error.index === undefined ? undefined : placeOf(error.index, request.appends);
    const guilty = request.appends[place?.append ?? (request.appends.length === 1 ? 0 : -1)];
    if (guilty === undefined) for (const append of request.appends) append.alone = true;
    else this.settle(guilty, refusal(error, place?.index));
    this.#requeue(request.appends);
    this.send();
  }

  // Acks and append errors come in the order of their requests; anything else would give one caller another's receipt.
  #answered(id: number | null): AppendRequest {
    const request = this.#inFlight[0];
    if (id === null || request?.id !== id) {
      throw new ClientError('protocol', `an answer to append ${String(id)} out of order`);
    }
    this.#inFlight.shift();
    this.#inFlightBytes -= request.frame.length;
    return request;
  }

  #requeue(appends: readonly Pending[]): void {
    const again = appends.filter((append) => append.state !== 'settled');
    this.#compact();
    this.#waiting = [...again, ...this.#waiting].sort((a, b) => a.order - b.order);
  }

  #compact(): void {
    this.#waiting = this.#waiting.slice(this.#head).filter((append) => append.state !== 'settled');
    this.#head = 0;
    this.#stale = 0;
  }

  #pause(retryAfterMs: number | undefined): void {
    this.#refusals += 1;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.send();
    }, (retryAfterMs ?? 0) + backoffMs(this.#refusals, Math.random));
  }

  // As many appends from the head of the queue as one request holds.
  #nextRequest(): AppendRequest | undefined {
    const appends: Pending[] = [];
    const parts: Buffer[] = [];
    let events = 0;
    let bytes = 0;
    while (this.#head < this.#waiting.length) {
      const append = this.#waiting[this.#head];
      if (append?.state === 'open') {
        const fits = events + append.count <= this.#limits.max_events
          && bytes + append.entries.length + appendHeadBytesMax <= this.#limits.max_frame_bytes;
        if (appends.length > 0 && (!fits || append.alone || appends[0]?.alone === true)) break;
        this.#head += 1;
        if (fits) {
          appends.push(append);
          parts.push(append.entries);
          events += append.count;
          bytes += append.entries.length;
          append.sent = true;
        } else this.settle(append, this.#tooLarge(append));
      } else this.#head += 1;
    }
    if (this.#head === this.#waiting.length || this.#head >= staleMax) this.#compact();
    if (appends.length === 0) return undefined;
    const id = this.#nextId;
    this.#nextId += 2;
    const dropped = this.#dropped;
    this.#dropped = 0;
    parts.unshift(appendHead(this.#encoder, id, dropped, events, bytes));
    return { id, frame: Buffer.concat(parts), appends, dropped };
  }

  #tooLarge(append: Pending): ClientError {
    const { max_events: eventsMax, max_frame_bytes: bytesMax } = this.#limits;
    return append.count > eventsMax
      ? new ClientError('too_many_events', `${append.count} events, at most ${eventsMax} in one append`)
      : new ClientError('frame_too_large', `${append.entries.length} bytes, at most ${bytesMax} in one append`);
  }
}
