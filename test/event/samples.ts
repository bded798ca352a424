// Values that a type accepts and values that it must refuse, by the label it has in tables. Invariant: every label of
// the catalogue is known here, so a new type cannot go untested.
import type { JsonObject, JsonValue } from '../../src/event/json.js';
import type { Fields } from '../../src/event/field.js';
import { Shape } from '../../src/event/shape.js';
import type { Type } from '../../src/event/type.js';
import { Variants } from '../../src/event/variants.js';

export interface Samples {
  readonly good: readonly JsonValue[];
  readonly bad: readonly JsonValue[];
}

const notText: readonly JsonValue[] = [null, 0, 1n, true, ['a'], { a: 'b' }];
const notWhole: readonly JsonValue[] = [null, '1', true, [1], {}, 0.5, 1e300, -1e300, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY];
const hexDigits = '0123456789abcdef';

function whole(min: bigint, max: bigint): Samples {
  const exactly = (value: bigint): JsonValue => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  return {
    good: [exactly(min), exactly(max), min, max, 0, 7, 7n],
    bad: [...notWhole, min - 1n, max + 1n, exactly(min - 1n), exactly(max + 1n), 2n ** 64n, -(2n ** 63n) - 1n],
  };
}

const byLabel: Readonly<Record<string, Samples>> = {
  str: { good: ['', 'text', '\u0000', '2026'], bad: notText },
  'str, not empty': { good: ['a', ' '], bad: ['', ...notText] },
  bool: { good: [true, false], bad: [null, 0, 1, 'true', [], {}] },
  'any JSON': { good: [0, '', false, [], {}, 1n, [{ a: [null] }], 2n ** 64n - 1n], bad: [] },
  u32: whole(0n, 2n ** 32n - 1n),
  u64: whole(0n, 2n ** 64n - 1n),
  i32: whole(-(2n ** 31n), 2n ** 31n - 1n),
  i64: whole(-(2n ** 63n), 2n ** 63n - 1n),
  f64: { good: [0, -1.5, 1e300, 5e-324, 2n ** 63n], bad: [null, '1', true, [], {}, Number.NaN, Number.POSITIVE_INFINITY] },
  ts: {
    good: [
      '2026-01-02T03:04:05Z', '2026-01-02t03:04:05z', '2026-01-02T03:04:05.1+00:00', '2026-12-31T23:59:60.123456789-23:59',
      '2024-02-29T00:00:00Z', '2000-02-29T00:00:00Z', '0000-01-01T00:00:00-00:00',
    ],
    bad: [
      ...notText, '', 'now', '2026-01-02', '2026-01-02T03:04:05', '2026-01-02 03:04:05Z', '2026-1-02T03:04:05Z', '2026-13-02T03:04:05Z',
      '2026-00-02T03:04:05Z', '2026-01-00T03:04:05Z', '2026-01-32T03:04:05Z', '2026-04-31T03:04:05Z', '2026-02-29T03:04:05Z',
      '1900-02-29T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-02T24:00:00Z', '2026-01-02T03:60:05Z', '2026-01-02T03:04:61Z', '2026-01-02T03:04:05.Z',
      '2026-01-02T03:04:05.1234567890Z', '2026-01-02T03:04:05+24:00', '2026-01-02T03:04:05+0000', '2026-01-02T03:04:05Z\n', ' 2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05,5Z', '２026-01-02T03:04:05Z', '20260102T030405Z', '12026-01-02T03:04:05Z',
    ],
  },
  '32 hex': hexSamples(32),
  '64 hex': hexSamples(64),
};

function hexSamples(digits: number): Samples {
  const right = hexDigits.repeat(digits / 16);
  return {
    good: [right, '0'.repeat(digits)],
    bad: [...notText, '', right.slice(1), `${right}0`, right.toUpperCase(), `${right.slice(1)}g`, `${right}\n`, `0x${right.slice(2)}`],
  };
}

/** Good and bad values of a type. */
export function samplesOf(type: Type<unknown>): Samples {
  const found = byLabel[type.label];
  if (found !== undefined) return found;
  if (type instanceof Shape || type instanceof Variants) {
    const shapes: readonly Shape<Fields>[] = type instanceof Shape ? [type as Shape<Fields>] : [...type.shapes.values()];
    return { good: shapes.map(fullOf), bad: [null, '', 0, [], {}, true] };
  }
  if (type.label.endsWith('[]')) {
    // The catalogue's two lists.
    const good = type.label === 'str[]' ? ['', 'a b', '\u0000'] : [{ category: 'Injection', pattern_id: 'p', severity: 'Low', matched_text: '', context: '' }];
    return { good: [good, [], [...good, ...good]], bad: [null, 'a', 0, {}, [null], [[]], [...good, 1]] };
  }
  if (type.label.startsWith('(')) {
    const words = [...type.label.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
    const [first = ''] = words;
    return { good: words, bad: ['', 'unknown', `${first} `, swapped(first), '__proto__', 'constructor', ...notText] };
  }
  if (type.label.startsWith('`"Allow"`')) {
    return {
      good: ['Allow', { Blocked: { pattern: '', reason: 'r' } }, { RequiresApproval: { reason: '' } }],
      bad: [
        null, 'Deny', 'allow', '', {}, { Allow: null }, { Blocked: 'r' }, { Blocked: {} }, { Blocked: { pattern: 'p' } }, { RequiresApproval: { reason: 1 } },
        { Blocked: { pattern: '', reason: 'r' }, RequiresApproval: { reason: '' } }, { Denied: {} }, [], 0,
      ],
    };
  }
  throw new Error(`no samples for ${type.label}`);
}

function swapped(word: string): string {
  return word === word.toLowerCase() ? word.toUpperCase() : word.toLowerCase();
}

/** A map with every field of a shape. */
export function fullOf(shape: Shape<Fields>): JsonObject {
  return Object.fromEntries(Object.entries(shape.fields).map(([name, { type }]) => [name, samplesOf(type).good[0] ?? null]));
}

/** A map with the fields alone that a shape requires. */
export function minimalOf(shape: Shape<Fields>): JsonObject {
  const full = fullOf(shape);
  return Object.fromEntries(Object.entries(shape.fields).filter(([, { presence }]) => presence === 'required').map(([name]) => [name, full[name] ?? null]));
}

