import { expect, test } from 'vitest';
import { jsonTextOf, passText, passValue } from '../../src/event/pass.js';
import { Hints } from '../../src/redact/hints.js';

function lookFor(...texts: readonly string[]): Hints<string> {
  const hints = new Hints<string>();
  for (const text of texts) hints.add(text, 0, text);
  return hints;
}

test.each(['pat', 'token', '"7z', 'zz"', ':aa', 'sk-9'])('%s is seen wherever it stands in a string, and in any case', (hint) => {
  const inner = hint.replaceAll('"', '');
  const hints = lookFor(hint);
  for (let before = 0; before < 6; before += 1) {
    // One that begins or ends with the string's own quote is seen there alone.
    const pad = hint.startsWith('"') ? '' : '-'.repeat(before);
    const end = hint.endsWith('"') ? '' : '-';
    for (const spelled of [inner, inner.toUpperCase()]) {
      const json = JSON.stringify({ ['x'.repeat(before)]: 1, 'y': [`${pad}${spelled}${end}`], 'é': null });
      expect([json, hints.any(jsonTextOf(json))]).toEqual([json, true]);
    }
  }
});

test('a string of hex digits is passed over, and one that has more is not', () => {
  const hints = lookFor('0q~', 'ab1x');
  const any = (event: object): boolean => hints.any(jsonTextOf(JSON.stringify(event)));
  expect(any({ a: 'ab10123456789', b: ['', 'ff'] })).toBe(false);
  expect(any({ a: 'ab1012345678', b: ['', 'ffab1x'] })).toBe(true);
  expect(any({ '0q~': 1 })).toBe(true);
});

test('a string whose end nobody knows may hold a hint, and holds nobody up', () => {
  const json = jsonTextOf('{"a":["b",{"c":"d"}]}');
  const unknown = { ...json, ends: new Int32Array(json.bytes.length) };
  expect([lookFor('0q~').any(json), lookFor('0q~').any(unknown)]).toEqual([false, true]);
  expect([passText(json, 1), passValue(json, 5), passText(unknown, 1), passValue(unknown, 5)]).toEqual([4, 20, -1, -1]);
});

test.each([['é12', 'not ASCII'], ['ab', 'under 3 characters'], ['acdb', 'hex digits alone'], ['"12', 'hex digits alone'], ['a":"b', "behind a string's end"]])(
  '%s can be no hint: %s', (hint, why) => {
    expect(() => { lookFor(hint); }).toThrow(why);
  });
