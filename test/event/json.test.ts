import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonMap, type JsonValue, isTrapKey, jsonText } from '../../src/event/json.js';
import { parseJson } from '../../src/event/parse.js';
import { JsonSheet } from '../../src/event/sheet.js';

describe('jsonText', () => {
  test('plain values are written as JSON.stringify writes them', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(jsonText(value as JsonValue)).toBe(JSON.stringify(value));
    }), { seed: 1, numRuns: 500 });
  });

  test('a map of any plain entries is written as the object would be, also on the exact way', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.string(), fc.jsonValue())), (entries) => {
      const own = entries.filter(([key]) => !isTrapKey(key)) as [string, JsonValue][];
      expect(jsonText(new JsonMap(own))).toBe(JSON.stringify(Object.fromEntries(own)));
    }), { seed: 2, numRuns: 300 });
  });

  test('64-bit integers keep every digit', () => {
    expect(jsonText({ a: 18446744073709551615n, b: [-9223372036854775808n] }))
      .toBe('{"a":18446744073709551615,"b":[-9223372036854775808]}');
  });

  test('integer-like keys and __proto__ stay where they were', () => {
    const map = new JsonMap([['10', 1], ['2', { x: 'é\u2028' }], ['__proto__', null], ['', []]]);
    expect(jsonText({ map })).toBe('{"map":{"10":1,"2":{"x":"é\u2028"},"__proto__":null,"":[]}}');
  });

  test('-0 is written as 0, on both ways', () => {
    expect(jsonText([-0, 1e21, 1e-7])).toBe('[0,1e+21,1e-7]');
    expect(jsonText([-0, 1e21, 1n])).toBe('[0,1e+21,1]');
  });

  test('JSON.stringify alone never loses a JsonMap in silence', () => {
    expect(() => JSON.stringify({ a: new JsonMap([['1', 1]]) })).toThrow(TypeError);
  });
});

describe('parseJson', () => {
  const same = (text: string): void => { expect(jsonText(parseJson(text) as JsonValue)).toBe(text); };

  test('keeps the order of every key, and swallows none', () => {
    for (const text of [
      '{"10":1,"9":2}', '{"a":{"b":[{"2":{"1":"x"},"__proto__":{"0":0}}]},"1":18446744073709551615}', '{"__proto__":1,"a":2}',
      '{"a":"\\"1\\":","1":2,"0":{}}',
    ]) same(text);
    // Escaped, and with spaces before the colon; the last of two that are the same counts, in the place of the first.
    expect(jsonText(parseJson('{"\\u0031\\u0030" : 1, "\\u005f_proto__":2,"9":3}') as JsonValue)).toBe('{"10":1,"__proto__":2,"9":3}');
    expect(jsonText(parseJson('{"1":1,"0":2,"1":3}') as JsonValue)).toBe('{"1":3,"0":2}');
  });

  test('takes an integer of more than 64 bits for the float that is written so, and for no other', () => {
    for (const float of [1e20, 2e19, 2 ** 64, -1e19, -(2 ** 63), 123456789012345680000, -999999999999999900000]) {
      expect(parseJson(`{"a":[${jsonText(float)}]}`)).toEqual({ a: [float] });
    }
    expect(parseJson('[18446744073709551616,-9223372036854775809,100000000000000000001,18446744073709551615,10000000000000000000]'))
      .toEqual([2n ** 64n, -(2n ** 63n) - 1n, 10n ** 20n + 1n, 2n ** 64n - 1n, 10n ** 19n]);
  });

  test('is the inverse of jsonText', () => {
    const key = fc.oneof(fc.string(), fc.nat(20).map(String), fc.constant('__proto__'));
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 }, fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), fc.constant(null),
        fc.array(tie('value')), fc.array(fc.tuple(key, tie('value'))).map((entries) => new JsonMap(entries)),
      ),
    }));
    fc.assert(fc.property(value, (one) => { same(jsonText(one)); }), { seed: 3, numRuns: 500 });
  });
});

describe('a sheet', () => {
  test('that grew large is not kept, and what was read of it is', () => {
    const sheet = new JsonSheet();
    const text = Buffer.from('\u0001'.repeat(300_000));
    sheet.text(text, 0, text.length);
    const read = sheet.bytes.subarray(0, sheet.end);
    expect(sheet.bytes.length).toBeGreaterThan(1_800_000);
    sheet.clear();
    expect(sheet.bytes.length).toBeLessThan(100_000);
    sheet.plain('null');
    sheet.mark(0x2c);
    sheet.integer(-7);
    expect(sheet.bytes.toString('latin1', 0, sheet.end)).toBe('null,-7');
    expect(read.toString()).toBe(JSON.stringify(text.toString()));
  });
});
