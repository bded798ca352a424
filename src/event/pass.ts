// Where values end in JSON text: valid, without spaces. Invariant: nothing is decided about a value here but where it ends, and
// that a string holds hex digits alone.

/** JSON's own characters, as the bytes they are. */
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const backslash = 0x5c;

/**
 * The text of one value: valid JSON without spaces, `bytes` from `from` to `to`. Who wrote it knew where its strings end, so
 * nobody looks for that again: a string that begins at `at` ends before `ends[at]`, which is negative (and so much) where it
 * holds lower-case hex digits alone, or nothing. Of all other places `ends` says nothing. Whoever reads it goes forward only, so
 * that an end which somebody forgot to write holds nobody up for ever.
 */
export interface JsonText {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly ends: Int32Array;
}

/** Its bytes, as long as nobody writes over them. */
export function bytesOf({ bytes, from, to }: JsonText): Buffer {
  return bytes.subarray(from, to);
}

/** What a byte is inside a string, bits: a hex digit is none of it. */
export const byteKind = { noHexDigit: 1, escaped: 2, noAscii: 4 } as const;

/** By byte. */
export const byteKinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isHexDigit = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
  const isEscaped = byte < 0x20 || byte === quote || byte === backslash;
  return (isHexDigit ? 0 : byteKind.noHexDigit) | (isEscaped ? byteKind.escaped : 0) | (byte < 0x80 ? 0 : byteKind.noAscii);
});

/** JSON text that nobody wrote on a sheet: its strings are looked for. */
export function jsonTextOf(text: string): JsonText {
  const bytes = Buffer.from(text);
  const ends = new Int32Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== quote) continue;
    const start = at;
    let kinds = 0;
    for (at += 1; at < bytes.length && bytes[at] !== quote; at += 1) {
      kinds |= byteKinds[bytes[at] ?? 0] ?? 0;
      if (bytes[at] === backslash) at += 1;
    }
    ends[start] = kinds === 0 ? -(at + 1) : at + 1;
  }
  return { bytes, from: 0, to: bytes.length, ends };
}

/** Behind the string that begins at `at`; -1 for another value, or where that is not known. */
export function passText({ bytes, ends }: JsonText, at: number): number {
  if (bytes[at] !== quote) return -1;
  const said = ends[at] ?? 0;
  // Not by Math.abs: of that the compiler makes a float, and of all that comes of it.
  const end = said < 0 ? -said : said;
  return end > at ? end : -1;
}

/** Behind the string of so many lower-case hex digits that begins at `at`; -1 for another value. */
export function passHex({ bytes, ends }: JsonText, at: number, digits: number): number {
  const end = at + digits + 2;
  return bytes[at] === quote && ends[at] === -end ? end : -1;
}

/** Behind the value that begins at `at`, whatever it is. */
export function passValue(json: JsonText, at: number): number {
  const { bytes } = json;
  const first = bytes[at];
  if (first === quote) return passText(json, at);
  if (first !== openBrace && first !== openBracket) return passScalar(json, at);
  let depth = 0;
  let end = at;
  do {
    const byte = bytes[end];
    if (byte === undefined) return -1;
    if (byte === quote) {
      end = passText(json, end);
      if (end < 0) return -1;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    end += 1;
  } while (depth > 0);
  return end;
}

/** Behind a number or a literal: what ends it is a comma, a bracket or the end. */
function passScalar({ bytes, to }: JsonText, at: number): number {
  let end = at;
  while (end < to && bytes[end] !== comma && bytes[end] !== closeBrace && bytes[end] !== closeBracket) end += 1;
  return end;
}

/** Whether these bytes stand at `at`. */
export function startsWith(bytes: Uint8Array, at: number, begin: Uint8Array): boolean {
  for (let i = 0; i < begin.length; i += 1) if (bytes[at + i] !== begin[i]) return false;
  return true;
}

/** The text of the string that begins at `at`; undefined for another value. */
export function textAt(json: JsonText, at: number): string | undefined {
  const end = passText(json, at);
  if (end < 0) return undefined;
  const text = json.bytes.toString('utf8', at + 1, end - 1);
  return text.includes('\\') ? JSON.parse(`"${text}"`) as string : text;
}
