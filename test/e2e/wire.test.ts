// The socket as clients in any language meet it: known frames, order under load, tails, and who may read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import { FrameReader } from '../../src/wire/frame.js';
import type { Reply } from '../../src/wire/message.js';
import { decodeReply } from '../../src/wire/reply.js';
import type { DaemonOptions } from '../daemon.js';
import { Conversation, Daemon, append, frameOf, linesIn, recordsIn, verified } from '../daemon.js';
import { isRoot } from '../root.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

async function started(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await Daemon.start(options);
  cleanup.push(() => daemon.clear());
  return daemon;
}

function talk(daemon: Daemon): Conversation {
  const conversation = new Conversation(daemon.socket);
  cleanup.push(() => conversation.close());
  return conversation;
}

interface Vector {
  readonly name: string;
  readonly hex: string;
}

describe('known frames', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/frames.json', import.meta.url), 'utf8')) as
    { readonly good: readonly Vector[]; readonly bad: readonly Vector[] };

  test('that are good are answered, and recorded to the last digit', async () => {
    const daemon = await started();
    const client = talk(daemon);
    for (const { hex } of vectors.good) client.socket.write(Buffer.from(hex, 'hex'));
    const replies = await client.until(vectors.good.length);
    expect(replies.map(({ op }) => op).sort()).toEqual(['ack', 'welcome']);
    expect(linesIn(daemon.state).at(-1)).toContain('"n":9007199254740993');
  });

  test('that are bad are answered with an error or a closed connection, one by one, and never recorded', async () => {
    const daemon = await started();
    const before = linesIn(daemon.state);
    expect(vectors.bad.length).toBeGreaterThan(10);
    for (const { name, hex } of vectors.bad) {
      const client = talk(daemon);
      client.socket.write(Buffer.from(hex, 'hex'));
      // A frame that says it is longer than it is waits for its rest; the end of the stream is an answer to that.
      const answered = client.until(1).then(([reply]) => reply?.op, () => 'closed');
      if (name === 'cut short inside') client.socket.end();
      expect([name, ['error', 'closed'].includes(await answered ?? '')]).toEqual([name, true]);
      expect([name, (await talk(daemon).ask({ op: 'status', id: 1 })).op]).toEqual([name, 'status']);
    }
    expect(linesIn(daemon.state)).toEqual(before);
    await daemon.stop();
    expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('16 payloads that cannot be decoded close the connection, 15 do not', async () => {
    const daemon = await started();
    const client = talk(daemon);
    const bad = Buffer.from('00000001c1', 'hex');
    for (let i = 0; i < 15; i += 1) client.socket.write(bad);
    await client.until(15);
    expect(await client.ask({ op: 'status', id: 7 })).toMatchObject({ op: 'status', id: 7 });
    client.socket.write(bad);
    await client.closed;
    expect(client.replies.filter((reply) => reply.op === 'error' && reply.code === 'bad_frame')).toHaveLength(16);
  });

  test('a length beyond the limit is answered and closes the connection; acks that are owed leave first', async () => {
    const daemon = await started();
    const client = talk(daemon);
    client.socket.write(Buffer.concat([frameOf(append(1, 'a')), Buffer.from('ffffffff', 'hex')]));
    await client.closed;
    expect(client.replies.map((reply) => (reply.op === 'error' ? reply.code : reply.op)).sort()).toEqual(['ack', 'frame_too_large']);
  });
});

describe.each(['line', 'group'])('in %s mode', (sync) => {
  test('8 connections of 2000 pipelined events each get their acks in order and contiguous records', async () => {
    const daemon = await started({ env: { INDELIBLE_SYNC: sync, INDELIBLE_SEGMENT_BYTES: '1048576' } });
    const [connections, requests, events] = [8, 400, 5];
    const clients = Array.from({ length: connections }, () => talk(daemon));
    for (const [which, client] of clients.entries()) {
      for (let id = 0; id < requests; id += 1) {
        const entries = Array.from({ length: events }, (_, i) => ({ profile: 'generic', event: { action: `${which}.${id}.${i}` } }));
        client.send({ op: 'append', id, events: entries });
      }
    }
    await Promise.all(clients.map((client) => client.until(requests)));
    await daemon.stop();
    const records = recordsIn(daemon.state);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
    for (const [which, client] of clients.entries()) {
      expect(client.replies.map((reply) => reply.id)).toEqual(Array.from({ length: requests }, (_, id) => id));
      for (const reply of client.replies) {
        if (reply.op !== 'ack' || reply.first === null) throw new Error(`not an ack: ${JSON.stringify(reply)}`);
        const own = records.slice(reply.first - 1, reply.first - 1 + reply.count);
        expect(own.map(({ kind }) => kind)).toEqual(Array.from({ length: events }, (_, i) => `${which}.${reply.id}.${i}`));
        expect(own.at(-1)?.mac).toBe(reply.mac);
      }
    }
    expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('a tail from the first record gets every record once, over rotations and while they are written', async () => {
    const daemon = await started({ env: { INDELIBLE_SYNC: sync, INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RECENT: '128' } });
    const writer = talk(daemon);
    const reader = await connect({ socket: daemon.socket });
    const [requests, events] = [150, 20];
    const detail = 'x'.repeat(200);
    const send = (id: number): void => {
      writer.send({ op: 'append', id, events: Array.from({ length: events }, (_, i) => ({ profile: 'generic', event: { action: `${id}.${i}`, detail } })) });
    };
    // A third is there before anybody reads, and memory has forgotten most of it.
    for (let id = 0; id < requests / 3; id += 1) send(id);
    await writer.until(requests / 3);
    for (let id = requests / 3; id < requests; id += 1) send(id);
    const seen: string[] = [];
    let left = requests * events;
    for await (const { seq, line } of reader.tail({ from: 1 })) {
      expect(seq).toBe(seen.length + 1);
      seen.push(line);
      if (line.includes('"profile":"generic"')) left -= 1;
      if (left === 0) break;
    }
    await writer.until(requests);
    await reader.close();
    await daemon.stop();
    const lines = linesIn(daemon.state);
    expect(seen).toEqual(lines.slice(0, seen.length));
    expect(recordsIn(daemon.state).filter(({ kind }) => kind === 'segment').length).toBeGreaterThan(10);
  });
});

describe('an append', () => {
  test('of events that the client had to drop puts a gap in front of those that came', async () => {
    const daemon = await started();
    const ack = await talk(daemon).ask({ op: 'append', id: 1, dropped: 7, events: [{ profile: 'generic', event: { action: 'a' } }] });
    const [gap, event] = recordsIn(daemon.state).slice(-2);
    expect(gap).toMatchObject({ profile: 'indelible', kind: 'gap', event: { reason: 'client_dropped', count: 7 } });
    expect(ack).toMatchObject({ op: 'ack', first: event?.seq, count: 1, mac: event?.mac });
  });

  test('that repeats an id, also within itself, is answered with where the first one is', async () => {
    const daemon = await started();
    const client = talk(daemon);
    const event = { profile: 'generic', event: { action: 'a' }, id: 'x' };
    client.send({ op: 'append', id: 1, events: [event, event] }, { op: 'append', id: 2, events: [event] });
    const [first, second] = await client.until(2);
    const record = recordsIn(daemon.state).at(-1);
    expect(first).toMatchObject({ op: 'ack', id: 1, first: record?.seq, count: 1, duplicates: [[1, record?.seq, record?.mac]] });
    expect(second).toMatchObject({ op: 'ack', id: 2, first: null, count: 0, duplicates: [[0, record?.seq, record?.mac]] });
  });

  test('with one bad event records none of its events', async () => {
    const daemon = await started();
    const before = linesIn(daemon.state);
    const events = [{ profile: 'generic', event: { action: 'a' } }, { profile: 'generic', event: { action: 7 } }];
    expect(await talk(daemon).ask({ op: 'append', id: 1, events })).toMatchObject({ op: 'error', code: 'invalid_event', index: 1, path: '/action' });
    expect(linesIn(daemon.state)).toEqual(before);
  });
});

test('over its rate a process is refused, and told when to come again', async () => {
  const daemon = await started({ env: { INDELIBLE_RATE: '1' } });
  const client = talk(daemon);
  client.send(...Array.from({ length: 11 }, (_, id) => append(id, 'a')));
  const replies = await client.until(11);
  expect(replies.slice(0, 10).map(({ op }) => op)).toEqual(Array.from({ length: 10 }, () => 'ack'));
  expect(replies[10]).toMatchObject({ op: 'error', code: 'rate_limited' });
  // The count of what was refused is not lost with the daemon.
  await daemon.stop();
  expect(recordsIn(daemon.state).find(({ kind }) => kind === 'gap')?.event).toMatchObject({ reason: 'rate_limited', count: 1 });
});

const someoneElse = 65_534;
const requests: readonly { readonly request: object; readonly isReading: boolean }[] = [
  { request: { op: 'recent', id: 1 }, isReading: true },
  { request: { op: 'tail', id: 2 }, isReading: true },
  { request: { op: 'prove', id: 3, seq: 1 }, isReading: true },
  { request: { op: 'status', id: 4 }, isReading: false },
  { request: append(5, 'a'), isReading: false },
];

/** Sends frames to a socket and prints what comes back, in hex, until there are as many frames as were asked for. */
const relay = `
import { connect } from 'node:net';

const [path, frames, wanted] = process.argv.slice(1);
const socket = connect(path);
let got = Buffer.alloc(0);
socket.write(Buffer.from(frames, 'hex'));
socket.on('data', (chunk) => {
  got = Buffer.concat([got, chunk]);
  let count = 0;
  for (let at = 0; at + 4 <= got.length && at + 4 + got.readUInt32BE(at) <= got.length; at += 4 + got.readUInt32BE(at)) count += 1;
  if (count < Number(wanted)) return;
  process.stdout.write(got.toString('hex'));
  socket.destroy();
});
`;

/** Has a process of another user send frames and gives what it got back, once there are `replies`. */
async function asSomeoneElse(daemon: Daemon, gid: number, replies: number): Promise<readonly Reply[]> {
  const frames = Buffer.concat(requests.map(({ request }) => frameOf(request))).toString('hex');
  const child = spawn(process.execPath, ['--input-type=module', '-e', relay, daemon.socket, frames, String(replies)], {
    uid: someoneElse, gid, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
  const [code] = await once(child, 'close') as [number];
  expect(code).toBe(0);
  const reader = new FrameReader(1 << 24);
  reader.push(Buffer.from(text, 'hex'));
  const found: Reply[] = [];
  for (let outcome = reader.next(); outcome.kind === 'payload'; outcome = reader.next()) found.push(decodeReply(outcome.payload));
  return found;
}

describe(isRoot ? 'reading' : 'reading (not root: that OTHER users are forbidden to read was NOT tested)', () => {
  test('is for the daemon\'s own user', async () => {
    const client = talk(await started());
    expect((await client.ask({ op: 'recent', id: 1 })).op).toBe('records');
  });

  if (isRoot) {
    test('is forbidden to others, who may append and ask for the status', async () => {
      const daemon = await started({ env: { INDELIBLE_SOCKET_MODE: '0666' } });
      chmodSync(daemon.state, 0o711);
      const replies = await asSomeoneElse(daemon, someoneElse, requests.length);
      for (const { request, isReading } of requests) {
        const { op, id } = request as { readonly op: string; readonly id: number };
        const reply = replies.find((one) => one.id === id);
        expect([op, reply?.op === 'error' ? reply.code : 'ok']).toEqual([op, isReading ? 'forbidden' : 'ok']);
      }
      expect(recordsIn(daemon.state).at(-1)?.source).toMatchObject({ uid: someoneElse, gid: someoneElse });
    });

    test('is for the groups that are named as readers', async () => {
      const daemon = await started({ env: { INDELIBLE_SOCKET_MODE: '0666', INDELIBLE_READERS: '4711' } });
      chmodSync(daemon.state, 0o711);
      const replies = await asSomeoneElse(daemon, 4711, 4);
      expect(replies.find(({ id }) => id === 1)?.op).toBe('records');
      expect(replies.filter((reply) => reply.op === 'error' && reply.code === 'forbidden')).toEqual([]);
    });
  }
});

test('a client that says all it has and closes its side is answered to the last request', async () => {
  const daemon = await started({ env: { INDELIBLE_SYNC: 'group' } });
  const conversation = new Conversation(daemon.socket);
  const count = 3000;
  const requests = Array.from({ length: count }, (_, id) => (id % 100 === 99
    ? { op: 'status', id }
    : { op: 'append', id, events: [{ profile: 'generic', event: { action: 'a', n: id } }] }));
  conversation.send(...requests);
  conversation.socket.end();
  await conversation.closed;
  expect(conversation.replies.filter(({ op }) => op === 'ack')).toHaveLength(count - count / 100);
  expect(conversation.replies.filter(({ op }) => op === 'status')).toHaveLength(count / 100);
});
