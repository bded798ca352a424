// Reading back while retention takes segments away.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readHistory } from '../../src/log/history.js';
import { segmentName } from '../../src/log/segment.js';

const directories: string[] = [];
afterEach(() => { for (const directory of directories.splice(0)) rmSync(directory, { recursive: true }); });

/** Five segments of two lines each, as far as reading back looks into them. */
function segments(): { readonly log: string; readonly path: (first: number) => string } {
  const log = mkdtempSync(join(tmpdir(), 'ind-hist-'));
  directories.push(log);
  const path = (first: number): string => join(log, segmentName(first));
  for (let first = 1; first < 10; first += 2) writeFileSync(path(first), `{"seq":${first},"x":1}\n{"seq":${first + 1},"x":1}\n`);
  return { log, path };
}

async function read(log: string, from: number, onRecord: (seq: number) => void = () => undefined): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of readHistory(log, from, () => 10)) {
    seqs.push(seq);
    onRecord(seq);
  }
  return seqs;
}

describe('reading back', () => {
  test('from a record that is gone begins with the oldest that is kept', async () => {
    const { log, path } = segments();
    for (const first of [1, 3]) rmSync(path(first));
    expect(await read(log, 1)).toEqual([5, 6, 7, 8, 9, 10]);
  });

  test('goes on behind segments that are removed while it reads, the one in hand to its end', async () => {
    const { log, path } = segments();
    const remove = (seq: number): void => { if (seq === 1) for (const first of [1, 3, 5]) rmSync(path(first)); };
    expect(await read(log, 1, remove)).toEqual([1, 2, 7, 8, 9, 10]);
  });

  test('from a record in the middle begins not far before it, and leaves nothing out, whatever the lines are like', async () => {
    const { log, path } = segments();
    for (const lengths of [[700], [1, 30_000, 5], [200_000, 3, 400_000, 50]]) {
      const lines = Array.from({ length: 3000 }, (_, n) => `{"seq":${n + 9},"x":"${'y'.repeat(lengths[n % lengths.length] ?? 0)}"}\n`);
      writeFileSync(path(9), lines.slice(0, Math.ceil(20_000_000 / Math.max(...lengths))).join(''));
      const total = Math.min(3000, Math.ceil(20_000_000 / Math.max(...lengths)));
      for (const from of [9, 10, 11, 9 + Math.floor(total / 3), 9 + Math.floor(total / 2), 8 + total]) {
        const got: number[] = [];
        for await (const { seq } of readHistory(log, from, () => 8 + total)) got.push(seq);
        expect(got).toEqual(Array.from({ length: 9 + total - from }, (_, n) => from + n));
      }
    }
  });

  test('stops where a segment is gone that has an older one before it: that was not retention', async () => {
    const { log, path } = segments();
    const remove = (seq: number): void => { if (seq === 1) rmSync(path(5)); };
    await expect(read(log, 1, remove)).rejects.toThrow('ENOENT');
  });
});
