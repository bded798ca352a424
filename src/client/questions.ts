// What a client asks besides appending: one reply each. Invariant: every question is settled once; over a reconnect it
// is asked again, since reading changes nothing.
import { Encoder } from '../wire/encode.js';
import type { Reply } from '../wire/message.js';
import { type Question, questionFrame } from '../wire/request.js';
import type { Connection } from './connection.js';
import { ClientError, refusal } from './error.js';

/** Questions without an answer yet, at most. */
export const questionsMax = 256;

interface Asked {
  readonly question: Question;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: ClientError) => void;
  readonly timer: NodeJS.Timeout;
}

/** The open questions of one client. */
export class Questions {
  readonly #encoder = new Encoder();
  readonly #asked = new Map<number, Asked>();
  readonly #nextId: () => number;
  readonly #changed: () => void;
  #connection: Connection | undefined = undefined;

  /** `nextId` numbers the requests of the connection; `changed` is called when a question comes or goes. */
  constructor(nextId: () => number, changed: () => void) {
    this.#nextId = nextId;
    this.#changed = changed;
  }

  get open(): number {
    return this.#asked.size;
  }

  ask(question: Question, timeoutMs: number): Promise<Reply> {
    if (this.#asked.size >= questionsMax) {
      return Promise.reject(new ClientError('overloaded', `${questionsMax} questions are open already`));
    }
    const id = this.#nextId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end(id)?.reject(new ClientError('timeout', `no answer to ${question.op} in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#asked.set(id, { question, resolve, reject, timer });
      this.#connection?.write(questionFrame(this.#encoder, id, question));
      this.#changed();
    });
  }

  attach(connection: Connection): void {
    this.#connection = connection;
    for (const [id, { question }] of this.#asked) connection.write(questionFrame(this.#encoder, id, question));
  }

  detach(): void {
    this.#connection = undefined;
  }

  /** Whether the reply answers a question of ours. */
  answer(reply: Reply): boolean {
    const asked = reply.id === null ? undefined : this.#end(reply.id);
    if (asked === undefined) return false;
    if (reply.op === 'error') asked.reject(refusal(reply));
    else asked.resolve(reply);
    return true;
  }

  close(error: ClientError): void {
    for (const id of [...this.#asked.keys()]) this.#end(id)?.reject(error);
  }

  #end(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    if (asked === undefined) return undefined;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    this.#changed();
    return asked;
  }
}
