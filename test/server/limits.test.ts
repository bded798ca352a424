// Ids, rates and filters: what is remembered, what is held back, what is let through.
import { describe, expect, test } from 'vitest';
import { LogError } from '../../src/log/failure.js';
import { sourcePiece } from '../../src/server/admission.js';
import type { Fate } from '../../src/server/ids.js';
import { IdMemory, copiesWaitingMax, idScope, idsMax, noId } from '../../src/server/ids.js';
import { RateLimiter } from '../../src/server/rate.js';
import type { Peer } from '../../src/server/source.js';
import { RecordFilter } from '../../src/wire/filter.js';
import { StillClock } from '../log/run.js';

const error = new LogError('disk_full', 'write', 'test');
const mac = '0123456789abcdef'.repeat(4);
const scope = idScope('l', 1);

describe('ids', () => {
  test('are known from the moment they are taken in; copies wait for the first one\'s fate', () => {
    const ids = new IdMemory();
    const id = ids.expect(scope, 'a');
    expect(ids.lookup(scope, 'a')).toBe(id);
    expect(ids.seq(id)).toBe(0);
    const fates: Fate[] = [];
    for (let copy = 0; copy < 2; copy += 1) ids.wait(id, 'p', (fate) => { fates.push(fate); });
    expect(ids.waiting).toBe(2);
    ids.durable(id, 7, mac);
    expect(fates).toEqual([{ kind: 'durable', seq: 7, mac }, { kind: 'durable', seq: 7, mac }]);
    expect(ids.waiting).toBe(0);
    expect(ids.lookup(scope, 'a')).toBe(id);
    expect([ids.seq(id), ids.mac(id)]).toEqual([7, mac]);
  });

  test('of a rejected event are forgotten, and its copies are told', () => {
    const ids = new IdMemory();
    const id = ids.expect(scope, 'a');
    const fates: Fate[] = [];
    ids.wait(id, 'p', (fate) => { fates.push(fate); });
    ids.rejected(id, error);
    expect(fates).toEqual([{ kind: 'rejected', error }]);
    expect(ids.lookup(scope, 'a')).toBe(noId);
    // Its number is the next one's, who inherits nothing.
    ids.durable(ids.expect(scope, 'a'), 3, mac);
    expect(ids.seq(ids.expect(scope, 'b'))).toBe(0);
    expect(ids.seq(ids.lookup(scope, 'a'))).toBe(3);
  });

  test('are remembered for the last 100,000 durable events, pending ones until their fate is known, and no more', () => {
    const ids = new IdMemory();
    const pending = ids.expect(scope, 'pending');
    const all = idsMax * 2 + 10;
    const macOf = (seq: number): string => seq.toString(16).padStart(64, '0');
    for (let seq = 1; seq <= all; seq += 1) ids.durable(ids.expect(scope, `id${seq}`), seq, macOf(seq));
    for (let seq = all - idsMax + 1; seq <= all; seq += 1) {
      const id = ids.lookup(scope, `id${seq}`);
      if (ids.seq(id) !== seq || ids.mac(id) !== macOf(seq)) expect.fail(`id${seq} is remembered as record ${ids.seq(id)}`);
    }
    for (let seq = 1; seq <= all - idsMax; seq += 1) if (ids.lookup(scope, `id${seq}`) !== noId) expect.fail(`id${seq} is not forgotten`);
    expect(ids.lookup(scope, 'pending')).toBe(pending);
    expect(ids.seq(pending)).toBe(0);
    expect(ids.size).toBe(idsMax + 1);
  });

  test('count the copies in requests that wait, of durable events and of others, and let so many in and no more', () => {
    const ids = new IdMemory();
    let kept = 0;
    for (; ids.hasRoom('p', 1); kept += 1) ids.keep('p');
    expect(kept).toBe(copiesWaitingMax / 2);
    expect([ids.waiting, ids.hasRoom('q', 1)]).toEqual([kept, true]);
    ids.letGo('p', kept);
    expect([ids.waiting, ids.hasRoom('p', 1)]).toEqual([0, true]);
  });

  test('mean something only within their listener and user', () => {
    const ids = new IdMemory();
    const theirs = [['a', 1, 'x'], ['a', 2, 'x'], ['b', 1, 'x'], ['a', 1, 'y'], ['a', 1, '1 x'], ['a', 11, 'x'], ['a', 1, 'é'], ['é', 1, '']] as const;
    const all = theirs.map(([listener, uid, id]) => ids.expect(idScope(listener, uid), id));
    expect(new Set(all).size).toBe(theirs.length);
    for (const [n, [listener, uid, id]] of theirs.entries()) expect(ids.lookup(idScope(listener, uid), id)).toBe(all[n]);
  });
});

