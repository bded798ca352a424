// The events of one command, in their order. Invariant: each is sent only when the one before is acknowledged or given
// up, under an id that makes sending it twice harmless; and what could not be recorded is known by name at the end.
import { randomBytes } from 'node:crypto';
import type { EventOf } from '../event/catalogue.js';
import { ExecError, messageOf } from './failure.js';

type ExecEvent = EventOf<'x0x.exec'>;
type Unstamped<E> = E extends unknown ? Omit<E, 'ts_unix_ms' | 'request_id'> : never;
/** An event without what all events of one command have. */
export type Entry = Unstamped<ExecEvent>;

/** Where events go. Resolves when the event is durable; rejects when it never will be, or by the signal. */
export interface Recorder {
  /** What is taken for one event, bytes. */
  readonly eventBytesMax: number;
  append(event: ExecEvent, id: string, signal: AbortSignal): Promise<unknown>;
}

/** An event that is not in the log, or may not be. */
export interface Loss {
  readonly event: string;
  readonly reason: string;
}

/** How long an acknowledgement is waited for before anything runs, ms. */
export const sureMs = 30_000;

/** The record of one command. */
export class Journal {
  readonly requestId = randomBytes(16).toString('hex');
  readonly #recorder: Recorder;
  readonly #wall: () => number;
  readonly #losses: Loss[] = [];
  readonly #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #count = 0;

  /** `wall` gives milliseconds since 1970. */
  constructor(recorder: Recorder, wall: () => number) {
    this.#recorder = recorder;
    this.#wall = wall;
  }

  /** Records an event and returns when it is durable. @throws ExecError `not_recorded` */
  async sure(entry: Entry): Promise<void> {
    try {
      await this.#send(entry, AbortSignal.timeout(sureMs));
    } catch (error) {
      throw new ExecError('not_recorded', `${entry.event} was not recorded: ${messageOf(error)}`, error);
    }
  }

  /** Records an event when those before it are; the command does not wait for it. */
  note(entry: Entry): void {
    const sent = this.#stamped(entry);
    this.#last = this.#last.then(async () => {
      try {
        await this.#append(sent, this.#stop.signal);
      } catch (error) {
        this.#losses.push({ event: entry.event, reason: messageOf(error) });
      }
    });
  }

  /** Waits for what was noted, at most so long, and says what is missing. */
  async settle(timeoutMs: number): Promise<readonly Loss[]> {
    const timer = setTimeout(() => { this.#stop.abort(); }, timeoutMs);
    await this.#last;
    clearTimeout(timer);
    return this.#losses;
  }

  #send(entry: Entry, signal: AbortSignal): Promise<unknown> {
    return this.#append(this.#stamped(entry), signal);
  }

  #append({ event, id }: { readonly event: ExecEvent; readonly id: string }, signal: AbortSignal): Promise<unknown> {
    return this.#recorder.append(event, id, signal);
  }

  // Stamped when it happens, not when it is sent.
  #stamped(entry: Entry): { readonly event: ExecEvent; readonly id: string } {
    const { event: name, ...fields } = entry;
    const event = { event: name, ts_unix_ms: this.#wall(), request_id: this.requestId, ...fields } as ExecEvent;
    const id = `${this.requestId}.${this.#count}`;
    this.#count += 1;
    return { event, id };
  }
}
