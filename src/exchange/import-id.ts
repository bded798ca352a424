/**
 * The id under which an imported event is recorded: the same for the same event of the same file, so that a second import
 * adds nothing. Lines that are identical are told apart by how many such came before, since each was an event.
 *
 *   imp:<first 32 hex of SHA-256(profile NUL number among identical ones NUL the event's bytes)>
 */
import { createHash } from 'node:crypto';
import { digestBytes, DigestTally } from './digest-tally.js';

const importIdPrefix = 'imp:';
const importIdForm = /^imp:([0-9a-f]{32})$/;

/** First 16 bytes of SHA-256 over the parts, with a NUL between. */
function digestOf(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const [index, part] of parts.entries()) hash.update(index === 0 ? '' : '\0').update(part);
  return hash.digest().subarray(0, digestBytes);
}

export function formatImportId(digest: Buffer): string {
  return importIdPrefix + digest.toString('hex');
}

/** The inverse; undefined for ids of other making. */
export function parseImportId(id: unknown): Buffer | undefined {
  const hex = typeof id === 'string' ? importIdForm.exec(id)?.[1] : undefined;
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}

/** Gives the events of one file their ids, in their order. */
export class ImportIds {
  readonly #profile: string;
  readonly #seen = new DigestTally();

  constructor(profile: string) {
    this.#profile = profile;
  }

  next(event: Buffer): Buffer {
    const count = this.#seen.add(digestOf(event));
    return digestOf(this.#profile, String(count), event);
  }
}

/** The id of what an import says about itself: said again only if it is not the same. */
export function noteDigest(action: string, detail: string): Buffer {
  return digestOf('import', action, detail);
}
