// The receipts of one client, kept in a file of the caller's: JSON lines {"seq","mac"} for `indelible verify --receipts`.
// Invariant: appends never wait for it and never fail by it; a receipt is in the file, or waits here, or is counted as lost.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Ack } from '../wire/message.js';

/** Bytes that may wait behind those being written; beyond them receipts are lost. */
export const receiptBytesMax = 8 * 1024 * 1024;
/** One receipt at most, so that half of one at the end of a file is known as such. */
const lineBytesMax = 512;
/** What every receipt of ours begins with. */
const opening = '{"seq":';
const lineFeed = 0x0a;

/** How the keeping of receipts goes. */
export interface ReceiptTally {
  /** Receipts in the file, not synced: a power cut may take the last seconds. */
  readonly written: number;
  /** Not yet; tried again with the next receipt, with `flush` and with `close`. */
  readonly waiting: number;
  /** Never to be written: too many waited, or the client was closed. */
  readonly lost: number;
  /** Why the last try failed; undefined while it goes well. */
  readonly error: Error | undefined;
}

/** Bytes to be written and what they are worth. */
interface Batch {
  readonly bytes: Buffer;
  readonly receipts: number;
}

export class ReceiptFile {
  readonly #path: string;
  #lines: string[] = [];
  #lineBytes = 0;
  /** What a write left over: its first bytes may be the rest of a line, so nothing goes before it. */
  #rest: Batch | undefined;
  #file: FileHandle | undefined;
  #writing: Promise<void> | undefined;
  #written = 0;
  #lost = 0;
  #error: Error | undefined;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  get tally(): ReceiptTally {
    return { written: this.#written, waiting: this.#waiting, lost: this.#lost, error: this.#error };
  }

  get #waiting(): number {
    return this.#lines.length + (this.#rest?.receipts ?? 0);
  }

  get #settled(): number {
    return this.#written + this.#lost;
  }

  /** Takes what an acknowledgement says: the last new record's MAC, and each duplicate's. */
  take(ack: Ack): void {
    if (ack.first !== null && ack.mac !== null && ack.count > 0) {
      this.#add(JSON.stringify({ seq: ack.first + ack.count - 1, mac: ack.mac, ts: ack.ts }));
    }
    for (const [, seq, mac] of ack.duplicates ?? []) this.#add(JSON.stringify({ seq, mac }));
    if (this.#waiting > 0) this.#writing ??= this.#writeBatch();
  }

  /** Resolves when what was taken so far is in the file, or another try failed. Never rejects. */
  async flush(): Promise<void> {
    const taken = this.#settled + this.#waiting;
    // What fails now may have begun before the call.
    await this.#writing;
    while (this.#settled < taken) {
      await (this.#writing ??= this.#writeBatch());
      if (this.#error !== undefined) return;
    }
  }

  /** Nothing is written from here on; what waits is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#lost += this.#waiting;
    this.#lines = [];
    this.#rest = undefined;
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  #add(line: string): void {
    if (this.#isClosed || this.#lineBytes + line.length + 1 > receiptBytesMax) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(`${line}\n`);
    this.#lineBytes += line.length + 1;
  }

  /** In the background; goes on by itself while something waits and nothing fails. */
  async #writeBatch(): Promise<void> {
    // Acks of one turn of the event loop go together.
    await new Promise(setImmediate);
    try {
      this.#rest = this.#next();
      if (this.#rest !== undefined) await this.#write(this.#rest);
      this.#error = undefined;
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    // In the same step as the look at what waits, so that none is forgotten.
    this.#writing = this.#error === undefined && this.#waiting > 0 ? this.#writeBatch() : undefined;
  }

  #next(): Batch | undefined {
    if (this.#rest !== undefined) return this.#rest;
    if (this.#lines.length === 0) return undefined;
    const batch = { bytes: Buffer.from(this.#lines.join('')), receipts: this.#lines.length };
    this.#lines = [];
    this.#lineBytes = 0;
    return batch;
  }

  async #write({ bytes, receipts }: Batch): Promise<void> {
    this.#file ??= await openReceipts(this.#path);
    const { bytesWritten } = await this.#file.write(bytes);
    // A receipt counts as written when its LF is.
    let whole = 0;
    for (let at = bytes.indexOf(lineFeed); at >= 0 && at < bytesWritten; at = bytes.indexOf(lineFeed, at + 1)) whole += 1;
    this.#written += whole;
    if (this.#isClosed) this.#lost -= whole;
    const isDone = bytesWritten === bytes.length || this.#isClosed;
    this.#rest = isDone ? undefined : { bytes: bytes.subarray(bytesWritten), receipts: receipts - whole };
  }
}

/** For appending, 0600 if it is new. Half a receipt, left by a killed process, is taken off; a whole one gets its LF. */
async function openReceipts(path: string): Promise<FileHandle> {
  // NONBLOCK: nobody may ever read a FIFO.
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o600);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`);
    const end = Buffer.alloc(Math.min(stat.size, lineBytesMax));
    await file.read(end, 0, end.length, stat.size - end.length);
    const last = end.toString('latin1', end.lastIndexOf(lineFeed) + 1);
    if (last === '') return file;
    if (last.length >= lineBytesMax || !opening.startsWith(last.slice(0, opening.length))) {
      throw new Error(`${path} does not end in a line feed, so it is no file of receipts`);
    }
    if (isWhole(last)) await file.write('\n');
    else await file.truncate(stat.size - last.length);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
