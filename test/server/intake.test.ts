// What an append comes to before and after the log, which here does what it is told.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Catalogue } from '../../src/event/catalogue.js';
import type { JsonObject } from '../../src/event/json.js';
import { Violation } from '../../src/event/violation.js';
import type { Waiter } from '../../src/log/appender.js';
import { noLines } from '../../src/log/appender.js';
import type { Body } from '../../src/log/bodies.js';
import { DurableLines } from '../../src/log/durable.js';
import { LogError } from '../../src/log/failure.js';
import type { Log, LogPhase } from '../../src/log/log.js';
import { admit, sourcePiece } from '../../src/server/admission.js';
import { Counters } from '../../src/server/counters.js';
import { IdMemory, idScope, noId } from '../../src/server/ids.js';
import type { AppendMessage } from '../../src/server/intake.js';
import { Intake } from '../../src/server/intake.js';
import { RateLimiter } from '../../src/server/rate.js';
import type { ListenerConfig } from '../../src/server/settings.js';
import type { Peer } from '../../src/server/source.js';
import type { Reply } from '../../src/wire/message.js';
import { bodyText } from '../body-text.js';
import { StillClock } from '../log/run.js';

const catalogue: Catalogue = new Map(['plain', 'other'].map((name) => [name, {
  name,
  admit: (event) => 'bad' in event
    ? { ok: false, violation: new Violation('/bad', 'is bad') }
    : { ok: true, kind: 'k', event: event as JsonObject },
  pass: () => undefined,
}]));
const rules = { catalogue, redactor: undefined };
const listener: ListenerConfig = { name: 'door', path: '/x', mode: 0o600, profiles: undefined, labels: {}, rate: 0 };
const source = { listener: 'door', pid: 1, uid: 2, gid: 3 };
const peer: Peer = { source, sourceText: JSON.stringify(source), sourcePiece: sourcePiece(JSON.stringify(source)), idScope: idScope(source.listener, source.uid), process: 'p', groups: new Set() };

/** A log that keeps what it gets until it is told what becomes of it. */
class FakeLog {
  readonly taken: { readonly bodies: readonly Body[]; readonly waiter: Waiter }[] = [];
  phase: LogPhase = { kind: 'open' };
  load = { bytes: 0, events: 0 };
  own = 0;
  #seq = 1;

  loadOf(): number {
    return this.own;
  }

  append(_source: unknown, bodies: readonly Body[], waiter: Waiter): void {
    this.taken.push({ bodies, waiter });
  }

  /** The oldest request is durable; gives its first seq. */
  commit(): number {
    const request = this.taken.shift();
    if (request === undefined) throw new Error('nothing was taken in');
    const first = this.#seq;
    const lines = request.bodies.map((_, i) => `{"seq":${first + i},"mac":"${macOf(first + i)}"}\n`);
    this.#seq += lines.length;
    const text = Buffer.from(lines.join(''));
    const bytes = new Uint8Array(new ArrayBuffer(text.length));
    bytes.set(text);
    let at = 0;
    const ends = lines.map((line) => at += line.length);
    request.waiter.settle({ kind: 'durable', first, lines: new DurableLines([{ first, ts: 'then', bytes, ends, syncMs: 1, isRequest: true }]) });
    return first;
  }

  reject(error: LogError): void {
    this.taken.shift()?.waiter.settle({ kind: 'rejected', error, first: 0, written: 0, lines: noLines });
  }
}

function macOf(seq: number): string {
  return String(seq).padStart(64, '0');
}

let log: FakeLog;
let ids: IdMemory;
let counters: Counters;
let intake: Intake;
let replies: Reply[];

beforeEach(() => {
  log = new FakeLog();
  ids = new IdMemory();
  counters = new Counters();
  replies = [];
  intake = new Intake({
    log: log as unknown as Log, rules, ids, rates: new RateLimiter(new StillClock(), () => undefined), counters, pid: 9,
    limits: { frameBytes: 1e6, eventBytes: 1e5, events: 100, clients: 10, queueBytes: 100_000 },
  });
});

