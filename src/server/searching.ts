// Answers to `recent`: each looks at every record in memory, so it is made a piece in each turn of the event loop, and one
// at a time. Who appends in between waits for a piece and not for all of it.
import type { RecordsReply } from '../wire/message.js';
import type { Found, Ring } from './ring.js';
import type { RecentRequest } from './session-parts.js';
import { RecordFilter } from '../wire/filter.js';

/** Searches of one connection that wait: with more it is not read from. */
export const searchesWaitingMax = 16;

interface Waiting {
  readonly request: RecentRequest;
  readonly gone: AbortSignal;
  readonly resolve: (reply: RecordsReply) => void;
}

export class Searching {
  readonly #ring: Ring;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** Resolves with what was found; never, for a client that is gone. */
  ask(request: RecentRequest, gone: AbortSignal): Promise<RecordsReply> {
    return new Promise((resolve) => {
      this.#waiting.push({ request, gone, resolve });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const found = await this.#search(next);
      if (found !== undefined) next.resolve({ op: 'records', id: next.request.id, records: found.lines, total: found.total });
    }
    this.#isRunning = false;
  }

  async #search({ request: { limit, before, filters }, gone }: Waiting): Promise<Found | undefined> {
    const search = this.#ring.newest(limit, before ?? Number.POSITIVE_INFINITY, new RecordFilter(filters));
    while (!gone.aborted) {
      const step = search.next();
      if (step.done === true) return step.value;
      await new Promise(setImmediate);
    }
    search.return({ lines: [], total: 0 });
    return undefined;
  }
}
