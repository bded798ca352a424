// A client that does nothing wrong: one append at a time, and how long each takes. It is refused nothing, ever, and what
// it was told is durable is looked for afterwards.
import { Conversation, append } from '../daemon.js';

/** Between an answer and the next append, ms. */
const pauseMs = 2;

/** Of some appends, milliseconds from request to answer. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export class QuietClient {
  readonly #conversation: Conversation;
  /** Its records, by the number in their action. */
  readonly acked = new Map<number, number>();
  readonly problems: string[] = [];
  #next = 1;

  constructor(socket: string) {
    this.#conversation = new Conversation(socket);
  }

  /** Appends until told to stop, at least once. */
  async run(isOver: () => boolean): Promise<Latency> {
    const took: number[] = [];
    do {
      took.push(await this.#appendOne());
      await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
    } while (!isOver());
    const sorted = took.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
  }

  /** So many appends. */
  runFor(count: number): Promise<Latency> {
    let left = count;
    return this.run(() => {
      left -= 1;
      return left <= 0;
    });
  }

  close(): Promise<void> {
    return this.#conversation.close();
  }

  async #appendOne(): Promise<number> {
    const number = this.#next;
    this.#next += 1;
    const began = performance.now();
    const reply = await this.#conversation.ask(append(number, `quiet-${number}`));
    if (reply.op === 'ack' && reply.first !== null) this.acked.set(number, reply.first);
    else this.problems.push(`the quiet client was answered ${JSON.stringify(reply)}`);
    return performance.now() - began;
  }
}
