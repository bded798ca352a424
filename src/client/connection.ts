// One conversation with the daemon: the door to the socket. Invariant: `welcome` comes first and once, then replies,
// and `closed` last and once, whatever happens; nothing is called behind it.
import { type Socket, createConnection } from 'node:net';
import { FrameReader } from '../wire/frame.js';
import type { Reply, Welcome } from '../wire/message.js';
import { decodeReply } from '../wire/reply.js';
import { Deadline } from './deadline.js';
import { ClientError, refusal } from './error.js';

/** Bytes of one reply, at most: a full `recent` is larger than any request may be. */
export const replyBytesMax = 64 * 1024 * 1024;

/** Who is told what arrives. */
export interface Listener {
  welcome(welcome: Welcome): void;
  reply(reply: Reply): void;
  closed(error: ClientError): void;
}

/** A socket to the daemon, from connect to close. */
export class Connection {
  readonly #socket: Socket;
  readonly #frames = new FrameReader(replyBytesMax);
  readonly #listener: Listener;
  readonly #patience: Deadline;
  #state: 'greeting' | 'open' | 'closed' = 'greeting';

  /** Connects and says `hello`, the whole frame. A daemon that is silent for `timeoutMs` is given up. */
  constructor(path: string, hello: Buffer, timeoutMs: number, listener: Listener) {
    this.#listener = listener;
    // By name: digits alone would be a port.
    this.#socket = createConnection({ path });
    this.#socket.on('data', (chunk) => { this.#read(chunk); });
    this.#socket.on('error', (cause) => {
      this.close(new ClientError('not_connected', `${path}: ${cause.message}`, { cause }));
    });
    this.#socket.on('close', () => {
      this.close(new ClientError('not_connected', `${path}: the daemon closed the connection`));
    });
    this.#patience = new Deadline(timeoutMs, () => {
      this.close(new ClientError('not_connected', `${path}: no answer to hello in ${timeoutMs} ms`));
    }).unref();
    this.#socket.write(hello);
  }

  /** Whether somebody let us in and has not answered yet. */
  get isLetIn(): boolean {
    return this.#state === 'greeting' && !this.#socket.connecting;
  }

  /** Sends bytes; whether they leave in time is the caller's to watch. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Stops reading, so that the daemon's buffer fills up instead of ours. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Whether this socket keeps the process alive. */
  hold(alive: boolean): void {
    if (alive) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Ends the conversation; the listener is told `error`, unless it was over before. */
  close(error: ClientError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#patience.clear();
    this.#socket.destroy();
    this.#listener.closed(error);
  }

  #read(chunk: Buffer): void {
    this.#frames.push(chunk);
    for (;;) {
      const outcome = this.#frames.next();
      if (outcome.kind === 'incomplete' || this.#isClosed()) return;
      if (outcome.kind !== 'payload') {
        this.close(new ClientError('protocol', `the daemon sent a frame that is ${outcome.kind}`));
        return;
      }
      try {
        this.#take(decodeReply(outcome.payload));
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : 'an unreadable reply';
        this.close(cause instanceof ClientError ? cause : new ClientError('protocol', message, { cause }));
        return;
      }
    }
  }

  #take(reply: Reply): void {
    if (this.#state === 'open') {
      this.#listener.reply(reply);
    } else if (reply.op === 'welcome') {
      this.#state = 'open';
      this.#patience.clear();
      this.#listener.welcome(reply);
    } else if (reply.op === 'error') {
      throw refusal(reply);
    } else {
      throw new ClientError('protocol', `the daemon answered hello with ${reply.op}`);
    }
  }

  // A listener may close the connection while a chunk is read; asked anew each time.
  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
