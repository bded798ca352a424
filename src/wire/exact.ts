// The exact decoder, for the few events in which the fast one would change something: integers beyond 2^53, keys that
// a plain object re-orders or swallows, timestamps, strings that begin with a byte order mark. Invariant: it reads only
// what the strict scan has passed, so it checks nothing again and its recursion is bounded.
import { type JsonValue, JsonMap, isTrapKey } from '../event/json.js';
import { timestampText } from './timestamp.js';

/** Decodes the one value at `at` of bytes that the strict scan has passed. */
export function exactValue(bytes: Buffer, at: number): JsonValue {
  return new ExactReader(bytes, at).value();
}

class ExactReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  value(): JsonValue {
    const token = this.#bytes.readUInt8(this.#at++);
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.#map(token & 0x0f);
    if (token < 0xa0) return this.#array(token & 0x0f);
    if (token < 0xc0) return this.#text(token & 0x1f);
    switch (token) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc7: return this.#timestamp(this.#uint(1));
      case 0xca: return this.#bytes.readFloatBE(this.#skip(4));
      case 0xcb: return this.#bytes.readDoubleBE(this.#skip(8));
      case 0xcc: return this.#uint(1);
      case 0xcd: return this.#uint(2);
      case 0xce: return this.#uint(4);
      case 0xcf: return narrow(this.#bytes.readBigUInt64BE(this.#skip(8)));
      case 0xd0: return this.#bytes.readInt8(this.#skip(1));
      case 0xd1: return this.#bytes.readInt16BE(this.#skip(2));
      case 0xd2: return this.#bytes.readInt32BE(this.#skip(4));
      case 0xd3: return narrow(this.#bytes.readBigInt64BE(this.#skip(8)));
      case 0xd6: return this.#timestamp(4);
      case 0xd7: return this.#timestamp(8);
      case 0xd9: return this.#text(this.#uint(1));
      case 0xda: return this.#text(this.#uint(2));
      case 0xdb: return this.#text(this.#uint(4));
      case 0xdc: return this.#array(this.#uint(2));
      case 0xdd: return this.#array(this.#uint(4));
      case 0xde: return this.#map(this.#uint(2));
      default: return this.#map(this.#uint(4));
    }
  }

  #array(length: number): JsonValue {
    const values: JsonValue[] = [];
    for (let i = 0; i < length; i++) values.push(this.value());
    return values;
  }

  // Of a key that comes twice the last value counts, at the first one's place: as a plain object does it.
  #map(size: number): JsonValue {
    const map = new JsonMap();
    let trapped = false;
    for (let i = 0; i < size; i++) {
      const key = this.value() as string;
      trapped ||= isTrapKey(key);
      map.set(key, this.value());
    }
    return trapped ? map : Object.fromEntries(map);
  }

  #text(bytes: number): string {
    const start = this.#skip(bytes);
    return this.#bytes.toString('utf8', start, start + bytes);
  }

  #timestamp(bytes: number): JsonValue {
    return timestampText(this.#bytes, this.#skip(bytes + 1) + 1, bytes) ?? null;
  }

  #uint(width: 1 | 2 | 4): number {
    return this.#bytes.readUIntBE(this.#skip(width), width);
  }

  #skip(bytes: number): number {
    const start = this.#at;
    this.#at += bytes;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
