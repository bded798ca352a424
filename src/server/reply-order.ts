// The order of append replies on one connection: each has its place from the moment its request was read, and leaves when
// it is known and everything before it has left.
import type { Reply } from '../wire/message.js';

/**
 * Append replies that wait for their turn, bytes: beyond, the client is not read from until some have left. Of one
 * connection; all of them together divide what the second says, but have at least the third.
 */
export const waitingReplies = { bytesMax: 1024 * 1024, allBytesMax: 128 * 1024 * 1024, bytesMin: 16 * 1024 } as const;

/** What a reply may take in memory while it waits, by each event that its request has, bytes. */
const eventBytes = 128;

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

/** Places that have left are cut off in one go, so that taking one is not a copy of the rest. */
const departedMax = 1024;

/** A place with its reply, duplicates left out, bytes. */
const placeBytes = 512;

export class ReplyOrder {
  readonly #answered: (reply: Reply) => void;
  #places: Place[] = [];
  #first = 0;
  #bytes = 0;

  /** `answered` is told of each reply as it is given; its turn may not have come yet. */
  constructor(answered: (reply: Reply) => void) {
    this.#answered = answered;
  }

  /** Replies that are owed. */
  get waiting(): number {
    return this.#places.length - this.#first;
  }

  /** What they take in memory at most, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the client should be waited for, where there are so many of them. */
  isFull(clients: number): boolean {
    const { bytesMax, allBytesMax, bytesMin } = waitingReplies;
    return this.#bytes > bytesMin && this.#bytes > Math.min(bytesMax, Math.max(bytesMin, allBytesMax / clients));
  }

  /** A place for the reply to a request of so many events. */
  reserve(events: number): Place {
    const place = new Place(this, placeBytes + events * eventBytes);
    this.#bytes += place.bytes;
    this.#places.push(place);
    return place;
  }

  /** From a place: it has its reply. */
  answered(place: Place, reply: Reply): void {
    // A pointer into an event may be as long as the event.
    if (reply.op === 'error' && reply.path !== undefined) {
      place.bytes += reply.path.length;
      this.#bytes += reply.path.length;
    }
    this.#answered(reply);
  }

  /** Takes the next reply whose turn has come. */
  depart(): Reply | undefined {
    const place = this.#places[this.#first];
    if (place?.reply === undefined) return undefined;
    this.#first += 1;
    this.#bytes -= place.bytes;
    if (this.#first >= departedMax || this.#first === this.#places.length) {
      this.#places = this.#first === this.#places.length ? [] : this.#places.slice(this.#first);
      this.#first = 0;
    }
    return place.reply;
  }
}
