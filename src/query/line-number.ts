/**
 * The number of the line that begins at an offset: editors and `verify` count lines, the log counts bytes. Asked for
 * broken lines only, and in one direction or the other, so it goes on from where it counted last.
 */
import type { Disk } from '../disk/disk.js';
import { readSpan } from '../log/torn.js';

const chunkBytes = 1024 * 1024;
const lineFeed = 0x0a;

export class LineNumbers {
  readonly #disk: Disk;
  #path = '';
  #offset = 0;
  #number = 1;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Counted from 1. */
  at(path: string, offset: number): number {
    if (path !== this.#path) {
      this.#path = path;
      this.#offset = 0;
      this.#number = 1;
    }
    const sign = offset < this.#offset ? -1 : 1;
    this.#number += sign * this.#lineEnds(Math.min(offset, this.#offset), Math.max(offset, this.#offset));
    this.#offset = offset;
    return this.#number;
  }

  #lineEnds(from: number, until: number): number {
    const file = this.#disk.open(this.#path, 'read');
    try {
      let count = 0;
      for (let base = from; base < until; base += chunkBytes) {
        const chunk = readSpan(this.#disk, file, base, Math.min(chunkBytes, until - base));
        for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) count += 1;
      }
      return count;
    } finally {
      this.#disk.close(file);
    }
  }
}
