// MessagePack read slowly and plainly, as its specification is written: every value with its place, what is wrong with it,
// and no opinion about what is allowed. Invariant: it shares no line with the decoder it is compared with.

/** What a value turned out to be. A part of a value that the bytes end in is kept as far as it goes. */
export type Plain =
  & { readonly at: number; end: number }
  & (
    | { readonly kind: 'nil' } | { readonly kind: 'reserved' } | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'integer'; readonly value: bigint } | { readonly kind: 'float'; readonly value: number }
    | { readonly kind: 'text'; readonly bytes: Buffer } | { readonly kind: 'binary' }
    | { readonly kind: 'extension'; type: number; readonly fixed: boolean; bytes: Buffer }
    | { readonly kind: 'array'; readonly items: Plain[]; readonly claim: bigint }
    | { readonly kind: 'map'; readonly entries: { readonly key: Plain; value?: Plain }[] }
  );

/** What was read of a payload. `broken`: the bytes ended early, or went deeper than is looked at. */
export interface Reading {
  readonly root: Plain | undefined;
  readonly broken: boolean;
  readonly end: number;
}

/** Far deeper than is ever allowed; beyond, the rest is not looked at. */
const levelsRead = 200;

class Broken extends Error {}

/** Reads the first value of `bytes`. */
export function readPlain(bytes: Buffer): Reading {
  let at = 0;
  let root: Plain | undefined;

  function take(length: number): Buffer {
    if (at + length > bytes.length) throw new Broken();
    at += length;
    return bytes.subarray(at - length, at);
  }

  function unsigned(width: number): bigint {
    let value = 0n;
    for (const byte of take(width)) value = value * 256n + BigInt(byte);
    return value;
  }

  function signed(width: number): bigint {
    return BigInt.asIntN(8 * width, unsigned(width));
  }

  function read(level: number, found: (value: Plain) => void): void {
    const start = at;
    const token = take(1)[0] ?? 0;
    const whole = (value: { readonly kind: 'nil' | 'reserved' | 'binary' }): void => { found({ ...value, at: start, end: at }); };
    const integer = (value: bigint): void => { found({ kind: 'integer', value, at: start, end: at }); };
    const text = (length: bigint): void => { found({ kind: 'text', bytes: take(Number(length)), at: start, end: at }); };
    const extension = (lengthOf: () => bigint, fixed: boolean): void => {
      const value = { kind: 'extension' as const, type: 0, fixed, bytes: bytes.subarray(0, 0), at: start, end: at };
      // Known for what it is before its bytes are there, or are not.
      found(value);
      const length = lengthOf();
      value.type = Number(signed(1));
      value.bytes = take(Number(length));
      value.end = at;
    };
    const array = (length: bigint): void => {
      const value: Plain = { kind: 'array', items: [], claim: length, at: start, end: at };
      found(value);
      if (level > levelsRead) throw new Broken();
      for (let i = 0n; i < length; i += 1n) read(level + 1, (item) => { value.items.push(item); });
      value.end = at;
    };
    const map = (length: bigint): void => {
      const value: Plain = { kind: 'map', entries: [], at: start, end: at };
      found(value);
      if (level > levelsRead) throw new Broken();
      for (let i = 0n; i < length; i += 1n) {
        read(level + 1, (key) => { value.entries.push({ key }); });
        const entry = value.entries.at(-1);
        read(level + 1, (held) => { if (entry !== undefined) entry.value = held; });
      }
      value.end = at;
    };
    if (token <= 0x7f) integer(BigInt(token));
    else if (token <= 0x8f) map(BigInt(token - 0x80));
    else if (token <= 0x9f) array(BigInt(token - 0x90));
    else if (token <= 0xbf) text(BigInt(token - 0xa0));
    else if (token >= 0xe0) integer(BigInt(token) - 256n);
    else if (token === 0xc0) whole({ kind: 'nil' });
    else if (token === 0xc1) whole({ kind: 'reserved' });
    else if (token === 0xc2 || token === 0xc3) found({ kind: 'boolean', value: token === 0xc3, at: start, end: at });
    else if (token >= 0xc4 && token <= 0xc6) {
      whole({ kind: 'binary' });
      take(Number(unsigned(2 ** (token - 0xc4))));
    } else if (token >= 0xc7 && token <= 0xc9) extension(() => unsigned(2 ** (token - 0xc7)), false);
    else if (token === 0xca || token === 0xcb) {
      const width = token === 0xca ? 4 : 8;
      // What is cut short may look like no number already.
      if (at + width > bytes.length) found({ kind: 'float', value: Number.NaN, at: start, end: at });
      const float = take(width);
      found({ kind: 'float', value: width === 4 ? float.readFloatBE(0) : float.readDoubleBE(0), at: start, end: at });
    } else if (token >= 0xcc && token <= 0xcf) integer(unsigned(2 ** (token - 0xcc)));
    else if (token >= 0xd0 && token <= 0xd3) integer(signed(2 ** (token - 0xd0)));
    else if (token >= 0xd4 && token <= 0xd8) extension(() => 2n ** BigInt(token - 0xd4), true);
    else if (token >= 0xd9 && token <= 0xdb) text(unsigned(2 ** (token - 0xd9)));
    else if (token === 0xdc || token === 0xdd) array(unsigned(token === 0xdc ? 2 : 4));
    else map(unsigned(token === 0xde ? 2 : 4));
  }

  try {
    read(1, (value) => { root = value; });
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { root, broken: true, end: at };
  }
  return { root, broken: false, end: at };
}
