// How long a client waits: as long as it is told, no longer than somebody wants it to, and without holding the process.
import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ClientError, connect } from '../../src/client/client.js';
import { client, daemon, until } from './connected.js';

function later(id: number, ms: number): { op: 'error'; id: number; code: 'rate_limited'; message: string; retry_after_ms: number } {
  return { op: 'error', id, code: 'rate_limited', message: 'later', retry_after_ms: ms };
}

describe('a time', () => {
  test.each([Infinity, 30 * 24 * 3600 * 1000])('of %d ms is a long one', async (ms) => {
    const warned: string[] = [];
    const warn = ({ name }: Error): void => { warned.push(name); };
    process.on('warning', warn);
    const patient = await connect({ socket: daemon.path, timeoutMs: ms, connectTimeoutMs: ms, startTimeoutMs: ms });
    let answer: (() => void) | undefined;
    daemon.instead = (request, say) => {
      if (request.op !== 'append') return false;
      answer = () => { say(daemon.acknowledge(request)); };
      return true;
    };
    const append = patient.append({ action: 'a' });
    expect(await patient.status()).toMatchObject({ state: 'ready' });
    await until(() => answer !== undefined);
    // A timer that was set for too long goes off in the next millisecond.
    await new Promise((resolve) => { setTimeout(resolve, 5); });
    answer?.();
    expect(await append).toMatchObject({ first: 1 });
    await patient.close({ timeoutMs: ms });
    process.off('warning', warn);
    expect(warned).toEqual([]);
  });

  test('that is no number is refused', async () => {
    const refused = { name: 'ClientError', code: 'bad_request' };
    for (const name of ['timeoutMs', 'connectTimeoutMs', 'startTimeoutMs']) {
      await expect(connect({ socket: daemon.path, [name]: NaN })).rejects.toMatchObject(refused);
    }
    await expect(client.append({ action: 'a' }, { timeoutMs: NaN })).rejects.toMatchObject(refused);
    await expect(client.prove(1, { timeoutMs: NaN })).rejects.toMatchObject(refused);
    await expect(client.close({ timeoutMs: NaN })).rejects.toMatchObject(refused);
    expect(daemon.connections).toBe(1);
    expect(await client.append({ action: 'a' })).toMatchObject({ first: 1 });
  });
});

describe('a pause that the daemon asked for', () => {
  test('ends with its connection', async () => {
    let calls = 0;
    daemon.answer = ({ id }) => (++calls === 1 ? later(id, 3_600_000) : undefined);
    const append = client.append({ action: 'a' });
    await until(() => calls === 1);
    await client.status();
    daemon.hangUp();
    expect(await append).toMatchObject({ first: 1 });
  });

  test('does not keep the process alive', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    daemon.answer = ({ id }) => later(id, 3_600_000);
    const append = client.append({ action: 'a' }, { timeoutMs: 1000 });
    append.catch(() => undefined);
    await until(() => daemon.appends.length === 1);
    await client.status();
    const pause = set.mock.calls.findIndex(([, ms = 0]) => ms >= 3_600_000);
    expect(set.mock.results[pause]?.value).toSatisfy((timer: NodeJS.Timeout) => !timer.hasRef());
    set.mockRestore();
    await expect(append).rejects.toMatchObject({ message: 'later' });
  });
});

describe('a tail that has not begun, while the daemon is silent or away,', () => {
  beforeEach(() => { daemon.instead = ({ op }) => op === 'status'; });

  test('ends by its signal', async () => {
    const abort = new AbortController();
    const next = client.tail({ signal: abort.signal }).next();
    await until(() => daemon.requests.at(-1)?.op === 'status');
    await daemon.stop();
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('ends by close', async () => {
    const next = client.tail().next();
    await until(() => daemon.requests.at(-1)?.op === 'status');
    await client.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

test('many appends hang on one signal by one listener, and by none when they are settled', async () => {
  const { signal } = new AbortController();
  const appends = Array.from({ length: 20 }, () => client.append({ action: 'a' }, { signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await Promise.all(appends);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  const abort = new AbortController();
  daemon.answer = () => 'silence';
  const codes = Array.from({ length: 20 }, () => client.append({ action: 'a' }, { signal: abort.signal })
    .catch((error: unknown) => (error instanceof ClientError ? error.code : error)));
  abort.abort();
  expect(new Set(await Promise.all(codes))).toEqual(new Set(['aborted']));
});
