import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonValue, jsonText } from '../../src/event/json.js';
import { type Decoded, type WireFailure, decodeRequest } from '../../src/wire/decode.js';
import { Encoder } from '../../src/wire/encode.js';
import { FrameReader } from '../../src/wire/frame.js';
import type { EventEntry } from '../../src/wire/message.js';
import { writeValue } from '../../src/wire/value.js';
import { textOf } from '../json-text.js';

const limits = { events: 4, eventBytes: 20_000 };

function hex(value: unknown): string {
  const encoder = new Encoder();
  writeValue(encoder, value);
  return encoder.take().toString('hex');
}

function decode(bytes: string): Decoded {
  return decodeRequest(Buffer.from(bytes, 'hex'), limits);
}

// An append of one event of which only the bytes of `detail` are given.
function withDetail(detail: string): string {
  return `83${hex('op')}${hex('append')}${hex('id')}03${hex('events')}9182${hex('profile')}${hex('generic')}`
    + `${hex('event')}82${hex('action')}${hex('a')}${hex('detail')}${detail}`;
}

function entries(decoded: Decoded): readonly EventEntry[] {
  if (!decoded.ok || decoded.request.op !== 'append') throw new Error(JSON.stringify(decoded));
  return decoded.request.events;
}

function failure(decoded: Decoded): WireFailure {
  if (decoded.ok) throw new Error('it was accepted');
  return decoded.error;
}

function detailText(detail: string): string {
  const [entry] = entries(decode(withDetail(detail)));
  const text = jsonText(entry?.event ?? null);
  // Written as it was read, without the detour of a value.
  expect(entry?.json === undefined ? text : textOf(entry.json)).toBe(text);
  return text.replace('{"action":"a","detail":', '').slice(0, -1);
}

function written(detail: string): string | undefined {
  const json = entries(decode(withDetail(detail)))[0]?.json;
  return json === undefined ? undefined : textOf(json).replace('{"action":"a","detail":', '').slice(0, -1);
}

interface Frames { readonly good: { name: string; hex: string }[]; readonly bad: { name: string; hex: string }[] }
const frames = JSON.parse(
  readFileSync(new URL('../vectors/frames.json', import.meta.url), 'utf8'),
) as Frames;
const values = JSON.parse(
  readFileSync(new URL('../vectors/values.json', import.meta.url), 'utf8'),
) as { name: string; hex: string; json: string }[];

describe('known answers', () => {
  test.each(frames.good)('accepted: $name', ({ hex: bytes }) => {
    const reader = new FrameReader(1 << 20);
    reader.push(Buffer.from(bytes, 'hex'));
    const outcome = reader.next();
    const decoded = outcome.kind === 'payload' ? decodeRequest(outcome.payload, limits) : undefined;
    expect(decoded?.ok).toBe(true);
    if (decoded?.ok === true && decoded.request.op === 'append') {
      expect(jsonText(decoded.request.events[0]?.event ?? null)).toContain('"n":9007199254740993');
    }
  });

  test.each(values)('recorded: $name', ({ hex: bytes, json }) => {
    expect(detailText(bytes)).toBe(json);
  });

  test.each(frames.bad)('refused: $name', ({ name, hex: bytes }) => {
    const reader = new FrameReader(1 << 20);
    reader.push(Buffer.from(bytes, 'hex'));
    const outcome = reader.next();
    if (outcome.kind !== 'payload') return;
    const decoded = decodeRequest(outcome.payload, limits);
    // Who may use which profile is the daemon's to say, behind the wire.
    expect(decoded.ok).toBe(name === "the log's own profile");
  });
});

