// Where values end in JSON text: valid, without spaces, as a sheet holds it. Invariant: nothing is decided about a value here
// but where it ends.

/** JSON's own characters, as the bytes they are. */
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const backslash = 0x5c;

/** Behind the string that begins at `at`; -1 for another value. */
export function passText(json: Buffer, at: number): number {
  if (json[at] !== quote) return -1;
  let end = at + 1;
  for (let byte = json[end]; byte !== quote; byte = json[end]) {
    if (byte === undefined) return -1;
    end += byte === backslash ? 2 : 1;
  }
  return end + 1;
}

/** Behind the value that begins at `at`, whatever it is. */
export function passValue(json: Buffer, at: number): number {
  const first = json[at];
  if (first === quote) return passText(json, at);
  if (first !== openBrace && first !== openBracket) return passScalar(json, at);
  let depth = 0;
  let end = at;
  do {
    const byte = json[end];
    if (byte === undefined) return -1;
    if (byte === quote) {
      end = passText(json, end);
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    end += 1;
  } while (depth > 0);
  return end;
}

/** Behind a number or a literal: what ends it is a comma, a bracket or the end. */
function passScalar(json: Buffer, at: number): number {
  let end = at;
  while (end < json.length && json[end] !== comma && json[end] !== closeBrace && json[end] !== closeBracket) end += 1;
  return end;
}

/** Whether these bytes stand at `at`. */
export function startsWith(json: Buffer, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 1) if (json[at + i] !== bytes[i]) return false;
  return true;
}

/** The text of the string that begins at `at`; undefined for another value. */
export function textAt(json: Buffer, at: number): string | undefined {
  const end = passText(json, at);
  if (end < 0) return undefined;
  const text = json.toString('utf8', at + 1, end - 1);
  return text.includes('\\') ? JSON.parse(`"${text}"`) as string : text;
}