function peer(pid: number): Peer {
  const source = { listener: 'l', pid, uid: 1, gid: 1 };
  return { source, sourceText: JSON.stringify(source), sourcePiece: sourcePiece(JSON.stringify(source)), idScope: idScope(source.listener, source.uid), process: `l 1 ${pid}`, groups: new Set() };
}

describe('rates', () => {
  test('let ten seconds\' worth through at once, then as much as time brings', () => {
    const clock = new StillClock();
    const rates = new RateLimiter(clock, () => undefined);
    for (let i = 0; i < 50; i += 1) expect(rates.take(peer(1), 5, 1)).toBeUndefined();
    expect(rates.take(peer(1), 5, 1)).toBe(200);
    clock.pass(199);
    expect(rates.take(peer(1), 5, 1)).toBe(1);
    clock.pass(1);
    expect(rates.take(peer(1), 5, 1)).toBeUndefined();
    clock.pass(3_600_000);
    expect(rates.take(peer(1), 5, 50)).toBeUndefined();
    expect(rates.take(peer(1), 5, 1)).toBe(200);
  });

  test('hold each process back for itself', () => {
    const rates = new RateLimiter(new StillClock(), () => undefined);
    expect(rates.take(peer(1), 1, 10)).toBeUndefined();
    expect(rates.take(peer(1), 1, 1)).toBe(1000);
    expect(rates.take(peer(2), 1, 10)).toBeUndefined();
  });

  test('let a request that is larger than the bucket pass when the bucket is full, and wait for what it took too much', () => {
    const clock = new StillClock();
    const rates = new RateLimiter(clock, () => undefined);
    expect(rates.take(peer(1), 1, 500)).toBeUndefined();
    expect(rates.take(peer(1), 1, 1)).toBe(491_000);
    expect(rates.take(peer(1), 1, 500)).toBe(500_000);
    clock.pass(499_999);
    expect(rates.take(peer(1), 1, 500)).toBe(1);
    clock.pass(1);
    expect(rates.take(peer(1), 1, 500)).toBeUndefined();
  });

  test('let requests through at the rate on the whole, however large they are', () => {
    const clock = new StillClock();
    const rates = new RateLimiter(clock, () => undefined);
    let taken = 0;
    for (let seconds = 0; seconds < 10_000; seconds += 1) {
      if (rates.take(peer(1), 2, 1024) === undefined) taken += 1024;
      clock.pass(1000);
    }
    expect(taken).toBeLessThanOrEqual(2 * 10_000 + 1024);
  });

  test('of 0 hold nobody back', () => {
    const rates = new RateLimiter(new StillClock(), () => undefined);
    expect(rates.take(peer(1), 0, 1_000_000)).toBeUndefined();
    expect(rates.heldBack()).toEqual([]);
  });

  test('count what they refused, once', () => {
    const rates = new RateLimiter(new StillClock(), () => undefined);
    rates.take(peer(1), 1, 10);
    rates.take(peer(1), 1, 3);
    rates.take(peer(1), 1, 4);
    expect(rates.heldBack()).toMatchObject([{ source: peer(1).source, count: 7 }]);
    expect(rates.heldBack()).toEqual([]);
  });

  test('forget processes beyond their bound, but never one with refusals to report', () => {
    const rates = new RateLimiter(new StillClock(), () => undefined);
    rates.take(peer(0), 1, 10);
    rates.take(peer(0), 1, 1);
    for (let pid = 1; pid < 6000; pid += 1) rates.take(peer(pid), 1, 1);
    expect(rates.heldBack()).toMatchObject([{ source: peer(0).source, count: 1 }]);
    expect(rates.take(peer(0), 1, 1)).toBe(1000);
  });
});

