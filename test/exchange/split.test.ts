// What becomes of a source's line: nothing of it is lost, and nothing that a user wrote into a field becomes an event.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLine } from '../../src/exchange/split.js';

function pieces(text: string, signed = false): (readonly [string, string])[] {
  return splitLine(Buffer.from(text), signed).map((piece) => [piece.kind === 'object' ? 'object' : piece.reason, piece.bytes.toString()] as const);
}

const hex = 'ab'.repeat(32);

describe('splitLine', () => {
  it.each([
    ['an object', '{"a":1}', [['object', '{"a":1}']]],
    ['a blank line', '  \t', []],
    ['spaces around', ' {"a":1} ', [['object', '{"a":1}']]],
    ['two fused', '{"a":1}{"b":2}', [['object', '{"a":1}'], ['object', '{"b":2}']]],
    ['three fused, with spaces', '{"a":1} {"b":2}  {"c":3}', [['object', '{"a":1}'], ['object', '{"b":2}'], ['object', '{"c":3}']]],
    ['a torn one', '{"a":1,"b', [['torn', '{"a":1,"b']]],
    ['fused, the second torn', '{"a":1}{"b":', [['object', '{"a":1}'], ['torn', '{"b":']]],
    ['torn in a text, the next behind it', '{"a":"hal{"b":2}', [['torn', '{"a":"hal'], ['object', '{"b":2}']]],
    ['torn in a key, the next behind it', '{"a{"b":2}', [['torn', '{"a'], ['object', '{"b":2}']]],
    ['torn in a number, the next behind it', '{"a":12{"b":2}', [['torn', '{"a":12'], ['object', '{"b":2}']]],
    ['torn behind a comma, the next behind it', '{"a":1,{"b":2}', [['torn', '{"a":1,'], ['object', '{"b":2}']]],
    ['torn in an escape, the next behind it', '{"a":"x\\u00{"b":2}', [['torn', '{"a":"x\\u00'], ['object', '{"b":2}']]],
    ['torn before its last brace: its own field is no event', '{"a":1,"detail":{"b":2}', [['torn', '{"a":1,"detail":{"b":2}']]],
    ['torn before a value: that could be its field', '{"a":{"b":2}', [['torn', '{"a":{"b":2}']]],
    ['text of a user that looks like an event', '{"a":"{\\"b\\":2}"', [['torn', '{"a":"{\\"b\\":2}"']]],
    ['blocks that were never written, and what came behind them', '\0\0\0{"a":1}', [['not_json', '\0\0\0'], ['object', '{"a":1}']]],
    ['torn, such blocks, the next', '{"a":"hal\0\0{"b":2}\0', [['torn', '{"a":"hal'], ['not_json', '\0\0'], ['object', '{"b":2}'], ['not_json', '\0']]],
    ['torn before a value, such blocks, the next', '{"a":\0{"b":2}', [['torn', '{"a":'], ['not_json', '\0'], ['object', '{"b":2}']]],
    ['text, such blocks, an object', 'hello\0{"b":2}', [['not_json', 'hello\0{"b":2}']]],
    ['no JSON', 'hello {"b":2}', [['not_json', 'hello {"b":2}']]],
    ['JSON that is no object', '[1]', [['not_an_object', '[1]']]],
    ['a signature where none belongs', `{"a":1}\t#HMAC:${hex}`, [['object', '{"a":1}'], ['not_json', `#HMAC:${hex}`]]],
  ] as const)('%s', (_, line, expected) => { expect(pieces(line)).toEqual(expected); });

  it('takes signatures off, fused and cut ones too', () => {
    expect(pieces(`{"a":1}\t#HMAC:${hex}`, true)).toEqual([['object', '{"a":1}']]);
    expect(pieces(`{"a":1}\t#HMAC:${hex}{"b":2}\t#HMAC:${hex}`, true)).toEqual([['object', '{"a":1}'], ['object', '{"b":2}']]);
    expect(pieces('{"a":1}\t#HMAC:abc', true)).toEqual([['object', '{"a":1}'], ['cut_signature', '#HMAC:abc']]);
    expect(pieces('{"a":1}\t#HMAC:abc{"b":2}', true)).toEqual([['object', '{"a":1}'], ['cut_signature', '#HMAC:abc'], ['object', '{"b":2}']]);
    const [piece] = splitLine(Buffer.from(`{"a":1}\t#HMAC:${hex}`), true);
    expect(piece).toMatchObject({ suffix: { kind: 'signed', hex } });
  });

  it('an object that is not UTF-8 is refused, and the next one is not', () => {
    const line = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}{"b":2}')]);
    expect(splitLine(line, false).map((piece) => (piece.kind === 'bad' ? piece.reason : piece.bytes.toString()))).toEqual(['not_utf8', '{"b":2}']);
  });

  it('gives back every object of any fused line, and keeps every byte of any line', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    const objects = fc.array(object, { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(objects, (texts) => {
      expect(pieces(texts.join(''))).toEqual(texts.map((text) => ['object', text]));
    }), { seed: 3, numRuns: 300 });
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,a1 \\\t#HMAC')) }), fc.boolean(), (text, signed) => {
      const kept = splitLine(Buffer.from(text), signed).map(({ bytes }) => bytes.toString()).join('');
      expect(kept.replaceAll(/[ \t]/g, '')).toBe(text.replaceAll(/[ \t]/g, ''));
    }), { seed: 4, numRuns: 2000 });
  });

  it('a line torn anywhere with the next one behind it gives the next one or nothing, never a part of the first', () => {
    const first = '{"timestamp":"2026-01-01T00:00:00Z","detail":{"kind":"x","n":[1,{"deep":true}]},"k":"v \\" {"}';
    const next = '{"kind":"next"}';
    for (let length = 1; length < first.length; length += 1) {
      const found = pieces(first.slice(0, length) + next);
      const objects = found.filter(([kind]) => kind === 'object').map(([, text]) => text);
      expect([length, objects.filter((text) => text !== next)]).toEqual([length, []]);
      expect(found.map(([, text]) => text).join('')).toBe(first.slice(0, length) + next);
    }
  });
});
