// Somebody else's hand on the files of a daemon that runs: found, answered, recorded where it still can be, and never written
// on as if nothing were.
import {
  appendFileSync, chmodSync, copyFileSync, existsSync, linkSync, lstatSync, readFileSync, readdirSync, readlinkSync, renameSync,
  rmSync, statSync, truncateSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Reply } from '../../src/wire/message.js';
import type { DaemonOptions } from '../daemon.js';
import { Conversation, Daemon, append, recordsIn, temporaryDirectory, verified } from '../daemon.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

/** A daemon whose socket lies elsewhere, so that its state directory may go. */
async function started(options: DaemonOptions = {}): Promise<Daemon> {
  const place = temporaryDirectory();
  const daemon = await Daemon.start({ state: join(place, 'state'), socket: join(place, 's'), ...options });
  cleanup.push(async () => {
    await daemon.clear();
    rmSync(place, { recursive: true, force: true });
  });
  return daemon;
}

function talk(daemon: Daemon): Conversation {
  const conversation = new Conversation(daemon.socket);
  cleanup.push(() => conversation.close());
  return conversation;
}

function segmentOf(state: string): string {
  return join(state, 'log', readdirSync(join(state, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort().at(-1) ?? '');
}

/** The finding that the log tells of first, as soon as it does. */
async function finding(daemon: Daemon): Promise<string> {
  const reply = await talk(daemon).ask({ op: 'tail', id: 1, from: 1, profile: 'indelible', kind: 'tamper_detected' });
  if (reply.op !== 'record') throw new Error(`no record but ${JSON.stringify(reply)}`);
  return (JSON.parse(reply.line) as { readonly event: { readonly finding: string } }).event.finding;
}

const mended: readonly (readonly [string, (state: string) => void, RegExp])[] = [
  ['bytes written behind the last line', (state) => { appendFileSync(segmentOf(state), 'not mine\n'); }, /9 bytes.*quarantine\/4-1/],
  ['a line that looks like one', (state) => {
    const [first = ''] = readFileSync(segmentOf(state), 'utf8').split('\n');
    appendFileSync(segmentOf(state), `${first}\n`);
  }, /written by somebody else behind record 3/],
  ['log/head changed in place', (state) => { writeFileSync(join(state, 'log/head'), 'x', { flag: 'r+' }); }, /^log\/head was changed/],
  ['log/head cut short', (state) => { truncateSync(join(state, 'log/head'), 100); }, /^log\/head was changed/],
  ['log/head removed', (state) => { rmSync(join(state, 'log/head')); }, /^log\/head was gone/],
  ['log/head replaced', (state) => {
    copyFileSync(join(state, 'log/head'), join(state, 'log/other'));
    renameSync(join(state, 'log/other'), join(state, 'log/head'));
  }, /^log\/head was replaced/],
  ['keys/current changed in place', (state) => { writeFileSync(join(state, 'keys/current'), '{"v":2', { flag: 'r+' }); }, /^keys\/current was changed/],
  ['keys/current removed', (state) => { rmSync(join(state, 'keys/current')); }, /^keys\/current was gone/],
  ['keys/current renamed', (state) => { renameSync(join(state, 'keys/current'), join(state, 'keys/mine')); }, /^keys\/current was gone/],
  ['keys/current replaced by a link', (state) => {
    renameSync(join(state, 'keys/current'), join(state, 'keys/mine'));
    linkSync(join(state, 'log.pub'), join(state, 'keys/current'));
  }, /^keys\/current was replaced/],
  ['keys/identity removed', (state) => { rmSync(join(state, 'keys/identity')); }, /^keys\/identity was gone/],
  ['keys/identity changed', (state) => { writeFileSync(join(state, 'keys/identity'), 'x', { flag: 'r+' }); }, /^keys\/identity was changed/],
  ['log.pub replaced', (state) => { writeFileSync(join(state, 'log.pub'), 'other\nother\n'); }, /^log.pub was changed/],
  ['audit.jsonl removed', (state) => { rmSync(join(state, 'log/audit.jsonl')); }, /audit.jsonl is gone/],
  ['the state directory made read-only', (state) => { chmodSync(state, 0o500); }, /^the state directory was made 0500/],
  ['log/ made read-only', (state) => { chmodSync(join(state, 'log'), 0o500); }, /^log\/ was made 0500/],
];

const whileAway: readonly (readonly [string, (state: string) => void, RegExp])[] = [
  ['log.pub replaced', (state) => { writeFileSync(join(state, 'log.pub'), 'other\nother\n'); }, /^log.pub was changed/],
  ['log.pub removed', (state) => { rmSync(join(state, 'log.pub')); }, /^log.pub was gone/],
  ['keys/salt removed', (state) => { rmSync(join(state, 'keys/salt')); }, /^keys\/salt was gone or damaged at the start; a new one was made/],
];

describe('while no daemon runs is found by the next start, mended and recorded:', () => {
  test.each(whileAway)('%s', async (_, meddle, said) => {
    const first = await started();
    const { state, socket } = first;
    const pub = readFileSync(join(state, 'log.pub'), 'utf8');
    expect(await talk(first).ask(append(1, 'before'))).toMatchObject({ op: 'ack' });
    await first.stop();
    meddle(state);
    const second = await Daemon.start({ state, socket });
    cleanup.push(() => second.stop());
    expect(await finding(second)).toMatch(said);
    expect(readFileSync(join(state, 'log.pub'), 'utf8')).toBe(pub);
  });
});

describe('is mended and recorded, and the log goes on:', () => {
  test.each(mended)('%s', async (_, meddle, said) => {
    const daemon = await started({ env: { INDELIBLE_DISK_LOW_BYTES: '0' } });
    const { state } = daemon;
    const client = talk(daemon);
    expect(await client.ask(append(1, 'before'))).toMatchObject({ op: 'ack', first: 3 });
    meddle(state);
    expect(await finding(daemon)).toMatch(said);
    expect(await client.ask(append(2, 'behind'))).toMatchObject({ op: 'ack' });
    expect(await client.ask({ op: 'status', id: 3 })).toMatchObject({ state: 'degraded', last_error: expect.stringMatching(said) as string });
    expect(readlinkSync(join(state, 'log/audit.jsonl'))).toMatch(/^\d{20}\.jsonl$/);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    // A crash now: what was made again is what the next start needs.
    await daemon.kill('SIGKILL');
    const next = await started({ state, socket: daemon.socket });
    expect((await next.stop()).code).toBe(0);
    expect(verified(state)).toMatchObject({ exit: 0 });
    expect(recordsIn(state).filter(({ kind }) => kind === 'tamper_detected')).toHaveLength(1);
  });
});

test('a second name of the open segment is recorded once, and the log goes on', async () => {
  const daemon = await started();
  const backup = join(daemon.state, 'backup');
  linkSync(segmentOf(daemon.state), backup);
  expect(await finding(daemon)).toMatch(/has a second name/);
  expect(await talk(daemon).ask(append(1, 'behind'))).toMatchObject({ op: 'ack' });
  expect((await daemon.stop()).code).toBe(0);
  expect(verified(daemon.state).findings.map(({ code }) => code)).toContain('segment_hard_linked');
  rmSync(backup);
  expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
});

test('a secret does not stay in a file that was taken away', async () => {
  const daemon = await started();
  const current = join(daemon.state, 'keys/current');
  const stolen = join(daemon.state, 'keys/mine');
  renameSync(current, stolen);
  await finding(daemon);
  expect(readFileSync(stolen).every((byte) => byte === 0)).toBe(true);
  expect(readFileSync(current, 'utf8')).toMatch(/^\{"v":1,/);
});

/** By name: what is done to the open segment, and by how much the next start is worse off. */
const rescued: readonly (readonly [string, (path: string) => void])[] = [
  ['unlinked', (path) => { rmSync(path); }],
  ['renamed', (path) => { renameSync(path, `${path}.old`); }],
  ['replaced', (path) => {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  }],
];

describe.each(['line', 'group'])('the open segment, in %s mode,', (sync) => {
  test.each(rescued)('%s: nothing more is acknowledged, and the next start has what was', async (what, meddle) => {
    const daemon = await started({ env: { INDELIBLE_SYNC: sync } });
    const { state } = daemon;
    const client = talk(daemon);
    const ack = await client.ask(append(1, 'before'));
    meddle(segmentOf(state));
    // At the next commit, if that comes before the next look.
    const reply = await client.ask(append(2, 'behind')).catch(() => undefined);
    expect(reply === undefined || (reply.op === 'error' && reply.code === 'write_failed')).toBe(true);
    const { code, stderr } = await daemon.ended;
    expect([code, stderr.includes(`"call":"segment_${what}"`)]).toEqual([5, true]);

    const next = await started({ state, socket: daemon.socket });
    expect(await finding(next)).toContain(`segment_${what}`);
    expect(existsSync(join(state, 'last-words'))).toBe(false);
    expect(await talk(next).ask(append(3, 'again'))).toMatchObject({ op: 'ack' });
    expect((await next.stop()).code).toBe(0);
    const records = recordsIn(state);
    expect(records.filter(({ profile }) => profile === 'generic').map(({ kind }) => kind)).toEqual(['before', 'again']);
    expect(records.find(({ kind }) => kind === 'before')?.mac).toBe(ack.op === 'ack' ? ack.mac : '');
    expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('cut short: the end, exit 3, and so is the next start, which says what to do', async () => {
    const daemon = await started({ env: { INDELIBLE_SYNC: sync } });
    const { state } = daemon;
    const client = talk(daemon);
    await client.ask(append(1, 'before'));
    const path = segmentOf(state);
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 20);
    const reply: Reply | undefined = await client.ask(append(2, 'behind')).catch(() => undefined);
    expect(reply === undefined || (reply.op === 'error' && reply.code === 'write_failed')).toBe(true);
    expect((await daemon.ended)).toMatchObject({ code: 3, stderr: expect.stringContaining('cut short by somebody else') as string });
    expect(statSync(path).size).toBe(whole.length - 20);
    expect(await Daemon.spawn({ state, socket: daemon.socket }).ended)
      .toMatchObject({ code: 3, stderr: expect.stringContaining('indelible init --successor') as string });
    // Whoever has the bytes puts them back.
    writeFileSync(path, whole);
    const next = await started({ state, socket: daemon.socket });
    expect(await finding(next)).toContain('segment_truncated');
    expect((await next.stop()).code).toBe(0);
    expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
  });
});

test('the state directory renamed: the end, exit 3, nothing is made in its place, and put back it goes on', async () => {
  const daemon = await started();
  const { state } = daemon;
  await talk(daemon).ask(append(1, 'before'));
  renameSync(state, `${state}.away`);
  expect((await daemon.ended)).toMatchObject({ code: 3, stderr: expect.stringContaining('put it back') as string });
  expect(existsSync(state)).toBe(false);
  renameSync(`${state}.away`, state);
  const next = await started({ state, socket: daemon.socket });
  expect(await talk(next).ask(append(2, 'behind'))).toMatchObject({ op: 'ack' });
  expect((await next.stop()).code).toBe(0);
  expect(verified(state).exit).toBe(0);
});

test('words that no daemon of this log left are said to be none, and not recorded', async () => {
  const first = await started();
  await first.stop();
  writeFileSync(join(first.state, 'last-words'), '{"v":1,"words":{"kind":"write_failed","event":{"call":"x","errno":"y"}},"mac":"00"}\n');
  const second = await started({ state: first.state, socket: first.socket });
  await second.says('last-words');
  expect((await second.stop()).code).toBe(0);
  expect(recordsIn(first.state).filter(({ kind }) => kind === 'write_failed')).toEqual([]);
  expect(lstatSync(join(first.state, 'last-words')).isFile()).toBe(true);
});

describe('the socket', () => {
  /** Asks on a new connection until one is answered: it may be away for a moment. */
  async function reached(daemon: Daemon, id: number): Promise<Reply> {
    for (;;) {
      const client = talk(daemon);
      const reply = await client.ask(append(id, `a${id}`)).catch(() => undefined);
      if (reply !== undefined) return reply;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }

  test('removed is bound again, with its mode; who is connected stays so, and the log says it', async () => {
    const daemon = await started({ env: { INDELIBLE_SOCKET_MODE: '0622' } });
    const early = talk(daemon);
    expect(await early.ask(append(1, 'early'))).toMatchObject({ op: 'ack' });
    rmSync(daemon.socket);
    expect(await reached(daemon, 2)).toMatchObject({ op: 'ack' });
    expect(lstatSync(daemon.socket).mode & 0o777).toBe(0o622);
    expect(await finding(daemon)).toMatch(/listener default was removed .* bound again/);
    expect(await early.ask(append(3, 'still there'))).toMatchObject({ op: 'ack' });
    expect((await daemon.stop()).code).toBe(0);
    expect(existsSync(daemon.socket)).toBe(false);
    expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
  });

  test('replaced by a file is left alone until that is gone, and the log says so', async () => {
    const daemon = await started();
    const early = talk(daemon);
    await early.ask(append(1, 'early'));
    rmSync(daemon.socket);
    writeFileSync(daemon.socket, 'mine');
    await daemon.says('cannot be bound again yet');
    expect(readFileSync(daemon.socket, 'utf8')).toBe('mine');
    expect(await early.ask({ op: 'status', id: 2 })).toMatchObject({ state: 'degraded' });
    rmSync(daemon.socket);
    expect(await reached(daemon, 3)).toMatchObject({ op: 'ack' });
    await daemon.says('it is bound again');
    expect((await daemon.stop()).code).toBe(0);
    const findings = recordsIn(daemon.state).filter(({ kind }) => kind === 'tamper_detected').map(({ event }) => String(event['finding']));
    expect(findings.map((text) => /cannot be bound|is bound again/.exec(text)?.[0])).toEqual(['cannot be bound', 'is bound again']);
  });

  test('replaced by one that another process serves is not taken from it', async () => {
    const daemon = await started();
    const other = await started();
    rmSync(daemon.socket);
    linkSync(other.socket, daemon.socket);
    await daemon.says('cannot be bound again yet');
    const reply = await talk(daemon).ask({ op: 'status', id: 1 });
    expect(reply).toMatchObject({ op: 'status', origin: (await talk(other).ask({ op: 'status', id: 1 }) as { readonly origin?: string }).origin });
    expect((await daemon.stop()).code).toBe(0);
    expect(existsSync(daemon.socket)).toBe(true);
  });
});
