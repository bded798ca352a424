// A daemon's life as its operator sees it: exit codes, what stands in its way, what it leaves and what it finds.
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Ack } from '../../src/wire/message.js';
import type { DaemonOptions } from '../daemon.js';
import { Conversation, Daemon, append, linesIn, recordsIn, temporaryDirectory, verified } from '../daemon.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

async function started(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await Daemon.start(options);
  cleanup.push(() => daemon.clear());
  return daemon;
}

function spawned(options: DaemonOptions = {}): Daemon {
  const daemon = Daemon.spawn(options);
  cleanup.push(() => daemon.clear());
  return daemon;
}

function talk(daemon: Daemon): Conversation {
  const conversation = new Conversation(daemon.socket);
  cleanup.push(() => conversation.close());
  return conversation;
}

describe('a second daemon', () => {
  test('on the same state directory exits 4 and names the holder', async () => {
    const first = await started();
    const second = spawned({ state: first.state, socket: join(first.state, 'other') });
    const { code, stderr } = await second.ended;
    expect(code).toBe(4);
    expect(stderr).toContain(`process ${first.process.pid}`);
    expect(await talk(first).ask({ op: 'status', id: 1 })).toMatchObject({ op: 'status', state: 'ready' });
  });

  test('on the same socket exits 4, names the holder, and leaves the socket to it', async () => {
    const first = await started();
    const { code, stderr } = await spawned({ socket: first.socket }).ended;
    expect(code).toBe(4);
    expect(stderr).toContain(`process ${first.process.pid}`);
    expect(await talk(first).ask(append(1, 'still here'))).toMatchObject({ op: 'ack', count: 1 });
  });
});

