// A connection that waits for a proof: what overtakes it, and what it takes along when it goes.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realClock } from '../../src/clock/clock.js';
import { SpareBuffers } from '../../src/memory/spare-buffers.js';
import { sourcePiece } from '../../src/server/admission.js';
import { Counters } from '../../src/server/counters.js';
import { Courtesy } from '../../src/server/courtesy.js';
import { idScope } from '../../src/server/ids.js';
import type { Intake } from '../../src/server/intake.js';
import { Outflow } from '../../src/server/outflow.js';
import { Pool } from '../../src/server/pool.js';
import type { ProofClient } from '../../src/server/proving.js';
import { Ring } from '../../src/server/ring.js';
import { Session } from '../../src/server/session.js';
import type { SessionParts } from '../../src/server/session-parts.js';
import type { Peer } from '../../src/server/source.js';
import type { Answer } from '../../src/server/pending-append.js';
import { Creditors } from '../../src/server/reply-order.js';
import { Turns } from '../../src/server/turns.js';
import type { Reply } from '../../src/wire/message.js';
import { Collected } from '../collected.js';
import { Conversation, append } from '../daemon.js';

const source = { listener: 'l', pid: 1, uid: 1, gid: 1 };
const peer: Peer = { source, sourceText: JSON.stringify(source), sourcePiece: sourcePiece(JSON.stringify(source)), idScope: idScope(source.listener, source.uid), process: 'l 1 1', groups: new Set() };
let directory: string;
let path: string;
const counters = new Counters();
let server: Server;
/** Proofs that were asked for and are not answered. */
let asked: { readonly seq: number; readonly client: ProofClient; readonly answer: (reply: Reply) => void }[];
let wasAsked: () => void;
/** Appends that were taken in and are not answered. */
let places: { readonly id: number; readonly place: Answer }[];
let creditors: Creditors;

async function* noHistory(): AsyncGenerator<{ seq: number; line: Buffer }> {
  yield* await Promise.resolve([]);
}

function parts(): SessionParts {
  return {
    // What is appended waits until a test answers it.
    intake: {
      gone: () => undefined,
      append: ({ id }: { readonly id: number }, _: unknown, __: unknown, place: Answer) => { places.push({ id, place }); },
    } as unknown as Intake,
    counters, turns: new Turns(), creditors,
    frames: spare, halfFrames: new Pool(realClock, 1 << 26), unsent: new Pool(realClock, 1 << 26),
    limits: { frameBytes: 1 << 20, eventBytes: 1 << 18, events: 1024, clients: 10, queueBytes: 1 << 20 },
    tail: {
      courtesy: new Courtesy(() => false), ring: new Ring(128), durable: () => 0, history: noHistory,
      onCommit: () => () => undefined,
    },
    answer: ({ id }) => ({ op: 'checkpoint', id, note: 'n' }),
    search: ({ id }) => Promise.resolve({ op: 'records', id, records: [], total: 0 }),
    prove: (_, seq, client) => new Promise((resolve) => {
      asked.push({ seq, client, answer: resolve });
      wasAsked();
    }),
    mayRead: () => true,
    note: () => undefined,
  };
}

let sessions: Collected<number>;

/** Knows how much of it somebody has. */
class CountedBuffers extends SpareBuffers {
  out = 0;

  override take(bytes: number): Buffer {
    const buffer = super.take(bytes);
    this.out += buffer.length;
    return buffer;
  }

  override give(buffer: Buffer): void {
    this.out -= buffer.length;
    super.give(buffer);
  }
}

let spare: CountedBuffers;
let begun: number;

beforeEach(async () => {
  sessions = new Collected();
  spare = new CountedBuffers(1 << 22);
  begun = 0;
  directory = mkdtempSync(join(tmpdir(), 'ind-session-'));
  path = join(directory, 's');
  asked = [];
  places = [];
  creditors = new Creditors();
  wasAsked = () => undefined;
  server = createServer({ allowHalfOpen: true }, (socket) => {
    const session = new Session(socket, peer, { name: 'l', path, mode: 0o600, profiles: undefined, labels: {}, rate: 0 }, parts());
    sessions.watch(session, begun);
    begun += 1;
  });
  server.listen(path);
  await once(server, 'listening');
});

afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

function nextAsked(): Promise<void> {
  return new Promise((resolve) => { wasAsked = resolve; });
}

test('a reply that is known may overtake a proof, and a refusal is counted', async () => {
  const conversation = new Conversation(path);
  conversation.send({ op: 'prove', id: 1, seq: 7 }, { op: 'checkpoint', id: 2 });
  expect(await conversation.until(1)).toMatchObject([{ op: 'checkpoint', id: 2 }]);
  expect(asked.map(({ seq }) => seq)).toEqual([7]);
  asked[0]?.answer({ op: 'error', id: 1, code: 'internal', message: 'm' });
  expect(await conversation.until(2)).toMatchObject([{ op: 'checkpoint' }, { op: 'error', id: 1, code: 'internal' }]);
  expect(counters.refused.get('internal')).toBe(1);
  await conversation.close();
});

