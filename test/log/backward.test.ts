// Lines from the end of a file, held against the same lines from its beginning.
import { describe, expect, it } from 'vitest';
import type { Line } from '../../src/log/lines.js';
import { readLines } from '../../src/log/lines.js';
import { lineBytesMax } from '../../src/log/record.js';
import { readLinesBackward } from '../../src/log/backward.js';
import { MemoryDisk } from '../verify/memory-disk.js';

function both(bytes: Buffer, until = bytes.length): readonly [object[], object[]] {
  const disk = new MemoryDisk();
  disk.nodes.set('/f', bytes);
  const file = disk.open('/f');
  const shown = (lines: Iterable<Line>): object[] => {
    const all: object[] = [];
    // One after the other: the bytes of a line are gone when the next one is asked for.
    for (const { kind, bytes: line, offset, end } of lines) all.push({ kind, text: line.toString('latin1'), offset, end });
    return all;
  };
  return [shown(readLines(disk, file, { until })), shown(readLinesBackward(disk, file, until)).reverse()];
}

/** Numbers that are the same every time. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; state = (state * 1_103_515_245 + 12_345) % 2 ** 31) yield state;
}

describe('readLinesBackward', () => {
  it.each(['', '\n', '\n\n', 'a', 'a\n', 'a\nb', '\na', 'a\n\nb\n'])('gives what readLines gives, the other way round: %j', (text) => {
    const [forward, backward] = both(Buffer.from(text));
    expect(backward).toEqual(forward);
  });

  it('does so over chunks and lines of every length', () => {
    const next = numbers(7);
    const draw = (below: number): number => next.next().value as number % below;
    for (let round = 0; round < 5; round += 1) {
      const parts: string[] = [];
      for (let bytes = 0; bytes < 3_500_000;) {
        const length = draw(20) === 0 ? draw(1_600_000) : draw(600);
        parts.push(String.fromCharCode(97 + draw(26)).repeat(length));
        bytes += length + 1;
      }
      const bytes = Buffer.from(parts.join('\n') + (round % 2 === 0 ? '\n' : ''));
      for (const until of [bytes.length, bytes.length - 1, 1_048_576, 1_048_577]) {
        const [forward, backward] = both(bytes, until);
        expect(backward).toEqual(forward);
      }
    }
  });

  it('counts a line that is longer than any record without keeping it', () => {
    const [forward, backward] = both(Buffer.from(`a\n${'x'.repeat(lineBytesMax + 5)}\nb\n`));
    expect(backward).toEqual(forward);
    expect(backward[1]).toMatchObject({ kind: 'overlong', text: '', offset: 2 });
  });
});
