// A connection's one `tail`: put together from what the session has, and let go with it, so that nothing that waits for a
// client outlives it.
import type { Request } from '../wire/message.js';
import type { Courtesy } from './courtesy.js';
import { RecordFilter } from '../wire/filter.js';
import type { FollowerParts } from './follower.js';
import { follow } from './follower.js';

export type TailRequest = Extract<Request, { readonly op: 'tail' }>;

/** What a tail needs of its session and of the daemon. */
export interface TailingParts extends Pick<FollowerParts, 'ring' | 'durable' | 'send' | 'drained'> {
  /** With all others that follow. */
  readonly courtesy: Courtesy;
  /** Records from the files, as long as they are wanted. */
  history(from: number, isWanted: () => boolean): ReturnType<FollowerParts['history']>;
  /** Has `wake` called at every commit, until the returned function is called. */
  onCommit(wake: () => void): () => void;
}

export class Tailing {
  #isClosed = false;
  #wake: (() => void) | undefined;
  #turnAt = 0;

  /** Sends records until it is closed. Rejects if the log cannot be read. */
  run(request: TailRequest, parts: TailingParts): Promise<void> {
    const from = request.from === undefined ? parts.durable() + 1 : Math.max(1, request.from);
    return follow(from, new RecordFilter(request.filters), {
      ring: parts.ring,
      durable: () => parts.durable(),
      history: (start) => parts.history(start, () => !this.#isClosed),
      nextCommit: () => this.#nextCommit(parts),
      send: (seq, line) => parts.send(seq, line),
      drained: () => parts.drained(),
      isClosed: () => this.#isClosed,
      mayGoOn: (records, bytes) => {
        this.#turnAt = parts.courtesy.took(records, bytes);
        return parts.courtesy.wait(this.#turnAt) === 0;
      },
      turn: () => this.#turn(parts.courtesy),
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async #turn(courtesy: Courtesy): Promise<void> {
    await new Promise(setImmediate);
    for (;;) {
      const ms = this.#isClosed ? 0 : courtesy.wait(this.#turnAt);
      if (ms === 0) return;
      await this.#wakeIn(ms);
    }
  }

  /** Resolves in so many ms, or when the tail is closed. */
  #wakeIn(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wake = wake;
    });
  }

  /** Resolves at the next commit, or when the tail is closed. */
  #nextCommit(parts: TailingParts): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        forget();
        this.#wake = undefined;
        resolve();
      };
      const forget = parts.onCommit(wake);
      this.#wake = wake;
    });
  }
}
