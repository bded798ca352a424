// Attacks by content: frames that are none, and clients that end in the middle of one.
import { Conversation, append, frameOf, recordsIn } from '../daemon.js';
import { Encoder } from '../../src/wire/encode.js';
import { encodeFrame } from '../frame.js';
import { Random } from '../fuzz/random.js';
import { disperse, gather } from './crowd.js';
import { answeredText } from './floods.js';
import type { Attack } from './scene.js';

/** An append of one generic event whose `detail` is these bytes, whatever they are. */
function appendOf(detail: Buffer): Buffer {
  const encoder = new Encoder();
  encoder.map(3);
  for (const text of ['op', 'append', 'id']) encoder.text(text);
  encoder.number(1);
  encoder.text('events');
  encoder.array(1);
  encoder.map(2);
  for (const text of ['profile', 'generic', 'event']) encoder.text(text);
  encoder.map(2);
  for (const text of ['action', 'x', 'detail']) encoder.text(text);
  encoder.raw(detail);
  return encoder.take();
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** A payload, and what it must be answered. */
interface Trick {
  readonly what: string;
  readonly answer: string;
  readonly payload: (random: Random) => Buffer;
}

const deep = 100_000;
const tricks: readonly Trick[] = [
  { what: '100,000 arrays in each other', answer: 'invalid_event', payload: () => appendOf(Buffer.concat([Buffer.alloc(deep, 0x91), hex('c0')])) },
  { what: '100,000 maps in each other', answer: 'invalid_event', payload: () => appendOf(Buffer.concat([...Array.from({ length: deep }, () => hex('81a0')), hex('c0')])) },
  { what: '100,000 levels instead of a request', answer: 'bad_frame', payload: () => Buffer.alloc(deep, 0x91) },
  { what: 'an extension', answer: 'invalid_event', payload: () => appendOf(hex('d40100')) },
  { what: 'a record definition of msgpackr', answer: 'invalid_event', payload: () => appendOf(hex('d47240')) },
  { what: 'NaN', answer: 'invalid_event', payload: () => appendOf(hex('cb7ff8000000000000')) },
  { what: 'an infinity', answer: 'invalid_event', payload: () => appendOf(hex('ca7f800000')) },
  { what: 'an integer as key', answer: 'bad_frame', payload: () => appendOf(hex('8101c0')) },
  { what: 'bytes for a string', answer: 'invalid_event', payload: () => appendOf(hex('c40161')) },
  { what: 'a string that is not UTF-8', answer: 'invalid_event', payload: () => appendOf(hex('a2c328')) },
  { what: 'a string of 4 GB', answer: 'bad_frame', payload: () => appendOf(hex('dbffffffff61')) },
  { what: 'an array of 4 billion', answer: 'bad_frame', payload: () => appendOf(hex('ddffffffffc0')) },
  { what: 'a map of 4 billion', answer: 'bad_frame', payload: () => appendOf(hex('dfffffffffa161c0')) },
  { what: 'a key twice', answer: 'ack', payload: () => appendOf(hex('82a16101a16102')) },
  { what: '2^64-1', answer: 'ack', payload: () => appendOf(hex('cfffffffffffffffff')) },
  { what: '__proto__', answer: 'ack', payload: () => appendOf(Buffer.concat([hex('81'), hex('a9'), Buffer.from('__proto__'), hex('c0')])) },
  { what: 'noise', answer: 'bad_frame', payload: (random) => Buffer.concat([hex('c1'), random.bytes(random.between(1, 400))]) },
];

const spoiled: Attack = {
  name: 'tricks of MessagePack', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    const rounds = Math.max(2, Math.round(200 * scale));
    const counts: Record<string, number> = {};
    const problems: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const conversation = new Conversation(daemon.socket);
      for (const { what, answer, payload } of tricks) {
        const before = conversation.replies.length;
        conversation.socket.write(encodeFrame(payload(new Random(1, what, round))));
        const reply = (await conversation.until(before + 1))[before];
        const told = reply?.op === 'error' ? reply.code : reply?.op ?? 'nothing';
        counts[told] = (counts[told] ?? 0) + 1;
        if (told !== answer) problems.push(`${what}: answered ${told}, not ${answer}`);
      }
      await conversation.close();
    }
    return { tried: `${rounds * tricks.length} payloads of ${tricks.length} kinds`, answered: answeredText(counts), problems: problems.slice(0, 10) };
  },
};

const badFramesMax = 16;
const garbage: Attack = {
  name: 'garbage without end', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    const count = Math.max(20, Math.round(2000 * scale));
    let told = 0;
    const members = await gather(daemon.socket, count, async (member, index) => {
      const random = new Random(2, 'garbage', index);
      member.socket.write(Buffer.concat(Array.from({ length: 50 }, () => encodeFrame(Buffer.concat([hex('c1'), random.bytes(200)])))));
      await member.closed;
      told += member.replies.filter((reply) => reply.op === 'error' && reply.code === 'bad_frame').length;
    });
    return {
      tried: `${count * 50} frames over ${members.length} connections`, answered: `${told} bad_frame; each closed at the 16th`,
      problems: told === count * badFramesMax ? [] : [`${told} bad frames were told of, not ${count * badFramesMax}`],
    };
  },
};

/** Where a client ends: after so many bytes of a frame, or behind it, or behind its ack. */
const stages = ['connected', 'in the length', 'in the payload', 'sent', 'acknowledged'] as const;

const killed: Attack = {
  name: 'clients that end at any stage', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    const count = Math.max(50, Math.round(5000 * scale));
    const acked: string[] = [];
    const members = await gather(daemon.socket, count, async (member, index) => {
      const stage = stages[index % stages.length] ?? 'sent';
      const name = `${stage.replaceAll(' ', '_')}-${index}`;
      const frame = frameOf(append(1, name));
      const sent = stage === 'connected' ? 0 : stage === 'in the length' ? 1 + index % 3 : stage === 'in the payload' ? 5 + index % (frame.length - 5) : frame.length;
      if (sent > 0) await new Promise<void>((resolve) => { member.socket.write(frame.subarray(0, sent), () => { resolve(); }); });
      if (stage === 'acknowledged') {
        await member.answered();
        if (member.told === 'ack') acked.push(name);
      }
      member.socket.destroy();
    });
    await disperse(members);
    const found = new Set(recordsIn(daemon.state).map(({ kind }) => kind));
    const problems = acked.filter((name) => !found.has(name)).map((name) => `${name} was acknowledged and is not there`);
    if (acked.length !== Math.floor(count / stages.length)) problems.push(`${acked.length} were acknowledged`);
    if ([...found].some((kind) => /^(connected|in_the)/.test(kind))) problems.push('a half frame was recorded');
    return { tried: `${count} clients, ${stages.length} stages`, answered: `${acked.length} ack, all recorded`, problems };
  },
};

export const frameAttacks: readonly Attack[] = [spoiled, garbage, killed];