interface More {
  readonly dropped?: number;
  readonly event?: JsonObject;
  readonly profile?: string;
}

function message(id: number, eventIds: readonly (string | undefined)[], more: More = {}): AppendMessage {
  const { dropped = 0, event = {}, profile = 'plain' } = more;
  return { op: 'append', id, dropped, events: eventIds.map((eventId) => ({ profile, event, id: eventId, traceparent: undefined, bytes: 1, json: undefined })) };
}

function append(request: AppendMessage, through = listener): void {
  intake.append(request, peer, through, { answer: (reply) => { replies.push(reply); } });
}

describe('an append', () => {
  test('is answered when its last line is durable, and not before', () => {
    append(message(1, [undefined, undefined]));
    expect(replies).toEqual([]);
    log.commit();
    expect(replies).toEqual([{ op: 'ack', id: 1, first: 1, count: 2, mac: macOf(2), ts: 'then' }]);
    expect(counters.accepted.get('plain')).toBe(2);
  });

  test('with a repeated id is not written again and answered with the first one\'s place', () => {
    append(message(1, ['a', 'b']));
    log.commit();
    append(message(2, ['b', 'c', 'a']));
    expect(log.taken.map(({ bodies }) => bodies.length)).toEqual([1]);
    log.commit();
    expect(replies[1]).toEqual({ op: 'ack', id: 2, first: 3, count: 1, mac: macOf(3), ts: 'then', duplicates: [[0, 2, macOf(2)], [2, 1, macOf(1)]] });
    expect(counters.duplicates).toBe(2);
  });

  test('of nothing but known ids writes nothing and is answered at once', () => {
    append(message(1, ['a']));
    log.commit();
    append(message(2, ['a'], { dropped: 5 }));
    expect(log.taken).toEqual([]);
    expect(replies[1]).toEqual({ op: 'ack', id: 2, first: null, count: 0, mac: null, ts: null, duplicates: [[0, 1, macOf(1)]] });
  });

  test('of an id that is under way waits until the first copy is durable', () => {
    append(message(1, ['a', 'a']));
    append(message(2, ['a']));
    expect([log.taken.length, replies.length]).toEqual([1, 0]);
    log.commit();
    expect(replies).toEqual([
      { op: 'ack', id: 2, first: null, count: 0, mac: null, ts: null, duplicates: [[0, 1, macOf(1)]] },
      { op: 'ack', id: 1, first: 1, count: 1, mac: macOf(1), ts: 'then', duplicates: [[1, 1, macOf(1)]] },
    ].sort((a, b) => replies.findIndex((reply) => reply.id === a.id) - replies.findIndex((reply) => reply.id === b.id)));
  });

  test('that the log rejects is refused, with every copy that waited, and its ids may come again', () => {
    append(message(1, ['a', 'b']));
    append(message(2, ['b', 'c']));
    log.reject(new LogError('disk_full', 'write', 'full'));
    expect(replies.map((reply) => (reply.op === 'error' ? [reply.id, reply.code] : reply.op))).toEqual([[1, 'disk_full']]);
    // The second has an event of its own, which was recorded; its copy of the first was not, so it is no ack.
    log.commit();
    expect(replies[1]).toMatchObject({ op: 'error', id: 2, code: 'disk_full' });
    append(message(3, ['a', 'b', 'c']));
    log.commit();
    expect(replies[2]).toMatchObject({ op: 'ack', id: 3, first: 2, count: 2, duplicates: [[2, 1, macOf(1)]] });
  });

  test('that tells of dropped events has a gap in front of it, in the same request', () => {
    append(message(1, [undefined], { dropped: 4 }));
    const [request] = log.taken;
    expect(request?.bodies).toHaveLength(2);
    expect(bodyText(request?.bodies[0])).toBe(`"profile":"indelible","kind":"gap","source":{"listener":"self","pid":9},"event":{"reason":"client_dropped","count":4,"of":${peer.sourceText}}`);
    log.commit();
    expect(replies).toMatchObject([{ op: 'ack', first: 2, count: 1, mac: macOf(2) }]);
  });

  test('beyond what may wait is refused and leaves nothing behind', () => {
    log.load = { bytes: 99_000, events: 9 };
    append(message(1, ['a']));
    expect([log.taken.length, replies]).toMatchObject([0, [{ op: 'error', id: 1, code: 'overloaded' }]]);
    expect(ids.lookup(idScope('door', 2), 'a')).toBe(noId);
    log.load = { bytes: 0, events: 0 };
    append(message(2, ['a']));
    expect(log.taken).toHaveLength(1);
  });

  test('larger than the whole queue is taken when it is empty, because it would never fit better', () => {
    const large = message(1, Array.from({ length: 500 }, () => undefined));
    append(large);
    expect(log.taken).toHaveLength(1);
    log.load = { bytes: 1, events: 1 };
    append(large);
    expect(replies).toMatchObject([{ op: 'error', id: 1, code: 'overloaded' }]);
  });

  test('of a process that has as much of the queue as is free is refused, and of no other', () => {
    log.load = { bytes: 50_000, events: 9 };
    log.own = 50_000;
    append(message(1, ['a']));
    expect(replies).toMatchObject([{ op: 'error', id: 1, code: 'overloaded' }]);
    log.own = 0;
    append(message(2, ['a']));
    expect(log.taken).toHaveLength(1);
  });

  test('over the rate is refused and leaves nothing behind', () => {
    append(message(1, Array.from({ length: 10 }, () => undefined)), { ...listener, rate: 1 });
    append(message(2, ['a']), { ...listener, rate: 1 });
    expect(replies).toMatchObject([{ op: 'error', id: 2, code: 'rate_limited', retry_after_ms: 1000 }]);
    expect(ids.size).toBe(0);
  });

  test.each([
    [{ kind: 'failed', error: new LogError('write_failed', 'fdatasync', 'EIO') }, 'write_failed'],
    [{ kind: 'draining', reason: 'x' }, 'shutting_down'], [{ kind: 'stopping' }, 'shutting_down'], [{ kind: 'stopped' }, 'shutting_down'],
  ] as const)('to a log that is %o is refused as %s', (phase, code) => {
    log.phase = phase;
    append(message(1, ['a']));
    expect([log.taken.length, replies]).toMatchObject([0, [{ op: 'error', code }]]);
  });
});

