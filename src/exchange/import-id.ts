/**
 * The id under which an imported event is recorded: the same for the same event of the same file, so that a second import
 * adds nothing. Lines that are identical are told apart by how many such came before, since each was an event.
 *
 *   imp:<first 32 hex of SHA-256(profile NUL number among identical ones NUL the event's bytes)>
 *
 * Invariant: what is masked in the record is not in the hash. The id stands beside the masks, and whoever reads the log could
 * try guesses of a secret against it: there is no salt that importer and reader share and a thief does not have. So an event
 * with secrets goes in as JSON text in which each of them is `[redacted:<rule>]`; any other as the bytes that it came in.
 */
import { createHash } from 'node:crypto';
import { type JsonMap, type JsonObject, isNestedWithin, jsonText } from '../event/json.js';
import { jsonTextOf } from '../event/pass.js';
import { Redactor, mayHoldSecrets } from '../redact/redactor.js';
import { digestBytes, DigestTally } from './digest-tally.js';

const importIdPrefix = 'imp:';
/** A mask, and what in it depends on the secret. */
const maskForm = /\[redacted:([^\]:]+):[0-9a-f]{8}\]/g;
/** What is nested deeper is never recorded, and so has no id that anybody sees. */
const levelsMax = 64;
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

/** An event of a file, as it came and as it is. */
export interface Imported {
  readonly bytes: Buffer;
  readonly event: JsonObject | JsonMap;
  /** Undefined for one that its profile does not know. */
  readonly kind: string | undefined;
}

/** Gives the events of one file their ids, in their order. */
export class ImportIds {
  readonly #profile: string;
  readonly #seen = new DigestTally();
  /** Its salt decides nothing: what it does to a mask is taken out again. */
  #areMasked = false;
  readonly #redactor = new Redactor(Buffer.alloc(0));

  constructor(profile: string) {
    this.#profile = profile;
  }

  /** Whether the file is known to hold a secret, so that no hash of it may stand in the log. */
  get areMasked(): boolean {
    return this.#areMasked;
  }

  next(imported: Imported): Buffer {
    const open = this.#withoutSecrets(imported);
    const count = this.#seen.add(digestOf(open));
    return digestOf(this.#profile, String(count), open);
  }

  #withoutSecrets({ bytes, event, kind = '' }: Imported): Buffer | string {
    if (!isNestedWithin(event, levelsMax) || !mayHoldSecrets(jsonTextOf(jsonText(event)))) return bytes;
    const { event: masked, redacted } = this.#redactor.redact(this.#profile, kind, event);
    if (redacted.length === 0) return bytes;
    this.#areMasked = true;
    return jsonText(masked).replace(maskForm, '[redacted:$1]');
  }
}

/** The id of what an import says about itself: said again only if it is not the same. */
export function noteDigest(action: string, detail: string): Buffer {
  return digestOf('import', action, detail);
}
