// What a client asks besides appending: one reply each. Invariant: every question is settled once; over a reconnect it
// is asked again, since reading changes nothing.
import type { Reply, Welcome } from '../wire/message.js';
import { type Question, questionFrame } from '../wire/request.js';
import { eventLimits } from '../wire/value.js';
import { frameHeaderBytes } from '../wire/frame.js';
import type { Connection } from './connection.js';
import { Deadline } from './deadline.js';
import { durationMs } from './duration.js';
import { ClientError, frameTooLarge, refusal, unencodable } from './error.js';

/** Questions without an answer yet, at most. */
export const questionsMax = 256;

// Questions have even numbers from here on, appends odd ones, hello 0: so an error says whom it answers, even when
// the question was given up.
const firstId = 2;

/** Bytes of hello, at most: no daemon takes less, and none has said yet how much it takes. */
export const helloBytesMax = 1024;

interface Asked {
  /** As it is sent, and sent again. */
  readonly frame: Buffer;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: ClientError) => void;
  readonly timer: Deadline;
}

/** The open questions of one client. */
export class Questions {
  readonly #asked = new Map<number, Asked>();
  readonly #changed: () => void;
  #nextId = firstId;
  #connection: Connection | undefined = undefined;
  #bytesMax = helloBytesMax;

  /** `changed` is called when a question comes or goes. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get open(): number {
    return this.#asked.size;
  }

  /** Rejects with ClientError; `bad_request` at once for a question that cannot be encoded, `aborted` by the signal. */
  async ask(question: Question, timeoutMs: number, signal?: AbortSignal): Promise<Reply> {
    if (signal?.aborted === true) throw new ClientError('aborted', 'aborted: it was not asked', { cause: signal.reason });
    if (this.#asked.size >= questionsMax) {
      throw new ClientError('overloaded', `${questionsMax} questions are open already`);
    }
    const id = this.#nextId;
    this.#nextId += 2;
    const frame = frameOf(id, question, this.#bytesMax);
    const ms = durationMs('timeoutMs', timeoutMs);
    const end = (code: 'timeout' | 'aborted', message: string, cause?: unknown): void => {
      this.#end(id)?.reject(new ClientError(code, message, { cause }));
    };
    const abort = (): void => { end('aborted', 'aborted before the answer', signal?.reason); };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        const timer = new Deadline(ms, () => { end('timeout', `no answer to ${question.op} in ${ms} ms`); });
        this.#asked.set(id, { frame, resolve, reject, timer });
        this.#connection?.write(frame);
        this.#changed();
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  attach(connection: Connection, { max_frame_bytes: bytesMax }: Pick<Welcome, 'max_frame_bytes'>): void {
    this.#connection = connection;
    this.#bytesMax = bytesMax;
    for (const [id, { frame }] of [...this.#asked]) {
      if (frame.length - frameHeaderBytes <= bytesMax) connection.write(frame);
      // It would end the conversation, and the next one, and with them everybody else's.
      else this.#end(id)?.reject(frameTooLarge(frame.length - frameHeaderBytes, bytesMax));
    }
  }

  detach(): void {
    this.#connection = undefined;
  }

  /** Whether the reply answers a question of ours, be it one that was given up. */
  answer(reply: Reply): boolean {
    if (reply.id === null) return false;
    const asked = this.#end(reply.id);
    if (asked === undefined) return reply.op === 'error' && reply.id % 2 === 0;
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
    asked.timer.clear();
    this.#changed();
    return asked;
  }
}

/** The whole frame of a question. Throws ClientError `bad_request` for what cannot be encoded, else `frame_too_large`. */
export function frameOf(id: number, question: Question, bytesMax: number): Buffer {
  try {
    return questionFrame(id, question, eventLimits(bytesMax));
  } catch (error) {
    throw unencodable('bad_request', error);
  }
}
