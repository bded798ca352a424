/**
 * SHA-256 and HMAC-SHA-256 of what lies in one piece. Node's one call for a hash (20.12 and later) takes a third of the time
 * of an object that is made for it; a digest that it hands over as text and back is cheaper than one handed over as bytes.
 * But text cannot be overwritten: what will be a key is asked for as bytes.
 */
import * as crypto from 'node:crypto';

/** Bytes of a hash, and of a MAC. */
export const hashBytes = 32;
/** SHA-256's block. */
const blockBytes = 64;
const innerPad = 0x36;
const outerPad = 0x5c;
/** MACs of more are rare and take the long way. */
const scratchBytes = 1024;

const oneCall = 'hash' in crypto ? crypto.hash : undefined;

/** 64 lower hex. */
export const sha256Hex: (data: Uint8Array) => string = oneCall === undefined
  ? (data) => crypto.createHash('sha256').update(data).digest('hex')
  : (data) => oneCall('sha256', data, 'hex');

/** Writes the hash at `at`; no secret may come of it. */
export function sha256Into(data: Uint8Array, to: Buffer, at: number): void {
  if (oneCall === undefined) {
    to.set(crypto.createHash('sha256').update(data).digest(), at);
    return;
  }
  const hash = oneCall('sha256', data, 'binary');
  // So few bytes are written before a call that writes them has begun.
  for (let i = 0; i < hashBytes; i += 1) to[at + i] = hash.charCodeAt(i);
}

/** 32 bytes; no secret may come of it. */
export function sha256(data: Uint8Array): Buffer {
  const hash = Buffer.allocUnsafe(hashBytes);
  sha256Into(data, hash, 0);
  return hash;
}

/** 32 bytes, which were never text: a key may come of it. */
const sha256Secret: (data: Uint8Array) => Buffer = oneCall === undefined
  ? (data) => crypto.createHash('sha256').update(data).digest()
  : (data) => oneCall('sha256', data, 'buffer');

/**
 * HMAC-SHA-256 of what stands on a bench, where it may be put together: into buffers that are used again, with a key's pads made
 * once for all that it is used for in a row.
 */
export class HmacBench {
  readonly #inner: Buffer;
  readonly #outer = Buffer.alloc(blockBytes + hashBytes, outerPad);
  /** The key whose pads stand in the buffers. Keys are never changed but to be forgotten, so the object stands for the key. */
  #padded: Uint8Array | undefined;

  readonly bench: Buffer;
  /** One byte and the bench behind it; the byte is the pad's last, and MUST be as it was before the next MAC. */
  readonly prefixed: Buffer;

  /** For MACs over so many bytes at most. */
  constructor(benchBytes: number) {
    this.#inner = Buffer.alloc(blockBytes + benchBytes, innerPad);
    this.bench = this.#inner.subarray(blockBytes);
    this.prefixed = this.#inner.subarray(blockBytes - 1);
  }

  /** The MAC over the first `bytes` of the bench, 64 lower hex, under a key of up to 64 bytes: for what is no secret. */
  hex(key: Uint8Array, bytes: number): string {
    this.#hashInner(key, bytes);
    return sha256Hex(this.#outer);
  }

  /** The same, 32 bytes that were never text. */
  secret(key: Uint8Array, bytes: number): Buffer {
    this.#hashInner(key, bytes);
    return sha256Secret(this.#outer);
  }

  /** Overwrites what came of the key: who takes this memory MUST NOT find one that was used. */
  forget(): void {
    this.#inner.fill(innerPad, 0, blockBytes);
    this.#outer.fill(outerPad);
    this.#padded = undefined;
  }

  #hashInner(key: Uint8Array, bytes: number): void {
    if (this.#padded !== key) this.#pad(key);
    sha256Into(this.#inner.subarray(0, blockBytes + bytes), this.#outer, blockBytes);
  }

  #pad(key: Uint8Array): void {
    for (let at = 0; at < blockBytes; at += 1) {
      const byte = key[at] ?? 0;
      this.#inner[at] = byte ^ innerPad;
      this.#outer[at] = byte ^ outerPad;
    }
    this.#padded = key;
  }
}

const scratch = new HmacBench(scratchBytes);

/** HMAC-SHA-256, 32 bytes that were never text. */
export function hmac(key: Uint8Array, data: string | Uint8Array): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  if (bytes.length > scratchBytes || key.length > blockBytes) return crypto.createHmac('sha256', key).update(bytes).digest();
  scratch.bench.set(bytes);
  const mac = scratch.secret(key, bytes.length);
  wipe(bytes.length);
  return mac;
}

/** HMAC-SHA-256, 64 lower hex: for what is no secret. */
export function hmacHex(key: Uint8Array, data: Uint8Array): string {
  if (data.length > scratchBytes || key.length > blockBytes) return crypto.createHmac('sha256', key).update(data).digest('hex');
  scratch.bench.set(data);
  const mac = scratch.hex(key, data.length);
  wipe(data.length);
  return mac;
}

function wipe(bytes: number): void {
  scratch.bench.fill(0, 0, bytes);
  scratch.forget();
}
