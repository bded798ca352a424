// A connection that is there again after it was lost. Invariant: at most one connection or one timer exists, and after
// `close` neither.
import type { Reply, Welcome } from '../wire/message.js';
import { backoffMs } from './backoff.js';
import { Connection } from './connection.js';
import type { ClientError } from './error.js';

/** Where to connect, and as whom. */
export interface LinkOptions {
  readonly socket: string;
  /** The frame that says who we are. */
  readonly hello: Buffer;
  /** Milliseconds for the daemon to answer hello. */
  readonly helloMs: number;
}

/** Who uses the link. Between `up` and `down` the connection may be written to. */
export interface LinkUser {
  up(connection: Connection, welcome: Welcome): void;
  reply(reply: Reply): void;
  /** The connection is gone, or an attempt failed; the next one follows by itself. */
  down(error: ClientError): void;
}

type State =
  | { readonly kind: 'connecting' | 'up'; readonly connection: Connection }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' };

/** Connects, and connects again with growing, jittered pauses. */
export class Link {
  readonly #options: LinkOptions;
  readonly #user: LinkUser;
  #state: State = { kind: 'closed' };
  #attempt = 0;
  #alive = true;

  constructor(options: LinkOptions, user: LinkUser) {
    this.#options = options;
    this.#user = user;
    this.#connect();
  }

  /** Whether somebody let us in and has not answered yet. */
  get isLetIn(): boolean {
    return this.#state.kind === 'connecting' && this.#state.connection.isLetIn;
  }

  /** Whether the link keeps the process alive, over reconnects. */
  hold(alive: boolean): void {
    if (this.#alive === alive) return;
    this.#alive = alive;
    this.#applyHold();
  }

  /** Ends the link for good, without a word to its user. */
  close(error: ClientError): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'waiting') clearTimeout(state.timer);
    else if (state.kind !== 'closed') state.connection.close(error);
  }

  #connect(): void {
    const connection: Connection = new Connection(this.#options.socket, this.#options.hello, this.#options.helloMs, {
      welcome: (welcome) => {
        this.#state = { kind: 'up', connection };
        this.#user.up(connection, welcome);
      },
      reply: (reply) => {
        // Not at welcome: a daemon that lets in and turns away must not be asked in a tight loop.
        if (reply.op !== 'error') this.#attempt = 0;
        this.#user.reply(reply);
      },
      closed: (error) => { this.#lost(error); },
    });
    this.#state = { kind: 'connecting', connection };
    this.#applyHold();
  }

  #lost(error: ClientError): void {
    if (this.#state.kind === 'closed') return;
    const timer = setTimeout(() => { this.#connect(); }, backoffMs(this.#attempt++, Math.random));
    this.#state = { kind: 'waiting', timer };
    this.#applyHold();
    this.#user.down(error);
  }

  #applyHold(): void {
    const state = this.#state;
    if (state.kind === 'waiting') {
      if (this.#alive) state.timer.ref();
      else state.timer.unref();
    } else if (state.kind !== 'closed') state.connection.hold(this.#alive);
  }
}
