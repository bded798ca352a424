// A disk that runs out of room under the real daemon, on small real filesystems: what was acknowledged stays, what could not
// be written is refused and recorded, and with room again it goes on by itself.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Reply } from '../../src/wire/message.js';
import { Conversation, Daemon, recordsIn, verified } from '../daemon.js';
import { Ledger } from '../ledger.js';
import { SmallDisk, fillBeside } from '../small-disk.js';

const kiB = 1024;
const diskBytes = 16 * 1024 * kiB;

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

function mounted(kind: 'tmpfs' | 'ext4'): SmallDisk {
  const disk = SmallDisk.mount(kind, diskBytes);
  cleanup.push(() => { disk.clear(); });
  return disk;
}

async function startOn(disk: SmallDisk, env: Readonly<Record<string, string>>): Promise<Daemon> {
  const daemon = await Daemon.start({ state: disk.state, env });
  // The files go with the disk.
  cleanup.push(() => daemon.process.exitCode ?? daemon.process.signalCode ?? daemon.kill('SIGKILL'));
  return daemon;
}

/** A client with a ledger of what it was told. */
class Producer {
  readonly ledger: Ledger;
  readonly problems: string[] = [];
  readonly conversation: Conversation;

  constructor(daemon: Daemon, ledger = new Ledger()) {
    this.ledger = ledger;
    this.conversation = new Conversation(daemon.socket);
    cleanup.push(() => this.conversation.close());
  }

  /** Sends `count` requests at once and waits for all answers; gives what they were. */
  async send(count: number, events = 1, bytes = 2000): Promise<Reply[]> {
    return this.#exchange(Array.from({ length: count }, () => this.ledger.append(events, bytes)));
  }

  /** Sends what is not acknowledged again until it is. */
  async untilAll(): Promise<void> {
    while (this.ledger.unacknowledged > 0) {
      const replies = await this.#exchange(this.ledger.again().slice(0, 200));
      const wait = replies.reduce((most, reply) => Math.max(most, reply.op === 'error' ? reply.retry_after_ms ?? 0 : 0), 0);
      for (const reply of replies) if (reply.op === 'error') expect(reply.code).toBe('disk_full');
      if (wait > 0) await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
  }

  async #exchange(sent: readonly ReturnType<Ledger['append']>[]): Promise<Reply[]> {
    const before = this.conversation.replies.length;
    this.conversation.send(...sent.map(({ request }) => request));
    const replies = (await this.conversation.until(before + sent.length)).slice(before);
    for (const [index, one] of sent.entries()) {
      const reply = replies[index];
      if (reply?.id !== one.id) this.problems.push(`request ${one.id} was answered out of turn`);
      else this.problems.push(...this.ledger.settle(one, reply));
    }
    return replies;
  }
}

/** When the log says that something happened. */
async function firstRecord(daemon: Daemon, kind: string): Promise<void> {
  const reader = new Conversation(daemon.socket);
  cleanup.push(() => reader.close());
  expect(await reader.ask({ op: 'tail', id: 1, from: 1, kind, profile: 'indelible' })).toMatchObject({ op: 'record' });
}

function kindsOf(state: string): string[] {
  return recordsIn(state).filter(({ profile }) => profile === 'indelible').map(({ kind }) => kind);
}

