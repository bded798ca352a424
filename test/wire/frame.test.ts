import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader, encodeFrame } from '../../src/wire/frame.js';

function readAll(reader: FrameReader, chunks: readonly Buffer[]): (Buffer | string)[] {
  const seen: (Buffer | string)[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (;;) {
      const outcome = reader.next();
      if (outcome.kind === 'incomplete') break;
      seen.push(outcome.kind === 'payload' ? Buffer.from(outcome.payload) : outcome.kind);
      if (outcome.kind === 'too_large') return seen;
    }
  }
  return seen;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, i) => bytes.subarray(start, places[i] ?? bytes.length));
}

describe('frames', () => {
  test('come out whole and in order at any split of the stream', () => {
    const payload = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(fc.property(fc.array(payload, { maxLength: 8 }), fc.array(fc.nat(3000)), (payloads, cuts) => {
      const reader = new FrameReader(300);
      const seen = readAll(reader, split(Buffer.concat(payloads.map(encodeFrame)), cuts));
      expect(seen).toEqual(payloads.map((bytes) => Buffer.from(bytes)));
      expect(reader.midFrame).toBe(false);
    }), { seed: 1, numRuns: 500 });
  });

  test('one-byte writes of a large frame are read in linear time', () => {
    const frame = encodeFrame(Buffer.alloc(1024 * 1024, 7));
    const reader = new FrameReader(1024 * 1024);
    const seen = readAll(reader, Array.from(frame, (byte) => Buffer.from([byte])));
    expect(seen).toHaveLength(1);
    expect(seen[0]?.length).toBe(1024 * 1024);
  });

  test('length 0 is an outcome of its own, and the stream goes on', () => {
    const bytes = Buffer.concat([Buffer.alloc(4), encodeFrame(Buffer.from('x')), Buffer.alloc(4)]);
    const expected = ['empty', Buffer.from('x'), 'empty'];
    expect(readAll(new FrameReader(10), [bytes])).toEqual(expected);
    expect(readAll(new FrameReader(10), Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(expected);
  });

  test('a length over the maximum is told before any of its bytes are held', () => {
    expect(readAll(new FrameReader(10), [Buffer.from('0000000b', 'hex')])).toEqual(['too_large']);
    expect(readAll(new FrameReader(10), [Buffer.from('ffff', 'hex'), Buffer.from('ffff', 'hex')])).toEqual(['too_large']);
  });

  test('half a frame is known to be held', () => {
    const reader = new FrameReader(10);
    const frame = encodeFrame(Buffer.from('abc'));
    readAll(reader, [frame.subarray(0, 5)]);
    expect(reader.midFrame).toBe(true);
    expect(readAll(reader, [frame.subarray(5)])).toEqual([Buffer.from('abc')]);
    expect(reader.midFrame).toBe(false);
  });
});
