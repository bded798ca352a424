// A short form of what `scripts/hostile` does at length: no time is measured here. Whatever clients do, the daemon lives within
// its memory, answers what it should, serves a quiet client and loses nothing of it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reservedClients } from '../../src/server/capacity.js';
import { halfFramesMax } from '../../src/server/half-frame.js';
import { allUnsentBytesMax } from '../../src/server/outflow.js';
import { owedReplies, replyEventBytes } from '../../src/server/reply-order.js';
import { ringBytesMax } from '../../src/server/ring.js';
import type { Status } from '../../src/wire/message.js';
import { Conversation, Daemon, append } from '../daemon.js';
import { isRoot } from '../root.js';
import { crowd } from './attacks-crowds.js';
import { atRestBytes, clientBytes, eventTextFrames, memoryBound } from './bound.js';
import { appends, flood } from './floods.js';
import type { Attack } from './scene.js';
import { runAttack } from './scene.js';
import { attacks } from './suite.js';

const scale = 0.02;
/** These wait for the daemon to lose patience, half a minute: for the script. */
const slow = ['acks that nobody reads', 'half frames held for ever'];
/** Another user has to ask. */
const rootOnly = ['reading without the right'];

const few = 100;
const crowded: Attack = crowd('300 clients, 100 allowed', 300 / scale, () => few + reservedClients - 2, {
  env: { INDELIBLE_MAX_CLIENTS: String(few) },
});
const chosen = [...attacks, crowded].filter(({ name }) => !slow.includes(name) && (isRoot || !rootOnly.includes(name)));

describe(isRoot ? 'attacks' : `attacks (not root: NOT tested: ${rootOnly.join(', ')})`, () => {
  test.each(chosen.map((attack) => [attack.name, attack] as const))('%s', async (_, attack) => {
    const { problems, under } = await runAttack(attack, scale);
    expect(problems).toEqual([]);
    expect(under.count).toBeGreaterThan(0);
  });
});

test('the README states the bound on memory that the attacks are held against', () => {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const stated = /whatever clients do:\n\n```\n([^`]*)```/.exec(text)?.[1] ?? '';
  const sizes = [...stated.matchAll(/^(?:\+ )?(\d+) (MiB|KiB)/gm)].map(([, size, unit]) => Number(size) * (unit === 'MiB' ? 2 ** 20 : 2 ** 10));
  expect(sizes).toEqual([atRestBytes, ringBytesMax, allUnsentBytesMax, owedReplies.bytesMax, clientBytes]);
  for (const frames of [halfFramesMax, eventTextFrames]) expect(stated).toContain(`+ ${frames} x INDELIBLE_MAX_FRAME_BYTES`);
  expect(stated).toContain(`+ ${clientBytes / 1024} KiB x (INDELIBLE_MAX_CLIENTS + ${reservedClients})`);
  expect(stated).toContain(`+ ${replyEventBytes} bytes x INDELIBLE_MAX_EVENTS x (INDELIBLE_MAX_CLIENTS + ${reservedClients})`);
  const defaults = memoryBound({ clients: 1024, frameBytes: 2 ** 20, queueBytes: 64 * 2 ** 20, events: 1024 });
  expect(text).toContain(`By default that is ${(defaults / 2 ** 30).toFixed(1)} GiB`);
});

/** Recorded before a request that came anew, at most: the two batches under way, which it joins; records of the log's own. */
const before = { line: 2 * 8 + 4, group: 2 * (256 + 8) + 4 } as const;
/** Events of each request of the flood: so many that they wait, whatever the disk does. */
const floodEvents = { line: 1, group: 8 } as const;

describe.each(['line', 'group'] as const)('in %s mode', (sync) => {
  test.each([
    ['of another process', false], ['over other connections of its own process', true],
  ] as const)('a request waits behind what is under way and not behind a flood %s', async (_, isOwn) => {
    const daemon = await Daemon.start({ env: { INDELIBLE_SYNC: sync } });
    try {
      const requests = appends(200, floodEvents[sync]);
      const isFlooding = { now: true };
      const own = isOwn ? Array.from({ length: 4 }, () => new Conversation(daemon.socket)) : [];
      for (const conversation of own) for (let block = 0; block < 20; block += 1) conversation.send(...requests);
      const flooded = isOwn
        ? Promise.all(own.map((conversation) => conversation.until(20 * requests.length)))
        : flood({ socket: daemon.socket, connections: 4, ms: 1500, requests });
      void flooded.finally(() => { isFlooding.now = false; });
      const quiet = new Conversation(daemon.socket);
      let overtaken = 0;
      let mostWaiting = 0;
      for (let id = 1; isFlooding.now; id += 2) {
        // The head is that of when the append was taken in, or a later one where the turn ended between the two.
        quiet.send(append(id, 'quiet'), { op: 'status', id: id + 1 });
        const answers = (await quiet.until(id + 1)).slice(-2);
        const [ack, status] = [answers.find(({ op }) => op === 'ack'), answers.find(({ op }) => op === 'status')];
        if (status?.op !== 'status' || ack?.op !== 'ack' || ack.first === null) throw new Error(`answered ${JSON.stringify([status, ack])}`);
        const { head, queue } = status as unknown as Pick<Status, 'head' | 'queue'>;
        overtaken = Math.max(overtaken, ack.first - head.seq - 1);
        mostWaiting = Math.max(mostWaiting, queue.events);
      }
      await flooded;
      for (const conversation of [...own, quiet]) await conversation.close();
      // A process's connections share its turns, and in each of them something is recorded.
      const overtakenMax = before[sync] * (isOwn ? 5 : 1);
      // Else nothing was proved.
      expect(mostWaiting).toBeGreaterThan(overtakenMax);
      expect(overtaken).toBeLessThanOrEqual(overtakenMax);
      expect((await daemon.stop()).code).toBe(0);
    } finally {
      await daemon.clear();
    }
  });
});
