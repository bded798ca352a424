// Lines come out the same however the disk hands out its bytes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../src/disk/disk.js';
import { type Extent, readLines } from '../../src/log/lines.js';
import { MemoryDisk } from './memory-disk.js';

interface Seen {
  readonly kind: string;
  readonly text: string;
  readonly offset: number;
  readonly end: number;
}

/** A disk that hands out at most `most` bytes at a time. */
function readAll(content: Buffer, most = Number.MAX_SAFE_INTEGER, extent: Extent = {}): Seen[] {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  disk.put('/d/f', content);
  const slow: Pick<Disk, 'readAt'> = { readAt: (file, into, position) => disk.readAt(file, into.subarray(0, most), position) };
  const file = disk.open('/d/f', 'read');
  const seen: Seen[] = [];
  // One by one: a line's bytes are there until the next is asked for.
  for (const { kind, bytes, offset, end } of readLines({ ...slow } as Disk, file, extent)) {
    seen.push({ kind, text: bytes.toString('latin1'), offset, end });
  }
  return seen;
}

/** The same, said simply. */
function expected(content: Buffer): Seen[] {
  const seen: Seen[] = [];
  let offset = 0;
  for (const text of content.toString('latin1').split('\n')) {
    const end = offset + text.length + 1;
    seen.push({ kind: 'line', text, offset, end });
    offset = end;
  }
  const last = seen.pop();
  if (last !== undefined && last.text !== '') seen.push({ ...last, kind: 'rest', end: last.end - 1 });
  return seen;
}

const megabyte = 1024 * 1024;

describe('lines', () => {
  test('are split on LF and nothing else, at any number of bytes a read', () => {
    const byte = fc.constantFrom(0x0a, 0x0d, 0x00, 0x20, 0x61, 0xff, 0xef);
    const bytes = fc.array(byte, { maxLength: 60 }).map((list) => Buffer.from(list));
    fc.assert(fc.property(bytes, fc.integer({ min: 1, max: 20 }), (content, most) => {
      expect(readAll(content, most)).toEqual(expected(content));
    }), { seed: 2, numRuns: 500 });
  });

  test('that lie across the reader\'s own chunks come out whole', () => {
    for (const length of [megabyte - 1, megabyte, megabyte + 1, 3 * megabyte + 7]) {
      const content = Buffer.concat([Buffer.alloc(length, 0x61), Buffer.from('\nshort\n'), Buffer.alloc(length, 0x62), Buffer.from('\nrest')]);
      expect(readAll(content).map(({ kind, text, offset, end }) => [kind, text.length, offset, end])).toEqual([
        ['line', length, 0, length + 1], ['line', 5, length + 1, length + 7], ['line', length, length + 7, 2 * length + 8], ['rest', 4, 2 * length + 8, 2 * length + 12],
      ]);
    }
  });

  test('from an offset and up to one are those between', () => {
    const content = Buffer.from('one\ntwo\nthree\n');
    expect(readAll(content, 3, { offset: 4 }).map(({ text }) => text)).toEqual(['two', 'three']);
    expect(readAll(content, 3, { until: 8 }).map(({ kind, text }) => [kind, text])).toEqual([['line', 'one'], ['line', 'two']]);
    expect(readAll(content, 3, { offset: 4, until: 10 }).map(({ kind, text }) => [kind, text])).toEqual([['line', 'two'], ['rest', 'th']]);
    expect(readAll(content, 3, { offset: 14 })).toEqual([]);
  });

  test('of 16 MiB with their LF are lines, of one byte more are counted and not kept', () => {
    const most = 16 * megabyte;
    const content = Buffer.concat([Buffer.alloc(most - 1, 0x61), Buffer.from('\nshort\n'), Buffer.alloc(most, 0x62), Buffer.from('\nlast\n')]);
    expect(readAll(content).map(({ kind, text, offset, end }) => [kind, text.length, offset, end])).toEqual([
      ['line', most - 1, 0, most], ['line', 5, most, most + 6], ['overlong', 0, most + 6, 2 * most + 7], ['line', 4, 2 * most + 7, 2 * most + 12],
    ]);
  });

  test('that never end are overlong to the end of the file', () => {
    const content = Buffer.concat([Buffer.from('a\n'), Buffer.alloc(40 * megabyte, 0x61)]);
    expect(readAll(content).map(({ kind, offset, end }) => [kind, offset, end])).toEqual([['line', 0, 2], ['overlong', 2, 2 + 40 * megabyte]]);
  });

  test('that are overlong are the last where nobody goes on', () => {
    const long = Buffer.alloc(20 * megabyte, 0x61);
    const content = Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n'), long, Buffer.from('\nc\n')]);
    const limits = [Number.POSITIVE_INFINITY, 0];
    const seen = readAll(content, Number.MAX_SAFE_INTEGER, { overlongMax: () => limits.shift() ?? 0 });
    const behind = 2 + long.length + 3;
    expect(seen.map(({ kind, offset }) => [kind, offset])).toEqual([['line', 0], ['overlong', 2], ['line', behind - 2], ['overlong', behind]]);
    expect(seen.at(-1)?.end).toBe(behind + 16 * megabyte);
  });

  test('that are overlong are read as far as somebody says', () => {
    const content = Buffer.alloc(70 * megabyte, 0x61);
    const seen = readAll(content, Number.MAX_SAFE_INTEGER, { overlongMax: () => 40 * megabyte });
    expect(seen.map(({ kind, offset, end }) => [kind, offset, end])).toEqual([['overlong', 0, 48 * megabyte]]);
  });
});
