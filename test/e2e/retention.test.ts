// Retention by the real daemon: what may go goes while it works, what is left verifies, and no moment of dying is wrong.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RecordReply, Reply } from '../../src/wire/message.js';
import { randomFrom } from '../log/memory-disk.js';
import type { DaemonOptions } from '../daemon.js';
import { Conversation, Daemon, program, recordsIn, temporaryDirectory, verified } from '../daemon.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

const retainBytes = 200_000;
const env = { INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RETAIN_BYTES: String(retainBytes), INDELIBLE_SYNC: 'group' };

async function started(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await Daemon.start({ env, ...options });
  cleanup.push(() => daemon.clear());
  return daemon;
}

function talk(daemon: Daemon): Conversation {
  const conversation = new Conversation(daemon.socket);
  cleanup.push(() => conversation.close());
  return conversation;
}

/** A request of 20 events, 10 kB in all. */
function batch(id: number): object {
  const events = Array.from({ length: 20 }, (_, n) => ({ profile: 'generic', event: { action: `b${id}.${n}`, detail: 'x'.repeat(500) } }));
  return { op: 'append', id, events };
}

function segmentsIn(state: string): string[] {
  return readdirSync(join(state, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort();
}

/** When the daemon's oldest segment is beyond record `first`: it is asked again and again, because nobody tells. */
async function removed(conversation: Conversation, state: string, first: number): Promise<void> {
  for (let id = 1_000_000; Number(segmentsIn(state)[0]?.slice(0, 20)) <= first; id += 1) await conversation.ask({ op: 'status', id });
}

/** When nothing more may go. */
async function settled(conversation: Conversation): Promise<number> {
  for (let id = 2_000_000; ; id += 1) {
    const { segments, bytes } = status(await conversation.ask({ op: 'status', id }));
    // The oldest is 64 KiB and a request, so what is behind it holds less than may be.
    if (bytes < retainBytes + 65_536 + 20_000) return segments;
  }
}

function verifyCommand(state: string): { readonly status: number | null; readonly stdout: string } {
  return spawnSync(process.execPath, [program, 'verify', '--state-dir', state], { encoding: 'utf8' });
}

interface Status {
  readonly segments: number;
  readonly bytes: number;
  readonly head: { readonly seq: number };
}

function status(reply: Reply): Status {
  if (reply.op !== 'status') throw new Error(`not a status: ${JSON.stringify(reply)}`);
  return reply as unknown as Status;
}

describe('retention by size', () => {
  test('keeps up with megabytes of events; verify says how many are retired, status what is left, and a restart goes on', async () => {
    const daemon = await started();
    const client = talk(daemon);
    client.send(...Array.from({ length: 400 }, (_, id) => batch(id)));
    const replies = await client.until(400);
    expect(replies.filter(({ op }) => op !== 'ack')).toEqual([]);
    expect(await settled(client)).toBe(segmentsIn(daemon.state).length);
    expect(status(await client.ask({ op: 'status', id: 1 })).bytes).toBeGreaterThanOrEqual(retainBytes);
    expect(await daemon.stop()).toMatchObject({ code: 0 });

    const oldest = Number(segmentsIn(daemon.state)[0]?.slice(0, 20));
    const { status: exit, stdout } = verifyCommand(daemon.state);
    expect(stdout).toContain(`records 1-${oldest - 1} were removed by retention`);
    expect(exit).toBe(0);
    const told = recordsIn(daemon.state).filter(({ profile, kind }) => profile === 'indelible' && kind === 'segment_removed');
    expect(told.at(-1)?.event).toMatchObject({ last: oldest - 1 });

    const again = await started({ state: daemon.state });
    const after = talk(again);
    after.send(...Array.from({ length: 60 }, (_, id) => batch(id)));
    await after.until(60);
    await removed(after, again.state, oldest);
    expect(await again.stop()).toMatchObject({ code: 0 });
    expect(verified(again.state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('leaves a tail from record 1 with the oldest record that is kept, and one that is slow with what is kept by then', async () => {
    const daemon = await started({ env: { ...env, INDELIBLE_RECENT: '128' } });
    const client = talk(daemon);
    client.send(...Array.from({ length: 100 }, (_, id) => batch(id)));
    await client.until(100);
    await removed(client, daemon.state, 1);
    const tail = talk(daemon);
    tail.send({ op: 'tail', id: 1, from: 1 });
    tail.socket.pause();
    client.send(...Array.from({ length: 300 }, (_, id) => batch(id)));
    await client.until(400);
    await removed(client, daemon.state, 6000);
    tail.socket.resume();
    const { head } = status(await client.ask({ op: 'status', id: 2 }));
    const isRecord = (reply: Reply): reply is RecordReply => reply.op === 'record';
    for (let count = 1; ; count += 1) {
      const replies = await tail.until(count);
      const last = replies.at(-1);
      if (last?.op !== 'record') throw new Error(JSON.stringify(last));
      count = replies.length;
      if (last.seq >= head.seq) break;
    }
    const seqs = tail.replies.filter(isRecord).map(({ seq }) => seq);
    expect(seqs[0]).toBeGreaterThan(1);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
  });
});

test('a daemon that is killed in the middle of it, again and again, leaves a log that is intact each time', async () => {
  const state = temporaryDirectory();
  const random = randomFrom(5);
  for (let round = 0; round < 8; round += 1) {
    const daemon = await started({ state });
    const client = talk(daemon);
    client.send(...Array.from({ length: 200 }, (_, id) => batch(id)));
    await client.until(1 + Math.floor(random() * 200));
    await daemon.kill('SIGKILL');
    expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
  }
  const daemon = await started({ state });
  await removed(talk(daemon), state, 1);
  await daemon.stop();
  expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
  expect(existsSync(join(state, 'log/retired.jsonl'))).toBe(true);
  expect(readFileSync(join(state, 'log/retired.jsonl'), 'utf8')).toContain('"kind":"genesis"');
});
