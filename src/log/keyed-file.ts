/**
 * A file of the state directory whose content counts only if a daemon of this log wrote it: one line under a key that lies in
 * `keys/`, so that who writes files without that key can take it away, but say nothing in it.
 *
 *   {"v":1,…,"mac":"<64 hex>"}
 */
import { macMatches, macOf, macTail, splitTail } from '../chain/link.js';
import type { Disk } from '../disk/disk.js';
import { removeIfThere, replaceFile } from '../disk/write.js';
import { hmac } from '../keys/hash.js';
import { lineFeed } from './lines.js';

const version = 1;

/** What there is: `lost`, something that no daemon of this log wrote, or one of another version. */
export type Kept<Content> = Content | 'absent' | 'lost';

/** `Content` is what JSON gives back as it was: the fields behind `v`, in their order. */
export class KeyedFile<Content extends object> {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #key: Buffer;
  readonly #bytesMax: number;

  /**
   * The key comes from the identity key's seed: the one secret of the host that a start holds against what the log says.
   * `purpose` keeps one file's line from passing for another's; a file of more than `bytesMax` is not read.
   */
  constructor(disk: Disk, path: string, identitySeed: Uint8Array, purpose: string, bytesMax: number) {
    this.#disk = disk;
    this.#path = path;
    this.#key = hmac(identitySeed, purpose);
    this.#bytesMax = bytesMax;
  }

  /** On the disk when this returns. @throws Node's error */
  write(content: Content): void {
    const covered = JSON.stringify({ v: version, ...content }).slice(0, -1);
    replaceFile(this.#disk, this.#path, Buffer.from(`${covered}${macTail(macOf(this.#key, Buffer.from(covered)))}\n`));
  }

  read(): Kept<Content> {
    const entry = this.#disk.entry(this.#path);
    if (entry === undefined) return 'absent';
    const bytes = entry.kind === 'file' && entry.bytes <= this.#bytesMax ? this.#disk.read(this.#path) : undefined;
    const tail = bytes?.at(-1) === lineFeed ? splitTail(bytes.subarray(0, -1)) : undefined;
    if (tail === undefined || !macMatches(this.#key, tail.covered, tail.mac)) return 'lost';
    // From here on it is what we wrote ourselves, perhaps in another version.
    const { v, ...content } = JSON.parse(`${tail.covered.toString('utf8')}}`) as Content & { readonly v: number };
    return v === version ? content as unknown as Content : 'lost';
  }

  /** @throws Node's error */
  remove(): void {
    removeIfThere(this.#disk, this.#path);
  }
}
