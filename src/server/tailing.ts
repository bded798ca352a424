// A connection's one `tail`: put together from what the session has, and let go with it, so that nothing that waits for a
// client outlives it.
import type { Reply, Request } from '../wire/message.js';
import { RecordFilter } from '../wire/filter.js';
import type { FollowerParts } from './follower.js';
import { follow } from './follower.js';

export type TailRequest = Extract<Request, { readonly op: 'tail' }>;

/** What a tail needs of its session and of the daemon. */
export interface TailingParts extends Pick<FollowerParts, 'ring' | 'durable'> {
  /** Records from the files, as long as they are wanted. */
  history(from: number, isWanted: () => boolean): ReturnType<FollowerParts['history']>;
  /** Has `wake` called at every commit, until the returned function is called. */
  onCommit(wake: () => void): () => void;
  send(reply: Reply): boolean;
  drained(): Promise<boolean>;
}

export class Tailing {
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** Sends records until it is closed. Rejects if the log cannot be read. */
  run(request: TailRequest, parts: TailingParts): Promise<void> {
    const from = request.from === undefined ? parts.durable() + 1 : Math.max(1, request.from);
    return follow(request.id, from, new RecordFilter(request.filters), {
      ring: parts.ring,
      durable: () => parts.durable(),
      history: (start) => parts.history(start, () => !this.#isClosed),
      nextCommit: () => this.#nextCommit(parts),
      send: (reply) => parts.send(reply),
      drained: () => parts.drained(),
      isClosed: () => this.#isClosed,
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
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
