// The SDK: `connect()`, then `await client.append(event)`. Invariant: `append` resolves only when the daemon has said
// that the event is durable; everything else is an error with a code, and what `emit` loses is counted and recorded.
import type { Filters, ProofReply, Reply, Status, Welcome } from '../wire/message.js';
import type { Question } from '../wire/request.js';
import { type EntryHead, defaultsOf } from './entries.js';
import { ClientError, unencodable } from './error.js';
import type { AppendOptions, ClientEvent, EmitOptions, FieldsOf, Given, NamesIn } from './event.js';
import type { Entries, Receipt } from './pending.js';
import type { ReceiptTally } from './receipts.js';
import { type Closed, type ConnectOptions, Session } from './session.js';
import type { TailOptions, TailRecord } from './tail.js';

export { ClientError, type ClientErrorCode } from './error.js';
export type { AppendOptions, ClientEvent, EmitOptions, EventOf, GenericEvent } from './event.js';
export type { ProfileName } from '../event/catalogue.js';
export type { Closed, ConnectOptions } from './session.js';
export type { Receipt } from './pending.js';
export type { ReceiptTally } from './receipts.js';
export type { TailOptions, TailRecord } from './tail.js';
export type { Duplicate, ErrorCode, Filters, FilterName, Status, Welcome } from '../wire/message.js';
export type { JsonObject, JsonValue } from '../event/json.js';

/** What `recent` gives: raw lines, newest first, and how many records in the daemon's memory match. */
export interface Records {
  readonly records: readonly string[];
  readonly total: number;
}

/** That a record is in the tree which a checkpoint signs: what `indelible verify --proof` checks, as values. */
export type Proof = Omit<ProofReply, 'op' | 'id'>;

/** How long an answer is waited for. */
export interface AskOptions {
  /** Milliseconds, reconnects included; the client's own when absent. */
  readonly timeoutMs?: number | undefined;
  /** Gives the question up. */
  readonly signal?: AbortSignal | undefined;
}

export type RecentOptions = Filters & AskOptions & { readonly limit?: number | undefined; readonly before?: number | undefined };

/** What a child adds to the events that go through it; without a profile that of its parent. */
export type Defaults<P extends string = string, Fields = Readonly<Record<string, unknown>>> =
  Given<Fields> & { readonly profile?: P | undefined };

/**
 * Connects to the daemon's socket; resolves when it has said hello. Rejects with ClientError `not_connected` when that
 * does not happen in time, with the daemon's own code when it refuses, and `aborted` by the signal.
 */
export async function connect<Fields extends FieldsOf<'generic'> = object>(
  options?: ConnectOptions & { readonly profile?: 'generic' | undefined; readonly defaults?: Fields | undefined },
): Promise<Client<'generic', NamesIn<Fields>>>;
export async function connect<P extends string, Fields extends FieldsOf<P> = object>(
  options: ConnectOptions & { readonly profile: P; readonly defaults?: Fields | undefined },
): Promise<Client<P, NamesIn<Fields>>>;
/** With options that were put together elsewhere: of what profile its events are is known at run time only. */
export async function connect<Options extends ConnectOptions>(
  options: ConnectOptions extends Options ? Options : never,
): Promise<Client<string>>;
export async function connect(options: ConnectOptions = {}): Promise<Client<string, string>> {
  const defaults = defaultsOf(options.defaults);
  return new Client(await Session.open(options), { profile: options.profile ?? 'generic', traceparent: undefined, defaults });
}

type Head = Omit<EntryHead, 'id'>;

/**
 * A connection to the daemon, shared by all its children; it reconnects by itself. Its events are those of the profile
 * `P`, and may leave out the fields named `Name`, which it adds.
 */
export class Client<P extends string = 'generic', Name extends string = never> {
  readonly #session: Session;
  readonly #head: Head;

  /** Made by `connect` and `child`. */
  constructor(session: Session, head: Head) {
    this.#session = session;
    this.#head = head;
  }

  /** What the daemon said at the last connect: its limits, its log, and who it takes this process for. */
  get welcome(): Welcome {
    return this.#session.welcome;
  }

  /** Events lost by `emit` that no acknowledged request has reported yet. */
  get dropped(): number {
    return this.#session.outbox.sender.losses.count;
  }

  /** How the file of receipts fares; undefined without `receiptsFile`. It never makes an append fail: look here. */
  get receipts(): ReceiptTally | undefined {
    return this.#session.receipts?.tally;
  }

