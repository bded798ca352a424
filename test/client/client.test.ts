import { describe, expect, test } from 'vitest';
import { ClientError, connect } from '../../src/client/client.js';
import { client, daemon } from './connected.js';
import { macOf } from './daemon.js';

/** A profile that the compiler does not know by name: it lets any event through to what happens at run time. */
function unchecked(profile: string): string {
  return profile;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ClientError) return error.code;
    throw error;
  }
  return 'no error';
}

function actions(): unknown[] {
  return daemon.records.map(({ entry }) => ('action' in entry.event ? entry.event['action'] : undefined));
}

describe('append', () => {
  test('resolves with the receipt of the acknowledged records', async () => {
    expect(await client.append({ action: 'a' })).toEqual({
      first: 1, count: 1, mac: macOf(1), seq: 1, ts: 'now', duplicates: [],
    });
    expect(await client.append([{ action: 'b' }, { action: 'c' }])).toMatchObject({ first: 2, count: 2, mac: macOf(3), seq: 3 });
    expect(daemon.records.every(({ entry }) => entry.id?.length === 36 && entry.profile === 'generic')).toBe(true);
  });

  test('those of one tick travel in one request, and each gets its own receipt', async () => {
    const receipts = await Promise.all([
      client.append({ action: 'a' }), client.append([{ action: 'b' }, { action: 'c' }]), client.append({ action: 'd' }),
    ]);
    expect(daemon.appends).toHaveLength(1);
    expect(receipts.map(({ first, count, seq, mac }) => [first, count, seq, mac])).toEqual([
      [1, 1, 4, macOf(4)], [2, 2, 4, macOf(4)], [4, 1, 4, macOf(4)],
    ]);
  });

  test('a request never exceeds the limits of the welcome', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, i) => client.append({ action: `${i}` })));
    expect(daemon.appends.map(({ events }) => events.length)).toEqual([64, 64, 64, 8]);
    await Promise.all(Array.from({ length: 30 }, () => client.append({ action: 'x'.repeat(9000) })));
    expect(actions().slice(0, 200)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
    expect(await codeOf(client.append(Array.from({ length: 65 }, () => ({ action: 'a' }))))).toBe('too_many_events');
    expect(await codeOf(client.append(Array.from({ length: 20 }, () => ({ action: 'x'.repeat(9000) }))))).toBe('frame_too_large');
  });

  test('a duplicate is told by its place among the caller\'s own events', async () => {
    await client.append({ action: 'a' }, { id: 'known' });
    const [fresh, again, both] = await Promise.all([
      client.append({ action: 'b' }),
      client.append({ action: 'a' }, { id: 'known' }),
      client.append([{ action: 'c' }, { action: 'd' }], { id: 'pair' }),
    ]);
    expect(fresh).toMatchObject({ first: 2, count: 1, duplicates: [] });
    expect(again).toEqual({ first: null, count: 0, mac: null, seq: null, ts: null, duplicates: [[0, 1, macOf(1)]] });
    expect(both).toMatchObject({ first: 3, count: 2 });
    const last = await client.append([{ action: 'new' }, { action: 'd' }], { id: 'pair' });
    expect(last.duplicates).toEqual([[0, 3, macOf(3)], [1, 4, macOf(4)]]);
  });

  test('one bad event of a tick fails its own caller only', async () => {
    const results = await Promise.allSettled([
      client.append({ action: 'a' }), client.append([{ action: 'b' }, { action: NaN }], { profile: unchecked('generic') }), client.append({ action: 'c' }),
      client.append({ action: 'x'.repeat(20_000) }), client.append({ action: 'd' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'invalid_event', index: 1, path: '/action' } });
    expect(results[3]).toMatchObject({ reason: { code: 'event_too_large', index: 0 } });
    expect(actions()).toEqual(['a', 'c', 'd']);
  });

  test('a refusal that names no event fails only those it is meant for', async () => {
    daemon.answer = ({ id, events }) => (events.some(({ profile }) => profile === 'secret')
      ? { op: 'error', id, code: 'forbidden', message: 'no' } : undefined);
    const results = await Promise.allSettled([
      client.append({ action: 'a' }), client.append({ action: 'b' }, { profile: unchecked('secret') }), client.append({ action: 'c' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(actions()).toEqual(['a', 'c']);
  });

  test('what has no exact form is refused here, with its place', async () => {
    await expect(client.append({ action: 'a', detail: { x: [new Set()] } }))
      .rejects.toMatchObject({ code: 'invalid_event', index: 0, path: '/detail/x/0' });
    for (const detail of [() => 1, Symbol('x'), 2n ** 64n, '\ud800', '\ud800'.repeat(100), Buffer.from('x'), new Date(NaN)]) {
      expect(await codeOf(client.append({ action: 'a', detail }))).toBe('invalid_event');
    }
    const circle: Record<string, unknown> = { action: 'a' };
    circle['self'] = circle;
    expect(await codeOf(client.append(circle, { profile: unchecked('generic') }))).toBe('invalid_event');
    expect(daemon.appends).toHaveLength(0);
  });

  test('what was not acknowledged is sent again under the same ids after a reconnect, in order', async () => {
    let calls = 0;
    daemon.answer = () => (++calls === 1 ? 'record and hang up' : calls === 2 ? 'hang up' : undefined);
    const receipts = await Promise.all([client.append({ action: 'a' }), client.append({ action: 'b' })]);
    expect(daemon.records).toHaveLength(2);
    expect(receipts[0].duplicates).toEqual([[0, 1, macOf(1)]]);
    expect(receipts[1].duplicates).toEqual([[0, 2, macOf(2)]]);
    expect(daemon.connections).toBe(3);
  });

  test('a daemon that restarts is found again', async () => {
    await daemon.stop();
    const receipt = client.append({ action: 'a' });
    await daemon.start();
    expect(await receipt).toMatchObject({ first: 1 });
  });

  test.each(['overloaded', 'rate_limited', 'disk_full', 'shutting_down', 'write_failed'] as const)(
    '%s is tried again, in order', async (code) => {
      let calls = 0;
      daemon.answer = ({ id }) => (++calls <= 2 ? { op: 'error', id, code, message: 'wait', retry_after_ms: 1 } : undefined);
      await Promise.all(Array.from({ length: 100 }, (_, i) => client.append({ action: `${i}` })));
      expect(actions()).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    });

  test('the deadline rejects, and says what is not known', async () => {
    daemon.answer = () => 'silence';
    const error = await client.append({ action: 'a' }, { timeoutMs: 30 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('may or may not') as string });
    await daemon.stop();
    await expect(client.append({ action: 'a' }, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test('at the deadline, what was refused every time is told why, and that nothing of it is recorded', async () => {
    daemon.answer = ({ id }) => ({ op: 'error', id, code: 'disk_full', message: 'the disk is full', retry_after_ms: 3_600_000 });
    expect(await client.append({ action: 'a' }, { timeoutMs: 1000 }).catch((reason: unknown) => reason))
      .toMatchObject({ code: 'disk_full', message: 'the disk is full' });
    // One that was not answered before may be recorded, whatever is said to the next.
    daemon.hangUp();
    let calls = 0;
    daemon.answer = ({ id }) => (++calls === 1 ? 'hang up' : { op: 'error', id, code: 'disk_full', message: 'the disk is full', retry_after_ms: 3_600_000 });
    expect(await client.append({ action: 'b' }, { timeoutMs: 2000 }).catch((reason: unknown) => reason))
      .toMatchObject({ code: 'timeout', message: expect.stringContaining('may or may not') as string });
    expect(calls).toBe(2);
  });

  test('a signal gives it up, before and after it was sent', async () => {
    daemon.answer = () => 'silence';
    expect(await codeOf(client.append({ action: 'a' }, { signal: AbortSignal.abort() }))).toBe('aborted');
    const abort = new AbortController();
    const append = client.append({ action: 'a' }, { signal: abort.signal });
    abort.abort();
    expect(await codeOf(append)).toBe('aborted');
  });

  test('a bounded queue refuses at once', async () => {
    daemon.answer = () => 'silence';
    const small = await connect({ socket: daemon.path, bounds: { appendEvents: 2 } });
    const held = [small.append({ action: 'a' }), small.append({ action: 'b' })].map(codeOf);
    expect(await codeOf(small.append({ action: 'c' }))).toBe('overloaded');
    await small.close({ timeoutMs: 0 });
    expect(await Promise.all(held)).toEqual(['closed', 'closed']);
    expect(await codeOf(small.append({ action: 'd' }))).toBe('closed');
  });

  test('an impossible ack is a protocol error, not a receipt', async () => {
    daemon.answer = ({ id }) => ({ op: 'ack', id, first: 1, count: 5, mac: macOf(1), ts: 'now' });
    expect(await codeOf(client.append({ action: 'a' }))).toBe('protocol');
    daemon.answer = ({ id }) => ({ op: 'ack', id, first: 1, count: 1, mac: macOf(1), ts: 'now', duplicates: [[0, 1, macOf(1)], [0, 1, macOf(1)]] });
    expect(await codeOf(client.append([{ action: 'a' }, { action: 'b' }, { action: 'c' }]))).toBe('protocol');
  });

  test('a time to wait that is none ends the conversation, and the append goes to the next', async () => {
    let calls = 0;
    daemon.answer = ({ id }) => (++calls === 1 ? { op: 'error', id, code: 'overloaded', message: 'later', retry_after_ms: NaN } : undefined);
    expect(await client.append({ action: 'a' })).toMatchObject({ first: 1 });
    expect(daemon.connections).toBe(2);
  });
});

describe('emit', () => {
  test('what is dropped is counted, sent once with the next append, and cleared by its ack', async () => {
    const small = await connect({ socket: daemon.path, bounds: { emitEvents: 3 } });
    for (let i = 0; i < 5; i++) small.emit({ action: `${i}` });
    expect(small.dropped).toBe(2);
    await small.flush();
    expect(daemon.appends.map(({ dropped, events }) => [dropped, events.length])).toEqual([[2, 3]]);
    expect(small.dropped).toBe(0);
    await small.append({ action: 'next' });
    expect(daemon.appends.at(-1)?.dropped).toBe(0);
    await small.close();
  });

  test('what is refused or has no form is counted too', async () => {
    client.emit({ action: NaN }, { profile: unchecked('generic') });
    client.emit({ action: 'a', detail: () => 1 });
    await client.flush();
    expect(client.dropped).toBe(2);
    await client.append({ action: 'next' });
    expect(daemon.appends.at(-1)?.dropped).toBe(2);
    expect(client.dropped).toBe(0);
  });

  test('a count whose ack was lost is sent again', async () => {
    client.emit({ action: () => 1 }, { profile: unchecked('generic') });
    let calls = 0;
    daemon.answer = () => (++calls === 1 ? 'hang up' : undefined);
    await client.append({ action: 'a' });
    expect(daemon.appends.map(({ dropped }) => dropped)).toEqual([1, 1]);
    expect(client.dropped).toBe(0);
  });
});

describe('questions', () => {
  test('are answered', async () => {
    expect(await client.status()).toEqual({ head: { seq: 0 }, state: 'ready' });
    expect(await client.recent({ limit: 5, kind: 'x' })).toEqual({ records: ['{}'], total: 1 });
    expect(await client.checkpoint()).toBe('note');
    expect(await codeOf(client.prove(1))).toBe('forbidden');
    expect(client.welcome.origin).toBe('test/0');
  });

  test('a child adds its defaults under the event\'s own fields, on the same connection', async () => {
    const child = client.child({ profile: unchecked('codetether'), fields: { actor: 'x', resource: 'r' } }).child({ fields: { actor: 'y' } });
    await child.append({ action: 'a', resource: 'own' });
    expect(daemon.records[0]?.entry).toMatchObject({ profile: 'codetether', event: { actor: 'y', resource: 'own', action: 'a' } });
    expect(daemon.connections).toBe(1);
  });
});

describe('tail', () => {
  const entry = { profile: 'generic', event: { action: 'a' }, id: undefined, traceparent: undefined, bytes: 1, json: undefined };

  test('goes on behind the last record over a reconnect, each record once', async () => {
    for (let i = 0; i < 1000; i++) daemon.record(entry);
    const seen: number[] = [];
    for await (const { seq, line } of client.tail({ from: 1 })) {
      expect(line).toBe(`line ${seq}`);
      seen.push(seq);
      if (seq === 500) daemon.hangUp();
      if (seq === 1000) daemon.record(entry);
      if (seq === 1001) break;
    }
    expect(seen).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1));
  });

  test('from now on begins behind what is there, and ends by its signal and by close', async () => {
    daemon.record(entry);
    const abort = new AbortController();
    const tail = client.tail({ signal: abort.signal });
    const next = tail.next();
    while (daemon.requests.at(-1)?.op !== 'tail') await new Promise(setImmediate);
    daemon.record(entry);
    expect(await next).toEqual({ done: false, value: { seq: 2, line: 'line 2' } });
    const end = tail.next();
    abort.abort();
    expect((await end).done).toBe(true);
    const other = client.tail({ from: 3 }).next();
    await client.close();
    expect((await other).done).toBe(true);
  });
});

describe('connect', () => {
  test('rejects when nobody answers, when it is aborted, and for a path that is too long', async () => {
    await daemon.stop();
    expect(await codeOf(connect({ socket: daemon.path, connectTimeoutMs: 30 }))).toBe('not_connected');
    expect(await codeOf(connect({ socket: daemon.path, signal: AbortSignal.abort() }))).toBe('aborted');
    const abort = new AbortController();
    const connecting = connect({ socket: daemon.path, signal: abort.signal });
    abort.abort();
    expect(await codeOf(connecting)).toBe('aborted');
    await expect(connect({ socket: `/${'x'.repeat(107)}` })).rejects.toMatchObject({ code: 'not_connected', cause: { code: 'bad_path' } });
  });

  test('keeps the process alive only while an answer is outstanding', async () => {
    const living = (): number => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length;
    await client.append({ action: 'a' });
    const idle = living();
    daemon.answer = () => 'silence';
    const append = client.append({ action: 'a' }, { timeoutMs: 50 });
    expect(living()).toBe(idle + 1);
    expect(await codeOf(append)).toBe('timeout');
    expect(living()).toBe(idle);
  });
});
