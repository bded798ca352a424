// What a caller without a compiler may hand over by mistake: it is refused, and nobody else's append suffers by it.
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import { client, daemon } from './connected.js';

const refused = { name: 'ClientError', code: 'bad_request' };

describe('bounds', () => {
  test('that are undefined keep their default', async () => {
    const other = await connect({ socket: daemon.path, bounds: { emitEvents: undefined, appendEvents: undefined } });
    for (let i = 0; i < 10_001; i++) other.emit({ action: 'a' });
    expect(other.dropped).toBe(1);
    await other.close({ timeoutMs: 0 });
  });

  test.each([NaN, '10', null])('of %s are refused, null as if absent', async (bound) => {
    const options = { socket: daemon.path, bounds: { appendEvents: bound as number } };
    if (bound === null) await (await connect(options)).close();
    else await expect(connect(options)).rejects.toMatchObject(refused);
  });
});

test('a time that is text is refused', async () => {
  for (const timeoutMs of ['abc', '5'] as unknown[] as number[]) {
    await expect(client.append({ action: 'a' }, { timeoutMs })).rejects.toMatchObject(refused);
  }
  expect(daemon.appends).toHaveLength(0);
});

test('a signal that is none is refused: nothing is sent, and what goes at the same time is answered', async () => {
  const wrong = client.append({ action: 'a' }, { signal: {} as AbortSignal });
  const right = client.append({ action: 'b' });
  await expect(wrong).rejects.toMatchObject(refused);
  expect(await right).toMatchObject({ first: 1, count: 1 });
  expect([daemon.records.length, daemon.connections]).toEqual([1, 1]);
  await client.flush();
});
