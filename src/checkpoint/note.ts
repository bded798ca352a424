/**
 * C2SP signed notes and their verifier keys (vkeys), Ed25519 only. A note is text, a blank line, and signature lines.
 * One spelling: what `openNote` accepts, `signNote` could have written. Signature lines of unknown keys are passed
 * over, so that witnesses may add theirs; a line of a known key that does not verify spoils the note.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeBase64 } from '../keys/base64.js';

const ed25519Type = 0x01;
const publicBytes = 32;
const signatureBytes = 64;
const keyIdBytes = 4;
/** A note's signatures at most: ours are two, a few witnesses may follow. */
const signaturesMax = 100;

/** Who is believed: a name and a public key, made into one that can verify when it first has to. */
export class Verifier {
  readonly vkey: string;
  readonly name: string;
  readonly keyId: Buffer;
  readonly #publicKey: Uint8Array;
  #key: KeyObject | undefined;

  constructor(vkey: string, name: string, keyId: Buffer, publicKey: Uint8Array) {
    this.vkey = vkey;
    this.name = name;
    this.keyId = keyId;
    this.#publicKey = publicKey;
  }

  /** Whether `signature` is this key's over `text`. */
  verifies(text: string, signature: Uint8Array): boolean {
    if (signature.length !== signatureBytes) return false;
    this.#key ??= publicKeyFrom(this.#publicKey);
    return verify(null, Buffer.from(text, 'utf8'), this.#key, signature);
  }
}

/**
 * What came of reading a note: its text and who signed it, or why it is none. `names` are those of all signature lines:
 * who says that he signed, whether that was checked or not.
 */
export type OpenedNote =
  | { readonly ok: true; readonly text: string; readonly signedBy: readonly string[]; readonly names: readonly string[] }
  | { readonly ok: false; readonly reason: 'malformed' | 'bad_signature' };

/** The four bytes by which a signature line names its key. `publicKey`: 32 bytes. */
export function keyIdOf(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(Buffer.of(ed25519Type)).update(publicKey).digest().subarray(0, keyIdBytes);
}

/** The inverse of `parseVkey`. `publicKey`: 32 bytes. */
export function formatVkey(name: string, publicKey: Uint8Array): string {
  const typed = Buffer.concat([Buffer.of(ed25519Type), publicKey]);
  return `${name}+${keyIdOf(name, publicKey).toString('hex')}+${typed.toString('base64')}`;
}

function publicKeyFrom(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') }, format: 'jwk' });
}

/** Reads `<name>+<8 hex key id>+<base64(0x01 || public key)>`; undefined for any other spelling, type or a wrong key id. */
export function parseVkey(vkey: string): Verifier | undefined {
  const [name, keyId, base64, ...rest] = vkey.split('+');
  if (name === undefined || keyId === undefined || base64 === undefined) return undefined;
  // Base64 has plus signs of its own.
  const typed = decodeBase64([base64, ...rest].join('+'));
  if (typed?.length !== 1 + publicBytes || typed[0] !== ed25519Type || !isName(name)) return undefined;
  const publicKey = typed.subarray(1);
  if (formatVkey(name, publicKey) !== vkey) return undefined;
  return new Verifier(vkey, name, Buffer.from(keyId, 'hex'), publicKey);
}

function isName(name: string): boolean {
  return name !== '' && !/[\s+]/u.test(name);
}

interface SignatureLine {
  readonly name: string;
  readonly keyId: Buffer;
  readonly signature: Buffer;
}

function parseSignatureLine(line: string): SignatureLine | undefined {
  const [dash, name, base64, ...rest] = line.split(' ');
  if (dash !== '—' || name === undefined || !isName(name) || base64 === undefined || rest.length > 0) return undefined;
  const bytes = decodeBase64(base64);
  if (bytes === undefined || bytes.length <= keyIdBytes) return undefined;
  return { name, keyId: bytes.subarray(0, keyIdBytes), signature: bytes.subarray(keyIdBytes) };
}

/** Control characters other than LF have no place in a note. */
const controlForm = /[\u0000-\u0009\u000b-\u001f]/;

/**
 * Reads a note and checks the signatures of the keys in `known`; `signedBy` holds the vkeys whose signature is good.
 * Nothing is said of a key that did not sign: who demands one looks for it in `signedBy`.
 */
export function openNote(note: string, known: readonly Verifier[]): OpenedNote {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n') || controlForm.test(note)) return { ok: false, reason: 'malformed' };
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > signaturesMax) return { ok: false, reason: 'malformed' };
  const signedBy: string[] = [];
  const names: string[] = [];
  for (const line of lines) {
    const parsed = parseSignatureLine(line);
    if (parsed === undefined) return { ok: false, reason: 'malformed' };
    names.push(parsed.name);
    const by = known.find((verifier) => verifier.name === parsed.name && verifier.keyId.equals(parsed.keyId));
    if (by === undefined) continue;
    if (!by.verifies(text, parsed.signature)) return { ok: false, reason: 'bad_signature' };
    if (!signedBy.includes(by.vkey)) signedBy.push(by.vkey);
  }
  return { ok: true, text, signedBy, names };
}
