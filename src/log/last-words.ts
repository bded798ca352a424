/**
 * What a daemon that can write no more records leaves for the next one to record: `<state>/last-words`, one line under a key
 * that lies in `keys/`, because what the log says of itself must not be put into its mouth by whoever can write files.
 *
 *   {"v":1,"words":{"kind":"write_failed","event":{"call":"…","errno":"…"}},"mac":"<64 hex>"}
 *   {"v":1,"words":{"kind":"tamper_detected","event":{"finding":"…"}},"mac":"<64 hex>"}
 */
import { macMatches, macOf, macTail, splitTail } from '../chain/link.js';
import type { Disk } from '../disk/disk.js';
import { removeIfThere, replaceFile } from '../disk/write.js';
import { hmac } from '../keys/hash.js';
import type { LogError } from './failure.js';
import { errnoOf } from './failure.js';
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

/** What is there of an earlier end: `lost`, something that no daemon of this log wrote. */
export type FoundWords = LastWords | 'absent' | 'lost';

export class LastWordsFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #key: Buffer;

  constructor(disk: Disk, path: string, identitySeed: Uint8Array) {
    this.#disk = disk;
    this.#path = path;
    this.#key = hmac(identitySeed, 'indelible last words');
  }

  /** On the disk when this returns. @throws Node's error */
  leave(words: LastWords): void {
    const body = `{"v":1,"words":${JSON.stringify({ kind: words.kind, event: words.event })}`;
    replaceFile(this.#disk, this.#path, Buffer.from(`${body}${macTail(macOf(this.#key, Buffer.from(body)))}\n`));
  }

  read(): FoundWords {
    const entry = this.#disk.entry(this.#path);
    if (entry === undefined) return 'absent';
    const bytes = entry.kind === 'file' && entry.bytes <= fileBytesMax ? this.#disk.read(this.#path) : undefined;
    const tail = bytes?.at(-1) === 0x0a ? splitTail(bytes.subarray(0, -1)) : undefined;
    if (tail === undefined || !macMatches(this.#key, tail.covered, tail.mac)) return 'lost';
    // From here on it is what we wrote ourselves, perhaps in another version.
    const { v, words } = JSON.parse(`${tail.covered.toString('utf8')}}`) as { readonly v: number; readonly words: LastWords };
    return v === 1 ? words : 'lost';
  }

  /** They are recorded, durably. */
  forget(): void {
    removeIfThere(this.#disk, this.#path);
  }
}