describe('hostile bytes', () => {
  const cases: [name: string, bytes: string, code: string, path?: string][] = [
    ['0xc1', withDetail('c1'), 'bad_frame'],
    ['cut short', withDetail(''), 'bad_frame'],
    ['trailing bytes', `${withDetail('01')}c0`, 'bad_frame'],
    ['an array length bomb', withDetail('ddffffffff'), 'bad_frame'],
    ['a map length bomb', withDetail('dfffffffff'), 'bad_frame'],
    ['a string length bomb', withDetail('dbffffffff'), 'bad_frame'],
    ['an integer key', withDetail('810102'), 'bad_frame'],
    ['a nil key', withDetail('81c002'), 'bad_frame'],
    ['NaN', withDetail('cb7ff8000000000000'), 'invalid_event', '/detail'],
    ['infinity of 32 bits', withDetail('caff800000'), 'invalid_event', '/detail'],
    ['binary', withDetail('92a178c40100'), 'invalid_event', '/detail/1'],
    ['a record definition', withDetail('d47201'), 'invalid_event', '/detail'],
    ['an overlong encoding', withDetail('a2c0af'), 'invalid_event', '/detail'],
    ['a surrogate', withDetail('a3eda080'), 'invalid_event', '/detail'],
    ['bad UTF-8 in a key', withDetail('81a1ff01'), 'invalid_event', '/detail'],
    ['a path that needs escapes', withDetail(`81${hex('a/b~c')}c40100`), 'invalid_event', '/detail/a~1b~0c'],
    ['33 deep', withDetail(`${'91'.repeat(32)}c0`), 'invalid_event', `/detail${'/0'.repeat(31)}`],
    ['100,000 deep', withDetail(`${'91'.repeat(100_000)}c0`), 'invalid_event', `/detail${'/0'.repeat(31)}`],
    ['10,001 values', withDetail(`dc270f${'c0'.repeat(9999)}`), 'invalid_event', '/detail/9997'],
    ['nanoseconds of a second', withDetail('d7ffee6b280000000000'), 'invalid_event', '/detail'],
    ['the year 10000', withDetail('c70cff000000000000003afff44180'), 'invalid_event', '/detail'],
    ['a timestamp of 2 bytes', withDetail('d5ff0000'), 'invalid_event', '/detail'],
  ];

  test.each(cases)('%s', (_name, bytes, code, path) => {
    const error = failure(decode(bytes));
    expect(error).toMatchObject({ id: 3, op: 'append', code, ...(path === undefined ? {} : { path, index: 0 }) });
  });

  test('any bytes give a request or an error, never an exception', () => {
    const good = Buffer.from(withDetail(hex({ a: [1, 2.5, 'x', null], b: { c: 2n ** 60n } })), 'hex');
    fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      decodeRequest(bytes.subarray(0, length), limits);
      decodeRequest(bytes, limits);
    }), { seed: 3, numRuns: 5000 });
  });

  test('the id is echoed also from behind the broken part, the last of two', () => {
    expect(failure(decode(`83${hex('op')}${hex('nope')}${hex('x')}d47201${hex('id')}07`)).id).toBe(7);
    expect(failure(decode(`83${hex('id')}01${hex('op')}${hex('nope')}${hex('id')}02`)).id).toBe(2);
    expect(failure(decode('c0')).id).toBeNull();
    expect(failure(decode('de')).id).toBeNull();
    expect(failure(decode('df000000')).id).toBeNull();
  });

  test.each([
    ['id, 16 bits of length', '81da0002696400', { id: 0, op: undefined }],
    ['id, 8 bits, in a wide map', 'de0001d902696405', { id: 5, op: undefined }],
    ['append, 32 bits', '81a26f70db00000006617070656e64', { id: null, op: 'append' }],
    ['op and append, 8 and 16 bits, 32 for the map', 'df00000001d9026f70da0006617070656e64', { id: null, op: 'append' }],
  ])('an error echoes what is written longer than it need be: %s', (_, bytes, echoed) => {
    expect(failure(decode(bytes))).toMatchObject(echoed);
  });

  test('an error echoes nothing from behind the map', () => {
    expect(failure(decode('81a2696401a2696402'))).toMatchObject({ id: 1, code: 'bad_frame' });
    expect(failure(decode('80a2696402a26f70a6617070656e64'))).toMatchObject({ id: null, op: undefined });
    expect(failure(decode('de0001a2696401a2696402')).id).toBe(1);
  });

  test('an event that travels as an array is told about the named form', () => {
    const error = failure(decode(hex({ op: 'append', id: 1, events: [{ profile: 'generic', event: ['a'] }] })));
    expect(error).toMatchObject({ code: 'invalid_event', index: 0, path: '' });
    expect(error.message).toContain('named');
  });

  test('so is an entry, and a whole request', () => {
    const hint = 'structs must travel as maps, in the named form (rmp_serde: to_vec_named)';
    expect(failure(decode(hex({ op: 'append', id: 1, events: [['generic', { action: 'a' }]] }))))
      .toMatchObject({ code: 'bad_request', id: 1, index: 0, message: `an entry must be a map with profile and event: ${hint}` });
    expect(failure(decode(hex(['append', 1, []])))).toMatchObject({ code: 'bad_frame', message: `the payload is not a map: ${hint}` });
    expect(failure(decode('c0'))).toMatchObject({ code: 'bad_frame', message: 'the payload is not a map' });
  });
});

