// What is known of an append that was rejected: whether it may be in the log.
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import type { ErrorCode } from '../../src/wire/message.js';
import { client, daemon, until } from './connected.js';

const soon = { timeoutMs: 300 };
const long = 3_600_000;

function refuse(code: ErrorCode): void {
  daemon.answer = ({ id }) => ({ op: 'error', id, code, message: 'no', retry_after_ms: long });
}

async function rejected(...appends: Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(appends);
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason as unknown : 'resolved'));
}

describe('it is not recorded', () => {
  test('when it was never sent, and the error says why there was no daemon', async () => {
    await daemon.stop();
    // The end of the connection is known behind this one.
    await rejected(client.append({ action: 'a' }, soon));
    expect(await rejected(client.append({ action: 'b' }, soon))).toMatchObject([
      { code: 'timeout', mayBeRecorded: false, cause: { code: 'not_connected' }, message: expect.stringContaining(daemon.path) as string },
    ]);
  });

  test.each(['invalid_event', 'overloaded', 'rate_limited', 'shutting_down', 'disk_full'] as const)('when every answer was %s', async (code) => {
    refuse(code);
    expect(await rejected(client.append({ action: 'a' }, soon))).toMatchObject([{ code, mayBeRecorded: false }]);
  });

  test('when it is refused here', async () => {
    expect(await rejected(client.append({ action: 'a', detail: new Set() }))).toMatchObject([{ mayBeRecorded: false }]);
  });
});

describe('it may be recorded', () => {
  test('when there was no answer', async () => {
    daemon.answer = () => 'silence';
    expect(await rejected(client.append({ action: 'a' }, soon))).toMatchObject([{ code: 'timeout', mayBeRecorded: true }]);
  });

  test('when it is given up under way, by its signal, whose reason is the cause', async () => {
    daemon.answer = () => 'silence';
    const stop = new AbortController();
    const append = client.append({ action: 'a' }, { signal: stop.signal });
    await until(() => daemon.appends.length === 1);
    stop.abort('enough');
    expect(await rejected(append)).toMatchObject([{ code: 'aborted', mayBeRecorded: true, cause: 'enough' }]);
  });

  test('when the client was closed before the answer; what was not sent is not', async () => {
    daemon.answer = ({ id }) => (daemon.appends.length === 1 ? 'silence' : { op: 'error', id, code: 'overloaded', message: 'no', retry_after_ms: long });
    const sent = rejected(client.append({ action: 'a' }));
    await until(() => daemon.appends.length === 1);
    const other = await connect({ socket: daemon.path });
    const refused = rejected(other.append({ action: 'b' }));
    await until(() => daemon.appends.length === 2);
    // Behind the answer to the append.
    await other.status();
    const unsent = rejected(other.append({ action: 'c' }));
    await Promise.all([client.close({ timeoutMs: 0 }), other.close({ timeoutMs: 0 })]);
    expect(await sent).toMatchObject([{ code: 'closed', mayBeRecorded: true }]);
    expect([...await refused, ...await unsent]).toMatchObject([{ code: 'closed', mayBeRecorded: false }, { code: 'closed', mayBeRecorded: false }]);
  });

  test('when the next daemon refuses what the last one did not answer', async () => {
    let calls = 0;
    daemon.answer = ({ id }) => (++calls === 1 ? 'record and hang up' : { op: 'error', id, code: 'forbidden', message: 'no' });
    expect(await rejected(client.append({ action: 'a' }))).toMatchObject([{ code: 'forbidden', mayBeRecorded: true }]);
    calls = 0;
    daemon.answer = () => {
      daemon.limits.events = 1;
      return 'record and hang up';
    };
    expect(await rejected(client.append([{ action: 'a' }, { action: 'b' }]))).toMatchObject([{ code: 'too_many_events', mayBeRecorded: true }]);
  });

  test('when the disk was full for a request of several events, whosever they are', async () => {
    refuse('disk_full');
    expect(await rejected(client.append({ action: 'a' }, soon), client.append({ action: 'b' }, soon)))
      .toMatchObject([{ code: 'disk_full', mayBeRecorded: true }, { code: 'disk_full', mayBeRecorded: true }]);
  });

  test('when a write failed, or the ack cannot be true', async () => {
    refuse('write_failed');
    expect(await rejected(client.append({ action: 'a' }, soon))).toMatchObject([{ code: 'timeout', mayBeRecorded: true }]);
    daemon.hangUp();
    daemon.answer = ({ id }) => ({ op: 'ack', id, first: 1, count: 5, mac: 'ab', ts: 'now' });
    expect(await rejected(client.append({ action: 'a' }))).toMatchObject([{ code: 'protocol', mayBeRecorded: true }]);
  });
});
