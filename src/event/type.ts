// What a single value of an event may be. A type is one thing with three uses: it checks, it names itself in tables, and
// it carries the TypeScript type of what it accepts. Invariant: what a type takes is recorded as it was sent, in its own
// text and digits; only what was left out is ever filled in.
import { type JsonValue, isJsonArray } from './json.js';
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
  /** Never there: it only carries `T`. */
  readonly value?: T;
}

/** The TypeScript type of what a type accepts. */
export type ValueOf<Y> = Y extends { readonly value?: infer T } ? T : never;

/** A type whose values are taken as they are or not at all. */
export function plainType<T>(label: string, expected: string, fits: (value: JsonValue) => boolean): Type<T> {
  return { label, expected, take: (value) => (fits(value) ? value : Violation.unexpected(expected, value)) };
}

/** Any text, the empty one too. */
export const text = plainType<string>('str', 'a string', (value) => typeof value === 'string');

/** Any text but the empty one. */
export const filledText = plainType<string>('str, not empty', 'a string that is not empty',
  (value) => typeof value === 'string' && value !== '');

export const flag = plainType<boolean>('bool', 'true or false', (value) => typeof value === 'boolean');

/** Whatever JSON can say; goes through unchanged. */
export const anything = plainType<unknown>('any JSON', 'anything', () => true);

/** Lower-case hexadecimal digits, exactly so many. */
export function hex(digits: number): Type<string> {
  // To look for one wrong character takes half as long as to count right ones.
  return plainType(`${digits} hex`, `${digits} lower-case hex digits`,
    (value) => typeof value === 'string' && value.length === digits && !noHexForm.test(value));
}

const noHexForm = /[^0-9a-f]/;

/** One of a closed list of words. */
export function oneOf<const Words extends readonly string[]>(words: Words): Type<Words[number]> {
  const known: ReadonlySet<JsonValue> = new Set(words);
  const expected = words.length === 1 ? JSON.stringify(words[0]) : `one of ${words.join(', ')}`;
  return plainType(`(${words.map((word) => `\`${word}\``).join(' ')})`, expected, (value) => known.has(value));
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
  };
}
