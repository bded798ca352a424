// One connection to the daemon: frames good and bad, cut anywhere, and what must come back. Invariant: every frame is owed
// one answer, or the connection's end; nothing else may arrive.
import type { Reply } from '../../src/wire/message.js';
import { encodeFrame } from '../frame.js';
import { Conversation, frameOf } from '../daemon.js';
import { draw } from './decoder.js';
import type { JudgeLimits } from './grammar.js';
import { type Expectation, expectationOf } from './judged-append.js';
import { isFigure } from './meaning.js';
import type { Ledger } from './ledger.js';
import type { Outcome } from './outcome.js';
import { readPlain } from './plain-msgpack.js';
import { meaningOf } from './meaning.js';
import type { Random } from './random.js';

/** What a talk is held with. */
export interface TalkParts {
  readonly socket: string;
  readonly limits: JudgeLimits;
  readonly frameBytes: number;
  readonly ledger: Ledger;
  readonly outcome: Outcome;
  readonly target: string;
}

interface Sent {
  readonly number: number;
  readonly payload: Buffer;
  readonly expectation: Expectation;
}

/** How a connection is brought to its end. */
type Ending = 'fence' | 'too large' | 'half a frame' | 'bad frames';

const replyOf: Readonly<Record<string, string>> = { append: 'ack', hello: 'welcome', status: 'status', recent: 'records', checkpoint: 'checkpoint', prove: 'proof' };
const fenceId = 2 ** 52;
const badFramesMax = 16;

/** Holds one talk of `length` cases, the first being number `first`; returns events whose fate nobody was told. */
export async function talk(parts: TalkParts, random: Random, first: number, length: number): Promise<number> {
  const { limits, outcome, target } = parts;
  const ending: Ending = random.oneIn(12) ? random.pick(['too large', 'half a frame', 'bad frames'] as const) : 'fence';
  const tails = random.oneIn(25);
  const sent: Sent[] = [];
  const frames: Buffer[] = [];
  let empties = 0;
  for (let number = first; number < first + length; number += 1) {
    const { payload } = draw(random, number, tails);
    if (payload.length === 0 || payload.length > parts.frameBytes) continue;
    const expectation = expectationOf(payload, limits);
    sent.push({ number, payload, expectation });
    frames.push(encodeFrame(payload));
    if (random.oneIn(40)) {
      frames.push(Buffer.alloc(4));
      empties += 1;
    }
  }
  frames.push(...endingOf(ending, random, parts.frameBytes));
  const conversation = new Conversation(parts.socket);
  const cut = { fates: 0 };
  try {
    await deliver(conversation, Buffer.concat(frames), random);
    if (ending === 'half a frame') conversation.socket.end();
    // Proofs and searches are made one after the other, and what is asked behind them may be answered before.
    const takesTime = ['prove', 'recent'];
    const late = sent.flatMap(({ expectation: { judgement: { op, id }, mayPass } }) =>
      (mayPass && takesTime.some((one) => one === op) ? [id] : []));
    await over(conversation, ending === 'fence' ? [fenceId, fenceId + 1, ...late] : undefined);
    const wrong = settle(parts, sent, conversation.replies, ending, empties, cut);
    outcome.count(`${target}: connections ended by ${ending}`);
    if (wrong !== undefined) outcome.mismatch(`${target} ${wrong.kind}`, { target, number: wrong.number, what: wrong.what, input: wrong.input });
  } finally {
    await conversation.close();
  }
  return cut.fates;
}

function endingOf(ending: Ending, random: Random, frameBytes: number): Buffer[] {
  switch (ending) {
    case 'fence': return [frameOf({ op: 'append', id: fenceId, events: [{ profile: 'generic', event: { action: 'fence' } }] }), frameOf({ op: 'status', id: fenceId + 1 })];
    case 'too large': {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(random.pick([frameBytes + 1, 2 ** 31, 2 ** 32 - 1]));
      return [length, random.bytes(random.below(64))];
    }
    case 'half a frame': return [Buffer.from([0, 0, 1, 0]).subarray(0, random.between(1, 4))];
    case 'bad frames': return Array.from({ length: badFramesMax + 4 }, () => encodeFrame(random.pick([Buffer.from('c1', 'hex'), Buffer.from('90', 'hex'), Buffer.from('df', 'hex')])));
    default: return ending satisfies never;
  }
}

