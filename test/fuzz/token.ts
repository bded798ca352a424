// MessagePack as a tree of tokens that may be wrong on purpose. Invariant: writing decides nothing; lengths, widths and
// types are what the tree says, whether they fit or not.
import type { JsonValue } from '../../src/event/json.js';
import { isJsonArray } from '../../src/event/json.js';
import type { Random } from './random.js';

/** How wide a length is written: 0 is the shortest form there is for it. */
export type Width = 0 | 1 | 2 | 4;

export type Token =
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | { readonly kind: 'text'; readonly bytes: Buffer; readonly width: Width; readonly claim?: number }
  | { readonly kind: 'array'; readonly items: readonly Token[]; readonly width: Width; readonly claim?: number }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Token, Token])[]; readonly width: Width; readonly claim?: number };

export function raw(hex: string): Token {
  return { kind: 'raw', bytes: Buffer.from(hex, 'hex') };
}

export function text(value: string | Buffer, width: Width = 0): Token {
  return { kind: 'text', bytes: Buffer.from(value as string), width };
}

/** The tree of a value, integers and floats in any of the forms that say the same. */
export function tokenOf(value: JsonValue, random: Random): Token {
  if (value === null) return raw('c0');
  switch (typeof value) {
    case 'boolean': return raw(value ? 'c3' : 'c2');
    case 'string': return text(value, random.oneIn(20) ? random.pick([1, 2, 4]) : 0);
    case 'number': return numberToken(value, random);
    case 'bigint': return integerToken(value, random);
    default: break;
  }
  const width = random.oneIn(20) ? random.pick([2, 4] as const) : 0;
  if (isJsonArray(value)) return { kind: 'array', items: value.map((item) => tokenOf(item, random)), width };
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return { kind: 'map', entries: entries.map(([key, held]) => [text(key, random.oneIn(40) ? random.pick([1, 2, 4]) : 0), tokenOf(held, random)]), width };
}

function numberToken(value: number, random: Random): Token {
  if (Number.isSafeInteger(value) && !Object.is(value, -0) && !random.oneIn(10)) return integerToken(BigInt(value), random);
  const bytes = Buffer.alloc(9);
  if (Object.is(Math.fround(value), value) && random.oneIn(2)) {
    bytes[0] = 0xca;
    bytes.writeFloatBE(value, 1);
    return { kind: 'raw', bytes: bytes.subarray(0, 5) };
  }
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return { kind: 'raw', bytes };
}

interface Form {
  readonly token: number;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly least: bigint;
  readonly most: bigint;
}

const forms: readonly Form[] = ([1, 2, 4, 8] as const).flatMap((bytes, at) => [
  { token: 0xcc + at, bytes, least: 0n, most: 2n ** BigInt(8 * bytes) - 1n },
  { token: 0xd0 + at, bytes, least: -(2n ** BigInt(8 * bytes - 1)), most: 2n ** BigInt(8 * bytes - 1) - 1n },
]);

/** What has no form of 64 bits becomes a float, which then says something else. */
function integerToken(value: bigint, random: Random): Token {
  const fitting = forms.filter(({ least, most }) => value >= least && value <= most);
  if (fitting.length === 0) {
    const float = Buffer.alloc(9);
    float[0] = 0xcb;
    float.writeDoubleBE(Number(value), 1);
    return { kind: 'raw', bytes: float };
  }
  if (value >= -32n && value < 128n && !random.oneIn(8)) return { kind: 'raw', bytes: Buffer.from([Number(value) & 0xff]) };
  const form = random.oneIn(4) ? random.pick(fitting) : fitting[0];
  const { token, bytes } = form ?? random.pick(fitting);
  const written = Buffer.alloc(9);
  written[0] = token;
  written.writeBigUInt64BE(BigInt.asUintN(64, value << BigInt(64 - 8 * bytes)), 1);
  return { kind: 'raw', bytes: written.subarray(0, 1 + bytes) };
}

/** The bytes of a tree. */
export function write(token: Token): Buffer {
  const parts: Buffer[] = [];
  const put = (one: Token): void => {
    switch (one.kind) {
      case 'raw': parts.push(one.bytes); break;
      case 'text':
        parts.push(header(one.claim ?? one.bytes.length, one.width, 0xa0, 31, [0xd9, 0xda, 0xdb]), one.bytes);
        break;
      case 'array':
        parts.push(header(one.claim ?? one.items.length, one.width, 0x90, 15, [undefined, 0xdc, 0xdd]));
        for (const item of one.items) put(item);
        break;
      case 'map':
        parts.push(header(one.claim ?? one.entries.length, one.width, 0x80, 15, [undefined, 0xde, 0xdf]));
        for (const [key, value] of one.entries) {
          put(key);
          put(value);
        }
        break;
      default: one satisfies never;
    }
  };
  put(token);
  return Buffer.concat(parts);
}

