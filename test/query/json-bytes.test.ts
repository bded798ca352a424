// Where JSON ends and where it goes wrong, held against JSON.parse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberSpan, scanValue } from '../../src/query/json-bytes.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('scanValue', () => {
  it('ends where the value ends, whatever follows', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom('', ' ', ',', '}', '{"a":1}', '\t#HMAC:'), (value, behind) => {
      const text = JSON.stringify(value);
      // A number could go on with what is behind it, the others cannot.
      expect(scanValue(Buffer.from(text + behind))).toEqual({ kind: 'value', end: Buffer.byteLength(text) });
    }), { seed: 1, numRuns: 500 });
  });

  it('takes what JSON.parse takes and refuses what it refuses, one changed character after the other', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...Array.from('{}[]",:\\u0-+.e1 tn\n')), (text, place, character) => {
      const at = place % (text.length + 1);
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      const bytes = Buffer.from(changed);
      const scanned = scanValue(bytes);
      const whole = scanned.kind === 'value' && changed.slice(bytes.toString('utf8', 0, scanned.end).length).trim() === '';
      expect([changed, whole]).toEqual([changed, isJson(changed)]);
    }), { seed: 2, numRuns: 3000 });
  });

  it('says where text cut short goes wrong: at its end', () => {
    const text = '{"a":["b\\u00e9",-1.5e3,true],"c":null}';
    for (let length = 0; length < text.length; length += 1) {
      expect(scanValue(Buffer.from(text.slice(0, length)))).toEqual({ kind: 'wrong', at: length });
    }
  });

  it('does not go deeper than it may, however deep the input', () => {
    expect(scanValue(Buffer.from('['.repeat(1_000_000)))).toMatchObject({ kind: 'wrong' });
  });
});

describe('memberSpan', () => {
  it('finds a member of the outermost map only, with its own text', () => {
    const line = Buffer.from('{"source":{"event":1},"kind":"\\"event\\":2","event": {"n":18446744073709551615,"2":1,"1":2.0} ,"redacted":[]}');
    const span = memberSpan(line, 'event');
    expect(line.toString('utf8', span?.start, span?.end)).toBe('{"n":18446744073709551615,"2":1,"1":2.0}');
    expect(memberSpan(line, 'n')).toBeUndefined();
  });

  it('finds nothing in what is no whole map', () => {
    for (const text of ['', '[]', '{"event":1', '{"event":1}}', '"event"']) expect([text, memberSpan(Buffer.from(text), 'event')]).toEqual([text, undefined]);
  });
});