/** Writes bytes in pieces of any size, sometimes one by one. */
async function deliver({ socket }: Conversation, bytes: Buffer, random: Random): Promise<void> {
  const style = random.below(4);
  if (style === 0) {
    socket.write(bytes);
    return;
  }
  const most = style === 1 ? 1 : style === 2 ? 7 : 700;
  // One by one only as far as it takes to be in the middle of everything.
  const byPieces = most === 1 ? Math.min(bytes.length, 600) : bytes.length;
  let at = 0;
  while (at < byPieces) {
    const end = Math.min(byPieces, at + random.between(1, most));
    socket.write(bytes.subarray(at, end));
    at = end;
    // So that pieces leave as pieces.
    if (random.oneIn(8)) await new Promise((resolve) => { setImmediate(resolve); });
  }
  if (at < bytes.length) socket.write(bytes.subarray(at));
}

/** When these requests were answered, or the connection is closed. */
async function over(conversation: Conversation, ids: readonly unknown[] | undefined): Promise<void> {
  const isAnswered = (): boolean => ids?.every((id) => conversation.replies.some((reply) => reply.id === id)) === true;
  while (!isAnswered()) {
    try {
      await conversation.until(conversation.replies.length + 1);
    } catch {
      return;
    }
  }
}

interface Wrong {
  readonly kind: string;
  readonly number: number;
  readonly what: string;
  readonly input: string;
}

function settle(
  parts: TalkParts, sent: readonly Sent[], replies: readonly Reply[], ending: Ending, empties: number, cut: { fates: number },
): Wrong | undefined {
  const { pairs, open } = paired(sent, replies);
  const tails = new Set<number>();
  let lastAck = -1;
  let bad = 0;
  let fences = 0;
  let tooLarge = 0;
  let emptied = 0;
  let wrong: Wrong | undefined;
  const say = (kind: string, what: string, one?: Sent): void => {
    wrong ??= { kind, number: one?.number ?? sent[0]?.number ?? 0, what: `${kind}: ${what}`, input: one?.payload.toString('hex') ?? '' };
  };
  for (const { expectation: { judgement, mayPass } } of sent) if (mayPass && judgement.op === 'tail' && judgement.id !== null) tails.add(judgement.id);
  for (const reply of replies) {
    if (reply.op === 'error' && reply.code === 'bad_frame') bad += 1;
    if (reply.id === fenceId || reply.id === fenceId + 1) {
      fences += 1;
      continue;
    }
    if (reply.op === 'record' && tails.has(reply.id)) continue;
    if (reply.op === 'error' && reply.code === 'frame_too_large' && ending === 'too large') {
      tooLarge += 1;
      continue;
    }
    const one = pairs.get(reply);
    if (one === undefined) {
      if (reply.op === 'error' && reply.code === 'bad_frame' && reply.id === null && (emptied < empties || ending === 'bad frames')) emptied += 1;
      else say('an answer that nothing asked for', JSON.stringify(reply));
      continue;
    }
    parts.outcome.count(`${parts.target}: ${reply.op === 'error' ? reply.code : reply.op}`);
    if (reply.op !== 'ack') continue;
    const place = sent.indexOf(one);
    if (place < lastAck) say('acks out of order', JSON.stringify(reply), one);
    lastAck = Math.max(lastAck, place);
    const odd = parts.ledger.take(reply, one.expectation.events, one.number, droppedIn(one.payload));
    if (odd !== undefined) say('an ack that does not add up', odd, one);
  }
  const closed = bad >= badFramesMax;
  const owed = open.filter(({ expectation: { judgement, mayPass } }) => !(judgement.op === 'tail' && mayPass));
  for (const { expectation } of open) if (expectation.mayPass) cut.fates += expectation.events.length;
  if (ending === 'fence' && !closed) {
    if (fences !== 2) say('a sound request was not answered', `${fences} of 2, ${bad} bad frames`);
    if (owed.length > 0) say('a request was not answered', `${owed.length} of ${sent.length}`, owed[0]);
  }
  if (ending === 'too large' && !closed && (tooLarge !== 1 || owed.length > 0)) say('a frame that is too large', `was answered ${tooLarge} times, ${owed.length} requests before it were not`, owed[0]);
  if (ending === 'half a frame' && !closed && owed.length > 0) say('a request before half a frame', 'was not answered', owed[0]);
  if (bad > badFramesMax) say('too many bad frames', `${bad} were answered`);
  cut.fates += closed || ending !== 'fence' ? 0 : 1;
  return wrong;
}