type Tokens = readonly [one: number | undefined, two: number, four: number];

function header(length: number, width: Width, short: number, shortMax: number, [one, two, four]: Tokens): Buffer {
  if (width === 0 && length <= shortMax) return Buffer.from([short | length]);
  if (one !== undefined && length < 0x100 && width <= 1) return Buffer.from([one, length]);
  const bytes = Buffer.alloc(5);
  if (length < 0x1_0000 && width <= 2) {
    bytes[0] = two;
    bytes.writeUInt16BE(length, 1);
    return bytes.subarray(0, 3);
  }
  bytes[0] = four;
  bytes.writeUInt32BE(length >>> 0, 1);
  return bytes;
}

/** Values that a decoder trips over, each a whole token or a beginning of one. */
export const hostile: readonly Token[] = [
  // Reserved, nil, booleans, integers at their edges in every width.
  'c1', 'c0', 'c2', 'c3', '00', '7f', 'ff', 'e0', 'cc00', 'ccff', 'cdffff', 'ceffffffff', 'd080', 'd18000', 'd280000000',
  'cf001fffffffffffff', 'cf0020000000000000', 'cf0020000000000001', 'cf7fffffffffffffff', 'cf8000000000000000', 'cfffffffffffffffff',
  'd3ffe0000000000000', 'd3ffe0000000000001', 'd3ffdfffffffffffff', 'd38000000000000000', 'd3ffffffffffffffff', 'd37fffffffffffffff', 'cf0000000000000001',
  // Floats: not numbers, infinities, minus zero, whole ones, 2^53, the largest, the smallest.
  'ca7fc00000', 'caff800000', 'ca80000000', 'ca3f800000', 'ca7f7fffff', 'cb7ff8000000000000', 'cb7ff0000000000001', 'cbfff0000000000000', 'cb8000000000000000',
  'cb3ff0000000000000', 'cb4340000000000000', 'cb433fffffffffffff', 'cb43f0000000000000', 'cbc3e0000000000000', 'cb7fefffffffffffff', 'cb0000000000000001', 'cb3fb999999999999a',
  // Binary, extensions, records, timestamps good and bad.
  'c400', 'c40161', 'c5000161', 'c60000000161', 'd40100', 'd50100ff', 'd601000000ff', 'd70100000000000000ff', `d801${'00'.repeat(16)}`, 'c70005', 'c7010561', 'c800010561', 'c9000000010561',
  'd47200', 'd5720101', 'd472c1', 'd6ff00000000', 'd6ffffffffff', 'd7ff0000000000000000', 'd7ffee6b27fc00000000', 'd7ffee6b280000000000', 'd7ffffffffffffffffff',
  'c70cff000000000000000000000000', 'c70cff3b9ac9ff0000000000000000', 'c70cff3b9aca000000000000000000', 'c70cff00000000fffffff1868b8400', 'c70cff00000000fffffff1868b83ff',
  'c70cff000000000000003afff4417f', 'c70cff000000000000003afff44180', 'c70cff0000000180000000000000000', 'c704ff00000000', 'c708ff0000000000000000', 'c70cfe000000000000000000000000', 'd4ff00', 'd5ff0000',
  `d8ff${'00'.repeat(16)}`, 'c800 0cff000000000000000000000000'.replace(' ', ''),
  // Text: not UTF-8, overlong, surrogates, byte order marks, what terminals obey, what JavaScript trips over.
  'a1ff', 'a2c0af', 'a3eda080', 'a6eda0bdedb880', 'a4f4908080', 'a3e080af', 'a1c3', 'a180', 'a3efbbbf', 'a4efbbbf61', 'a3efbfbd', 'a3e280a8', 'a31b5b6d', 'a3e280ae', 'a100', 'a0',
  'd900', 'da0000', 'db00000000', 'a95f5f70726f746f5f5f', 'a13030', 'a131', 'a0d9',
  // Lengths without their bytes, and empty containers in every width.
  'd9ff', 'daffff', 'dbffffffff', 'dcffff', 'ddffffffff', 'deffff', 'dfffffffff', 'c6ffffffff', 'c9ffffffff05', '80', '90', 'dc0000', 'dd00000000', 'de0000', 'df00000000',
].map((hex) => raw(hex));
