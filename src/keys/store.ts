/**
 * The keys a host holds, on its disk. Two files in `keys/`:
 *
 * `identity`: the seed that signs checkpoints for as long as the log lives; written once, at init.
 * `current`: everything that moves, in one line of one sector, overwritten in place and never renamed, so that the
 * key that was is not left in some freed block. A sector is written whole or not at all; the check tells damage from
 * forgery. It also says at which record and root it was written: a thief of the log's files who has no key cannot
 * make the log end elsewhere.
 */
import type { Disk } from '../disk/disk.js';
import { Slot } from '../disk/slot.js';
import { replaceFile } from '../disk/write.js';
import { comma, quote } from '../event/pass.js';
import { decodeBase64, readBase64, writeBase64 } from './base64.js';
import { sha256Hex } from './hash.js';
import type { KeyName } from './name.js';
import { formatKeyName, parseKeyName } from './name.js';
import { keyBytes } from './schedule.js';

/** The line with its LF: under 512 bytes, the smallest sector, and always the same, so that nothing old shows behind it. */
export const keyFileBytes = 480;
const keyFileVersion = 1;

/** What `keys/current` holds. */
export interface StoredKeys {
  /** The name of `step`: the key of the next commit. */
  readonly name: KeyName;
  readonly step: Buffer;
  /** E(e+1). */
  readonly nextEpoch: Buffer;
  /** Seed of the current epoch's signing key. */
  readonly signer: Buffer;
  /** Seed of the next epoch's, while a seal is made. */
  readonly nextSigner: Buffer | null;
  /** The last record when this was written, and the tree's root over it and all before. */
  readonly seq: number;
  readonly root: Buffer;
}

/** What a key file turned out to be. */
export type ReadKeys =
  | { readonly state: 'ok'; readonly keys: StoredKeys }
  | { readonly state: 'absent' | 'damaged' | 'unknown_version' };

const checkChars = 16;

function checkOf(body: Uint8Array): string {
  return sha256Hex(body).slice(0, checkChars);
}

/**
 * The line, in `slot` if one is given: fields in the order of `StoredKeys`, padded with spaces to `keyFileBytes`. No
 * key becomes a string on the way.
 */
export function encodeKeys(keys: StoredKeys, slot: Buffer = Buffer.allocUnsafeSlow(keyFileBytes)): Buffer {
  let at = 0;
  const text = (part: string): void => { at += slot.write(part, at, 'latin1'); };
  const key = (bytes: Uint8Array): void => { at += writeBase64(bytes, slot, at); };
  text(`{"v":${keyFileVersion},"key":"${formatKeyName(keys.name)}","step":"`);
  key(keys.step);
  text('","epoch":"');
  key(keys.nextEpoch);
  text('","sign":"');
  key(keys.signer);
  if (keys.nextSigner === null) {
    text('","next":null');
  } else {
    text('","next":"');
    key(keys.nextSigner);
    text('"');
  }
  text(`,"seq":${keys.seq},"root":"${keys.root.toString('base64')}"`);
  text(`,"check":"${checkOf(slot.subarray(0, at))}"}`);
  if (at >= keyFileBytes) throw new Error(`a key file of ${at} bytes would not fit its sector`);
  slot.fill(0x20, at, keyFileBytes - 1);
  slot[keyFileBytes - 1] = 0x0a;
  return slot;
}

/** Reads a line piece by piece, so that what is secret in it never becomes a string. */
class Cursor {
  readonly #line: Buffer;
  #at = 0;

  constructor(line: Buffer) {
    this.#line = line;
  }

  get read(): Buffer {
    return this.#line.subarray(0, this.#at);
  }

  get rest(): Buffer {
    return this.#line.subarray(this.#at);
  }

  /** Whether `literal` stands here; then it is passed. */
  pass(literal: string): boolean {
    const found = this.#line.toString('latin1', this.#at, this.#at + literal.length) === literal;
    if (found) this.#at += literal.length;
    return found;
  }

