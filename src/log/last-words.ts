/**
 * What a daemon that can write no more records leaves for the next one to record: `<state>/last-words`, a keyed file, because
 * what the log says of itself must not be put into its mouth by whoever can write files.
 *
 *   {"v":1,"words":{"kind":"write_failed","event":{"call":"…","errno":"…"}},"mac":"<64 hex>"}
 *   {"v":1,"words":{"kind":"tamper_detected","event":{"finding":"…"}},"mac":"<64 hex>"}
 */
import type { Disk } from '../disk/disk.js';
import type { LogError } from './failure.js';
import { errnoOf } from './failure.js';
import type { Kept } from './keyed-file.js';
import { KeyedFile } from './keyed-file.js';
import type { OwnEvents } from './own.js';

/** The file at most. */
const fileBytesMax = 16 * 1024;

export type LastWords =
  | { readonly kind: 'write_failed'; readonly event: OwnEvents['write_failed'] }
  | { readonly kind: 'tamper_detected'; readonly event: OwnEvents['tamper_detected'] };

/** What is to be said of a failure that ended a writer. */
export function lastWordsOf(failure: LogError): LastWords {
  const { code, what, message } = failure;
  // A segment that was saved from somebody else's hand ends the writer like a failed disk.
  const isMeddling = code === 'tampered' || what.startsWith('segment_');
  return isMeddling
    ? { kind: 'tamper_detected', event: { finding: `${what}: ${message}` } }
    : { kind: 'write_failed', event: { call: what, errno: errnoOf(failure) } };
}

export class LastWordsFile {
  readonly #file: KeyedFile<{ readonly words: LastWords }>;

  constructor(disk: Disk, path: string, identitySeed: Uint8Array) {
    this.#file = new KeyedFile(disk, path, identitySeed, 'indelible last words', fileBytesMax);
  }

  /** On the disk when this returns. @throws Node's error */
  leave(words: LastWords): void {
    this.#file.write({ words });
  }

  /** What is there of an earlier end. */
  read(): Kept<LastWords> {
    const kept = this.#file.read();
    return typeof kept === 'string' ? kept : kept.words;
  }

  /** They are recorded, durably. */
  forget(): void {
    this.#file.remove();
  }
}
