// Attacks by number: connections that do little or nothing, and very many of them.
import { append, frameOf } from '../daemon.js';
import { filesNeeded, reservedClients } from '../../src/server/capacity.js';
import { halfFrameMs, halfFramesMax } from '../../src/server/half-frame.js';
import { disperse, gather, tally } from './crowd.js';
import { answeredText } from './floods.js';
import type { Attack } from './scene.js';

/** A crowd of `count`, each of which appends once and stays; `served` of them must be. */
export function crowd(name: string, most: number, served: (count: number) => number, more: Partial<Attack>): Attack {
  return {
    name, ...more,
    run: async ({ daemon, scale, status }) => {
      const count = Math.max(50, Math.round(most * scale));
      const members = await gather(daemon.socket, count, async (member, index) => {
        member.socket.write(frameOf(append(index, `crowd-${index}`)));
        await member.answered();
      });
      const counts = tally(members);
      const { clients, refused } = await status();
      const wanted = served(count);
      const problems: string[] = [];
      if ((counts['ack'] ?? 0) !== wanted) problems.push(`${counts['ack'] ?? 0} were served, not ${wanted}`);
      // Who has not read it yet when 64 others have not either is closed.
      const { ack = 0, overloaded = 0, closed = 0 } = counts;
      if (ack + overloaded + closed !== count || closed > overloaded) problems.push(`not all were told why: ${answeredText(counts)}`);
      if ((refused['overloaded'] ?? 0) !== count - wanted) problems.push(`status counts ${refused['overloaded'] ?? 0} as turned away`);
      // This one, and the quiet client.
      if (clients !== wanted + 2) problems.push(`status counts ${clients} clients`);
      await disperse(members);
      return { tried: `${count} connections, one append each, then idle`, answered: answeredText(counts), problems };
    },
  };
}

const crowdMost = 10_000;
const raised = crowd('10,000 clients, as many allowed', crowdMost, (count) => count, { env: { INDELIBLE_SYNC: 'group', INDELIBLE_MAX_CLIENTS: '10500' } });
// Those who run the daemon have some more than others, and two of them are taken.
const refused = crowd('10,000 clients, 1024 allowed', crowdMost, (count) => Math.min(count, 1024 + reservedClients - 2), {
  env: { INDELIBLE_SYNC: 'group' },
});
const fewFiles = 400;
const fewClients = fewFiles - filesNeeded(0, 1) + reservedClients - 2;
const starved = crowd('1,000 clients, 400 files allowed', 1000, (count) => Math.min(count, fewClients), {
  env: { INDELIBLE_SYNC: 'group', INDELIBLE_SEGMENT_BYTES: '65536' }, under: ['prlimit', `--nofile=${fewFiles}:${fewFiles}`],
});

const frameBytes = 256 * 1024;
const halfFrames: Attack = {
  name: 'half frames held for ever', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale, status }) => {
    const count = Math.max(halfFramesMax * 2, Math.round(1000 * scale));
    const half = Buffer.alloc(frameBytes - 16, 0xc0);
    half.writeUInt32BE(frameBytes, 0);
    const members = await gather(daemon.socket, count, (member) => new Promise((resolve) => {
      member.socket.write(half, () => { resolve(); });
    }));
    await Promise.all(members.map((member) => member.answered()));
    await Promise.all(members.map(({ closed }) => closed));
    const counts = tally(members);
    const { refused: { bad_frame: badFrames } } = await status();
    return {
      tried: `${count} of ${frameBytes} bytes, but for the last ones`,
      answered: `${answeredText(counts)}; the oldest beyond ${halfFramesMax} at once, the others after ${halfFrameMs / 1000} s`,
      problems: badFrames === count ? [] : [`status counts ${badFrames ?? 0} bad frames of ${count}`],
    };
  },
};

const lengths: Attack = {
  name: 'lengths of 4 GB', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    const count = Math.max(50, Math.round(5000 * scale));
    const members = await gather(daemon.socket, count, async (member) => {
      member.socket.write(Buffer.from('ffffffff00', 'hex'));
      await member.closed;
    });
    const counts = tally(members);
    return { tried: `${count} connections`, answered: `${answeredText(counts)}; all closed`, problems: counts['frame_too_large'] === count ? [] : ['not all were told'] };
  },
};

const bytewise: Attack = {
  name: 'one-byte writes', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    const count = 64;
    const appendsEach = Math.max(1, Math.round(20 * scale));
    let acks = 0;
    const members = await gather(daemon.socket, count, async (member, index) => {
      for (let n = 1; n <= appendsEach; n += 1) {
        for (const byte of frameOf(append(n, `slow-${index}-${n}`))) {
          member.socket.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
      }
      while (member.replies.length < appendsEach && !member.isClosed) await new Promise((resolve) => { setTimeout(resolve, 5); });
      acks += member.replies.filter(({ op }) => op === 'ack').length;
    });
    await disperse(members);
    const wanted = count * appendsEach;
    return { tried: `${wanted} appends over ${count} connections`, answered: `${acks} ack`, problems: acks === wanted ? [] : [`${wanted - acks} were not acknowledged`] };
  },
};

export const crowdAttacks: readonly Attack[] = [raised, refused, starved, halfFrames, lengths, bytewise];