  /** Up to the next quote or comma; for what is no secret. */
  word(): string {
    const start = this.#at;
    while (this.#at < this.#line.length && this.#line[this.#at] !== quote && this.#line[this.#at] !== comma) this.#at += 1;
    return this.#line.toString('latin1', start, this.#at);
  }

  /** A key in base64, quotes included. */
  key(): Buffer | undefined {
    if (!this.pass('"')) return undefined;
    const bytes = readBase64(this.#line.subarray(this.#at, this.#at + keyBase64Chars), keyBytes);
    this.#at += keyBase64Chars;
    return this.pass('"') ? bytes : undefined;
  }
}

const keyBase64Chars = 44;

/** The inverse of `encodeKeys`. A version it does not know is said to be one and MUST NOT be overwritten by the caller. */
export function decodeKeys(line: Buffer): ReadKeys {
  const version = /^\{"v":(\d+),/.exec(line.toString('latin1', 0, 24));
  if (version !== null && Number(version[1]) !== keyFileVersion) return { state: 'unknown_version' };
  const cursor = new Cursor(line);
  const name = cursor.pass(`{"v":${keyFileVersion},"key":"`) ? parseKeyName(cursor.word()) : undefined;
  const step = cursor.pass('","step":') ? cursor.key() : undefined;
  const nextEpoch = cursor.pass(',"epoch":') ? cursor.key() : undefined;
  const signer = cursor.pass(',"sign":') ? cursor.key() : undefined;
  const nextSigner = !cursor.pass(',"next":') ? undefined : cursor.pass('null') ? null : cursor.key();
  const seq = cursor.pass(',"seq":') ? cursor.word() : '';
  const root = cursor.pass(',"root":') ? cursor.key() : undefined;
  const sum = checkOf(cursor.read);
  const isWhole = cursor.pass(`,"check":"${sum}"}`) && /^ *\n$/.test(cursor.rest.toString('latin1')) && /^\d{1,16}$/.test(seq);
  if (!isWhole || line.length !== keyFileBytes || name === undefined) return damagedKeys;
  if (step === undefined || nextEpoch === undefined) return damagedKeys;
  if (signer === undefined || nextSigner === undefined || root === undefined) return damagedKeys;
  return { state: 'ok', keys: { name, step, nextEpoch, signer, nextSigner, seq: Number(seq), root } };
}

const damagedKeys: ReadKeys = { state: 'damaged' };

/** `keys/current`, held open and overwritten in place. */
export class KeyFile {
  readonly slot: Slot;
  /** Overwritten with every write, like the file: the key before the last is nowhere. */
  readonly #bytes = Buffer.allocUnsafeSlow(keyFileBytes);

  private constructor(slot: Slot) {
    this.slot = slot;
  }

  /** Makes it, or puts it in the place of one that never wrote a record; synced. */
  static create(disk: Disk, path: string, keys: StoredKeys): void {
    const bytes = encodeKeys(keys);
    replaceFile(disk, path, bytes);
    bytes.fill(0);
  }

  static read(disk: Disk, path: string): ReadKeys {
    const line = disk.read(path);
    if (line === undefined) return { state: 'absent' };
    const read = decodeKeys(line);
    line.fill(0);
    return read;
  }

  static open(disk: Disk, path: string): KeyFile {
    return new KeyFile(Slot.open(disk, path));
  }

  /** Overwrites, not yet synced. */
  write(keys: StoredKeys): void {
    encodeKeys(keys, this.#bytes);
    this.slot.write(this.#bytes);
  }

  /** Lets go of it, and of what it holds in memory. */
  close(): void {
    this.slot.close();
    this.#bytes.fill(0);
  }
}

/** Who a log is: its name and the seed that signs its checkpoints. */
export interface Identity {
  readonly origin: string;
  readonly seed: Buffer;
}

/** One line: version, seed, origin. */
export function encodeIdentity(identity: Identity): Buffer {
  return Buffer.from(`indelible-identity:v1:${identity.seed.toString('base64')}:${identity.origin}\n`, 'latin1');
}

/** The inverse of `encodeIdentity`; undefined for anything else. */
export function decodeIdentity(bytes: Buffer): Identity | undefined {
  const [, base64 = '', origin = ''] = /^indelible-identity:v1:([^:]{44}):(\S+)\n$/.exec(bytes.toString('latin1')) ?? [];
  const seed = decodeBase64(base64);
  return seed?.length === keyBytes ? { origin, seed } : undefined;
}

/** Who the log is, by the file `keys/identity` at `path`; undefined if there is none, or it is damaged. @throws Node's error */
export function readIdentity(disk: Disk, path: string): Identity | undefined {
  const bytes = disk.read(path);
  return bytes === undefined ? undefined : decodeIdentity(bytes);
}
