// What a value on the wire means, and the one text a record says it with: written from PROTOCOL.md and FORMAT.md, with
// nothing of the daemon in it.
import type { Plain } from './plain-msgpack.js';

/** A number with its text; `whole` where it counts as an integer, `vague` where it came as a float beyond 2^53. */
export interface Figure {
  readonly text: string;
  readonly whole: bigint | undefined;
  readonly vague: boolean;
}

export type Meaning = null | boolean | string | Figure | readonly Meaning[] | ReadonlyMap<string, Meaning>;

export function isFigure(meaning: Meaning | undefined): meaning is Figure {
  return typeof meaning === 'object' && meaning !== null && 'whole' in meaning;
}

export function isList(meaning: Meaning | undefined): meaning is readonly Meaning[] {
  return Array.isArray(meaning);
}

/** Whether bytes are UTF-8, by its definition: shortest forms, no surrogates, up to U+10FFFF. */
export function isUtf8(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length === 0 || at + length > bytes.length) return false;
    let point = length === 1 ? first : first & (0xff >> (length + 1));
    for (let i = 1; i < length; i += 1) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) return false;
      point = point * 64 + (next & 0x3f);
    }
    const least = [0, 0, 0x80, 0x800, 0x1_0000][length] ?? 0;
    if (point < least || point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    at += length;
  }
  return true;
}

/** The text of a timestamp, or undefined if it is none that can be written. */
export function timestampText(value: Extract<Plain, { readonly kind: 'extension' }>): string | undefined {
  const { bytes, fixed, type } = value;
  const isForm = (fixed && (bytes.length === 4 || bytes.length === 8)) || (!fixed && bytes.length === 12);
  if (type !== -1 || !isForm || (bytes.length === 12 && value.end - value.at !== 15)) return undefined;
  let seconds: bigint;
  let nanoseconds = 0n;
  if (bytes.length === 4) seconds = BigInt(bytes.readUInt32BE(0));
  else if (bytes.length === 8) {
    const both = bytes.readBigUInt64BE(0);
    nanoseconds = both >> 34n;
    seconds = both & ((1n << 34n) - 1n);
  } else {
    nanoseconds = BigInt(bytes.readUInt32BE(0));
    seconds = bytes.readBigInt64BE(4);
  }
  const days = seconds >= 0n ? seconds / 86_400n : -((-seconds + 86_399n) / 86_400n);
  const date = civil(days);
  if (nanoseconds >= 1_000_000_000n || date.year < 0n || date.year > 9999n) return undefined;
  const inDay = seconds - days * 86_400n;
  const two = (part: bigint): string => part.toString().padStart(2, '0');
  const clock = `${two(inDay / 3600n)}:${two((inDay / 60n) % 60n)}:${two(inDay % 60n)}`;
  const fraction = nanoseconds === 0n ? '' : nanoseconds % 1_000_000n === 0n
    ? `.${(nanoseconds / 1_000_000n).toString().padStart(3, '0')}` : `.${nanoseconds.toString().padStart(9, '0')}`;
  return `${date.year.toString().padStart(4, '0')}-${two(date.month)}-${two(date.day)}T${clock}${fraction}Z`;
}

/** The date so many days after 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms"). */
function civil(days: bigint): { readonly year: bigint; readonly month: bigint; readonly day: bigint } {
  const shifted = days + 719_468n;
  const era = (shifted >= 0n ? shifted : shifted - 146_096n) / 146_097n;
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shiftedMonth = (5n * dayOfYear + 2n) / 153n;
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n;
  return { year: yearOfEra + era * 400n + (month <= 2n ? 1n : 0n), month, day: dayOfYear - (153n * shiftedMonth + 2n) / 5n + 1n };
}

/** What a value means that holds nothing forbidden; undefined for one that is not whole. */
export function meaningOf(value: Plain | undefined): Meaning | undefined {
  switch (value?.kind) {
    case 'nil': return null;
    case 'boolean': return value.value;
    case 'integer': return { text: value.value.toString(), whole: value.value, vague: false };
    case 'float': return figureOf(value.value);
    case 'text': return value.bytes.toString('utf8');
    case 'extension': return timestampText(value);
    case 'array': return value.items.map((item) => meaningOf(item) ?? null);
    case 'map': {
      const map = new Map<string, Meaning>();
      for (const entry of value.entries) if (entry.key.kind === 'text') map.set(entry.key.bytes.toString('utf8'), meaningOf(entry.value) ?? null);
      return map;
    }
    default: return undefined;
  }
}

function figureOf(value: number): Figure {
  const isWhole = Number.isInteger(value);
  const text = value === 0 ? '0' : String(value);
  return { text, whole: isWhole ? BigInt(value) : undefined, vague: isWhole && Math.abs(value) > 2 ** 53 - 1 };
}

const named: Readonly<Record<number, string>> = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 34: '\\"', 92: '\\\\' };

/** A text as a record spells it. */
export function spelled(value: string): string {
  let text = '"';
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    text += named[code] ?? (code < 0x20 ? `\\u${code.toString(16).padStart(4, '0')}` : character);
  }
  return `${text}"`;
}

/** The text of a value in a record. */
export function recordText(meaning: Meaning): string {
  if (meaning === null || typeof meaning === 'boolean') return String(meaning);
  if (typeof meaning === 'string') return spelled(meaning);
  if (isFigure(meaning)) return meaning.text;
  if (isList(meaning)) return `[${meaning.map(recordText).join(',')}]`;
  return `{${[...meaning].map(([key, value]) => `${spelled(key)}:${recordText(value)}`).join(',')}}`;
}
