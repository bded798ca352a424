// Every shape with every field right, wrong, null and missing, made from the shapes themselves. What they ought to be is
// written down in known.ts and refusals.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streams } from '../../src/event/catalogue.js';
import type { Fields } from '../../src/event/field.js';
import type { JsonMap, JsonObject, JsonValue } from '../../src/event/json.js';
import { JsonMap as ExactMap, isTrapKey, jsonText } from '../../src/event/json.js';
import { Shape } from '../../src/event/shape.js';
import { Variants } from '../../src/event/variants.js';
import { admit, eventOf, exact, passed, recorded } from './admit.js';
import { fullOf, minimalOf, samplesOf } from './samples.js';

interface Case {
  readonly profile: string;
  readonly name: string;
  readonly shape: Shape<Fields>;
  /** From the shape's map to the event and back to its path. */
  readonly wrap: (map: JsonValue) => JsonObject;
  readonly path: string;
}

const plain = (map: JsonValue): JsonObject => map as JsonObject;

function casesOf(profile: string, type: unknown, wrap: (map: JsonValue) => JsonObject, path: string): Case[] {
  if (type instanceof Variants) {
    return [...type.shapes].map(([kind, shape]) => ({ profile, name: `${profile} ${kind}`, shape, wrap, path }));
  }
  if (!(type instanceof Shape)) return [];
  const shape = type as Shape<Fields>;
  const full = fullOf(shape);
  return [
    { profile, name: `${profile}${path}`, shape, wrap, path },
    ...Object.entries(shape.fields).flatMap(([name, field]) =>
      casesOf(profile, field.type, (map) => wrap({ ...full, [name]: map }), `${path}/${name}`)),
  ];
}

const cases = streams.flatMap(({ name, type }) => casesOf(name, type, plain, ''));

function refusedAt(profile: string, event: JsonObject | JsonMap): string {
  const admitted = admit(profile, event);
  return admitted.ok ? 'admitted' : admitted.violation.path;
}

test('shapes of all profiles are here, and tryaudex inside its envelope', () => {
  expect(cases).toHaveLength(4 + 5 + 1 + 6);
});

describe.each(cases)('$name', ({ profile, shape, wrap, path }) => {
  const fields = Object.entries(shape.fields);
  const full = fullOf(shape);
  const minimal = minimalOf(shape);

  test('full and minimal are admitted, complete and in order, in whatever order they come', () => {
    for (const map of [full, minimal]) {
      const text = recorded(admit(profile, wrap(map)));
      expect(text.kind).not.toBe('refused');
      const backwards = Object.fromEntries(Object.entries(map).reverse());
      expect(recorded(admit(profile, wrap(backwards)))).toEqual(text);
      expect(recorded(admit(profile, exact(wrap(backwards)) as JsonMap))).toEqual(text);
    }
    // Most clients send it so, and then nobody looks at it twice; one number may be too long for a quick look.
    const quick = jsonText(wrap(full)).replaceAll(/\d{16,}/g, '7');
    for (const text of [quick, path === '' ? `${quick.slice(0, -1)},"u":[{"b\\u0001":"}\\\\"}],"more":null}` : quick]) {
      expect(passed(profile, eventOf(text))).toBe(recorded(admit(profile, eventOf(text))).kind);
    }
    const kept = admit(profile, wrap(full));
    expect(kept.ok && kept.event).toEqual(wrap(full));
    expect(jsonText(kept.ok ? kept.event : null)).toBe(jsonText(wrap(full)));
  });

  test.each(fields)('%s: what is right is kept, what is wrong is refused with its path', (name, { type, presence }) => {
    const { good, bad } = samplesOf(type);
    for (const value of good) {
      const admitted = admit(profile, wrap({ ...full, [name]: value }));
      // A tag with another word is another shape.
      if (type.label.startsWith('(') && value !== full[name] && !admitted.ok) throw new Error(admitted.violation.message);
      expect(admitted.ok && jsonText(admitted.event)).toBe(jsonText(wrap({ ...full, [name]: value })));
    }
    for (const value of bad) {
      if (value === null && presence === 'nullable') continue;
      for (const base of [full, minimal]) {
        const at = refusedAt(profile, wrap({ ...base, [name]: value }));
        expect([value, at.startsWith(`${path}/${name}`)]).toEqual([value, true]);
        expect(refusedAt(profile, exact(wrap({ ...base, [name]: value })) as JsonMap)).toBe(at);
      }
    }
  });

  test.each(fields)('%s: missing, it is refused or filled in', (name, { presence }) => {
    const rest = Object.fromEntries(Object.entries(full).filter(([key]) => key !== name));
    expect(refusedAt(profile, wrap(rest))).toBe(presence === 'required' ? `${path}/${name}` : 'admitted');
    expect(refusedAt(profile, wrap({ ...full, [name]: null }))).toBe(presence === 'nullable' ? 'admitted' : `${path}/${name}`);
  });

  test('an inherited field does not count', () => {
    const at = `${path}/${firstRequired(shape)}`;
    expect(refusedAt(profile, wrap(Object.create(full) as JsonObject))).toBe(at);
    expect(refusedAt(profile, wrap(new ExactMap([['constructor', 1], ['__proto__', full]])))).toBe(at);
  });

  test('of several mistakes the first in the order of the fields is named', () => {
    const wrong = Object.fromEntries(fields.map(([name, { type }]) => (
      [name, samplesOf(type).bad.find((value) => value !== null) ?? 0])));
    const firstWrong = fields.find(([, { type }]) => samplesOf(type).bad.length > 0)?.[0] ?? '';
    for (const map of [wrong, Object.fromEntries(Object.entries(wrong).reverse())]) {
      expect(refusedAt(profile, wrap(map)).startsWith(`${path}/${firstWrong}`)).toBe(true);
    }
  });
});

