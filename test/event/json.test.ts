import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonMap, type JsonValue, isTrapKey, jsonText } from '../../src/event/json.js';
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
