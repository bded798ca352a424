// What can still be said about a payload that was refused: which request it was, so that the error reaches its caller.
// Invariant: it never throws, uses no memory and no recursion, and reads each byte at most once.

/** Bytes of a string that may be an op, or `id`. */
const wordBytesMax = 31;

/** `id` (null) and `op` (undefined) as far as they are there, the last of each; they may stand behind broken parts. */
export function salvage(payload: Buffer): { id: number | null; op: string | undefined } {
  const found: { id: number | null; op: string | undefined } = { id: null, op: undefined };
  const head = payload[0] ?? 0;
  const width = head >= 0x80 && head < 0x90 ? 0 : head === 0xde ? 2 : head === 0xdf ? 4 : -1;
  if (width < 0 || payload.length < 1 + width) return found;
  let at = 1 + width;
  // What stands behind the map's last entry is none of it.
  for (let left = width === 0 ? head & 0x0f : payload.readUIntBE(1, width); left > 0; left -= 1) {
    const valueAt = skip(payload, at);
    const next = valueAt < 0 ? -1 : skip(payload, valueAt);
    if (next < 0) break;
    const key = wordAt(payload, at, valueAt);
    if (key === 'id') found.id = integerAt(payload, valueAt);
    if (key === 'op') found.op = wordAt(payload, valueAt, next);
    at = next;
  }
  return found;
}

function integerAt(payload: Buffer, at: number): number | null {
  const token = payload.readUInt8(at);
  const value = token < 0x80 ? token : wideIntegerAt(payload, token, at + 1);
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function wideIntegerAt(payload: Buffer, token: number, at: number): number | undefined {
  switch (token) {
    case 0xca: return payload.readFloatBE(at);
    case 0xcb: return payload.readDoubleBE(at);
    case 0xcc: return payload.readUInt8(at);
    case 0xcd: return payload.readUInt16BE(at);
    case 0xce: return payload.readUInt32BE(at);
    case 0xcf: return Number(payload.readBigUInt64BE(at));
    case 0xd0: return payload.readInt8(at);
    case 0xd1: return payload.readInt16BE(at);
    case 0xd2: return payload.readInt32BE(at);
    case 0xd3: return Number(payload.readBigInt64BE(at));
    default: return undefined;
  }
}

// The string from `at` to `end`, however its length is written; undefined for what is none, or longer than any op there is.
function wordAt(payload: Buffer, at: number, end: number): string | undefined {
  const token = payload.readUInt8(at);
  const header = token >= 0xa0 && token < 0xc0 ? 1 : token === 0xd9 ? 2 : token === 0xda ? 3 : token === 0xdb ? 5 : 0;
  const start = at + header;
  return header > 0 && end - start <= wordBytesMax ? payload.toString('latin1', start, end) : undefined;
}

// The offset behind the value at `at`, whatever it holds; -1 when the bytes end inside it.
function skip(payload: Buffer, at: number): number {
  let pending = 1;
  while (pending > 0) {
    const token = payload[at] ?? -1;
    if (token < 0) return -1;
    pending -= 1;
    at += 1;
    if (token < 0x80 || token >= 0xe0) continue;
    if (token < 0x90) pending += 2 * (token & 0x0f);
    else if (token < 0xa0) pending += token & 0x0f;
    else if (token < 0xc0) at += token & 0x1f;
    else {
      const [width, fixed, kind] = shapes[token - 0xc0] ?? none;
      if (at + width > payload.length) return -1;
      const size = width === 0 ? 0 : payload.readUIntBE(at, width);
      at += width + fixed;
      if (kind === 'bytes') at += size;
      else if (kind === 'array') pending += size;
      else if (kind === 'map') pending += 2 * size;
    }
    if (at > payload.length) return -1;
  }
  return at;
}

type Shape = readonly [width: number, fixed: number, kind: 'plain' | 'bytes' | 'array' | 'map'];

const none: Shape = [0, 0, 'plain'];
// Tokens 0xc0 .. 0xdf: bytes of a length field, bytes that always follow, and what the length counts.
const shapes: readonly Shape[] = [
  none, none, none, none, [1, 0, 'bytes'], [2, 0, 'bytes'], [4, 0, 'bytes'],
  [1, 1, 'bytes'], [2, 1, 'bytes'], [4, 1, 'bytes'], [0, 4, 'plain'], [0, 8, 'plain'],
  [0, 1, 'plain'], [0, 2, 'plain'], [0, 4, 'plain'], [0, 8, 'plain'],
  [0, 1, 'plain'], [0, 2, 'plain'], [0, 4, 'plain'], [0, 8, 'plain'],
  [0, 2, 'plain'], [0, 3, 'plain'], [0, 5, 'plain'], [0, 9, 'plain'], [0, 17, 'plain'],
  [1, 0, 'bytes'], [2, 0, 'bytes'], [4, 0, 'bytes'], [2, 0, 'array'], [4, 0, 'array'], [2, 0, 'map'], [4, 0, 'map'],
];