function firstRequired(shape: Shape<Fields>): string {
  return Object.entries(shape.fields).find(([, { presence }]) => presence === 'required')?.[0] ?? '';
}

/** Keys that JavaScript bends or that a JSON pointer escapes, and any others. */
const keys = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', '1', '0', 'a/b', '~'), fc.string());

/** Fields of a shape, mostly right, some wrong or missing. */
function entriesOf(shape: Shape<Fields>): fc.Arbitrary<(readonly [string, JsonValue] | undefined)[]> {
  return fc.tuple(...Object.entries(shape.fields).map(([name, { type }]) => {
    const { good, bad } = samplesOf(type);
    const wrong = bad.filter((value) => typeof value !== 'number' || Number.isFinite(value));
    const entry = (values: readonly JsonValue[]): fc.Arbitrary<readonly [string, JsonValue]> => (
      fc.constantFrom(...values).map((value) => [name, value] as const));
    return fc.oneof(
      { weight: 40, arbitrary: entry(good) }, { weight: 1, arbitrary: entry([...good, ...wrong]) },
      { weight: 2, arbitrary: fc.constant(undefined) },
    );
  }));
}

/** An event of some shape, with unknown fields among the known ones, in any order, as an object or a map. */
const events = fc.constantFrom(...cases).chain((one) => {
  const parts = fc.tuple(entriesOf(one.shape), fc.array(fc.tuple(keys, fc.jsonValue()), { maxLength: 4 }), fc.boolean());
  return parts.chain(([known, unknown, isMap]) => {
    const entries = [...known.filter((entry) => entry !== undefined), ...unknown as [string, JsonValue][]];
    return fc.shuffledSubarray(entries, { minLength: entries.length }).map((shuffled) => {
      const map = new ExactMap(shuffled);
      return { profile: one.profile, wrap: one.wrap, map, sent: isMap || map.has('__proto__') ? map : Object.fromEntries(map) };
    });
  });
});

test('any event is refused with its reason or admitted complete, with everything that was sent, and the same when it comes again', () => {
  let taken = 0;
  fc.assert(fc.property(events, ({ profile, wrap, map, sent }) => {
    const first = admit(profile, wrap(sent));
    if (!first.ok) {
      expect(first.violation.message).toMatch(/^expected .*, found /);
      return;
    }
    taken += 1;
    expect(recorded(admit(profile, first.event))).toEqual(recorded(first));
    const asMaps = recorded(admit(profile, exact(wrap(sent)) as JsonMap));
    // The quick way that objects go and the slow one of maps agree, but where an object could not keep the keys' order.
    if ([...map.keys()].some(isTrapKey)) expect(asMaps.kind).toBe(first.kind);
    else expect(asMaps).toEqual(recorded(first));
    const text = jsonText(first.event);
    // Only null may be left out.
    for (const [key, value] of map) if (value !== null) expect(text).toContain(`${JSON.stringify(key)}:`);
  }), { seed: 56, numRuns: 5000 });
  expect(taken).toBeGreaterThan(2000);
});
