// Ids made from content, and the table that counts it.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/event/json.js';
import { digestBytes, DigestTally } from '../../src/exchange/digest-tally.js';
import { ImportIds, formatImportId, parseImportId } from '../../src/exchange/import-id.js';

const digest = (n: number): Buffer => createHash('sha256').update(String(n)).digest().subarray(0, digestBytes);

describe('ImportIds', () => {
  const idsOf = (profile: string, lines: readonly string[]): string[] => {
    const ids = new ImportIds(profile);
    return lines.map((line) => formatImportId(ids.next({ bytes: Buffer.from(line), event: JSON.parse(line) as JsonObject, kind: 'k' })));
  };

  it('are the documented hash', () => {
    expect(idsOf('x0x.exec', ['{"a":1}', '{"a":1}'])).toEqual(['0', '1'].map((count) => (
      `imp:${createHash('sha256').update(`x0x.exec\0${count}\0{"a":1}`).digest('hex').slice(0, 32)}`)));
  });

  it('are the same for the same file, and for all that was there before when it has grown', () => {
    const [a, b, c, d] = ['{"a":1}', '{"b":1}', '{"c":1}', '{"d":1}'] as const;
    const lines = [a, b, a, a, c];
    expect(idsOf('p', lines)).toEqual(idsOf('p', lines));
    expect(idsOf('p', [...lines, a, d]).slice(0, lines.length)).toEqual(idsOf('p', lines));
    expect(new Set(idsOf('p', lines)).size).toBe(lines.length);
    expect(idsOf('q', lines)).not.toEqual(idsOf('p', lines));
  });

  it('say nothing of a secret, and are that of its event all the same', () => {
    const line = (secret: string, n = 1): string => `{ "n": ${n}, "argv": ["login", "--password", "${secret}"] }`;
    expect(idsOf('p', [line('hunter2')])).toEqual(idsOf('p', [line('correct-horse')]));
    expect(idsOf('p', [line('hunter2')])).toEqual([
      `imp:${createHash('sha256').update('p\0' + '0\0{"n":1,"argv":["login","--password","[redacted:password]"]}').digest('hex').slice(0, 32)}`,
    ]);
    // Each was an event, also where they differ in their secrets only.
    expect(new Set(idsOf('p', [line('one'), line('two'), line('one', 2)])).size).toBe(3);
    // Escaped it is still one.
    expect(idsOf('p', [line('\\u0068unter2')])).toEqual(idsOf('p', [line('hunter2')]));
  });

  it('are told from the ids of others', () => {
    const [id = ''] = idsOf('p', ['{}']);
    expect(formatImportId(parseImportId(id) ?? Buffer.alloc(0))).toBe(id);
    for (const other of [undefined, 7, '', 'imp:', `${id}0`, id.toUpperCase()]) expect(parseImportId(other)).toBeUndefined();
  });
});

describe('DigestTally', () => {
  it('counts each of many, also when it grows', () => {
    const tally = new DigestTally();
    const many = 20_000;
    for (let n = 0; n < many; n += 1) expect(tally.add(digest(n))).toBe(0);
    for (let n = 0; n < many; n += 2) expect(tally.add(digest(n))).toBe(1);
    for (let n = 0; n < many; n += 1) expect(tally.count(digest(n))).toBe(n % 2 === 0 ? 2 : 1);
    expect(tally.count(digest(many))).toBe(0);
    expect(tally.size).toBe(many);
  });

  it('tells apart digests that share their first bytes', () => {
    const tally = new DigestTally();
    const like = (last: number): Buffer => Buffer.concat([Buffer.alloc(digestBytes - 1), Buffer.from([last])]);
    for (let last = 0; last < 256; last += 1) expect(tally.add(like(last))).toBe(0);
    for (let last = 0; last < 256; last += 1) expect(tally.count(like(last))).toBe(1);
  });
});
