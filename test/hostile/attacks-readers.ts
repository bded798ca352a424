// Attacks by reading: whoever may read asks for much, or asks and does not take it. Appends must not feel it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { Conversation, append, frameOf } from '../daemon.js';
import { proofsWaitingMax } from '../../src/server/proving.js';
import { disperse, gather, tally } from './crowd.js';
import { answeredText, appends, flood } from './floods.js';
import type { Attack, Target } from './scene.js';

const rateMs = 4000;

/** Records acknowledged to one well-behaved process, a second. */
async function writersRate({ daemon, scale }: Target): Promise<number> {
  const ms = rateMs * scale;
  const { acked } = await flood({ socket: daemon.socket, connections: 2, ms, requests: appends(20, 8) });
  return Math.round(acked / ms * 1000);
}

const slowTails: Attack = {
  name: 'tails that nobody reads', env: { INDELIBLE_SYNC: 'group', INDELIBLE_RECENT: '1000' },
  run: async (target) => {
    const { daemon, scale, status } = target;
    const without = await writersRate(target);
    const count = Math.max(10, Math.round(200 * scale));
    const tails = await gather(daemon.socket, count, async (member, index) => {
      member.socket.pause();
      // Some from the disk and some from memory, which loses what they did not read.
      const request = { op: 'tail', id: 1, ...(index % 2 === 0 ? { from: 1 } : {}) };
      await new Promise<void>((resolve) => { member.socket.write(frameOf(request), () => { resolve(); }); });
    });
    const withThem = await writersRate(target);
    const dropped = async (): Promise<number> => (await status()).refused['slow_consumer'] ?? 0;
    const deadline = scale === 1 ? Date.now() + 180_000 : 0;
    while (await dropped() < count && Date.now() < deadline) await new Promise((resolve) => { setTimeout(resolve, 500); });
    const all = await dropped();
    await disperse(tails);
    return {
      tried: `${count} tails, half of them from record 1`,
      answered: `${all} closed with slow_consumer; ${without} records a second without them, ${withThem} with`,
      problems: deadline > 0 && all < count ? [`${count - all} were not closed`] : [],
    };
  },
};

type IsRight = (counts: Readonly<Record<string, number>>, asked: number) => boolean;

/** Questions over and over, and how many were answered what. */
function questions(name: string, request: object, perConnection: number, isRight: IsRight): Attack {
  return {
    name, env: { INDELIBLE_SYNC: 'group', INDELIBLE_SEAL_MS: '500' },
    run: async (target) => {
      const { daemon, scale } = target;
      await writersRate(target);
      // Proofs are made for what is sealed.
      const sealed = new Conversation(daemon.socket);
      while ((await sealed.ask({ op: 'checkpoint', id: 0 })).op !== 'checkpoint') await new Promise(setImmediate);
      await sealed.close();
      const each = Math.max(5, Math.round(perConnection * scale));
      const counts: Record<string, number> = {};
      await Promise.all(Array.from({ length: 16 }, async () => {
        const conversation = new Conversation(daemon.socket);
        conversation.send(...Array.from({ length: each }, (_, id) => ({ ...request, id })));
        for (const reply of await conversation.until(each)) {
          const told = reply.op === 'error' ? reply.code : reply.op;
          counts[told] = (counts[told] ?? 0) + 1;
        }
        await conversation.close();
      }));
      return { tried: `${each * 16} over 16 connections`, answered: answeredText(counts), problems: isRight(counts, each * 16) ? [] : ['not all were answered'] };
    },
  };
}

const isAnswered: IsRight = (counts, asked) => counts['records'] === asked;
const recents = questions('recent, with filters that match nothing',
  { op: 'recent', limit: 1000, kind: 'flood', principal: 'nobody', since: '2020-01-01T00:00:00Z' }, 20, isAnswered);
const costly = questions('recent, with filters that read every record',
  { op: 'recent', limit: 1000, kind: 'flood', until: '2100-01-01T00:00:00Z' }, 10, isAnswered);
const proofs = questions('prove, more than wait', { op: 'prove', seq: 2 }, 100,
  ({ proof = 0, overloaded = 0 }, asked) => proof + overloaded === asked && proof >= Math.min(asked, proofsWaitingMax));

/** Asks everything that takes the right to read, as a user that has it not, and prints the codes it got. */
const stranger = `
import { connect } from 'node:net';
const [path, frames, wanted] = process.argv.slice(1);
const socket = connect(path);
let got = '';
let count = 0;
socket.on('data', (chunk) => {
  got += chunk.toString('latin1');
  count = got.split('forbidden').length - 1;
  if (count >= Number(wanted)) { process.stdout.write(String(count)); process.exit(0); }
});
socket.on('close', () => { process.stdout.write(String(count)); process.exit(0); });
socket.write(Buffer.from(frames, 'hex'));
`;
const nobody = 65_534;

const forbidden: Attack = {
  name: 'reading without the right', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    if (process.getuid?.() !== 0) throw new Error('this takes root: another user has to ask');
    chmodSync(daemon.state, 0o711);
    const rounds = Math.max(10, Math.round(300 * scale));
    const ops: readonly object[] = [{ op: 'recent' }, { op: 'tail' }, { op: 'prove', seq: 1 }];
    const frames = Buffer.concat(Array.from({ length: rounds }, (_, id) => ops.map((op) => frameOf({ ...op, id }))).flat()).toString('hex');
    const wanted = rounds * ops.length;
    const child = spawn(process.execPath, ['--input-type=module', '-e', stranger, daemon.socket, frames, String(wanted)], {
      uid: nobody, gid: nobody, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => { text += piece; });
    await once(child, 'close');
    // In between its members append, since that everybody may.
    const members = await gather(daemon.socket, 10, async (member, index) => {
      member.socket.write(frameOf(append(index, 'a')));
      await member.answered();
    });
    const acks = tally(members)['ack'] ?? 0;
    await disperse(members);
    const said = Number(text);
    return {
      tried: `${wanted} of recent, tail and prove by another user`, answered: `${said} forbidden`,
      problems: [...(said === wanted ? [] : [`${said} of ${wanted} were forbidden`]), ...(acks === 10 ? [] : ['appends were refused'])],
    };
  },
};

export const readerAttacks: readonly Attack[] = [slowTails, recents, costly, proofs, forbidden];
