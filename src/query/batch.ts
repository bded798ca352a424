/**
 * Lines on their way out, collected so that a million of them are not a million writes. Invariant: bytes leave in the
 * order they came, and each line with its LF.
 */
import { lineFeed } from '../log/lines.js';

/** Bytes that are worth a write. */
const batchBytes = 256 * 1024;

export class LineBatch {
  #buffer = Buffer.allocUnsafe(batchBytes * 2);
  #filled = 0;

  /** Whether it is time to `take`. */
  get isFull(): boolean {
    return this.#filled >= batchBytes;
  }

  /** Adds one line, given without its LF; the bytes are copied. */
  add(line: Buffer | string): void {
    const bytes = typeof line === 'string' ? Buffer.byteLength(line) : line.length;
    if (this.#filled + bytes + 1 > this.#buffer.length) {
      const larger = Buffer.allocUnsafe((this.#filled + bytes + 1) * 2);
      this.#buffer.copy(larger, 0, 0, this.#filled);
      this.#buffer = larger;
    }
    if (typeof line === 'string') this.#buffer.write(line, this.#filled, 'utf8');
    else line.copy(this.#buffer, this.#filled);
    this.#filled += bytes;
    this.#buffer[this.#filled] = lineFeed;
    this.#filled += 1;
  }

  /** What was collected since the last time; the batch begins anew. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#filled);
    // Whoever writes may still be at it when the next line comes.
    this.#buffer = Buffer.allocUnsafe(batchBytes * 2);
    this.#filled = 0;
    return taken;
  }
}
