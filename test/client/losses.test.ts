// What `emit` lost is in the log, once; what it did not lose is not called lost.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../src/client/client.js';
import { client, daemon, until } from './connected.js';

function lose(events: number): void {
  for (let i = 0; i < events; i++) client.emit({ action: 'a', detail: () => i });
}

describe('a loss', () => {
  test('is told again when the events that it went with were recorded before it', async () => {
    await client.append({ action: 'a' }, { id: 'known' });
    lose(1);
    await client.append({ action: 'a' }, { id: 'known' });
    expect(client.dropped).toBe(1);
    await client.append({ action: 'b' });
    expect([daemon.gaps, client.dropped]).toEqual([[1], 0]);
  });

  test('is recorded once, however often the ack is lost and whatever is sent meanwhile', async () => {
    lose(10);
    let calls = 0;
    const later: Promise<unknown>[] = [];
    daemon.answer = () => {
      calls += 1;
      if (calls > 5) return undefined;
      later.push(client.append({ action: `${calls}` }));
      return 'record and hang up';
    };
    await client.append({ action: 'first' });
    await until(() => later.length === 5);
    await Promise.all(later);
    expect([daemon.gaps, client.dropped]).toEqual([[10], 0]);
    expect(daemon.records).toHaveLength(6);
  });

  test('that came while acks were lost is recorded once, too', async () => {
    const small = await connect({ socket: daemon.path, bounds: { emitEvents: 3 } });
    daemon.answer = () => 'silence';
    for (let i = 0; i < 3; i++) small.emit({ action: `sent ${i}` });
    await until(() => daemon.appends.length === 1);
    daemon.appends.forEach((append) => daemon.acknowledge(append));
    for (let i = 0; i < 7; i++) small.emit({ action: `lost ${i}` });
    daemon.answer = () => undefined;
    daemon.hangUp();
    await small.flush();
    expect(small.dropped).toBe(7);
    for (let i = 0; i < 3; i++) await small.append({ action: 'next' });
    expect([daemon.gaps, small.dropped, daemon.records.length]).toEqual([[7], 0, 6]);
    await small.close();
  });

  test('whose request never arrived, or was answered "later", goes with it again', async () => {
    for (const answer of ['hang up', 'overloaded', 'write_failed'] as const) {
      lose(2);
      let calls = 0;
      daemon.answer = ({ id }) => (++calls > 1 ? undefined
        : answer === 'hang up' ? answer : { op: 'error', id, code: answer, message: 'later', retry_after_ms: 1 });
      await Promise.all([client.append({ action: 'a' }), client.append({ action: 'b' })]);
      expect(client.dropped).toBe(0);
    }
    expect(daemon.gaps).toEqual([2, 2, 2]);
  });

  test('whose request was refused for an event goes with the others, or the next ones', async () => {
    lose(2);
    const bad = { action: 'a', detail: { timestamp: NaN } };
    await Promise.allSettled([client.append(bad), client.append({ action: 'b' })]);
    expect([daemon.gaps, client.dropped]).toEqual([[2], 0]);
    lose(3);
    await expect(client.append(bad)).rejects.toMatchObject({ code: 'invalid_event' });
    expect(client.dropped).toBe(3);
    await client.append({ action: 'c' });
    expect([daemon.gaps, client.dropped]).toEqual([[2, 3], 0]);
  });

  test('that went with an event of a known id only, unanswered, is told once more rather than never', async () => {
    await client.append({ action: 'a' }, { id: 'known' });
    lose(4);
    let calls = 0;
    daemon.answer = () => (++calls === 1 ? 'record and hang up' : undefined);
    await client.append({ action: 'a' }, { id: 'known' });
    expect([daemon.gaps, client.dropped]).toEqual([[], 4]);
    await client.append({ action: 'b' });
    expect([daemon.gaps, client.dropped]).toEqual([[4], 0]);
  });

  test('whose events were all given up goes with the next ones', async () => {
    lose(5);
    daemon.answer = () => 'silence';
    await expect(client.append({ action: 'a' }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    expect(client.dropped).toBe(5);
    daemon.answer = () => undefined;
    daemon.hangUp();
    await client.append({ action: 'b' });
    expect([daemon.gaps, client.dropped]).toEqual([[5], 0]);
  });
});

/** Appends an event and takes it back when it has come that far. */
async function giveUpWhen(isThere: () => boolean): Promise<void> {
  const stop = new AbortController();
  const given = expect(client.append({ action: 'a' }, { signal: stop.signal })).rejects.toMatchObject({ code: 'aborted' });
  await until(isThere);
  stop.abort();
  await given;
}

test('a loss whose events were all given up unanswered is told again, though it may have been recorded: they are not sent again for it', async () => {
  lose(5);
  daemon.answer = () => 'silence';
  await giveUpWhen(() => daemon.appends.length === 1);
  daemon.appends.forEach((append) => daemon.acknowledge(append));
  expect([daemon.gaps, daemon.records.length, client.dropped]).toEqual([[5], 1, 5]);
  daemon.answer = () => undefined;
  daemon.hangUp();
  await client.append({ action: 'b' });
  expect([daemon.gaps, daemon.records.length, client.dropped]).toEqual([[5, 5], 2, 0]);
});

test('a loss whose events were all given up is told once where the answer comes after all', async () => {
  lose(5);
  const waiting: (() => void)[] = [];
  daemon.instead = (request, say) => {
    if (request.op !== 'append') return false;
    waiting.push(() => { say(daemon.acknowledge(request)); });
    return true;
  };
  await giveUpWhen(() => waiting.length === 1);
  for (const answer of waiting) answer();
  daemon.instead = () => false;
  await client.append({ action: 'b' });
  expect([daemon.gaps, daemon.records.length, client.dropped]).toEqual([[5], 2, 0]);
});

describe('an emit whose deadline passes', () => {
  let hurried: Client;
  let waiting: (() => void)[];

  beforeEach(async () => {
    // Long enough for the event to be sent before, however busy the machine is.
    hurried = await connect({ socket: daemon.path, timeoutMs: 500 });
    waiting = [];
    daemon.instead = (request, say) => {
      if (request.op !== 'append') return false;
      waiting.push(() => { say(daemon.acknowledge(request)); });
      return true;
    };
    hurried.emit({ action: 'a' });
    await until(() => waiting.length === 1);
  });

  afterEach(() => hurried.close({ timeoutMs: 0 }));

  test('is not waited for; acknowledged then, it is not lost', async () => {
    await hurried.flush();
    expect([hurried.dropped, daemon.records.length]).toEqual([0, 0]);
    for (const answer of waiting) answer();
    daemon.instead = () => false;
    await hurried.status();
    expect([hurried.dropped, daemon.records.length]).toEqual([0, 1]);
  });

  test('while no daemon is there, is asked about once more', async () => {
    await daemon.stop();
    await hurried.flush();
    expect(hurried.dropped).toBe(0);
    daemon.instead = () => false;
    await daemon.start();
    await until(() => daemon.records.length === 1);
    await hurried.status();
    expect(hurried.dropped).toBe(0);
  });

  test('and whose connection ends then is lost: it does not end every other one, too', async () => {
    await hurried.flush();
    daemon.instead = () => false;
    daemon.hangUp();
    await until(() => hurried.dropped === 1);
    await hurried.child({}).append({ action: 'b' }, { timeoutMs: 10_000 });
    expect([daemon.records.length, daemon.gaps]).toEqual([1, [1]]);
  });

  test('is lost when the client is closed before it is known', async () => {
    await hurried.close();
    expect(hurried.dropped).toBe(1);
  });

  test('and that was never sent is lost', async () => {
    await daemon.stop();
    await until(() => { hurried.emit({ action: 'b' }); return hurried.dropped > 0; });
    await hurried.flush();
  });
});

test('many events that are refused are sent a few times each, not once for each other', async () => {
  daemon.limits.events = 512;
  const other = await connect({ socket: daemon.path });
  daemon.answer = ({ id, events }) => {
    const index = events.findIndex(({ event }) => 'outcome' in event);
    return index < 0 ? undefined : { op: 'error', id, code: 'invalid_event', message: 'no', index };
  };
  for (let i = 0; i < 1000; i++) other.emit(i % 500 === 250 ? { action: 'good' } : { action: `${i}`, outcome: 'denied' });
  await other.flush();
  const told = daemon.gaps.reduce((sum, count) => sum + count, 0);
  expect([told + other.dropped, daemon.records.length]).toEqual([998, 2]);
  const sent = daemon.appends.reduce((sum, { events }) => sum + events.length, 0);
  expect(sent).toBeLessThan(1000 * 13);
  await other.close();
});
