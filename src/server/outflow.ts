// What goes to one client, and whether it takes it. Nothing here blocks: a client that reads slowly is waited for by whoever
// has more for it, and one that reads nothing at all is let go.
import type { Socket } from 'node:net';

/** Bytes that a client has not taken: beyond, it gets no more, and is not read from, until it takes some. */
const unsentBytesMax = 1024 * 1024;
/** A client that takes nothing at all for this long is let go, ms. */
export const slowConsumerMs = 30_000;

const nothing = Buffer.alloc(0);

export class Outflow {
  readonly #socket: Socket;
  readonly #onSlow: () => void;
  readonly #onDrained: () => void;
  #watch: NodeJS.Timeout | undefined;
  #waiters: ((hasRoom: boolean) => void)[] = [];
  #isClosed = false;

  /** `onSlow`: it took nothing for too long. `onDrained`: there is room again. */
  constructor(socket: Socket, onSlow: () => void, onDrained: () => void) {
    this.#socket = socket;
    this.#onSlow = onSlow;
    this.#onDrained = onDrained;
    socket.on('drain', () => { this.#drained(); });
  }

  /** Sends; false when it is time to wait for `whenDrained`. What a closed connection cannot take is nobody's loss. */
  send(bytes: Buffer): boolean {
    if (this.#isClosed || !this.#socket.writable || bytes.length === 0) return true;
    return this.#socket.write(bytes);
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
    const isFull = this.#socket.writableLength > unsentBytesMax;
    if (isFull) this.#watchUnread();
    return isFull;
  }

  /** True when there is room again, false when the connection closed. */
  whenDrained(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    this.#watchUnread();
    return new Promise((resolve) => { this.#waiters.push(resolve); });
  }

  close(): void {
    this.#isClosed = true;
    this.#settle(false);
  }

  #drained(): void {
    this.#settle(true);
    this.#onDrained();
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
      if (writableLength >= left) this.#onSlow();
      else if (writableLength > 0) this.#watchUnread(writableLength);
    }, slowConsumerMs);
  }
}
