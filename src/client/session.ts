// What a client and its children share: one link, one outbox, the open questions. Invariant: the process is kept alive
// only while an answer is outstanding.
import type { Reply, Welcome } from '../wire/message.js';
import { checkedSocketPath, socketPath } from '../wire/place.js';
import type { Connection } from './connection.js';
import { Deadline } from './deadline.js';
import { durationMs } from './duration.js';
import { EntryWriter } from './entries.js';
import { ClientError, isRetryable } from './error.js';
import { Link, type LinkOptions } from './link.js';
import { type OutboxGiven, Outbox, boundsOf } from './outbox.js';
import { Questions, frameOf, helloBytesMax } from './questions.js';
import { ReceiptFile } from './receipts.js';
import { Tail, type TailOptions, type TailRecord } from './tail.js';

/** How to reach the daemon, and what to do meanwhile. */
export interface ConnectOptions {
  /** Path of the socket; found by the environment when absent. */
  readonly socket?: string | undefined;
  /** "name/version" of this program, told to the daemon. */
  readonly client?: string | undefined;
  /** The source system of its events; `generic` when absent. */
  readonly profile?: string | undefined;
  /** Fields of every event that the event itself does not have. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Milliseconds for an append or a question, reconnects and retries included: 30,000 when absent. Here and below Infinity
   * is as long as a timer can wait, some 24 days.
   */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds for `connect` itself: 5,000 when absent. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Milliseconds for `connect` where the socket lets us in and nobody answers yet: systemd does so while it starts the
   * daemon. `connectTimeoutMs` when absent or less.
   */
  readonly startTimeoutMs?: number | undefined;
  /** Gives `connect` up. */
  readonly signal?: AbortSignal | undefined;
  /** How much may wait here; what is absent keeps its default. */
  readonly bounds?: OutboxGiven | undefined;
  /**
   * A file that every acknowledgement's receipt is appended to, a JSON line {"seq","mac"} each, for `indelible verify
   * --receipts`. Made with mode 0600, written in the background and not synced; one for each process. Appends do not
   * suffer if it cannot be written: see `Client.receipts`.
   */
  readonly receiptsFile?: string | undefined;
}

const defaultTimeoutMs = 30_000;
const defaultConnectTimeoutMs = 5000;
// No other request's number; so a late answer to hello is never taken for another one.
const helloId = 0;

/** How a client ended. */
export interface Closed {
  /**
   * Events lost by `emit` that the log does not tell of: only a later event would have said so, and there is none. What
   * was sent and not answered is among them.
   */
  readonly dropped: number;
}

/** The shared part of a client, from the first welcome to `close`. */
export class Session {
  readonly timeoutMs: number;
  readonly entries = new EntryWriter();
  readonly outbox: Outbox;
  readonly questions: Questions;
  /** Undefined if none are kept. */
  readonly receipts: ReceiptFile | undefined;
  readonly #linkOptions: LinkOptions;
  readonly #link: Link;
  readonly #tails = new Set<Tail>();
  readonly #opening: { readonly up: () => void; readonly failed: (error: ClientError) => void };
  #welcome: Welcome | undefined = undefined;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #lastError: ClientError | undefined = undefined;
  #closing: Promise<Closed> | undefined = undefined;
  #giveUp: () => void = () => undefined;
  readonly #givenUp = new Promise<void>((resolve) => { this.#giveUp = resolve; });

