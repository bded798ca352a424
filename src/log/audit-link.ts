/**
 * `log/audit.jsonl`, the link to the open segment: a convenience. What it costs to be late is a reader's patience, so it
 * never fails a request.
 */
import type { Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';
import { replaceLink } from '../disk/write.js';

export class AuditLink {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #delayed: (message: string) => void;
  /** What it leads to, if it was pointed there. */
  #target: string | undefined;

  /** `delayed` is told when it could not be pointed to its segment; it is tried again. */
  constructor(disk: Disk, path: string, delayed: (message: string) => void) {
    this.#disk = disk;
    this.#path = path;
    this.#delayed = delayed;
  }

  /** Points it at a segment, unless it was pointed there before. */
  point(segment: string): void {
    if (this.#target === segment) return;
    try {
      replaceLink(this.#disk, segment, this.#path);
      this.#target = segment;
    } catch (error) {
      this.#delayed(`log/audit.jsonl does not point to ${segment} yet: ${String(error)}`);
    }
  }

  /** What somebody else made of it, and then it is to be pointed again; undefined if nothing. */
  meddling(): string | undefined {
    if (this.#target === undefined) return undefined;
    const found = this.#found();
    if (found === this.#target) return undefined;
    this.#target = undefined;
    return found === undefined ? 'is gone' : `leads to ${found}`;
  }

  #found(): string | undefined {
    try {
      return this.#disk.linkTarget(this.#path);
    } catch (error) {
      if (errorCode(error) === 'EINVAL') return 'no segment, it is no link';
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}
