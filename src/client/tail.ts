// Following the log: records in order, each once, over reconnects. Invariant: never more than a few records are held;
// when the consumer is slow the socket stops being read, on a connection of its own that holds nobody else up.
import type { Filters, Reply } from '../wire/message.js';
import type { Connection } from './connection.js';
import { ClientError, isRetryable, refusal } from './error.js';
import { Link, type LinkOptions } from './link.js';
import { frameOf } from './questions.js';

/** Records held before the socket is paused; a chunk more may still arrive. */
export const tailRecordsMax = 256;

/** One durable record: `line` is its JSON text as stored, without the LF. */
export interface TailRecord {
  readonly seq: number;
  readonly line: string;
}

export interface TailOptions {
  /** The first record wanted; the next one to be written when absent. */
  readonly from?: number | undefined;
  readonly filters?: Filters | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

const tailId = 1;

/** An iteration that is going on. */
export class Tail {
  readonly #filters: Filters;
  readonly #bytesMax: number;
  readonly #link: Link;
  #next: number | undefined;
  #records: TailRecord[] = [];
  #connection: Connection | undefined = undefined;
  #end: { readonly error: ClientError | undefined } | undefined = undefined;
  #wake: (() => void) | undefined = undefined;

  /** Throws ClientError for filters that cannot be encoded in a request of `bytesMax` bytes. */
  constructor(link: LinkOptions, from: number | undefined, filters: Filters, bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#filters = { ...filters };
    this.#next = from;
    // Once before the link is there, which would come back for ever with what cannot be said.
    this.#question();
    this.#link = new Link(link, {
      up: (connection) => {
        this.#connection = connection;
        connection.write(this.#question());
      },
      reply: (reply) => { this.#take(reply); },
      down: () => { this.#connection = undefined; },
    });
  }

  /** The records as they come; ends without an error after `stop`. Throws ClientError when the daemon refuses. */
  async *records(): AsyncGenerator<TailRecord, void, undefined> {
    try {
      for (;;) {
        const batch = this.#records;
        this.#records = [];
        if (batch.length >= tailRecordsMax) this.#connection?.resume();
        for (const record of batch) {
          if (this.#stopped()) return;
          yield record;
        }
        if (this.#records.length > 0) continue;
        if (this.#end?.error !== undefined) throw this.#end.error;
        if (this.#end !== undefined) return;
        await new Promise<void>((wake) => { this.#wake = wake; });
      }
    } finally {
      this.stop(undefined);
    }
  }

  /** Ends the iteration, with an error if there is one. */
  stop(error: ClientError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#link.close(error ?? new ClientError('closed', 'the tail was ended'));
    this.#rouse();
  }

  #question(): Buffer {
    return frameOf(tailId, { op: 'tail', from: this.#next, ...this.#filters }, this.#bytesMax);
  }

  // Asked anew for every record: a consumer may stop the tail while it holds one.
  #stopped(): boolean {
    return this.#end !== undefined && this.#end.error === undefined;
  }

  #take(reply: Reply): void {
    if (reply.op === 'record') {
      // After a reconnect the daemon may begin before the record that was asked for; each goes out once.
      if (this.#next !== undefined && reply.seq < this.#next) return;
      this.#next = reply.seq + 1;
      this.#records.push({ seq: reply.seq, line: reply.line });
      if (this.#records.length >= tailRecordsMax) this.#connection?.pause();
      this.#rouse();
    } else if (reply.op === 'error') {
      const error = refusal(reply);
      // The daemon's state, not our request: come back and go on behind the last record.
      if (isRetryable(reply.code)) this.#connection?.close(error);
      else this.stop(error);
    }
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
