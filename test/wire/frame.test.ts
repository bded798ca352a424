import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpareBuffers } from '../../src/memory/spare-buffers.js';
import { FrameReader } from '../../src/wire/frame.js';
import { encodeFrame } from '../frame.js';
import { Random } from '../random.js';

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

  test('readers that share spare buffers never find another\'s bytes in a payload', () => {
    const spare = new SpareBuffers(64 * 1024);
    const readers = Array.from({ length: 5 }, () => new FrameReader(20_000, spare));
    const random = new Random(3);
    const streams = readers.map((reader, fill) => {
      const sizes = Array.from({ length: 40 }, () => random.whole(1, random.chance(0.2) ? 20_000 : 300));
      const stream = Buffer.concat(sizes.map((size) => encodeFrame(Buffer.alloc(size, fill + 1))));
      const chunks = split(stream, Array.from({ length: 60 }, () => random.whole(0, stream.length)));
      return { reader, fill: fill + 1, sizes, chunks, seen: [] as number[] };
    });
    while (streams.some(({ chunks }) => chunks.length > 0)) {
      const { reader, fill, chunks, seen } = random.pick(streams.filter((one) => one.chunks.length > 0));
      for (const payload of readAll(reader, chunks.splice(0, 1))) {
        expect(payload).toEqual(Buffer.alloc(payload.length, fill));
        seen.push(payload.length);
      }
    }
    for (const { sizes, seen } of streams) expect(seen).toEqual(sizes);
    expect(spare.bytes).toBeGreaterThan(0);
  });

  test('what a payload lay in is free for others once it was released, and at the next call at the latest', () => {
    for (const isReleased of [true, false]) {
      const spare = new SpareBuffers(64 * 1024);
      const reader = new FrameReader(20_000, spare);
      const frame = encodeFrame(Buffer.alloc(10_000, 7));
      for (const piece of [frame.subarray(0, 6_000), frame.subarray(6_000)]) {
        reader.push(piece);
        const outcome = reader.next();
        if (outcome.kind !== 'payload') continue;
        const grown = spare.bytes;
        expect(outcome.payload).toEqual(Buffer.alloc(10_000, 7));
        if (isReleased) reader.release();
        else reader.next();
        expect(spare.bytes).toBeGreaterThanOrEqual(grown + 10_000);
      }
      expect(spare.bytes).toBeGreaterThan(10_000);
    }
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
