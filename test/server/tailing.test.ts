// A tail that is let go while it waits for its turn.
import { expect, test } from 'vitest';
import type { Courtesy } from '../../src/server/courtesy.js';
import { Ring } from '../../src/server/ring.js';
import { Tailing } from '../../src/server/tailing.js';

test('a tail that waits for its turn is over at once when its connection is closed', async () => {
  const ring = new Ring(10);
  const line = '{"seq":1}\n';
  ring.add({ first: 1, ends: [line.length], bytes: Buffer.from(line) });
  let isWaiting: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => { isWaiting = resolve; });
  const courtesy = {
    took: () => 0,
    wait: () => {
      isWaiting();
      return 3_600_000;
    },
  } as unknown as Courtesy;
  const sent: number[] = [];
  const tailing = new Tailing();
  const running = tailing.run({ op: 'tail', id: 1, from: 1, filters: {} }, {
    ring, courtesy, durable: () => 1,
    history: () => { throw new Error('it is all in memory'); },
    onCommit: () => () => undefined,
    send: (seq) => sent.push(seq) > 0,
    drained: () => Promise.resolve(true),
  });
  await waiting;
  // Whoever asks whether he may go on is not asleep yet.
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  tailing.close();
  await running;
  expect(sent).toEqual([1]);
});
