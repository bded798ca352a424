/**
 * One direction between the two threads: messages in the order they were posted. What is posted with every commit goes as
 * numbers in memory that both threads have, because a copy of an object costs as much as a small disk write where no cache
 * is warm; all else, and what has too many numbers, goes by the port.
 *
 * Invariant: message n is the one in place n modulo `placeCount` if that place says n, and else the next one of the port.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Bell } from './bell.js';

/** How a message becomes numbers, and is made of them again. */
export interface Numbers<T> {
  /** Into `place`; false where it is none of those that do, or has too many. */
  write(message: T, place: Float64Array): boolean;
  read(place: Float64Array): T;
}

/** More messages than that are not under way where all goes well. */
const placeCount = 8;
/** Of one place; the first says whose it is. */
const placeNumbers = 2048;

/** What both threads have of one direction. */
export interface SharedChannel {
  /** Rung behind every message. */
  readonly bell: SharedArrayBuffer;
  /** Two Int32: the last message that was taken, and whether whoever takes them looks for the next one, or was told to. */
  readonly marks: SharedArrayBuffer;
  readonly places: SharedArrayBuffer;
}

const takenMark = 0;
const looksMark = 1;
/** Of a place without a message. */
const nobodys = Number.NaN;

/** `from`: the number before the first message. */
export function shareChannel(from = 0): SharedChannel {
  const marks = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(marks)[takenMark] = from;
  const places = new SharedArrayBuffer(placeCount * placeNumbers * Float64Array.BYTES_PER_ELEMENT);
  return { bell: Bell.share(from), marks, places };
}

interface Place {
  /** The number of the message that it holds, or held. */
  readonly whose: Float64Array;
  readonly numbers: Float64Array;
}

/** What both ends have. */
class Memory {
  readonly bell: Bell;
  readonly marks: Int32Array;
  readonly #places: readonly Place[];

  constructor(shared: SharedChannel) {
    const { BYTES_PER_ELEMENT } = Float64Array;
    this.bell = new Bell(shared.bell);
    this.marks = new Int32Array(shared.marks);
    this.#places = Array.from({ length: placeCount }, (_, n) => {
      const at = n * placeNumbers * BYTES_PER_ELEMENT;
      const numbers = new Float64Array(shared.places, at + BYTES_PER_ELEMENT, placeNumbers - 1);
      return { whose: new Float64Array(shared.places, at, 1), numbers };
    });
  }

  /** The last message that was taken. */
  get taken(): number {
    return Atomics.load(this.marks, takenMark);
  }

  placeOf(message: number): Place {
    const place = this.#places[message & placeCount - 1];
    if (place === undefined) throw new RangeError(`no place for message ${message}`);
    return place;
  }
}

/** Where messages are posted. */
export class Outbox<T> {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #memory: Memory;
  readonly #numbers: Numbers<T>;
  readonly #wake: MessagePort | undefined;
  #posted: number;

  /** `wake`: where an event loop takes the messages, the port by which it is told to look for them. */
  constructor(port: Pick<MessagePort, 'postMessage'>, shared: SharedChannel, numbers: Numbers<T>, wake?: MessagePort) {
    this.#port = port;
    this.#memory = new Memory(shared);
    this.#numbers = numbers;
    this.#posted = this.#memory.taken;
    this.#wake = wake;
  }

  post(message: T): void {
    // As the bell counts: around 32 bits.
    const number = this.#posted + 1 | 0;
    const isFree = (number - this.#memory.taken | 0) <= placeCount;
    const place = this.#memory.placeOf(number);
    const isWritten = isFree && this.#numbers.write(message, place.numbers);
    if (isFree) place.whose[0] = isWritten ? number : nobodys;
    if (!isWritten) this.#port.postMessage(message);
    this.#posted = number;
    this.#memory.bell.ring();
    if (this.#wake !== undefined && Atomics.exchange(this.#memory.marks, looksMark, 1) === 0) this.#wake.postMessage(null);
  }
}

/** Where they are taken. */
export class Inbox<T> {
  readonly #port: MessagePort;
  readonly #memory: Memory;
  readonly #numbers: Numbers<T>;
  #taken: number;

  constructor(port: MessagePort, shared: SharedChannel, numbers: Numbers<T>) {
    this.#port = port;
    this.#memory = new Memory(shared);
    this.#numbers = numbers;
    this.#taken = this.#memory.taken;
  }

  /** The next message, if one is here. */
  next(): T | undefined {
    if (!this.isHere) return undefined;
    const number = this.#taken + 1 | 0;
    const place = this.#memory.placeOf(number);
    this.#taken = number;
    const message = place.whose[0] === number ? this.#numbers.read(place.numbers) : this.#fromPort(number);
    // Not before it is read: from here on the place is the next message's.
    Atomics.store(this.#memory.marks, takenMark, number);
    return message;
  }

  /** Takes all that are here, and those that come meanwhile. */
  each(take: (message: T) => void): void {
    for (let message = this.next(); message !== undefined; message = this.next()) take(message);
  }

  /** Whether a message is here. */
  get isHere(): boolean {
    return this.#memory.bell.rung !== this.#taken;
  }

  /** Sleeps until a message is here, `ms` at most; whether one is. */
  wait(ms: number): boolean {
    return this.#looking(() => { this.#memory.bell.wait(this.#taken, ms); });
  }

  /** The same without sleeping. */
  spin(ms: number): boolean {
    return this.#looking(() => { this.#memory.bell.spin(this.#taken, ms); });
  }

  /** From here on it must be woken for what comes. Who was woken MUST say so before he takes what is here. */
  turnAway(): void {
    Atomics.store(this.#memory.marks, looksMark, 0);
  }

  #looking(look: () => void): boolean {
    Atomics.store(this.#memory.marks, looksMark, 1);
    look();
    this.turnAway();
    // Not what the look found: one that came behind its end, and before we turned away, wakes nobody.
    return this.isHere;
  }

  #fromPort(number: number): T {
    const posted = receiveMessageOnPort(this.#port);
    if (posted === undefined) throw new Error(`message ${number} was announced and is not there`);
    return posted.message as T;
  }
}
