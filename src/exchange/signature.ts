/**
 * The signatures on tryaudex's lines, each chained to the one before:
 *
 *   <json> TAB #HMAC:<64 hex>      hex = HMAC-SHA-256(key, previous hex text or `genesis`, followed by the json bytes)
 *
 * Invariant: a verdict is about one line. Behind a wrong one the chain goes on from what that line says, so that one
 * change is one finding and not a thousand.
 */
import { hmac } from '../keys/hash.js';

/** What stands between a line's JSON and its signature. */
const signatureMark = Buffer.from('\t#HMAC:');
const hexChars = 64;
const hexForm = /^[0-9a-f]{64}$/;
const keyHexForm = /^[0-9A-Fa-f]{64}\s*$/;
const genesisText = 'genesis';
/** Signatures kept to tell a fork, which two writers make, from a change. */
const forkDepthMax = 64;

/** A signature as it stands behind a line's JSON, and where the bytes behind it begin. */
export type Suffix =
  | { readonly kind: 'signed'; readonly hex: string; readonly end: number }
  /** The mark is there and no signature behind it. */
  | { readonly kind: 'cut'; readonly end: number }
  | { readonly kind: 'unsigned'; readonly end: number };

/** What stands at `at`, right behind a line's JSON. */
export function readSuffix(bytes: Buffer, at: number): Suffix {
  if (!bytes.subarray(at, at + signatureMark.length).equals(signatureMark)) return { kind: 'unsigned', end: at };
  const start = at + signatureMark.length;
  const hex = bytes.toString('latin1', start, start + hexChars);
  return hexForm.test(hex) ? { kind: 'signed', hex, end: start + hexChars } : { kind: 'cut', end: at };
}

/** The key in a file: 64 hex digits are a key of 32 bytes, anything else is the key itself, byte for byte. */
export function parseHmacKey(content: Buffer): Buffer {
  const text = content.toString('latin1');
  return keyHexForm.test(text) ? Buffer.from(text.trim(), 'hex') : content;
}

function signature(key: Buffer, previous: string, json: Buffer): string {
  return hmac(key, Buffer.concat([Buffer.from(previous, 'latin1'), json])).toString('hex');
}

/**
 * `unsigned`: from before signatures were made. `stripped`: without one behind a line that has one. `forked`: signed
 * behind an earlier line than the last, as by a second writer. `wrong`: anything else, a cut one among them.
 */
export type SignatureVerdict = 'valid' | 'unsigned' | 'stripped' | 'forked' | 'wrong';

/** Checks a file's lines, in their order. */
export class SignatureCheck {
  readonly #key: Buffer;
  /** The newest last. */
  #seen: string[] = [genesisText];

  constructor(key: Buffer) {
    this.#key = key;
  }

  check(json: Buffer, suffix: Suffix): SignatureVerdict {
    switch (suffix.kind) {
      case 'unsigned': return this.#seen.length === 1 ? 'unsigned' : 'stripped';
      case 'cut': return 'wrong';
      case 'signed': {
        const at = this.#seen.findLastIndex((previous) => signature(this.#key, previous, json) === suffix.hex);
        const verdict = at === this.#seen.length - 1 ? 'valid' : at < 0 ? 'wrong' : 'forked';
        this.#seen.push(suffix.hex);
        if (this.#seen.length > forkDepthMax) this.#seen = this.#seen.slice(-forkDepthMax / 2);
        return verdict;
      }
      default: return suffix satisfies never;
    }
  }
}

/** Signs lines anew, as their source would have. */
export class LineSigner {
  readonly #key: Buffer;
  #previous = genesisText;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** What follows the line's JSON. */
  suffix(json: Buffer): Buffer {
    this.#previous = signature(this.#key, this.#previous, json);
    return Buffer.concat([signatureMark, Buffer.from(this.#previous, 'latin1')]);
  }
}