/** Which reply answers what, as many as can be: what came without an id may answer one or another (Kuhn's matching). */
function paired(
  sent: readonly Sent[], replies: readonly Reply[],
): { readonly pairs: ReadonlyMap<Reply, Sent>; readonly open: Sent[] } {
  const answeredBy = new Map<Sent, Reply>();
  const place = (reply: Reply, seen: Set<Sent>, strict: boolean): boolean => {
    const isOurs = (one: Sent): boolean => !strict || one.expectation.judgement.id === reply.id;
    const fitting = sent.filter((one) => isOurs(one) && answers(reply, one.expectation));
    // A free one first: of requests under one id the first answer is the first one's.
    const free = fitting.find((one) => !answeredBy.has(one));
    if (free !== undefined) {
      answeredBy.set(free, reply);
      return true;
    }
    for (const one of fitting) {
      const other = answeredBy.get(one);
      if (seen.has(one) || other === undefined) continue;
      seen.add(one);
      if (!place(other, seen, false)) continue;
      answeredBy.set(one, reply);
      return true;
    }
    return false;
  };
  // What may answer an empty frame comes last: of it alone some may be left over.
  const rank = (reply: Reply): number => (reply.id !== null ? 0 : reply.op === 'error' && reply.code === 'bad_frame' ? 2 : 1);
  for (const reply of [...replies].sort((a, b) => rank(a) - rank(b))) {
    if (!place(reply, new Set(), true)) place(reply, new Set(), false);
  }
  const pairs = new Map([...answeredBy].map(([one, reply]) => [reply, one]));
  return { pairs, open: sent.filter((one) => !answeredBy.has(one)) };
}

function answers(reply: Reply, { judgement, reasons, mayPass, idIsOpen }: Expectation): boolean {
  if (reply.op === 'error') {
    // That the right id is echoed is the decoder's to show; here it tells answers apart, as far as it does.
    const isOurs = reply.id === judgement.id || reply.id === null || idIsOpen;
    if (!isOurs) return false;
    if (reasons.some(({ code }) => code === reply.code)) return true;
    // None before the first seal, proofs only of what is sealed and one at a time, one tail for a connection.
    const { op } = judgement;
    return mayPass && reply.id === judgement.id && ((op === 'checkpoint' && reply.code === 'bad_request') || (op === 'prove' && (reply.code === 'bad_request' || reply.code === 'overloaded')) || (op === 'tail' && reply.code === 'bad_request'));
  }
  if (!mayPass || typeof judgement.op !== 'string' || reply.id !== judgement.id) return false;
  return Object.hasOwn(replyOf, judgement.op) && replyOf[judgement.op] === reply.op;
}

function droppedIn(payload: Buffer): number {
  const fields = meaningOf(readPlain(payload).root);
  const dropped = fields instanceof Map ? (fields as ReadonlyMap<string, unknown>).get('dropped') : undefined;
  return isFigure(dropped as never) ? Number((dropped as { readonly text: string }).text) : 0;
}