describe('filters', () => {
  const record = (profile: string, event: object, ts = '2026-11-20T13:00:00.000Z', kind = 'k'): Buffer =>
    Buffer.from(JSON.stringify({ seq: 1, ts, key: '0.0', profile, kind, source: {}, event }));

  test('that are empty let everything through, also what is no JSON', () => {
    expect(new RecordFilter({}).isEmpty).toBe(true);
    expect(new RecordFilter({}).matches(Buffer.from('not json'))).toBe(true);
    expect(new RecordFilter({ kind: undefined, since: undefined }).isEmpty).toBe(true);
    expect(new RecordFilter({ kind: 'not' }).matches(Buffer.from('"not" json'))).toBe(false);
  });

  test('name the record\'s profile and kind, and the event\'s other fields', () => {
    const line = record('generic', { action: 'k', outcome: 'denied', kind: 'inner', profile: 'inner' });
    const matches = (filters: ConstructorParameters<typeof RecordFilter>[0]): boolean => new RecordFilter(filters).matches(line);
    expect(matches({ profile: 'generic' })).toBe(true);
    expect(matches({ profile: 'inner' })).toBe(false);
    expect(matches({ kind: 'k' })).toBe(true);
    expect(matches({ kind: 'inner' })).toBe(false);
    expect(matches({ outcome: 'denied' })).toBe(true);
    expect(matches({ outcome: 'denied', kind: 'other' })).toBe(false);
    expect(matches({ outcome: 'success' })).toBe(false);
    expect(matches({ tenant_id: 'denied' })).toBe(false);
  });

  test('look into the inner event of tryaudex, and of no other', () => {
    const inner = { event: { session_id: 's' } };
    expect(new RecordFilter({ session_id: 's' }).matches(record('tryaudex', inner))).toBe(true);
    expect(new RecordFilter({ session_id: 's' }).matches(record('generic', inner))).toBe(false);
    // The envelope's own field decides where there is one.
    expect(new RecordFilter({ session_id: 's' }).matches(record('tryaudex', { ...inner, session_id: 't' }))).toBe(false);
  });

  test('of text with quotes and letters beyond ASCII find it as the log spells it', () => {
    for (const text of ['a"b', 'zoë', '\u0001', 'a\\b', '日本']) {
      expect([text, new RecordFilter({ principal: text }).matches(record('generic', { principal: text }))]).toEqual([text, true]);
    }
  });

  test('of time take `since` in and leave `until` out', () => {
    const at = record('generic', {}, '2026-11-20T13:00:00.000Z');
    const matches = (since?: string, until?: string): boolean =>
      new RecordFilter({ ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }).matches(at);
    expect(matches('2026-11-20T13:00:00.000Z')).toBe(true);
    expect(matches('2026-11-20T13:00:00.001Z')).toBe(false);
    expect(matches(undefined, '2026-11-20T13:00:00.000Z')).toBe(false);
    expect(matches(undefined, '2026-11-20T13:00:00.001Z')).toBe(true);
    expect(matches('2026-11-20T14:00:00+01:00', '2026-11-20T14:00:01+01:00')).toBe(true);
    // Finer than a record's time: it lies between two of them.
    expect([matches('2026-11-20T13:00:00.0000001Z'), matches('2026-11-20T12:59:59.9999Z')]).toEqual([false, true]);
    expect([matches(undefined, '2026-11-20T13:00:00.0001Z'), matches(undefined, '2026-11-20T13:00:00.0000Z')]).toEqual([true, false]);
  });

  test('never match a field that an object has by birth', () => {
    expect(new RecordFilter({ principal: 'x' }).matches(record('generic', { other: 'x' }))).toBe(false);
  });
});
