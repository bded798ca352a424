// An append between the queue and its answer. Its own lines and every first copy that it waits for must be settled before the
// answer leaves; of the events themselves nothing is kept here, because very many appends wait at once.
import type { Outcome, Waiter } from '../log/appender.js';
import type { LogError } from '../log/failure.js';
import type { Ack, Duplicate, Reply } from '../wire/message.js';
import type { Counters } from './counters.js';
import { failureReply } from './failure-reply.js';
import type { Fate, IdMemory, RememberedId } from './ids.js';
import { noId } from './ids.js';

/** Where the answer to one request goes, once. */
export interface Answer {
  answer(reply: Reply): void;
}

export interface PendingParts {
  readonly ids: IdMemory;
  readonly counters: Counters;
}

/** A new event: its profile, and the id it is remembered by, or none. */
interface Expected {
  readonly profile: string;
  readonly id: RememberedId;
}

export class PendingAppend implements Waiter {
  /** Lines of ours in front of the events: 1 where the client told of losses. */
  gapLines = 0;
  readonly #id: number;
  readonly #source: string;
  readonly #place: Answer;
  readonly #parts: PendingParts;
  /** The first new event, and the others: most requests have one, and very many requests wait. */
  #profile = '';
  #rememberedId: RememberedId = noId;
  #others: Expected[] | undefined;
  #count = 0;
  #duplicates: Duplicate[] | undefined;
  /** Its own lines count as one. */
  #unsettled = 1;
  #error: LogError | undefined;
  #first: number | null = null;
  #mac: string | null = null;
  #ts: string | null = null;

  /** For the request `id` of the process `source`. */
  constructor(id: number, source: string, place: Answer, parts: PendingParts) {
    this.#id = id;
    this.#source = source;
    this.#place = place;
    this.#parts = parts;
  }

  /** A new event. */
  expect(profile: string, id: RememberedId): void {
    if (this.#count > 0) {
      (this.#others ??= []).push({ profile, id });
    } else {
      this.#profile = profile;
      this.#rememberedId = id;
    }
    this.#count += 1;
  }

  /** A copy of something durable. */
  duplicate(index: number, seq: number, mac: string): void {
    this.#parts.ids.keep(this.#source);
    (this.#duplicates ??= []).push([index, seq, mac]);
  }

  /** A copy of something that is not durable yet. */
  waitFor(index: number): (fate: Fate) => void {
    this.#unsettled += 1;
    return (fate) => {
      if (fate.kind === 'durable') this.duplicate(index, fate.seq, fate.mac);
      else this.#error ??= fate.error;
      this.release();
    };
  }

  settle(outcome: Outcome): void {
    if (outcome.kind === 'durable') this.#recorded(outcome);
    else this.#rejected(outcome);
    this.release();
  }

  /** One thing less to wait for; at the last one the answer leaves. */
  release(): void {
    this.#unsettled -= 1;
    if (this.#unsettled > 0) return;
    if (this.#duplicates !== undefined) this.#parts.ids.letGo(this.#source, this.#duplicates.length);
    if (this.#error !== undefined) {
      this.#place.answer({ op: 'error', id: this.#id, ...failureReply(this.#error) });
      return;
    }
    const count = this.#first === null ? 0 : this.#count;
    const ack: Ack = { op: 'ack', id: this.#id, first: this.#first, count, mac: this.#mac, ts: this.#ts };
    const duplicates = this.#duplicates?.sort((a, b) => a[0] - b[0]);
    this.#place.answer(duplicates === undefined ? ack : { ...ack, duplicates });
  }

  #recorded({ first: firstLine, lines }: Extract<Outcome, { kind: 'durable' }>): void {
    const first = firstLine + this.gapLines;
    const last = first + this.#count - 1;
    const { ids, counters } = this.#parts;
    this.#first = first;
    this.#mac = lines.mac(last);
    this.#ts = lines.ts(last);
    for (let index = 0; index < this.#count; index += 1) {
      const { profile, id } = this.#expected(index);
      counters.accept(profile);
      const seq = first + index;
      if (id !== noId) ids.recorded(id, seq, lines);
    }
  }

  /** What a failed write left of a request is durable: its ids are known, so that sending it again completes it. */
  #rejected({ error, first, written, lines }: Extract<Outcome, { kind: 'rejected' }>): void {
    this.#error ??= error;
    for (let index = 0; index < this.#count; index += 1) {
      const { id } = this.#expected(index);
      if (id === noId) continue;
      const line = index + this.gapLines;
      if (line < written) this.#parts.ids.recorded(id, first + line, lines);
      else this.#parts.ids.rejected(id, error);
    }
  }

  #expected(index: number): Expected {
    const other = index === 0 ? undefined : this.#others?.[index - 1];
    return other ?? { profile: this.#profile, id: this.#rememberedId };
  }
}
