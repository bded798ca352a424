// The order of append replies on one connection: each has its place from the moment its request was read, and leaves when
// it is known and everything before it has left.
import { Fifo } from '../memory/fifo.js';
import type { Reply } from '../wire/message.js';

/**
 * What append replies that are owed may take in memory, bytes: all of them together, divided among the processes that they are
 * owed to and among the connections of each, which have at least `bytesMin`. A connection that is owed more is not read from
 * until half of it has left: what it sends then waits in its own memory and the kernel's. All is enough for the batches under
 * way and one more.
 */
export const owedReplies = { bytesMax: 1024 * 1024, bytesMin: 8 * 1024 } as const;

/** What a reply may take in memory while it waits, by each event that its request has, bytes. */
export const replyEventBytes = 176;

/** A process that replies are owed to. */
interface Creditor {
  readonly process: string;
  /** Its connections that are owed any. */
  connections: number;
}

/** Those that replies are owed to. */
export class Creditors {
  readonly #owed = new Map<string, Creditor>();

  /** Their connections. */
  get connections(): number {
    let count = 0;
    for (const { connections } of this.#owed.values()) count += connections;
    return count;
  }

  /** A connection of this process is owed something. */
  begin(process: string): Creditor {
    const creditor = this.#owed.get(process) ?? { process, connections: 0 };
    creditor.connections += 1;
    this.#owed.set(process, creditor);
    return creditor;
  }

  /** It is owed nothing any more. */
  end(creditor: Creditor): void {
    creditor.connections -= 1;
    if (creditor.connections === 0) this.#owed.delete(creditor.process);
  }

  /** What each of its connections may be owed, bytes. */
  share({ connections }: Creditor): number {
    return Math.max(owedReplies.bytesMin, owedReplies.bytesMax / this.#owed.size / connections);
  }
}

/** A place in the order; answered once. */
export class Place {
  reply: Reply | undefined = undefined;
  /** What it may take in memory, bytes. */
  bytes: number;
  readonly #order: ReplyOrder;

  constructor(order: ReplyOrder, bytes: number) {
    this.#order = order;
    this.bytes = bytes;
  }

  answer(reply: Reply): void {
    this.reply = reply;
    this.#order.answered(this, reply);
  }
}

/** A place with its reply, duplicates left out, bytes. */
const placeBytes = 512;

export class ReplyOrder {
  readonly #answered: (reply: Reply) => void;
  readonly #creditors: Creditors;
  readonly #process: string;
  /** While replies are owed. */
  #creditor: Creditor | undefined;
  readonly #places = new Fifo<Place>();
  #bytes = 0;
  #isClosed = false;

  /** Of a connection of `process`; `answered` is told of each reply as it is given, its turn may not have come yet. */
  constructor(creditors: Creditors, process: string, answered: (reply: Reply) => void) {
    this.#creditors = creditors;
    this.#process = process;
    this.#answered = answered;
  }

  /** Replies that are owed. */
  get waiting(): number {
    return this.#places.length;
  }

  /** What they take in memory at most, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the connection should not be read from. */
  get isFull(): boolean {
    return this.#creditor !== undefined && this.#bytes > this.#creditors.share(this.#creditor);
  }

  /** Whether it may be read from again: not for every single reply that leaves. */
  get hasRoom(): boolean {
    return this.#creditor === undefined || this.#bytes <= this.#creditors.share(this.#creditor) / 2;
  }

  /** The connection is closed: nobody is owed anything any more, and no reply is kept. */
  close(): void {
    this.#isClosed = true;
    this.#places.clear();
    this.#bytes = 0;
    this.#settle();
  }

  /** A place for the reply to a request of so many events. */
  reserve(events: number): Place {
    const place = new Place(this, placeBytes + events * replyEventBytes);
    if (this.#isClosed) return place;
    this.#creditor ??= this.#creditors.begin(this.#process);
    this.#bytes += place.bytes;
    this.#places.push(place);
    return place;
  }

  /** From a place: it has its reply. */
  answered(place: Place, reply: Reply): void {
    // A pointer into an event may be as long as the event.
    if (reply.op === 'error' && reply.path !== undefined && !this.#isClosed) {
      place.bytes += reply.path.length;
      this.#bytes += reply.path.length;
    }
    this.#answered(reply);
  }

  /** Takes the next reply whose turn has come. */
  depart(): Reply | undefined {
    const place = this.#places.at(0);
    if (place?.reply === undefined) return undefined;
    this.#places.shift();
    this.#bytes -= place.bytes;
    if (this.waiting === 0) this.#settle();
    return place.reply;
  }

  #settle(): void {
    if (this.#creditor !== undefined) this.#creditors.end(this.#creditor);
    this.#creditor = undefined;
  }
}
