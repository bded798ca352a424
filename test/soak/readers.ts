/** Clients that read: one that follows everything, one that is too slow, and those who ask for status, records and proofs. */
import { setTimeout } from 'node:timers/promises';
import { leafHash } from '../../src/checkpoint/merkle.js';
import { parseVkey } from '../../src/checkpoint/note.js';
import { rootFromPath } from '../../src/checkpoint/proof.js';
import { openCheckpoint } from '../../src/checkpoint/seal.js';
import type { Client, Proof } from '../../src/client/client.js';
import { ClientError, connect } from '../../src/client/client.js';
import { slowConsumerMs } from '../../src/server/outflow.js';
import { Conversation } from '../daemon.js';
import type { Random } from '../random.js';
import type { Book } from './book.js';

/** What readers came to, by name. */
export type Counts = Map<string, number>;

export interface Readers {
  readonly socket: string;
  readonly book: Book;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly counts: Counts;
  readonly alarm: (what: string) => void;
}

/** Answers that a reader may get from a daemon that is killed, stopped, or has not sealed or has removed what was asked for. */
const passing = new Set(['not_connected', 'timeout', 'shutting_down', 'bad_request', 'closed']);

function count(counts: Counts, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** That time, or less when it is over. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal }).catch(() => undefined);
}

/** Follows the log from its first record on; every record is compared. */
export async function follow({ socket, book, alarm }: Readers, over: AbortSignal): Promise<void> {
  const client = await connect({ socket, connectTimeoutMs: 600_000 });
  try {
    for await (const { seq, line } of client.tail({ from: 1, signal: over })) book.follow(seq, line);
  } catch (error) {
    alarm(`the follower was refused: ${String(error)}`);
  }
  await client.close({ timeoutMs: 0 });
}

/** How long a tail is not read, ms: less than the daemon waits for a client that takes nothing, and more. */
const slowness = [2_000, 5_000, slowConsumerMs + 3_000] as const;

/** Asks for a tail and does not read it; comes again when it is dropped, or has been read to where it was. */
export async function beSlow({ socket, random, signal, counts }: Readers): Promise<void> {
  while (!signal.aborted) {
    const conversation = new Conversation(socket);
    conversation.send({ op: 'tail', id: 1, from: 1 });
    conversation.socket.pause();
    const ms = random.pick(slowness);
    await pause(ms, signal);
    conversation.socket.resume();
    const end = await Promise.race([conversation.closed.then(() => ', closed'), pause(200, signal).then(() => '')]);
    count(counts, `tails not read for ${ms / 1000} s${end}`);
    await conversation.close();
  }
}

/** One question after the other, until it is told to end. */
async function askOn(readers: Readers, name: string, everyMs: number, ask: (client: Client) => Promise<void>): Promise<void> {
  const { socket, signal, counts, alarm } = readers;
  const client = await connect({ socket, connectTimeoutMs: 600_000 });
  while (!signal.aborted) {
    try {
      await ask(client);
      count(counts, name);
    } catch (error) {
      if (!(error instanceof ClientError) || !passing.has(error.code)) alarm(`${name}: ${String(error)}`);
      count(counts, `${name}: not answered`);
    }
    await pause(everyMs, signal);
  }
  await client.close({ timeoutMs: 0 });
}

/** Those who ask, all at once. */
export async function askAll(readers: Readers): Promise<void> {
  const { random, book, alarm } = readers;
  let sealedTo = 0;
  await Promise.all([
    askOn(readers, 'status asked for', 150, async (client) => {
      const status = await client.status();
      sealedTo = status.sealed_to;
      if (status.state === 'failed') alarm(`status says failed: ${JSON.stringify(status)}`);
    }),
    askOn(readers, 'recent records asked for', 250, async (client) => {
      const filters = random.pick([{}, { profile: 'codetether' }, { outcome: 'denied' }, { kind: 'vm_start' }]);
      const { records, total } = await client.recent({ ...filters, limit: random.whole(1, 1000) });
      if (total < records.length) alarm(`recent: ${records.length} records of ${total}`);
      for (const line of records) JSON.parse(line);
    }),
    askOn(readers, 'proofs asked for', 400, async (client) => {
      const seq = random.whole(Math.max(1, book.next - 2_000), Math.max(1, Math.min(book.next, sealedTo)));
      if (!isProof(await client.prove(seq), client)) alarm(`the proof of record ${seq} proves nothing`);
    }),
  ]);
}

function isProof({ line, index, size, hashes, note }: Proof, { welcome }: Client): boolean {
  const identity = parseVkey(welcome.log_pub[0] ?? '');
  const checkpoint = identity === undefined ? undefined : openCheckpoint(note, [identity]);
  const path = hashes.map((hash) => Buffer.from(hash, 'base64'));
  const root = rootFromPath(leafHash(Buffer.from(line)), index, size, path);
  return root !== undefined && checkpoint?.root.equals(root) === true && checkpoint.size === size;
}
