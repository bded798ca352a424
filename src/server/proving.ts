// Proofs, one at a time: each reads a good part of the log, and whoever appends must not feel it. Those that wait are few, a
// client that goes away takes its own along, and one that does not read what it was sent gets no more of them.
import type { Proved } from '../log/prover.js';
import type { ErrorCode, ErrorReply, ProofReply, Reply } from '../wire/message.js';

/** Requests that wait for their turn, of all clients together. */
export const proofsWaitingMax = 64;
/** When to come again if there are too many, ms. */
const comeAgainMs = 1000;

/** Who asked. */
export interface ProofClient {
  /** Aborted when it is gone. */
  readonly gone: AbortSignal;
  /** Whether it takes its replies. */
  hasRoom(): boolean;
}

/** What a proof is made from. */
export interface ProvingParts {
  /** The newest signed checkpoint that may be shown. */
  checkpoint(): string | undefined;
  /** The newest durable record. */
  durable(): number;
  prove(seq: number, note: string, signal: AbortSignal): Promise<Proved>;
  /** For the process log: something is wrong with the files. */
  alarm(message: string): void;
}

interface Waiting {
  readonly id: number;
  readonly seq: number;
  readonly client: ProofClient;
  readonly resolve: (reply: Reply) => void;
}

export class Proving {
  readonly #parts: ProvingParts;
  #waiting: Waiting[] = [];
  #isRunning = false;
  #isClosed = false;

  constructor(parts: ProvingParts) {
    this.#parts = parts;
  }

  /** Resolves with the proof of record `seq` or why there is none; never, for a client that is gone. */
  ask(id: number, seq: number, client: ProofClient): Promise<Reply> {
    this.#waiting = this.#waiting.filter((waiting) => !waiting.client.gone.aborted);
    if (this.#isClosed) return Promise.resolve(refusal(id, 'shutting_down', 'the daemon is stopping'));
    if (this.#waiting.length >= proofsWaitingMax) {
      const message = `${this.#waiting.length} proofs are waited for already`;
      return Promise.resolve({ ...refusal(id, 'overloaded', message), retry_after_ms: comeAgainMs });
    }
    return new Promise((resolve) => {
      this.#waiting.push({ id, seq, client, resolve });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Those that wait are told; the one that is being made is finished. */
  close(): void {
    this.#isClosed = true;
    for (const { id, resolve } of this.#waiting.splice(0)) resolve(refusal(id, 'shutting_down', 'the daemon is stopping'));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.client.gone.aborted) next.resolve(await this.#reply(next));
    }
    this.#isRunning = false;
  }

  async #reply({ id, seq, client }: Waiting): Promise<Reply> {
    if (!client.hasRoom()) {
      return { ...refusal(id, 'overloaded', 'replies to this connection are not read; read them first'), retry_after_ms: comeAgainMs };
    }
    const note = this.#parts.checkpoint();
    if (note === undefined) return refusal(id, 'bad_request', nothingSealed);
    let proved: Proved;
    try {
      proved = await this.#parts.prove(seq, note, client.gone);
    } catch (error) {
      return this.#broken(id, `the log could not be read for a proof: ${String(error)}`);
    }
    switch (proved.kind) {
      case 'proved': {
        const { line, index, size, hashes } = proved.proof;
        const texts = hashes.map((hash) => hash.toString('base64'));
        return { op: 'proof', id, line: line.toString('utf8'), index, size, hashes: texts, note } satisfies ProofReply;
      }
      case 'not_covered': return refusal(id, 'bad_request', this.#notCovered(seq, proved.size));
      case 'removed':
        return refusal(id, 'bad_request', `record ${seq} was removed by retention; the first record still there is ${proved.first}`);
      case 'mismatch':
        return this.#broken(id, `the log on disk is not what was sealed (${proved.reason}): run indelible verify`);
      // Nobody reads this.
      case 'aborted': return refusal(id, 'internal', 'the connection is gone');
      default: return proved satisfies never;
    }
  }

  #notCovered(seq: number, size: number): string {
    const durable = this.#parts.durable();
    if (seq > durable) return `there is no record ${seq} yet; the newest is ${durable}`;
    return `the newest checkpoint does not cover the records from ${size + 1} on; the next seal's will cover record ${seq}`;
  }

  #broken(id: number, message: string): ErrorReply {
    this.#parts.alarm(message);
    return refusal(id, 'internal', message);
  }
}

/** What is said when there is no checkpoint. */
export const nothingSealed = 'nothing is sealed yet, so there is no checkpoint; try again after the first seal';

function refusal(id: number, code: ErrorCode, message: string): ErrorReply {
  return { op: 'error', id, code, message };
}
