/**
 * The keys a host holds, on its disk. Two files in `keys/`:
 *
 * `identity`: the seed that signs checkpoints for as long as the log lives; written once, at init.
 * `current`: everything that moves, in one line of one sector, overwritten in place and never renamed, so that the
 * key that was is not left in some freed block. A sector is written whole or not at all; the check tells damage from
 * forgery. It also says at which record and root it was written: a thief of the log's files who has no key cannot
 * make the log end elsewhere.
 */
import { createHash } from 'node:crypto';
import type { Descriptor, Disk } from '../disk/disk.js';
import { createFile, writeWhole } from '../disk/write.js';
import type { KeyName } from './name.js';
import { formatKeyName, parseKeyName } from './name.js';
import { KEY_BYTES } from './schedule.js';

/** The line with its LF: under 512 bytes, the smallest sector, and always the same, so that nothing old shows behind it. */
export const KEY_FILE_BYTES = 480;
const VERSION = 1;

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

function check(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}

/** One line, padded with spaces. */
export function encodeKeys(keys: StoredKeys): Buffer {
  const b64 = (bytes: Buffer): string => bytes.toString('base64');
  const body = `{"v":${VERSION},"key":"${formatKeyName(keys.name)}","step":"${b64(keys.step)}","epoch":"${b64(keys.nextEpoch)}",` +
    `"sign":"${b64(keys.signer)}","next":${keys.nextSigner === null ? 'null' : `"${b64(keys.nextSigner)}"`},` +
    `"seq":${keys.seq},"root":"${b64(keys.root)}"`;
  const line = `${body},"check":"${check(body)}"}`.padEnd(KEY_FILE_BYTES - 1) + '\n';
  if (line.length !== KEY_FILE_BYTES) throw new Error(`a key file of ${line.length} bytes would not fit its sector`);
  return Buffer.from(line, 'latin1');
}

const KEY_LINE = new RegExp(
  '^(\\{"v":1,"key":"([\\d.]+)","step":"([\\w+/=]{44})","epoch":"([\\w+/=]{44})","sign":"([\\w+/=]{44})",' +
  '"next":(?:null|"([\\w+/=]{44})"),"seq":(\\d{1,16}),"root":"([\\w+/=]{44})"),"check":"([0-9a-f]{16})"\\} *\\n$',
);

/** The inverse of `encodeKeys`. A version it does not know is said to be one and MUST NOT be overwritten by the caller. */
export function decodeKeys(bytes: Buffer): ReadKeys {
  const text = bytes.toString('latin1');
  const version = /^\{"v":(\d+),/.exec(text);
  if (version !== null && Number(version[1]) !== VERSION) return { state: 'unknown_version' };
  const match = KEY_LINE.exec(text);
  if (match === null || bytes.length !== KEY_FILE_BYTES) return { state: 'damaged' };
  const [, body = '', keyName = '', step = '', epoch = '', sign = '', next, seq, root = '', sum] = match;
  const name = parseKeyName(keyName);
  if (name === undefined || check(body) !== sum) return { state: 'damaged' };
  const key = (base64: string): Buffer => Buffer.from(base64, 'base64');
  const keys = {
    name, step: key(step), nextEpoch: key(epoch), signer: key(sign), nextSigner: next === undefined ? null : key(next),
    seq: Number(seq), root: key(root),
  };
  const whole = [keys.step, keys.nextEpoch, keys.signer, keys.root].every((bytes32) => bytes32.length === KEY_BYTES);
  return whole ? { state: 'ok', keys } : { state: 'damaged' };
}

/** `keys/current`, held open and overwritten in place. */
export class KeyFile {
  readonly #disk: Disk;
  readonly #file: Descriptor;

  private constructor(disk: Disk, file: Descriptor) {
    this.#disk = disk;
    this.#file = file;
  }

  /** Makes it, synced. @throws EEXIST */
  static create(disk: Disk, path: string, keys: StoredKeys): void {
    createFile(disk, path, encodeKeys(keys));
  }

  static read(disk: Disk, path: string): ReadKeys {
    const bytes = disk.read(path);
    return bytes === undefined ? { state: 'absent' } : decodeKeys(bytes);
  }

  static open(disk: Disk, path: string): KeyFile {
    return new KeyFile(disk, disk.open(path, 'update'));
  }

  /** Overwrites, not yet synced. */
  write(keys: StoredKeys): void {
    writeWhole(this.#disk, this.#file, encodeKeys(keys), 0);
  }

  sync(): void {
    this.#disk.sync(this.#file);
  }

  close(): void {
    this.#disk.close(this.#file);
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
  const [, seed = '', origin = ''] = /^indelible-identity:v1:([\w+/]{43}=):(\S+)\n$/.exec(bytes.toString('latin1')) ?? [];
  return origin === '' ? undefined : { origin, seed: Buffer.from(seed, 'base64') };
}
