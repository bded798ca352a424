// One output stream on its way from the command to whoever reads it. Invariant: every byte goes through as it came and as
// soon as it came, a chunk is read only when the last one was taken, and what is counted is what was passed on.
import { close, read, write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from '../disk/disk.js';
import { messageOf } from './failure.js';
import { wakeReader } from './pipe.js';

const readFrom = promisify(read);
const writeTo = promisify(write);
const closeFile = promisify(close);

/** What a pipe holds; bytes read at once. */
const chunkBytes = 65_536;
/** How long to wait for room where the reader's end was made non-blocking by somebody else, ms. */
const retryMs = 5;

/** What a stream tells of itself, each at most once. */
export interface OutflowEvents {
  /** So many bytes were passed on, and the cap comes near. */
  approaching(bytes: number): void;
  /** The command has put out more than the cap; nothing behind it is passed on. */
  capHit(bytes: number): void;
}

/** A stream that is being passed on. */
export class Outflow {
  /** Bytes that whoever reads has taken. */
  passed = 0;
  /** How it ended: with the command's output, by the cap, because nobody reads any more, or because we stopped waiting. */
  end: 'open' | 'whole' | 'capped' | 'unread' | 'abandoned' = 'open';
  /** Why it is unread, where it is not simply that the reader went away. */
  fault: string | undefined = undefined;
  readonly #from: number;
  readonly #to: number;
  readonly #capBytes: number;
  readonly #warnBytes: number;
  readonly #events: OutflowEvents;
  #step: 'reading' | 'writing' | 'closed' = 'reading';
  #isWarned = false;

  /** `from` is ours and is closed at the end, so that a command that goes on writing is told (SIGPIPE); `to` is not. */
  constructor(from: number, to: number, caps: { readonly capBytes: number; readonly warnBytes: number }, events: OutflowEvents) {
    this.#from = from;
    this.#to = to;
    this.#capBytes = caps.capBytes;
    this.#warnBytes = caps.warnBytes;
    this.#events = events;
  }

  /** Whether a reader holds up what is left. */
  get isStalled(): boolean {
    return this.#step === 'writing';
  }

  /** Passes everything on; resolves when nothing more will be. Never rejects. */
  async run(): Promise<void> {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    try {
      for (;;) {
        this.#step = 'reading';
        const { bytesRead } = await readFrom(this.#from, buffer, 0, chunkBytes, null);
        if (this.#isAbandoned()) return;
        if (bytesRead === 0) break;
        const room = this.#capBytes - this.passed;
        this.#step = 'writing';
        await this.#pass(buffer.subarray(0, Math.min(bytesRead, room)));
        if (this.#isAbandoned()) return;
        if (bytesRead > room) {
          this.end = 'capped';
          this.#events.capHit(this.passed);
          return;
        }
      }
      this.end = 'whole';
    } catch (error) {
      // The reader went away (EPIPE), or its disk is full: the command is told in the way a pipe tells it.
      if (!this.#isAbandoned()) this.end = 'unread';
      if (errorCode(error) !== 'EPIPE') this.fault = messageOf(error);
    } finally {
      this.#step = 'closed';
      await closeFile(this.#from);
    }
  }

  /** Stops waiting for the command's descendants, or for a reader. What a reader is being given, it may still get. */
  abandon(): void {
    if (this.#step === 'closed') return;
    this.end = 'abandoned';
    if (this.#step === 'reading') wakeReader(this.#from);
  }

  // Asked anew after every wait.
  #isAbandoned(): boolean {
    return this.end === 'abandoned';
  }

  async #pass(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isAbandoned();) {
      try {
        const { bytesWritten } = await writeTo(this.#to, bytes, at, bytes.length - at, null);
        at += bytesWritten;
        this.passed += bytesWritten;
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN') throw error;
        await wait(retryMs);
      }
      if (!this.#isWarned && this.passed >= this.#warnBytes && this.#warnBytes > 0) {
        this.#isWarned = true;
        this.#events.approaching(this.passed);
      }
    }
  }
}
