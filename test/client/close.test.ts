// The end of a client: whoever closes it waits for it, and is told what the log does not say.
import { describe, expect, test } from 'vitest';
import { client, daemon, until } from './connected.js';

/** Lets requests arrive and answers none of them until it is called. */
function held(): () => void {
  const waiting: (() => void)[] = [];
  daemon.instead = (request, say) => {
    if (request.op !== 'append') return false;
    waiting.push(() => { say(daemon.acknowledge(request)); });
    return true;
  };
  return () => { for (const answer of waiting) answer(); };
}

describe('close', () => {
  test('says how many events were lost behind the last one that could tell of it', async () => {
    client.emit({ action: 'a', detail: () => 1 });
    client.emit({ action: 'b' });
    await client.flush();
    client.emit({ action: 'c', detail: () => 1 });
    client.emit({ action: 'd', detail: { at: NaN } });
    expect(await client.close()).toEqual({ dropped: 2 });
    expect(daemon.gaps).toEqual([1]);
  });

  test('counts what was not answered in time', async () => {
    held();
    client.emit({ action: 'a' });
    expect(await client.close({ timeoutMs: 20 })).toEqual({ dropped: 1 });
  });

  test('twice waits twice for the same end, and says the same', async () => {
    const answer = held();
    client.emit({ action: 'a' });
    client.emit({ action: 'b', detail: () => 1 });
    const ended: number[] = [];
    const closing = [1, 2].map(async (nth) => {
      const closed = await client.close();
      ended.push(nth);
      return closed;
    });
    await until(() => daemon.requests.at(-1)?.op === 'append');
    expect(ended).toEqual([]);
    answer();
    expect(await Promise.all(closing)).toEqual([{ dropped: 0 }, { dropped: 0 }]);
    expect(daemon.records).toHaveLength(1);
  });

  test('with less patience ends one that waits', async () => {
    held();
    const append = client.append({ action: 'a' });
    const first = client.close();
    await client.child({}).close({ timeoutMs: 0 });
    await expect(append).rejects.toMatchObject({ code: 'closed' });
    await first;
  });
});
