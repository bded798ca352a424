// The order of append replies on one connection: each has its place from the moment its request was read, and leaves when
// it is known and everything before it has left.
import type { Reply } from '../wire/message.js';

/** A place in the order; answered once. */
export class Place {
  reply: Reply | undefined = undefined;
  readonly #answered: (reply: Reply) => void;

  constructor(answered: (reply: Reply) => void) {
    this.#answered = answered;
  }

  answer(reply: Reply): void {
    this.reply = reply;
    this.#answered(reply);
  }
}

/** Places that have left are cut off in one go, so that taking one is not a copy of the rest. */
const departedMax = 1024;

export class ReplyOrder {
  readonly #answered: (reply: Reply) => void;
  #places: Place[] = [];
  #first = 0;

  /** `answered` is told of each reply as it is given; its turn may not have come yet. */
  constructor(answered: (reply: Reply) => void) {
    this.#answered = answered;
  }

  /** Replies that are owed. */
  get waiting(): number {
    return this.#places.length - this.#first;
  }

  reserve(): Place {
    const place = new Place(this.#answered);
    this.#places.push(place);
    return place;
  }

  /** Takes the next reply whose turn has come. */
  depart(): Reply | undefined {
    const reply = this.#places[this.#first]?.reply;
    if (reply !== undefined) this.#first += 1;
    if (this.#first >= departedMax || this.#first === this.#places.length) {
      this.#places = this.#first === this.#places.length ? [] : this.#places.slice(this.#first);
      this.#first = 0;
    }
    return reply;
  }
}
