// Questions: what cannot be said hurts nobody, and an answer that comes too late neither.
import { describe, expect, test } from 'vitest';
import { ClientError, connect } from '../../src/client/client.js';
import type { Reply } from '../../src/wire/message.js';
import { client, daemon, until } from './connected.js';

describe('a question that cannot be encoded', () => {
  test('is refused with its place, and the next ones are asked on the same connection', async () => {
    const error: unknown = await client.recent({ session_id: 'cut \ud800' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ code: 'bad_request', path: '/session_id' });
    expect(await client.recent({ kind: 'x' })).toEqual({ records: ['{}'], total: 1 });
    expect(await client.append({ action: 'a' })).toMatchObject({ first: 1 });
    expect(daemon.connections).toBe(1);
  });

  test('is not asked again after a reconnect', async () => {
    await expect(client.recent({ session_id: '\ud800' })).rejects.toMatchObject({ code: 'bad_request' });
    daemon.hangUp();
    expect(await client.append({ action: 'a' })).toMatchObject({ first: 1 });
    expect(daemon.connections).toBe(2);
  });

  test('ends a tail before it connects', async () => {
    await expect(client.tail({ from: 1, filters: { session_id: '\ud800' } }).next()).rejects.toMatchObject({ code: 'bad_request', path: '/session_id' });
    expect(daemon.connections).toBe(1);
  });

  test('ends `connect`, when it is the name of the program, before there is a socket', async () => {
    await expect(connect({ socket: daemon.path, client: 'a\ud800' })).rejects.toMatchObject({ name: 'ClientError', code: 'bad_request', path: '/client' });
    expect(daemon.connections).toBe(1);
  });
});

test('an error that answers a question given up leaves the connection as it is', async () => {
  let late: (() => void) | undefined;
  daemon.instead = ({ op, id }, say) => {
    const reply: Reply = { op: 'error', id, code: 'overloaded', message: 'too many wait' };
    late = () => { say(reply); };
    return op === 'prove';
  };
  await expect(client.prove(1, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
  late?.();
  expect(await client.append({ action: 'a' })).toMatchObject({ first: 1, duplicates: [] });
  expect(daemon.connections).toBe(1);
});

describe('every question', () => {
  test.each(['status', 'recent', 'checkpoint', 'prove'] as const)('has its own patience and signal: %s', async (op) => {
    const ask = (options: { timeoutMs?: number; signal?: AbortSignal }): Promise<unknown> =>
      (op === 'prove' ? client.prove(1, options) : client[op](options));
    const asked = (): boolean => daemon.requests.at(-1)?.op === op;
    daemon.instead = (request) => request.op === op;
    await expect(ask({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    daemon.requests.length = 0;
    const stop = new AbortController();
    const answer = expect(ask({ signal: stop.signal })).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
    await until(asked);
    stop.abort('enough');
    await answer;
    await expect(ask({ signal: stop.signal })).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
  });
});
