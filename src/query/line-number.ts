/**
 * The number of the line that begins at an offset: editors and `verify` count lines, the log counts bytes. Asked for
 * broken lines only, and in one direction or the other, so it goes on from where it counted last. It opens the file anew,
 * so what lies there by then may be another one, or none: then there is no number.
 */
import type { Disk } from '../disk/disk.js';
import { readSpan } from '../disk/read.js';
import { lineFeed } from '../log/lines.js';
import { openFile } from './open.js';

const chunkBytes = 1024 * 1024;

export class LineNumbers {
  readonly #disk: Disk;
  #path = '';
  #offset = 0;
  #number = 1;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Counted from 1; undefined where the file cannot be read any more. */
  at(path: string, offset: number): number | undefined {
    if (path !== this.#path) {
      this.#path = path;
      this.#offset = 0;
      this.#number = 1;
    }
    const sign = offset < this.#offset ? -1 : 1;
    const lineEnds = this.#lineEnds(Math.min(offset, this.#offset), Math.max(offset, this.#offset));
    if (lineEnds === undefined) return undefined;
    this.#number += sign * lineEnds;
    this.#offset = offset;
    return this.#number;
  }

  #lineEnds(from: number, until: number): number | undefined {
    const opened = openFile(this.#disk, this.#path);
    if (opened.kind !== 'open') return undefined;
    const { file } = opened;
    try {
      let count = 0;
      for (let base = from; base < until; base += chunkBytes) {
        const chunk = readSpan(this.#disk, file, base, Math.min(chunkBytes, until - base));
        for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) count += 1;
      }
      return count;
    } catch {
      return undefined;
    } finally {
      this.#disk.close(file);
    }
  }
}