describe('admission', () => {
  const bodiesOf = (request: AppendMessage, through = listener): ReturnType<typeof admit> =>
    admit(rules, through, peer.sourcePiece, request.events);

  test('writes a body with its keys in the order of the format', () => {
    const entry = { profile: 'plain', event: { b: 1, a: 'x' }, id: 'i"d', traceparent: '00-t', bytes: 1, json: undefined };
    const admission = admit(rules, listener, peer.sourcePiece, [entry]);
    expect({ ...admission, bodies: admission.ok ? admission.bodies.map(bodyText) : [] }).toEqual({
      ok: true, masked: 0,
      bodies: [`"profile":"plain","kind":"k","id":"i\\"d","traceparent":"00-t","source":${peer.sourceText},"event":{"b":1,"a":"x"}`],
    });
  });

  test('refuses the log\'s own profile, profiles that are not the listener\'s, unknown ones, and bad events by their place', () => {
    expect(bodiesOf(message(1, [undefined], { profile: 'indelible' }))).toMatchObject({ ok: false, code: 'forbidden', index: 0 });
    expect(bodiesOf(message(1, [undefined], { profile: 'nope' }))).toMatchObject({ ok: false, code: 'invalid_event', index: 0 });
    expect(bodiesOf(message(1, [undefined]), { ...listener, profiles: ['other'] })).toMatchObject({ ok: false, code: 'forbidden', index: 0 });
    expect(bodiesOf(message(1, [undefined], { profile: 'other' }), { ...listener, profiles: ['other'] })).toMatchObject({ ok: true });
    const [good, bad] = [message(1, [undefined]).events, message(1, [undefined], { event: { bad: 1 } }).events];
    expect(admit(rules, listener, peer.sourcePiece, [...good, ...bad, ...good])).toMatchObject({ ok: false, code: 'invalid_event', index: 1, path: '/bad' });
  });
});