test('who only says no more gets what it waits for', async () => {
  const conversation = new Conversation(path);
  const waiting = nextAsked();
  conversation.send({ op: 'prove', id: 1, seq: 7 });
  conversation.socket.end();
  await waiting;
  await new Promise(setImmediate);
  expect(asked[0]?.client.gone.aborted).toBe(false);
  asked[0]?.answer({ op: 'checkpoint', id: 1, note: 'n' });
  await conversation.closed;
  expect(conversation.replies).toEqual([{ op: 'checkpoint', id: 1, note: 'n' }]);
});

test('who goes away waits for nothing any more', async () => {
  const conversation = new Conversation(path);
  const waiting = nextAsked();
  conversation.send({ op: 'prove', id: 1, seq: 7 });
  await waiting;
  const { gone } = asked[0]?.client ?? { gone: AbortSignal.abort() };
  expect(gone.aborted).toBe(false);
  const aborted = once(gone, 'abort');
  await conversation.close();
  await aborted;
  asked[0]?.answer({ op: 'checkpoint', id: 1, note: 'late' });
});

/** When nothing has been taken in for some turns. */
async function takenIn(): Promise<number> {
  for (let [before, still] = [-1, 0]; still < 50; still += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 1); });
    if (places.length !== before) still = 0;
    before = places.length;
  }
  return places.length;
}

test('who is owed much is read from again when half of it has left, until all is answered in order', async () => {
  const conversation = new Conversation(path);
  const all = 5000;
  conversation.send(...Array.from({ length: all }, (_, id) => append(id, 'a')));
  const first = await takenIn();
  expect(first).toBeGreaterThan(1000);
  expect(first).toBeLessThan(2500);
  const answer = (count: number): void => {
    for (const { id, place } of places.splice(0, count)) place.answer({ op: 'ack', id, first: id + 1, count: 1, mac: null, ts: null });
  };
  answer(100);
  // Not for each: it goes on when there is room for many.
  expect(await takenIn()).toBe(first - 100);
  answer(first / 2);
  expect(await takenIn()).toBeGreaterThan(first * 0.9);
  const answered = conversation.until(all);
  while (places.length > 0) {
    answer(places.length);
    await takenIn();
  }
  expect((await answered).map(({ id }) => id)).toEqual(Array.from({ length: all }, (_, id) => id));
  expect(creditors.connections).toBe(0);
  await conversation.close();
});

test('who goes away is owed nothing any more', async () => {
  const conversation = new Conversation(path);
  conversation.send(append(1, 'a'), append(2, 'b'));
  expect(await takenIn()).toBe(2);
  expect(creditors.connections).toBe(1);
  await conversation.close();
  // Writing to it is how one learns that it is gone.
  const answer = ({ id, place }: { readonly id: number; readonly place: Answer }): void => {
    place.answer({ op: 'ack', id, first: id, count: 1, mac: null, ts: null });
  };
  const [first, second] = places;
  if (first === undefined || second === undefined) throw new Error('two were taken in');
  answer(first);
  while (creditors.connections > 0) await new Promise(setImmediate);
  answer(second);
  expect(creditors.connections).toBe(0);
});

test('nothing holds on to a connection that is gone, whoever closed it', async () => {
  for (let n = 0; n < 20; n += 1) {
    const conversation = new Conversation(path);
    conversation.send(append(1, 'a'));
    await takenIn();
    const answer = { op: 'ack', id: 1, first: 1, count: 1, mac: null, ts: null } as const;
    if (n % 2 === 0) conversation.socket.end();
    else await conversation.close();
    places.pop()?.place.answer(answer);
    await conversation.closed;
  }
  expect(begun).toBe(20);
  await sessions.until(20);
  expect(sessions.names.size).toBe(20);
});

test('a connection that is not read from keeps nothing of the frame that was taken from it', async () => {
  const conversation = new Conversation(path);
  // Its replies are more than it may be owed, and its frame does not come in one piece.
  const events = Array.from({ length: 1000 }, () => ({ profile: 'generic', event: { action: 'a', detail: 'x'.repeat(500) } }));
  conversation.send(...Array.from({ length: 8 }, (_, id) => ({ op: 'append', id, events })));
  await takenIn();
  expect(places.length).toBeLessThan(8);
  expect([spare.out, spare.bytes > 0]).toEqual([0, true]);
  await conversation.close();
});

test('who is let go and reads nothing is gone after the shortest time that was said', async () => {
  const unsent = new Pool(realClock, 1 << 30);
  const watcher = { slow: () => undefined, crowded: () => undefined, drained: () => undefined };
  for (const patiences of [[1, 1 << 30], [1 << 30, 1]]) {
    const listening = createServer();
    listening.listen(join(directory, 'deaf'));
    const deaf = connect(join(directory, 'deaf')).pause();
    const [socket] = await once(listening, 'connection') as [Socket];
    socket.on('error', () => undefined);
    const outflow = new Outflow(socket, unsent, watcher);
    outflow.send({ op: 'checkpoint', id: 1, note: 'x'.repeat(8 << 20) });
    for (const patience of patiences) outflow.finish(patience);
    // Not all of it fits into what the kernel holds.
    expect(socket.writableLength).toBeGreaterThan(0);
    await once(socket, 'close');
    deaf.destroy();
    await new Promise((resolve) => { listening.close(resolve); });
  }
});
