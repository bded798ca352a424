// The order of append replies on one connection: each has its place from the moment its request was read, and leaves when
// it is known and everything before it has left.
import type { Reply } from '../wire/message.js';

/** A place in the order; filled once. */
export interface Place {
  reply: Reply | undefined;
}

/** Places that have left are cut off in one go, so that taking one is not a copy of the rest. */
const departedMax = 1024;

export class ReplyOrder {
  #places: Place[] = [];
  #first = 0;

  /** Replies that are owed. */
  get waiting(): number {
    return this.#places.length - this.#first;
  }

  reserve(): Place {
    const place: Place = { reply: undefined };
    this.#places.push(place);
    return place;
  }

  /** Takes the replies whose turn has come. */
  *depart(): Generator<Reply> {
    for (let place = this.#places[this.#first]; place?.reply !== undefined; place = this.#places[this.#first]) {
      this.#first += 1;
      yield place.reply;
    }
    if (this.#first < departedMax && this.#first < this.#places.length) return;
    this.#places = this.#places.slice(this.#first);
    this.#first = 0;
  }
}
