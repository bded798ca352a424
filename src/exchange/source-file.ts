/**
 * The file that is imported: what it was when the import began, line by line. Invariant: bytes added meanwhile are not
 * read, and bytes changed meanwhile are noticed.
 */
import { createHash } from 'node:crypto';
import type { Descriptor, Disk } from '../disk/disk.js';
import { readLines } from '../log/lines.js';
import { bareLine } from './bare-line.js';

const chunkBytes = 1024 * 1024;

/** One line, without its line end and, the first one, without a byte order mark. */
export interface SourceFileLine {
  /** Counted from 1. */
  readonly number: number;
  readonly kind: 'line' | 'rest' | 'overlong';
  /** Valid until the next one is asked for. */
  readonly bytes: Buffer;
  /** Where `bytes` begin in the file. */
  readonly offset: number;
  /** Where the next line begins. */
  readonly end: number;
  /** It ended in CR LF. */
  readonly crlf: boolean;
}

export class SourceFile {
  readonly name: string;
  /** Its length when it was opened. */
  readonly bytes: number;
  readonly #disk: Disk;
  readonly #file: Descriptor;

  /** `name` is how people call it. */
  constructor(disk: Disk, file: Descriptor, name: string) {
    this.#disk = disk;
    this.#file = file;
    this.name = name;
    this.bytes = disk.size(file);
  }

  /** Of the bytes it had when it was opened, lower hex. */
  sha256(): string {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (let at = 0; at < this.bytes;) {
      const got = this.#disk.readAt(this.#file, chunk.subarray(0, Math.min(chunk.length, this.bytes - at)), at);
      if (got === 0) break;
      hash.update(chunk.subarray(0, got));
      at += got;
    }
    return hash.digest('hex');
  }

  * lines(): Generator<SourceFileLine> {
    let number = 0;
    for (const { kind, bytes, offset, end } of readLines(this.#disk, this.#file, { until: this.bytes })) {
      number += 1;
      const bare = bareLine(bytes, number === 1, kind === 'line');
      yield { number, kind, bytes: bare.bytes, offset: offset + bare.start, end, crlf: bare.crlf };
    }
  }
}
