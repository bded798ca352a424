// The appends that are under way: queued, coalesced into requests, sent, and sent again until acknowledged.
// Invariant: an append leaves the sender exactly once, by its receipt or by its error; what is sent again is byte for
// byte what was sent before, under the same ids, so that the daemon records it once.
import { Encoder } from '../wire/encode.js';
import type { Ack, ErrorReply, Welcome } from '../wire/message.js';
import { appendHead, appendHeadBytesMax } from '../wire/request.js';
import { backoffMs } from './backoff.js';
import type { Connection } from './connection.js';
import { durationMs } from './duration.js';
import { ClientError, frameTooLarge, isRetryable, refusal, tooManyEvents } from './error.js';
import { Losses } from './losses.js';
import { type Entries, type Notice, type Pending, type Receipt, placeOf, receiptsOf } from './pending.js';
import { Queue } from './queue.js';

/** Requests sent and not yet answered, at most: enough to keep the daemon's queue full over a round trip. */
export const inFlightRequestsMax = 64;
/** Bytes of these requests, at most; they are kept for sending again. */
export const inFlightBytesMax = 8 * 1024 * 1024;

interface AppendRequest {
  readonly id: number;
  readonly frame: Buffer;
  readonly appends: readonly Pending[];
  readonly notice: Notice | undefined;
}

type Limits = Pick<Welcome, 'max_events' | 'max_frame_bytes'>;

/** Sends appends in the order they were given. */
export class Sender {
  /** What was lost; the next request says so. */
  readonly losses = new Losses();
  readonly #encoder = new Encoder();
  readonly #settled: (append: Pending) => void;
  readonly #queue = new Queue();
  #inFlight: AppendRequest[] = [];
  #inFlightBytes = 0;
  #connection: Connection | undefined = undefined;
  #lastError: ClientError | undefined = undefined;
  #limits: Limits = { max_events: 1, max_frame_bytes: 0 };
  // Odd: the even ones are questions.
  #nextId = 1;
  #refusals = 0;
  #retry: NodeJS.Timeout | undefined = undefined;
  #flush: NodeJS.Immediate | undefined = undefined;

  /** `settled` is called behind every receipt and error. */
  constructor(settled: (append: Pending) => void) {
    this.#settled = settled;
  }

  /** Queues an append; those of one turn of the event loop leave together. */
  add(append: Pending): void {
    this.#queue.add(append);
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

  /** What ended the last connection, or kept the next one from being there; undefined since an append was acknowledged. */
  get lastError(): ClientError | undefined {
    return this.#lastError;
  }

  detach(error: ClientError): void {
    this.#connection = undefined;
    this.#lastError = error;
    // Who asked for a pause is gone with it.
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const unanswered = this.#inFlight;
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    // Into the queue, each event under its id: the next daemon may have other limits, and a request made for the old ones
    // would be refused for ever.
    for (const { appends, notice } of unanswered) {
      // Not for ever: it may be what ends every connection.
      for (const append of appends) if (append.isOverdue) this.settle(append, new ClientError('timeout', 'no answer in time'));
      this.#doubt(appends, notice, true);
    }
    this.#queue.restore(unanswered.flatMap(({ appends }) => appends));
  }

  /** Takes an append back that its caller gave up; what was sent of it may be recorded all the same. */
  settle(append: Pending, error: ClientError): void {
    if (append.state === 'settled') return;
    const { state, notice } = append;
    append.state = 'settled';
    append.reject(error);
    this.#settled(append);
    this.#queue.gaveUp();
    if (notice === undefined) return;
    notice.open -= 1;
    // Nobody is left to take it along, and so it may be told twice: only the same events again, which were given up, would tell
    // whether they and it were recorded. One that is under way is looked at when it comes back.
    if (notice.open === 0 && state === 'waiting') this.losses.takeBack(notice);
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
    this.#lastError = undefined;
    if (request.notice !== undefined) this.losses.acknowledged(request.notice, request.appends, ack.count);
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
  #receipts(ack: Ack, { appends, notice }: AppendRequest): readonly Receipt[] {
    try {
      return receiptsOf(ack, appends);
    } catch (error) {
      if (notice !== undefined) this.losses.takeBack(notice);
      if (error instanceof ClientError) for (const append of appends) this.settle(append, error);
      throw error;
    }
  }

  /** One event's fault is its own caller's only: the others of the request are sent again without it. */
  refused(error: ErrorReply): void {
    const { appends, notice } = this.#answered(error.id);
    const isLater = isRetryable(error.code);
    // Of a failed write nobody knows what the disk holds.
    this.#doubt(appends, notice, isLater, isLater && error.code !== 'write_failed' ? error : undefined);
    if (isLater) this.#pause(error.retry_after_ms);
    else this.#blame(error, appends);
    this.#queue.restore(appends);
    this.send();
  }

  // Once more together, in their order; if that is refused, too, in halves and halves of them: so each event is sent a few
  // times, however many of them are wrong.
  #blame(error: ErrorReply, appends: readonly Pending[]): void {
    const place = error.index === undefined ? undefined : placeOf(error.index, appends);
    const guilty = appends[place?.append ?? (appends.length === 1 ? 0 : -1)];
    const events = eventsIn(appends);
    for (const append of appends) {
      append.eventsMax = append.eventsMax === Infinity ? events : Math.max(1, Math.floor(events / 2));
    }
    if (guilty !== undefined) this.settle(guilty, refusal(error, { index: place?.index, mayBeRecorded: guilty.mayBeRecorded }));
  }

