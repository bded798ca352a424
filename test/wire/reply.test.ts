import { describe, expect, test } from 'vitest';
import { WireError } from '../../src/wire/error.js';
import { encodeFrame } from '../frame.js';
import type { Reply } from '../../src/wire/message.js';
import { decodeReply, encodeReply, writeRecord } from '../../src/wire/reply.js';
import { Encoder } from '../../src/wire/encode.js';
import { writeValue } from '../../src/wire/value.js';

const mac = 'ab'.repeat(32);
const replies: Reply[] = [
  {
    op: 'welcome', id: 0, v: 1, server: 's/1', origin: 'o/1', sync: 'line', max_frame_bytes: 1 << 20, max_events: 1024,
    max_event_bytes: 1 << 18, source: { listener: 'default', pid: 5 }, log_pub: ['a', 'b'],
  },
  { op: 'ack', id: 2 ** 53 - 1, first: 2 ** 40, count: 3, mac, ts: '2026-11-20T13:05:59.123Z' },
  { op: 'ack', id: 1, first: null, count: 0, mac: null, ts: null, duplicates: [[0, 2 ** 33, mac]] },
  { op: 'error', id: null, code: 'bad_frame', message: 'é' },
  { op: 'error', id: 1, code: 'invalid_event', message: 'm', index: 2, path: '/a', retry_after_ms: 5 },
  { op: 'status', id: 1, head: { seq: 5, mac }, state: 'ready', accepted: {} },
  { op: 'records', id: 1, records: ['{"a":"ü"}', 'x'.repeat(70_000)], total: 2 },
  { op: 'record', id: 1, seq: 70_000, line: '{}' },
  { op: 'checkpoint', id: 1, note: 'a\n' },
  { op: 'proof', id: 1, line: '{}', index: 0, size: 1, hashes: ['aa=='], note: 'n' },
];

describe('replies', () => {
  test.each(replies)('$op is decoded to what was encoded', (reply) => {
    const frame = encodeReply(reply);
    expect(frame).toEqual(encodeFrame(frame.subarray(4)));
    expect(decodeReply(frame.subarray(4))).toEqual(reply);
  });

  test('integers travel as integers, whatever their size', () => {
    const frame = encodeReply({ op: 'record', id: 1, seq: 2 ** 40, line: '' });
    expect(frame.toString('hex')).toContain(`${Buffer.from('seq').toString('hex')}cf0000010000000000`);
  });

  test('a record whose line is bytes is the same as one whose line is text', () => {
    for (const line of ['', '{"a":"ü"}', 'x'.repeat(300), 'y'.repeat(70_000)]) {
      const encoder = new Encoder();
      writeRecord(encoder, 1, 70_000, Buffer.from(line));
      expect(encoder.take()).toEqual(encodeReply({ op: 'record', id: 1, seq: 70_000, line }));
    }
    const encoder = new Encoder();
    writeRecord(encoder, 1, 5, Buffer.from([0x61, 0xff, 0x62]));
    expect(decodeReply(encoder.take().subarray(4))).toEqual({ op: 'record', id: 1, seq: 5, line: 'a\ufffdb' });
  });

  test('unknown fields are let through unread, wrong ones are not', () => {
    const payload = (value: unknown): Buffer => {
      const encoder = new Encoder();
      writeValue(encoder, value);
      return encoder.take();
    };
    expect(decodeReply(payload({ op: 'checkpoint', id: 1, note: 'n', later: [1] }))).toEqual({ op: 'checkpoint', id: 1, note: 'n' });
    for (const bad of [{ op: 'nope', id: 1 }, { op: 'ack', id: 1 }, { op: 'record', id: 1, seq: 'x', line: '' }, [1], 5]) {
      expect(() => decodeReply(payload(bad))).toThrow(WireError);
    }
    expect(() => decodeReply(Buffer.from('c1c1', 'hex'))).toThrow(WireError);
    for (const number of [NaN, Infinity, -1, 0.5, 2 ** 53]) {
      for (const reply of [
        { op: 'ack', id: 1, first: number, count: 1, mac, ts: '' }, { op: 'ack', id: 1, first: null, count: number, mac: null, ts: null },
        { op: 'ack', id: 1, first: null, count: 0, mac: null, ts: null, duplicates: [[number, 1, mac]] },
        { op: 'error', id: 1, code: 'overloaded', message: '', retry_after_ms: number }, { op: 'record', id: 1, seq: number, line: '' },
      ]) expect(() => decodeReply(payload(reply))).toThrow(WireError);
    }
  });
});
