// What a single value of an event may be. A type is one thing with three uses: it checks, it names itself in tables, and
// it carries the TypeScript type of what it accepts. Invariant: what a type takes is recorded as it was sent, in its own
// text and digits; only what was left out is ever filled in.
import { type JsonValue, isJsonArray } from './json.js';
import { type JsonText, closeBracket, comma, openBracket, passHex, passText, passValue, quote, startsWith } from './pass.js';
import { Violation } from './violation.js';

/** Where values come from that an event left to us. */
export interface Mint {
  /** This moment, RFC 3339 in UTC. */
  now(): string;
  uuid(): string;
}

/** What one value must be. `T` is what a TypeScript caller may pass, `Taken` what is recorded. */
export interface Type<T, Taken extends JsonValue = JsonValue> {
  /** How tables name it. */
  readonly label: string;
  /** How a violation names it. */
  readonly expected: string;
  /** The value with everything filled in, and the very same value if nothing was missing; or what is wrong with it. */
  take(value: JsonValue, mint: Mint): Taken | Violation;
  /**
   * The quick look, at the value that begins at `at` in JSON text: where it ends, if `take` would give the very
   * same value; else -1, and then it has to be looked at as a value.
   */
  pass(json: JsonText, at: number): number;
  /** Never there: it only carries `T`. */
  readonly value?: T;
}

/** The TypeScript type of what a type accepts. */
export type ValueOf<Y> = Y extends { readonly value?: infer T } ? T : never;

/** A type whose values are taken as they are or not at all. `pass`: see `Type`; without one the quick look passes none. */
export function plainType<T>(
  label: string, expected: string, fits: (value: JsonValue) => boolean, pass: Type<T>['pass'] = () => -1,
): Type<T> {
  return { label, expected, take: (value) => (fits(value) ? value : Violation.unexpected(expected, value)), pass };
}

/** Any text, the empty one too. */
export const text = plainType<string>('str', 'a string', (value) => typeof value === 'string', passText);

/** Any text but the empty one. */
export const filledText = plainType<string>('str, not empty', 'a string that is not empty',
  (value) => typeof value === 'string' && value !== '', (json, at) => (json.bytes[at + 1] === quote ? -1 : passText(json, at)));

export const flag = plainType<boolean>('bool', 'true or false', (value) => typeof value === 'boolean',
  ({ bytes }, at) => (bytes[at] === 0x74 ? at + 'true'.length : bytes[at] === 0x66 ? at + 'false'.length : -1));

/** Whatever JSON can say; goes through unchanged. */
export const anything = plainType<unknown>('any JSON', 'anything', () => true, passValue);

/** Lower-case hexadecimal digits, exactly so many. */
export function hex(digits: number): Type<string> {
  // To look for one wrong character takes half as long as to count right ones.
  return plainType(`${digits} hex`, `${digits} lower-case hex digits`,
    (value) => typeof value === 'string' && value.length === digits && !noHexForm.test(value),
    (json, at) => passHex(json, at, digits));
}

const noHexForm = /[^0-9a-f]/;

/** One of a closed list of words. */
export function oneOf<const Words extends readonly string[]>(words: Words): Type<Words[number]> {
  const known: ReadonlySet<JsonValue> = new Set(words);
  const expected = words.length === 1 ? JSON.stringify(words[0]) : `one of ${words.join(', ')}`;
  const quoted = words.map((word) => Buffer.from(JSON.stringify(word)));
  return plainType(`(${words.map((word) => `\`${word}\``).join(' ')})`, expected, (value) => known.has(value), (json, at) => {
    for (const word of quoted) if (startsWith(json.bytes, at, word)) return at + word.length;
    return -1;
  });
}

/** An array of any length whose items are all of one type. */
export function listOf<T>(item: Type<T>): Type<readonly T[]> {
  return {
    label: `${item.label}[]`,
    expected: 'an array',
    take(value, mint) {
      if (!isJsonArray(value)) return Violation.unexpected(this.expected, value);
      let items: JsonValue[] | undefined;
      for (let index = 0; index < value.length; index += 1) {
        const held = value[index] ?? null;
        const taken = item.take(held, mint);
        if (taken === held) continue;
        if (taken instanceof Violation) return taken.within(String(index));
        items ??= [...value];
        items[index] = taken;
      }
      return items ?? value;
    },
    pass(json, at) {
      const { bytes } = json;
      if (bytes[at] !== openBracket) return -1;
      if (bytes[at + 1] === closeBracket) return at + 2;
      let end = item.pass(json, at + 1);
      while (end > 0 && bytes[end] === comma) end = item.pass(json, end + 1);
      return end < 0 ? -1 : end + 1;
    },
  };
}