  // After a "no" nothing of a request is recorded, and its losses may go with any other.
  #doubt(appends: readonly Pending[], notice: Notice | undefined, isDoubtful: boolean, refusal?: ErrorReply): void {
    // A disk that is found full between two events of a request has the first of them.
    const isPartly = refusal?.code === 'disk_full' && eventsIn(appends) > 1;
    for (const append of appends) {
      append.mayBeRecorded ||= isDoubtful && (refusal === undefined || isPartly);
      // Known only while every answer was a refusal; one that did not come leaves it open.
      append.refusal = append.isDoubtful && append.refusal === undefined ? undefined : refusal;
      append.isDoubtful ||= isDoubtful;
    }
    if (notice !== undefined && (!isDoubtful || notice.open === 0)) this.losses.takeBack(notice);
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

  #pause(retryAfterMs: number | undefined): void {
    this.#refusals += 1;
    // The connection keeps the process alive while somebody waits; a pause alone must not.
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.send();
    }, durationMs('retry_after_ms', (retryAfterMs ?? 0) + backoffMs(this.#refusals, Math.random))).unref();
  }

  #nextRequest(): AppendRequest | undefined {
    for (let first = this.#queue.first(); first !== undefined; first = this.#queue.first()) {
      const appends = this.#sameAgain(first.notice) ?? this.#gather();
      // None, if those that were at the head are too large.
      if (appends.length > 0) return this.#request(appends);
    }
    return undefined;
  }

  #request(appends: readonly Pending[]): AppendRequest {
    const notice = appends[0]?.notice ?? this.losses.notice(appends);
    const id = this.#nextId;
    this.#nextId += 2;
    let events = 0;
    let bytes = 0;
    for (const append of appends) {
      append.state = 'flying';
      append.sent = true;
      events += append.entries.count;
      bytes += append.entries.bytes.length;
    }
    const head = appendHead(this.#encoder, id, notice?.count ?? 0, events, bytes);
    return { id, frame: Buffer.concat([head, ...appends.map(({ entries }) => entries.bytes)]), appends, notice };
  }

  // The appends that losses were told with; undefined if there were none, or today's daemon does not take so much.
  #sameAgain(notice: Notice | undefined): readonly Pending[] | undefined {
    if (notice === undefined) return undefined;
    const load = new Load(this.#limits);
    const appends = notice.appends.filter(({ state }) => state === 'waiting');
    if (!appends.every(({ entries }) => load.add(entries))) {
      this.losses.takeBack(notice);
      return undefined;
    }
    return appends;
  }

  // As many appends from the head of the queue as one request holds.
  #gather(): readonly Pending[] {
    const load = new Load(this.#limits);
    const appends: Pending[] = [];
    for (let append = this.#queue.first(); append !== undefined; append = this.#queue.first()) {
      if (append.notice !== undefined) break;
      if (load.add(append.entries, append.eventsMax)) {
        appends.push(append);
        append.state = 'flying';
      } else if (load.isEmpty) this.settle(append, this.#tooLarge(append));
      else break;
    }
    return appends;
  }

  #tooLarge({ entries: { count, bytes }, mayBeRecorded }: Pending): ClientError {
    const { max_events: eventsMax, max_frame_bytes: bytesMax } = this.#limits;
    if (count > eventsMax) return tooManyEvents(count, eventsMax, mayBeRecorded);
    return frameTooLarge(bytes.length, bytesMax, mayBeRecorded);
  }
}

function eventsIn(appends: readonly Pending[]): number {
  return appends.reduce((sum, { entries }) => sum + entries.count, 0);
}

// What one request holds so far.
class Load {
  readonly #bytesMax: number;
  #eventsMax: number;
  #events = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#bytesMax = limits.max_frame_bytes - appendHeadBytesMax;
    this.#eventsMax = limits.max_events;
  }

  get isEmpty(): boolean {
    return this.#events === 0;
  }

  // Whether there was room. `company`: events of the whole request, at most, unless there are no others.
  add({ count, bytes }: Entries, company = Infinity): boolean {
    const eventsMax = this.isEmpty ? this.#eventsMax : Math.min(this.#eventsMax, company);
    if (this.#events + count > eventsMax || this.#bytes + bytes.length > this.#bytesMax) return false;
    this.#eventsMax = Math.min(this.#eventsMax, company);
    this.#events += count;
    this.#bytes += bytes.length;
    return true;
  }
}
