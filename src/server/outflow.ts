// What goes to one client, and whether it takes it. Nothing here blocks: a client that reads slowly is waited for by whoever
// has more for it, and one that reads nothing at all is let go. All that one turn of the event loop has for a client leaves
// in one write: a commit answers many of its requests, and a system call for each would cost more than the rest of them.
import type { Socket } from 'node:net';
import { Encoder } from '../wire/encode.js';
import type { Reply } from '../wire/message.js';
import { writeRecord, writeReply } from '../wire/reply.js';
import type { Holder, Pool } from './pool.js';

/** Bytes that a client has not taken: beyond, it gets no more, and is not read from, until it takes some. */
export const unsentBytesMax = 1024 * 1024;
/** The same of all clients together. */
export const allUnsentBytesMax = 128 * 1024 * 1024;
/** A client that takes nothing at all for this long is let go, ms. */
export const slowConsumerMs = 30_000;

/** How long a client that was let go may take to read why, ms. */
export const lastWordsMs = 1_000;

/** Unread bytes up to which more is sent without waiting. */
const unsentBytesUsual = 64 * 1024;

const nothing = Buffer.alloc(0);

/** Encoders that no connection needs at the moment: each is used for a turn only. At most so many are kept. */
const spare: Encoder[] = [];
export const spareMax = 64;

/** What an outflow tells its connection. */
export interface OutflowWatcher {
  /** The client took nothing for too long. */
  slow(): void;
  /** The unread replies of all clients are too many bytes, and this one has held the most for the longest. */
  crowded(): void;
  /** There is room again. */
  drained(): void;
}

export class Outflow implements Holder {
  readonly #socket: Socket;
  readonly #pool: Pool;
  readonly #watcher: OutflowWatcher;
  #watch: NodeJS.Timeout | undefined;
  #waiters: ((hasRoom: boolean) => void)[] = [];
  #isClosed = false;
  /** Runs while the client is let go, and for how long, ms. */
  #parting: NodeJS.Timeout | undefined;
  #patienceMs = Number.POSITIVE_INFINITY;
  /** What this turn has for the client so far. */
  #gathered: Encoder | undefined;

  constructor(socket: Socket, pool: Pool, watcher: OutflowWatcher) {
    this.#socket = socket;
    this.#pool = pool;
    this.#watcher = watcher;
    socket.on('drain', () => { this.#drained(); });
  }

  /** Sends. What a closed connection cannot take is nobody's loss. */
  send(reply: Reply): void {
    const encoder = this.#gather();
    if (encoder !== undefined) writeReply(encoder, reply);
  }

  /** Sends a record that the request `id` asked for; false when it is time to wait for `whenDrained`. */
  sendRecord(id: number, seq: number, line: Buffer): boolean {
    const encoder = this.#gather();
    if (encoder === undefined) return true;
    writeRecord(encoder, id, seq, line);
    return this.#unsent < unsentBytesUsual;
  }

  /** Writes what is left to say, and closes once it is on its way, or after so many milliseconds: the fewest that were said. */
  finish(patienceMs: number): void {
    this.#flush();
    this.#socket.destroySoon();
    if (this.#isClosed || patienceMs >= this.#patienceMs) return;
    this.#patienceMs = patienceMs;
    clearTimeout(this.#parting);
    this.#parting = setTimeout(() => { this.#socket.destroy(); }, patienceMs).unref();
  }

  /**
   * Asks the kernel whether anybody is there, by sending nothing: a client that only ended what it sends looks the same
   * as one that is gone until something is sent to it. If it is gone the socket's error says so.
   */
  probe(): void {
    if (!this.#isClosed && this.#socket.writable) this.#socket.write(nothing);
  }

  /** Whether so much is unread that nothing more should be taken from this client. */
  get isFull(): boolean {
    const isFull = this.#unsent > unsentBytesMax;
    if (isFull) this.#watchUnread();
    return isFull;
  }

  /** True when there is room again, false when the connection closed. */
  whenDrained(): Promise<boolean> {
    // What the kernel takes at once is not waited for, and what is left is what the client has to take.
    this.#flush();
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#unsent < unsentBytesUsual) return Promise.resolve(true);
    this.#watchUnread();
    return new Promise((resolve) => { this.#waiters.push(resolve); });
  }

  get held(): number {
    return this.#socket.writableLength;
  }

  letGo(): void {
    // Its last words would come behind all that it does not read.
    this.#socket.destroy();
    this.#watcher.crowded();
  }

  close(): void {
    this.#isClosed = true;
    // It would hold on to all of the connection, and thousands may come and go in a second.
    clearTimeout(this.#parting);
    this.#pool.free(this);
    this.#settle(false);
  }

  #gather(): Encoder | undefined {
    if (this.#isClosed || !this.#socket.writable) return undefined;
    if (this.#gathered === undefined) {
      this.#gathered = spare.pop() ?? new Encoder();
      process.nextTick(() => { this.#flush(); });
    }
    return this.#gathered;
  }

  #flush(): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    this.#gathered = undefined;
    const isTaken = this.#socket.writable && this.#socket.write(gathered.take());
    gathered.drop();
    if (spare.length < spareMax) spare.push(gathered);
    // What the kernel takes at once never fills the socket, so there will be no word of room; who waits has it now.
    if (!isTaken) this.#pool.hold(this, this.#socket.writableLength);
    else if (this.#watch !== undefined) this.#drained();
  }

  get #unsent(): number {
    return this.#socket.writableLength + (this.#gathered?.length ?? 0);
  }

  #drained(): void {
    this.#pool.free(this);
    this.#settle(true);
    this.#watcher.drained();
  }

  #settle(hasRoom: boolean): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve(hasRoom);
  }

  /** One that takes little is slow, and stays; one that takes nothing is gone. */
  #watchUnread(left = this.#socket.writableLength): void {
    this.#watch ??= setTimeout(() => {
      this.#watch = undefined;
      const { writableLength } = this.#socket;
      if (writableLength >= left) this.#watcher.slow();
      else if (writableLength > 0) this.#watchUnread(writableLength);
    }, slowConsumerMs);
  }
}