describe('the socket', () => {
  test('of a daemon that was killed is replaced, and its state taken over at once', async () => {
    const first = await started();
    await first.kill('SIGKILL');
    expect(lstatSync(first.socket).isSocket()).toBe(true);
    expect(existsSync(join(first.state, 'indelible.lock'))).toBe(true);
    const second = await started({ state: first.state });
    expect(await talk(second).ask(append(1, 'a'))).toMatchObject({ op: 'ack' });
  });

  test('is gone after a stop', async () => {
    const daemon = await started();
    await daemon.stop();
    expect(existsSync(daemon.socket)).toBe(false);
  });

  test('is not put in the place of a file that is none', async () => {
    const state = temporaryDirectory();
    const socket = join(state, 'precious');
    writeFileSync(socket, 'mine');
    expect(await spawned({ state, socket }).ended).toMatchObject({ code: 2 });
    expect(readFileSync(socket, 'utf8')).toBe('mine');
  });

  test('has the mode it should have, in a directory that is made for it alone', async () => {
    const state = temporaryDirectory();
    const daemon = await started({ state, socket: join(state, 'run/deep/s'), env: { INDELIBLE_SOCKET_MODE: '0622' } });
    expect(lstatSync(daemon.socket).mode & 0o777).toBe(0o622);
    expect([join(state, 'run'), join(state, 'run/deep')].map((path) => lstatSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
  });
});

describe('bad configuration', () => {
  test('exits 2, says everything that is wrong, and makes nothing', async () => {
    const parent = temporaryDirectory();
    cleanup.push(() => { rmSync(parent, { recursive: true }); });
    const state = join(parent, 'state');
    const { code, stderr } = await spawned({
      state, socket: join(state, 's'), env: { INDELIBLE_SYNC: 'sometimes', INDELIBLE_RECENT: '3', INDELIBLE_SEAL_MS: 'x', INDELIBLE_TYPO: '1' },
    }).ended;
    expect(code).toBe(2);
    for (const name of ['INDELIBLE_SYNC', 'INDELIBLE_RECENT', 'INDELIBLE_SEAL_MS', 'INDELIBLE_TYPO']) expect(stderr).toContain(name);
    expect(existsSync(state)).toBe(false);
  });

  test('a socket path that the kernel would cut short exits 2', async () => {
    const state = temporaryDirectory();
    expect(await spawned({ state, socket: join(state, 'x'.repeat(108)) }).ended).toMatchObject({ code: 2 });
  });
});

describe('a log that was changed', () => {
  test('exits 3 and is left as it is', async () => {
    const first = await started();
    await talk(first).ask(append(1, 'original'));
    await first.stop();
    const [name = ''] = readdirSync(join(first.state, 'log')).filter((entry) => /^\d{20}\.jsonl$/.test(entry));
    const path = join(first.state, 'log', name);
    const changed = readFileSync(path, 'utf8').replace('original', 'invented');
    writeFileSync(path, changed);
    const before = readdirSync(first.state, { recursive: true });
    expect(await spawned({ state: first.state }).ended).toMatchObject({ code: 3 });
    expect(readFileSync(path, 'utf8')).toBe(changed);
    expect(readdirSync(first.state, { recursive: true }).filter((entry) => entry !== 'indelible.lock').sort())
      .toEqual(before.filter((entry) => entry !== 'indelible.lock').sort());
    expect(verified(first.state).exit).toBe(1);
  });

  test('keys without a log exit 3 and nothing is begun anew', async () => {
    const first = await started();
    await talk(first).ask(append(1, 'a'));
    await first.stop();
    rmSync(join(first.state, 'log'), { recursive: true });
    mkdirSync(join(first.state, 'log'));
    expect(await spawned({ state: first.state }).ended).toMatchObject({ code: 3 });
    expect(readdirSync(join(first.state, 'log'))).toEqual([]);
  });
});

describe('a stop', () => {
  test.each(['line', 'group'])('under load in %s mode acknowledges everything that was taken in, and seals', async (sync) => {
    const daemon = await started({ env: { INDELIBLE_SYNC: sync } });
    const clients = Array.from({ length: 4 }, () => talk(daemon));
    for (const client of clients) client.send(...Array.from({ length: 300 }, (_, i) => append(i, `a${i}`)));
    await Promise.all(clients.map((client) => client.until(1)));
    const ended = await daemon.stop();
    expect(ended.code).toBe(0);
    await Promise.all(clients.map((client) => client.closed));
    const records = recordsIn(daemon.state);
    const acks = clients.flatMap((client) => client.replies.filter((reply): reply is Ack => reply.op === 'ack'));
    // What was answered with an ack is there, and nothing is there that was not: every request taken in was answered.
    expect(acks.map((ack) => ack.mac).sort()).toEqual(records.filter(({ profile }) => profile === 'generic').map(({ mac }) => mac).sort());
    const refused = clients.flatMap((client) => client.replies.filter((reply) => reply.op === 'error').map((reply) => reply.code));
    expect(new Set(refused).size).toBeLessThanOrEqual(1);
    for (const code of refused) expect(code).toBe('shutting_down');
    expect(records.slice(-2).map(({ kind }) => kind)).toEqual(['stopped', 'seal']);
    expect(records.at(-2)?.event).toEqual({ reason: 'SIGTERM' });
    expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('does not wait for clients that stay connected and say nothing', async () => {
    const daemon = await started();
    const client = talk(daemon);
    await client.ask({ op: 'status', id: 1 });
    const [first] = await Promise.all([Promise.race([client.closed.then(() => 'client'), daemon.ended.then(() => 'daemon')]), daemon.stop()]);
    expect(first).toBe('client');
    expect(recordsIn(daemon.state).at(-1)?.kind).toBe('seal');
  });

  test('does not wait for whoever is to read the process log and takes nothing of it', async () => {
    const daemon = await started({ env: { INDELIBLE_MIRROR: 'on', INDELIBLE_SYNC: 'group' } });
    daemon.process.stderr?.pause();
    const client = talk(daemon);
    // More of the mirror than a pipe and both its ends hold.
    const events = Array.from({ length: 500 }, () => ({ profile: 'generic', event: { action: 'a' } }));
    for (let id = 0; id < 10; id += 1) await client.ask({ op: 'append', id, events });
    const ended = once(daemon.process, 'exit');
    daemon.process.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    daemon.process.stderr?.resume();
    expect((await daemon.ended).stderr).not.toContain('"msg":"stopped"');
    expect(recordsIn(daemon.state).at(-1)?.kind).toBe('seal');
  });
});

describe('a restart', () => {
  test('keeps ids and recent, and says whether the last run ended well', async () => {
    const first = await started({ env: { INDELIBLE_SEGMENT_BYTES: '65536' } });
    const before = talk(first);
    const ack = await before.ask(append(1, 'once', 'the-id'));
    expect(ack).toMatchObject({ op: 'ack', count: 1 });
    const recent = await before.ask({ op: 'recent', id: 2, limit: 1000 });
    await first.stop();

    const second = await started({ state: first.state });
    const after = talk(second);
    const again = await after.ask(append(3, 'once', 'the-id'));
    if (ack.op !== 'ack' || recent.op !== 'records') throw new Error('not answered');
    expect(again).toMatchObject({ op: 'ack', first: null, count: 0, mac: null, duplicates: [[0, ack.first, ack.mac]] });
    const remembered = await after.ask({ op: 'recent', id: 4, limit: 1000 });
    if (remembered.op !== 'records') throw new Error('not answered');
    expect(remembered.records.slice(-recent.records.length)).toEqual(recent.records);
    expect(remembered.records).toEqual(linesIn(first.state).reverse());
    await second.kill('SIGKILL');

    const third = await started({ state: first.state });
    await third.stop();
    const runs = recordsIn(first.state).filter(({ kind }) => kind === 'started');
    expect(runs.map(({ event }) => event['clean'])).toEqual([true, true, false]);
    expect(recordsIn(first.state).filter(({ kind }) => kind === 'recovered')).toHaveLength(1);
    expect(verified(first.state)).toMatchObject({ exit: 0, findings: [] });
  });
});

test('a new log\'s key goes where it is told to, and never over another file', async () => {
  const place = temporaryDirectory();
  cleanup.push(() => { rmSync(place, { recursive: true }); });
  const key = join(place, 'key');
  const daemon = await started({ args: ['--key-out', key] });
  expect(readFileSync(key, 'utf8')).toMatch(/^indelible-verification-key:v1:/);
  expect(lstatSync(key).mode & 0o777).toBe(0o600);
  expect(existsSync(join(daemon.state, 'keys/verification.key'))).toBe(false);
  expect(await spawned({ args: ['--key-out', key] }).ended).toMatchObject({ code: 2 });
});