  /**
   * Appends one event or several, all or none. Resolves when they are durable. Rejects with ClientError: the daemon's
   * refusal at once, `overloaded` when too much is waiting here; when the deadline passes `timeout`, or what the daemon said
   * last (`disk_full`...), if to every attempt it said "later".
   */
  append<Q extends string = P>(
    events: ClientEvent<Q, Name> | readonly ClientEvent<Q, Name>[], options: AppendOptions<Q> = {},
  ): Promise<Receipt> {
    const session = this.#session;
    if (session.closed) return Promise.reject(closedError());
    const list = isList(events) ? events : [events];
    if (list.length === 0) return Promise.reject(new ClientError('bad_request', 'no events'));
    try {
      return session.outbox.append(this.#encode(list, options), options.timeoutMs ?? session.timeoutMs, options.signal);
    } catch (error) {
      return Promise.reject(error instanceof ClientError ? error : unencodable('bad_request', error));
    }
  }

  /** Best effort: never throws and never waits. What cannot be kept or is refused is counted, and the log says so. */
  emit<Q extends string = P>(event: ClientEvent<Q, Name>, options: EmitOptions<Q> = {}): void {
    const session = this.#session;
    if (session.closed) {
      session.outbox.sender.losses.add(1);
      return;
    }
    try {
      session.outbox.emit(this.#encode([event], options), session.timeoutMs);
    } catch {
      // The count is the report; emit's caller has said that it will not listen.
      session.outbox.sender.losses.add(1);
    }
  }

  /** The daemon's counters and state. */
  async status(options: AskOptions = {}): Promise<Status> {
    const reply = await this.#ask({ op: 'status' }, 'status', options);
    // The daemon's own word; what it adds in later versions is there, too.
    const fields = Object.entries(reply).filter(([name]) => name !== 'op' && name !== 'id');
    return Object.fromEntries(fields) as unknown as Status;
  }

  /** The newest records in the daemon's memory that match; needs the right to read. */
  async recent({ timeoutMs, signal, ...wanted }: RecentOptions = {}): Promise<Records> {
    const { records, total } = await this.#ask({ ...wanted, op: 'recent' }, 'records', { timeoutMs, signal });
    return { records, total };
  }

  /** The newest signed checkpoint, a C2SP note; keep it elsewhere to see a rollback. */
  async checkpoint(options: AskOptions = {}): Promise<string> {
    return (await this.#ask({ op: 'checkpoint' }, 'checkpoint', options)).note;
  }

  /**
   * Proves that record `seq` is under the newest checkpoint; needs the right to read. Rejects with ClientError
   * `bad_request` while no checkpoint covers the record, and when retention has removed it. The daemon reads a part of
   * the log for it: of a large log that may take longer than the client's `timeoutMs`, so it can have its own.
   */
  async prove(seq: number, options: AskOptions = {}): Promise<Proof> {
    const { line, index, size, hashes, note } = await this.#ask({ op: 'prove', seq }, 'proof', options);
    return { line, index, size, hashes, note };
  }

  /**
   * Every durable record from `from` on (or from now), in order, each once, also over reconnects; ends by `signal`, by
   * `close`, or when the loop is left. Needs the right to read.
   */
  tail(options: TailOptions = {}): AsyncGenerator<TailRecord, void, undefined> {
    return this.#session.tail(options);
  }

  /** Resolves when everything appended and emitted so far is settled; receipts are then in their file, if they could be. */
  flush(): Promise<void> {
    return this.#session.flush();
  }

  /**
   * Flushes, then ends the connection, for all children too. After `timeoutMs` what is left is rejected `closed`. Resolves
   * with what `emit` lost behind the last event: the log does not tell of it, so whoever closes should.
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<Closed> {
    return this.#session.close(options.timeoutMs);
  }

  /**
   * A client of the same connection that adds more defaults, each where the event has no such field or it is undefined;
   * `close` on either closes both. Throws ClientError `bad_request` for fields that cannot be read.
   */
  child<Fields extends FieldsOf<P> = object>(
    defaults: Given<Fields> & { readonly profile?: undefined },
  ): Client<P, Name | NamesIn<Fields>>;
  child<Q extends string, Fields extends FieldsOf<Q> = object>(
    defaults: Given<Fields> & { readonly profile: Q },
  ): Client<Q, Name | NamesIn<Fields>>;
  child({ profile, traceparent, fields }: Defaults): Client<P, Name> | Client<string, string> {
    const head = this.#head;
    return new Client(this.#session, {
      profile: profile ?? head.profile, traceparent: traceparent ?? head.traceparent, defaults: defaultsOf(fields, head.defaults),
    });
  }

  #encode(events: readonly object[], { profile, id, traceparent }: EmitOptions): Entries {
    const head = this.#head;
    return this.#session.entries.write(events, {
      profile: profile ?? head.profile, id, traceparent: traceparent ?? head.traceparent, defaults: head.defaults,
    }, this.#session.welcome);
  }

  async #ask<Op extends Reply['op']>(
    question: Question, op: Op, { timeoutMs, signal }: AskOptions,
  ): Promise<Extract<Reply, { op: Op }>> {
    if (this.#session.closed) throw closedError();
    const reply = await this.#session.questions.ask(question, timeoutMs ?? this.#session.timeoutMs, signal);
    if (reply.op === op) return reply as Extract<Reply, { op: Op }>;
    throw new ClientError('protocol', `the daemon answered ${question.op} with ${reply.op}`);
  }
}

function isList(events: object): events is readonly object[] {
  return Array.isArray(events);
}

function closedError(): ClientError {
  return new ClientError('closed', 'the client was closed');
}