describe('requests', () => {
  const event = { action: 'a' };
  const entry = { profile: 'generic', event };
  const cases: [request: object, code: string, index?: number][] = [
    [{ id: 1 }, 'bad_request'],
    [{ op: 'status' }, 'bad_request'],
    [{ op: 'status', id: -1 }, 'bad_request'],
    [{ op: 'status', id: 1.5 }, 'bad_request'],
    [{ op: 'status', id: 2 ** 60 }, 'bad_request'],
    [{ op: 'nope', id: 1 }, 'unknown_op'],
    [{ op: 'hello', id: 1, v: 2 }, 'unsupported_version'],
    [{ op: 'hello', id: 1 }, 'bad_request'],
    [{ op: 'append', id: 1 }, 'bad_request'],
    [{ op: 'append', id: 1, events: [] }, 'bad_request'],
    [{ op: 'append', id: 1, events: {} }, 'bad_request'],
    [{ op: 'append', id: 1, events: [entry, entry, entry, entry, entry] }, 'too_many_events'],
    [{ op: 'append', id: 1, events: [entry, 5] }, 'bad_request', 1],
    [{ op: 'append', id: 1, events: [entry, { event }] }, 'bad_request', 1],
    [{ op: 'append', id: 1, events: [{ profile: 'x' }] }, 'bad_request', 0],
    [{ op: 'append', id: 1, events: [entry, { profile: 'x', event: 1 }] }, 'invalid_event', 1],
    [{ op: 'append', id: 1, events: [entry, { ...entry, event: { a: 'x'.repeat(20_000) } }] }, 'event_too_large', 1],
    [{ op: 'append', id: 1, events: [{ ...entry, id: '' }] }, 'invalid_event', 0],
    [{ op: 'append', id: 1, events: [{ ...entry, id: 'x'.repeat(129) }] }, 'invalid_event', 0],
    [{ op: 'append', id: 1, events: [{ ...entry, id: 5 }] }, 'bad_request', 0],
    [{ op: 'append', id: 1, events: [{ ...entry, traceparent: '00-x' }] }, 'invalid_event', 0],
    [{ op: 'append', id: 1, events: [{ ...entry, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01-x` }] }, 'invalid_event', 0],
    [{ op: 'append', id: 1, events: [{ ...entry, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01-` }] }, 'invalid_event', 0],
    [{ op: 'append', id: 1, events: [{ ...entry, traceparent: `ff-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }] }, 'invalid_event', 0],
    [{ op: 'append', id: 1, events: [entry], dropped: -1 }, 'bad_request'],
    [{ events: [], op: 'append', id: 1 }, 'bad_request'],
    [{ id: 1, events: [entry, { profile: 'x', event: 1 }], op: 'append' }, 'invalid_event', 1],
    [{ op: 'recent', id: 1, limit: 1001 }, 'bad_request'],
    [{ op: 'recent', id: 1, kind: 5 }, 'bad_request'],
    [{ op: 'recent', id: 1, since: 'yesterday' }, 'bad_request'],
    ...['2026-01-01T24:00:00Z', '2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-01-01T00:00:00+24:00']
      .flatMap((time): [object, string][] => [[{ op: 'recent', id: 1, since: time }, 'bad_request'], [{ op: 'tail', id: 1, until: time }, 'bad_request']]),
    [{ op: 'prove', id: 1 }, 'bad_request'],
  ];

  test.each(cases)('%j is refused with %s', (request, code, index) => {
    expect(failure(decode(hex(request)))).toMatchObject({ code, ...(index === undefined ? {} : { index }) });
  });

  test.each([
    { op: 'status', id: 1, events: [] }, { op: 'status', id: 1, events: null }, { id: 1, events: [entry, entry, entry, entry, entry], op: 'status' },
    { op: 'status', id: 1, events: [{ profile: 'generic', event: 5 }] }, { op: 'status', id: 1, events: [entry], since: 'yesterday', limit: 0, dropped: -1 },
  ])('fields of another request are ignored: %j', (request) => {
    expect(decode(hex(request))).toEqual({ ok: true, request: { op: 'status', id: 1 } });
  });

  test('of two ops the last decides whether events count', () => {
    const [op, id, events] = [hex('op'), `${hex('id')}01`, `${hex('events')}90`];
    expect(decode(`84${op}${hex('append')}${id}${events}${op}${hex('status')}`)).toMatchObject({ ok: true });
    expect(failure(decode(`84${op}${hex('status')}${id}${events}${op}${hex('append')}`))).toMatchObject({ op: 'append', message: 'events is empty' });
    expect(failure(decode(`83${op}${hex('status')}${id}${hex('events')}91c1`))).toMatchObject({ code: 'bad_frame', id: 1 });
  });

  test('an op is a string, whatever else has its bytes', () => {
    const letters = Array.from('append', (letter) => letter.charCodeAt(0));
    expect(failure(decode(hex({ op: letters, id: 1, events: [entry] })))).toMatchObject({ code: 'bad_request', message: 'op must be a string' });
  });

  test('text is what was sent, whatever another client sent before whose text has the same bytes', () => {
    const sent = { profile: 'é', event, id: 'é', traceparent: undefined };
    for (const profile of ['\u00c3\u00a9', 'é', 'xy', '\u00c3\u00a9']) {
      decode(hex({ op: 'append', id: 1, events: [{ ...entry, profile }] }));
      expect(entries(decode(hex({ op: 'append', id: 1, events: [{ profile: sent.profile, event, id: sent.id }] })))[0]).toMatchObject({ profile: 'é', id: 'é' });
    }
  });

  test('a version of traceparent that is not known yet may be longer, and a leap second is a time', () => {
    const traceparent = `01-${'1'.repeat(32)}-${'2'.repeat(16)}-01-x`;
    expect(entries(decode(hex({ op: 'append', id: 1, events: [{ ...entry, traceparent }] })))[0]?.traceparent).toBe(traceparent);
    expect(decode(hex({ op: 'tail', id: 1, since: '2016-12-31T23:59:60Z', until: '2024-02-29t23:59:59.5z' }))).toMatchObject({ ok: true });
  });

  test('nil counts as absent, unknown fields are ignored, floats may be whole numbers', () => {
    const recent = { op: 'recent', id: 1, limit: null, before: null, kind: 'k', nope: [1], since: '2026-11-20T00:00:00Z' };
    expect(decode(hex(recent))).toEqual({
      ok: true,
      request: { op: 'recent', id: 1, limit: 100, before: undefined, filters: { kind: 'k', since: '2026-11-20T00:00:00Z' } },
    });
    const id = `${hex('id')}cb4130000000000000`;
    expect(decode(`82${hex('op')}${hex('status')}${id}`)).toEqual({ ok: true, request: { op: 'status', id: 1048576 } });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const [first] = entries(decode(hex({
      op: 'append', id: 1, dropped: null, events: [{ ...entry, id: '😀'.repeat(128), traceparent, more: 1 }],
    })));
    const { profile, id: eventId, event: read, traceparent: trace, bytes, json } = first ?? {};
    expect({ profile, id: eventId, event: read, traceparent: trace, bytes })
      .toEqual({ ...entry, id: '😀'.repeat(128), traceparent, bytes: hex(event).length / 2 });
    expect(json === undefined ? undefined : textOf(json)).toBe(JSON.stringify(event));
  });
});

describe('exactness', () => {
  const cases: [name: string, bytes: string, text: string][] = [
    ['the largest u64', 'cfffffffffffffffff', '18446744073709551615'],
    ['the smallest i64', 'd38000000000000000', '-9223372036854775808'],
    ['2^53 and its neighbour', '92cf0020000000000000cf0020000000000001', '[9007199254740992,9007199254740993]'],
    ['a small i64', 'd3fffffffffffffff0', '-16'],
    ['-0', 'cb8000000000000000', '0'],
    ['a whole float', 'cb4000000000000000', '2'],
    ['the last duplicate key', '82a16101a16102', '{"a":2}'],
    ['integer-like keys in their order', '83a2313001a13202a16103', '{"10":1,"2":2,"a":3}'],
    ['__proto__', `81${hex('__proto__')}81${hex('x')}01`, '{"__proto__":{"x":1}}'],
    ['a timestamp of 4 bytes', 'd6ff65000000', '"2023-09-12T06:06:56Z"'],
    ['milliseconds', 'd7ff1dcd650065000000', '"2023-09-12T06:06:56.125Z"'],
    ['nanoseconds', 'd7ff0000000465000000', '"2023-09-12T06:06:56.000000001Z"'],
    ['before 1970', 'c70cff00000000ffffffffffffffff', '"1969-12-31T23:59:59Z"'],
  ];

  test.each(cases)('%s', (_name, bytes, text) => {
    expect(detailText(bytes)).toBe(text);
  });

  test.each(cases.filter(([name]) => name !== 'the last duplicate key'))('%s, as JSON text at once', (_name, bytes, text) => {
    expect(written(bytes)).toBe(text);
  });

  test('every character and every number is written as JSON has it', () => {
    const characters = Array.from({ length: 0x1800 }, (_, code) => String.fromCharCode(code)).join('');
    expect(written(hex(characters))).toBe(JSON.stringify(characters));
    const numbers = [
      0, 9, 10, 99, 127, 128, 255, 256, 65_535, 65_536, 999_999_999, 1e9, 1e9 + 1, 4_294_967_295, 4_294_967_296, 1e12 + 5,
      2 ** 53 - 1, -1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648, -2_147_483_649, -(2 ** 53) + 1,
      0.1, -1.5, 1e21, 1e-7, 5e-324, 1.7976931348623157e308,
    ];
    expect(written(hex(numbers))).toBe(JSON.stringify(numbers));
  });

  test('text far longer than the sheet was is whole, and what was read of it before it grew, too', () => {
    const long = '\u0001"é'.repeat(3000);
    const events = Array.from({ length: 4 }, (_, n) => ({ profile: 'generic', event: { action: `${n}${long}` } }));
    const decoded = decodeRequest(Buffer.from(hex({ op: 'append', id: 1, events }), 'hex'), { ...limits, eventBytes: 1e6 });
    const texts = entries(decoded).map(({ json }) => (json === undefined ? undefined : textOf(json)));
    expect(texts).toEqual(events.map(({ event: one }) => JSON.stringify(one)));
  });

  test('behind a mebibyte of text there is none, and the event is read as a value', () => {
    const events = Array.from({ length: 4 }, (_, n) => ({ profile: 'generic', event: { action: `${n}${'\u0001'.repeat(50_000)}` } }));
    const decoded = decodeRequest(Buffer.from(hex({ op: 'append', id: 1, events }), 'hex'), { ...limits, eventBytes: 1e6 });
    expect(entries(decoded).map(({ json }) => json === undefined)).toEqual([false, false, false, true]);
    expect(entries(decoded).map(({ event: one }) => one)).toEqual(events.map(({ event: one }) => one));
  });

  test('there is no text of an event that has a key twice, at whatever depth, nor of one whose keys cannot be compared', () => {
    const twice = `82${hex('key')}01${hex('key')}02`;
    for (const detail of [twice, `91${twice}`, `82${hex('a')}${twice}${hex('b')}01`]) expect(written(detail)).toBeUndefined();
    const keys = (count: number): unknown => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
    expect(written(hex(keys(64)))).toBe(JSON.stringify(keys(64)));
    expect(written(hex(keys(65)))).toBeUndefined();
    expect(detailText(hex(keys(65)))).toBe(JSON.stringify(keys(65)));
    // The same key in two maps is none twice.
    expect(written(hex([{ key: { key: 1 } }, { key: 2 }]))).toBe('[{"key":{"key":1}},{"key":2}]');
  });

  test('a byte order mark at the start of a string is kept, whatever its length', () => {
    for (const length of [0, 20, 70, 300]) {
      const text = `\ufeff${'x'.repeat(length)}`;
      expect(detailText(hex(text))).toBe(JSON.stringify(text));
    }
  });

  test('what is encoded is decoded, value for value and key for key', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    const scalar = fc.oneof(
      text, fc.boolean(), fc.constant(null), fc.integer(), fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 }, scalar, fc.array(tie('value'), { maxLength: 5 }),
        fc.array(fc.tuple(fc.oneof(text, fc.nat(20).map(String)), tie('value')), { maxLength: 5 })
          .map((pairs) => new Map(pairs)),
      ),
    }));
    fc.assert(fc.property(value, (sent) => {
      expect(detailText(hex(sent))).toBe(reference(sent));
    }), { seed: 4, numRuns: 2000 });
  });
});

// JSON text by the plainest means.
function reference(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(reference).join(',')}]`;
  if (!(value instanceof Map)) return jsonText(value as JsonValue);
  const pairs = [...(value as Map<string, unknown>)].map(([key, held]) => `${JSON.stringify(key)}:${reference(held)}`);
  return `{${pairs.join(',')}}`;
}
