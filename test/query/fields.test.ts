// What the documents say a filter reads is what it reads.
import { describe, expect, it } from 'vitest';
import { profileNames } from '../../src/event/catalogue.js';
import { filterFields, filterHelp } from '../../src/query/fields.js';
import { RecordFilter } from '../../src/wire/filter.js';
import { filterNames } from '../../src/wire/message.js';

function holding(profile: string, path: string): Buffer {
  const event = path.split('.').reduceRight<unknown>((value, name) => ({ [name]: value }), 'x');
  return Buffer.from(JSON.stringify({ seq: 1, ts: '2026-01-01T00:00:00.000Z', profile, kind: 'k', event }));
}

describe('filterFields', () => {
  it('names every filter once, and in the help', () => {
    expect(filterFields.map(({ name }) => name)).toEqual(filterNames);
    for (const name of filterNames) expect(filterHelp()).toContain(name);
  });

  const rows = filterFields.filter(({ record }) => record === undefined)
    .flatMap(({ name, event }) => Object.entries(event ?? {}).map(([profile, path]) => ({ name, profile, path })));

  it.each(rows)('$name reads $path in $profile', ({ name, profile, path }) => {
    expect(profileNames.has(profile)).toBe(true);
    expect(new RecordFilter({ [name]: 'x' }).matches(holding(profile, path))).toBe(true);
    expect(new RecordFilter({ [name]: 'y' }).matches(holding(profile, path))).toBe(false);
    expect(new RecordFilter({ [name]: 'x' }).matches(holding(profile, `deeper.${path}`))).toBe(false);
  });
});

describe('examine', () => {
  const line = Buffer.from('{"seq":12,"ts":"2026-01-01T00:00:00.500Z","key":"0.1","profile":"generic","kind":"a\\"b","event":{"action":"a\\"b","outcome":"denied"}}');

  it.each([
    [{}, 'match'], [{ kind: 'a"b' }, 'match'], [{ kind: 'b' }, 'miss'], [{ outcome: 'denied', profile: 'generic' }, 'match'], [{ outcome: 'generic' }, 'miss'],
    [{ since: '2026-01-01T00:00:00.500Z' }, 'match'], [{ since: '2026-01-01T01:00:00.501+01:00' }, 'miss'], [{ until: '2026-01-01T00:00:00.500Z' }, 'miss'],
    [{ until: '2026-01-01t00:00:00.501z' }, 'match'],
  ] as const)('%j: %s', (filters, expected) => { expect(new RecordFilter(filters).examine(line)).toBe(expected); });

  it('a line that is not ruled out and is not JSON is unreadable, also where everything matches', () => {
    expect(new RecordFilter({}).examine(line.subarray(0, -1))).toBe('unreadable');
    expect(new RecordFilter({ outcome: 'denied' }).examine(line.subarray(0, -1))).toBe('unreadable');
  });

  it('a line that is nested deeper than any record is unreadable, one as deep as a record may be is read', () => {
    const nested = (levels: number): Buffer => Buffer.from(`{"seq":12,"event":{"d":${'['.repeat(levels)}${']'.repeat(levels)}}}`);
    expect([31, 100, 5000].map((levels) => new RecordFilter({}).examine(nested(levels)))).toEqual(['match', 'unreadable', 'unreadable']);
  });

  it('a leap second as since or until is the first of the next minute', () => {
    const at = (ts: string): Buffer => Buffer.from(`{"seq":1,"ts":"${ts}","event":{}}`);
    const filter = new RecordFilter({ since: '2016-12-31T23:59:60Z' });
    expect(['2016-12-31T23:59:59.999Z', '2017-01-01T00:00:00.000Z'].map((ts) => filter.matches(at(ts)))).toEqual([false, true]);
  });
});