  private constructor(
    options: ConnectOptions, helloMs: number, up: () => void, failed: (error: ClientError) => void,
  ) {
    this.timeoutMs = durationMs('timeoutMs', options.timeoutMs ?? defaultTimeoutMs);
    this.#opening = { up, failed };
    this.outbox = new Outbox(boundsOf(options.bounds), () => { this.#hold(); });
    this.questions = new Questions(() => { this.#hold(); });
    this.receipts = options.receiptsFile === undefined ? undefined : new ReceiptFile(options.receiptsFile);
    const hello = frameOf(helloId, { op: 'hello', client: options.client ?? 'indelible-js/1' }, helloBytesMax);
    this.#linkOptions = { socket: placeOf(options), hello, helloMs };
    this.#link = new Link(this.#linkOptions, {
      up: (connection, welcome) => { this.#up(connection, welcome); },
      reply: (reply) => { this.#reply(reply); },
      down: (error) => { this.#down(error); },
    });
  }

  /** A session that has been welcomed once. */
  static open(options: ConnectOptions): Promise<Session> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const ms = durationMs('connectTimeoutMs', options.connectTimeoutMs ?? defaultConnectTimeoutMs);
      const startMs = durationMs('startTimeoutMs', options.startTimeoutMs ?? 0);
      if (signal?.aborted === true) throw new ClientError('aborted', 'aborted before connecting');
      const abort = (): void => { failed(new ClientError('aborted', 'aborted while connecting')); };
      const end = (): void => {
        timer.clear();
        signal?.removeEventListener('abort', abort);
      };
      const failed = (error: ClientError): void => {
        end();
        session.#finish(error);
        reject(error);
      };
      const late = (): void => {
        const cause = session.#lastError;
        const silence = session.#link.isLetIn ? `we were let in, and not answered in ${Math.max(ms, startMs)} ms` : `no daemon in ${ms} ms`;
        failed(new ClientError('not_connected', cause?.message ?? silence, { cause }));
      };
      let timer = new Deadline(ms, () => {
        if (session.#link.isLetIn && startMs > ms) timer = new Deadline(startMs - ms, late);
        else late();
      });
      let session: Session;
      try {
        session = new Session(options, Math.max(ms, startMs), () => { end(); resolve(session); }, failed);
      } catch (error) {
        timer.clear();
        throw error;
      }
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** The daemon's last welcome. */
  get welcome(): Welcome {
    if (this.#welcome === undefined) throw new ClientError('not_connected', 'no welcome yet');
    return this.#welcome;
  }

  get closed(): boolean {
    return this.#state === 'closing' || this.#state === 'closed';
  }

  async *tail(options: TailOptions): AsyncGenerator<TailRecord, void, undefined> {
    if (this.closed) throw new ClientError('closed', 'the client was closed');
    const from = options.from ?? (await this.#nextSeq(options.signal));
    // Either ends the iteration, also before it has begun.
    if (isAborted(options.signal) || this.#hasEnded()) return;
    const tail = new Tail(this.#linkOptions, from, options.filters ?? {}, this.welcome.max_frame_bytes);
    const abort = (): void => { tail.stop(undefined); };
    options.signal?.addEventListener('abort', abort, { once: true });
    this.#tails.add(tail);
    try {
      yield* tail.records();
    } finally {
      this.#tails.delete(tail);
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /** Flushes and ends; whoever calls waits for the same end, and the least patient brings it about. */
  async close(timeoutMs: number | undefined): Promise<Closed> {
    const timer = timeoutMs === undefined ? undefined : new Deadline(durationMs('timeoutMs', timeoutMs), this.#giveUp);
    try {
      return await (this.#closing ??= this.#close());
    } finally {
      timer?.clear();
    }
  }

  async #close(): Promise<Closed> {
    this.#state = 'closing';
    await Promise.race([this.flush(), this.#givenUp]);
    this.#finish(new ClientError('closed', 'the client was closed'));
    await Promise.race([this.receipts?.close(), this.#givenUp]);
    return { dropped: this.outbox.sender.losses.count };
  }

  /** Resolves when everything taken in so far is settled, and the receipts of it are written or could not be. */
  async flush(): Promise<void> {
    await this.outbox.flush();
    await this.receipts?.flush();
  }

  // Asked anew: it may end while something is waited for.
  #hasEnded(): boolean {
    return this.closed;
  }

  // "From now" as a number, so that a connection lost before the first record loses none.
  async #nextSeq(signal: AbortSignal | undefined): Promise<number | undefined> {
    try {
      const reply = await this.questions.ask({ op: 'status' }, this.timeoutMs, signal);
      const head = reply.op === 'status' ? reply['head'] : undefined;
      const seq = typeof head === 'object' && head !== null && 'seq' in head ? head['seq'] : undefined;
      return typeof seq === 'number' ? seq + 1 : undefined;
    } catch (error) {
      if (isAborted(signal) || this.closed) return undefined;
      throw error;
    }
  }

  #up(connection: Connection, welcome: Welcome): void {
    this.#welcome = welcome;
    if (this.#state === 'opening') {
      this.#state = 'open';
      this.#opening.up();
    }
    this.questions.attach(connection, welcome);
    this.outbox.sender.attach(connection, welcome);
    this.#hold();
  }

  #reply(reply: Reply): void {
    if (this.questions.answer(reply)) return;
    switch (reply.op) {
      case 'ack':
        this.outbox.sender.acknowledged(reply);
        this.receipts?.take(reply);
        return;
      case 'error':
        // Without an id it is the conversation that failed: the daemon could not read what we sent.
        if (reply.id === null) throw new ClientError('protocol', `${reply.code}: ${reply.message}`);
        this.outbox.sender.refused(reply);
        return;
      // The answer to a question that was given up meanwhile.
      default:
    }
  }

  #down(error: ClientError): void {
    this.#lastError = error;
    this.questions.detach();
    this.outbox.sender.detach(error);
    // A daemon that answers and says no will say no again; one that cannot be reached may be starting.
    if (this.#state === 'opening' && !isRetryable(error.code)) this.#opening.failed(error);
  }

  #hold(): void {
    this.#link.hold(this.outbox.outstanding > 0 || this.questions.open > 0);
  }

  #finish(error: ClientError): void {
    this.#state = 'closed';
    this.outbox.close();
    this.questions.close(error);
    for (const tail of this.#tails) tail.stop(undefined);
    this.#link.close(error);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function placeOf(options: ConnectOptions): string {
  try {
    const path = options.socket === undefined ? socketPath(process.env) : checkedSocketPath(options.socket);
    if (path !== undefined) return path;
  } catch (cause) {
    throw new ClientError('not_connected', cause instanceof Error ? cause.message : 'no usable socket path', { cause });
  }
  throw new ClientError('not_connected', 'no socket: set INDELIBLE_SOCKET, or HOME for its default place');
}