describe.each([['tmpfs', 'line'], ['tmpfs', 'group'], ['ext4', 'line'], ['ext4', 'group']] as const)('a small %s, in %s mode', (kind, sync) => {
  test('that fills up refuses, says so in the log, goes on reading, and writes again when there is room', async () => {
    const disk = mounted(kind);
    const { state } = disk;
    const daemon = await startOn(disk, { INDELIBLE_SYNC: sync, INDELIBLE_DISK_LOW_BYTES: String(2 * 1024 * kiB) });
    const reserve = join(state, 'reserve');
    const { size: reserveBytes } = statSync(reserve);
    expect(reserveBytes).toBeGreaterThan(diskBytes / 32);
    const producer = new Producer(daemon);
    expect((await producer.send(20)).every(({ op }) => op === 'ack')).toBe(true);

    const free = fillBeside(state, 300 * kiB);
    const refused: Reply[] = [];
    while (refused.length < 50) refused.push(...(await producer.send(20, 3)).filter(({ op }) => op === 'error'));
    for (const reply of refused) expect(reply).toMatchObject({ code: 'disk_full', retry_after_ms: expect.any(Number) as number });
    // No more than the log's own last words stand behind what was acknowledged, however often it is tried.
    await producer.send(50);
    const kinds = kindsOf(state);
    expect(kinds.slice(-2)).toEqual(['disk_full', 'seal']);
    expect(kinds.filter((one) => one === 'disk_full' || one === 'disk_low').length).toBeLessThanOrEqual(2);
    expect(existsSync(reserve)).toBe(false);

    // Reading, status and tails go on.
    const reader = new Conversation(daemon.socket);
    cleanup.push(() => reader.close());
    expect(await reader.ask({ op: 'status', id: 1 })).toMatchObject({ state: 'degraded' });
    expect(await reader.ask({ op: 'recent', id: 2, limit: 1 })).toMatchObject({ op: 'records' });
    expect(await reader.ask({ op: 'tail', id: 3, kind: 'disk_full', from: 1 })).toMatchObject({ op: 'record' });
    expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
    expect(producer.ledger.check(state)).toEqual([]);

    free();
    await producer.untilAll();
    expect(statSync(reserve)).toMatchObject({ size: reserveBytes });
    expect((await daemon.stop()).code).toBe(0);
    expect(producer.problems).toEqual([]);
    expect(producer.ledger.check(state)).toEqual([]);
    expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
  });
});

test('a start on a disk that is full already has the reserve for what it must say', async () => {
  const disk = mounted('tmpfs');
  const { state } = disk;
  const first = await startOn(disk, {});
  const producer = new Producer(first);
  await producer.send(5);
  await first.kill('SIGKILL');
  const free = fillBeside(state, 0);
  const second = await startOn(disk, { INDELIBLE_DISK_LOW_BYTES: '0' });
  const again = new Producer(second, producer.ledger);
  expect((await again.send(1, 1, 20_000))[0]).toMatchObject({ op: 'error', code: 'disk_full' });
  await firstRecord(second, 'seal');
  expect(kindsOf(state).slice(-4)).toEqual(['recovered', 'started', 'disk_full', 'seal']);
  free();
  await again.untilAll();
  expect((await second.stop()).code).toBe(0);
  expect(again.problems).toEqual([]);
  expect(again.ledger.check(state)).toEqual([]);
  expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
});

test('a disk that is full is freed by retention, where the headers of segments allow it', async () => {
  const disk = mounted('ext4');
  const { state } = disk;
  const daemon = await startOn(disk, { INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RETAIN_MS: '3000' });
  const producer = new Producer(daemon);
  fillBeside(state, 1500 * kiB);
  for (let full = false; !full;) full = (await producer.send(20, 1, 20_000)).some(({ op }) => op === 'error');
  await firstRecord(daemon, 'disk_full');
  await firstRecord(daemon, 'segment_removed');
  // Nobody has taken the ballast away: this is the room of removed segments.
  await producer.untilAll();
  expect(statSync(join(state, 'reserve')).size).toBeGreaterThan(0);
  expect((await daemon.stop()).code).toBe(0);
  expect(producer.problems).toEqual([]);
  expect(producer.ledger.check(state)).toEqual([]);
  expect(verified(state).exit).toBe(0);
});

test('a limit on the size of a file is said by its name and kills nobody; a start without it goes on', async () => {
  // In KiB: more than the reserve takes.
  const limited = await Daemon.start({ under: ['bash', '-c', 'ulimit -f 5120; exec "$@"', 'bash'], env: { INDELIBLE_SYNC: 'group' } });
  cleanup.push(() => limited.clear());
  const producer = new Producer(limited);
  let refused: Reply | undefined;
  while (refused === undefined) refused = (await producer.send(4, 4, 50_000)).find(({ op }) => op === 'error');
  expect(refused).toMatchObject({ code: 'disk_full', message: 'the file may not become larger (EFBIG); nothing of this was written' });
  expect(await producer.conversation.ask({ op: 'status', id: 1 })).toMatchObject({ op: 'status' });
  expect((await limited.stop()).signal).toBeNull();
  const daemon = await Daemon.start({ state: limited.state, env: { INDELIBLE_SEGMENT_BYTES: '65536' } });
  cleanup.push(() => daemon.clear());
  const again = new Producer(daemon, producer.ledger);
  await again.untilAll();
  expect((await daemon.stop()).code).toBe(0);
  expect([...producer.problems, ...again.problems]).toEqual([]);
  expect(again.ledger.check(limited.state)).toEqual([]);
  expect(verified(limited.state)).toMatchObject({ exit: 0, findings: [] });
});
