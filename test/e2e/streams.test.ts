// The five streams through the real daemon and the real socket: every shape recorded as it should be, every wrong variant
// refused at its place, secrets masked, doors that come and go.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { replaceFile } from '../../src/disk/write.js';
import { realDisk } from '../../src/disk/disk.js';
import type { Reply } from '../../src/wire/message.js';
import { connect } from '../../src/client/client.js';
import { Conversation, Daemon, linesIn, program, recordsIn, temporaryDirectory, verified } from '../daemon.js';
import type { DaemonOptions } from '../daemon.js';
import { eventOf } from '../event/admit.js';
import { assignedNow, assignedUuid, known } from '../event/known.js';
import { refusals } from '../event/refusals.js';

const daemons: Daemon[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.clear();
});

async function started(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await Daemon.start(options);
  daemons.push(daemon);
  return daemon;
}

function append(id: number, profile: string, event: object): object {
  return { op: 'append', id, events: [{ profile, event }] };
}

/** The text of a line's event, as it stands there. */
function eventText(line: string): string {
  const text = /"event":(\{.*\})(?:,"redacted":\[[^\]]*\])?,"prev":"[0-9a-f]{64}","mac":"[0-9a-f]{64}"\}$/s.exec(line)?.[1];
  if (text === undefined) throw new Error(`no event in ${line}`);
  return text;
}

const assigned = /"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/;
const stamped = /"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/;

describe('the catalogue over the socket', () => {
  test('every shape is recorded complete, its keys in order and its digits whole', async () => {
    const daemon = await started({ env: { INDELIBLE_REDACT: 'off', INDELIBLE_SYNC: 'group' } });
    const conversation = new Conversation(daemon.socket);
    conversation.send(...known.map(({ profile, sent }, id) => append(id, profile, eventOf(sent))));
    const replies = await conversation.until(known.length);
    expect(replies.filter(({ op }) => op !== 'ack')).toEqual([]);
    const lines = linesIn(daemon.state).filter((line) => !line.includes('"profile":"indelible"'));
    const kinds = recordsIn(daemon.state).filter(({ profile }) => profile !== 'indelible').map(({ profile, kind }) => ({ profile, kind }));
    expect(kinds).toEqual(known.map(({ profile, kind }) => ({ profile, kind })));
    for (const [index, { recorded }] of known.entries()) {
      let text = eventText(lines[index] ?? '');
      // What the daemon assigns is its own; where it does, only the form can be known.
      if (recorded.includes(assignedUuid)) text = text.replace(assigned, `"id":"${assignedUuid}"`);
      if (recorded.includes(assignedNow)) text = text.replace(stamped, `"timestamp":"${assignedNow}"`);
      expect(text).toBe(recorded);
    }
    expect(new Set(known.map(({ profile, kind }) => `${profile} ${kind}`)).size).toBeGreaterThanOrEqual(56);
    await daemon.stop();
    expect(verified(daemon.state).exit).toBe(0);
  });

  test('every wrong variant is refused with its place, and nothing of it is recorded', async () => {
    const daemon = await started();
    const before = recordsIn(daemon.state).length;
    const conversation = new Conversation(daemon.socket);
    // MessagePack has no integer of more than 64 bits, and this encoder writes a whole float as the integer it is.
    const sendable = refusals.filter(([, event]) => !/\d{19}|1e16/.test(event));
    expect(refusals.length - sendable.length).toBeLessThan(8);
    conversation.send(...sendable.map(([profile, event], id) => append(id, profile, eventOf(event))));
    const replies = await conversation.until(sendable.length);
    for (const [index, [, , violation]] of sendable.entries()) {
      const path = violation.slice(0, violation.indexOf(':'));
      expect(replies[index]).toMatchObject({ op: 'error', id: index, code: 'invalid_event', index: 0, path });
    }
    expect(recordsIn(daemon.state)).toHaveLength(before);
  });

  test('unknown kinds are refused, or taken unchecked where that is configured', async () => {
    const event = { timestamp: '2026-01-01T00:00:00Z', kind: 'vm_flies', more: 1 };
    const strict = await started();
    expect(await new Conversation(strict.socket).ask(append(1, 'mvm.local', event))).toMatchObject({ code: 'invalid_event', path: '/kind' });
    const open = await started({ env: { INDELIBLE_UNKNOWN_KINDS: 'accept' } });
    expect(await new Conversation(open.socket).ask(append(1, 'mvm.local', event))).toMatchObject({ op: 'ack', count: 1 });
    expect(recordsIn(open.state).at(-1)).toMatchObject({ profile: 'mvm.local', kind: 'vm_flies', event });
  });
});

describe('secrets', () => {
  const token = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;
  const access = 'AKIAIOSFODNN7EXAMPL3';

  test('are masked in the record and in its kind, listed and counted, and equal ones look equal', async () => {
    const daemon = await started();
    const conversation = new Conversation(daemon.socket);
    await conversation.ask(append(1, 'generic', { action: `push ${token}`, detail: { argv: ['x', '--token', token], password: 'hunter2', n: 1 } }));
    const [line = ''] = linesIn(daemon.state).slice(-1);
    for (const secret of [token, 'hunter2']) expect(line).not.toContain(secret);
    const record = JSON.parse(line) as { event: { detail: { argv: string[]; n: number } }; redacted: string[] };
    expect(record.event.detail.n).toBe(1);
    expect(record.redacted.map((entry) => entry.slice(0, entry.lastIndexOf(':')))).toEqual(['/action', '/detail/argv/2', '/detail/password']);
    const masks = [...line.matchAll(/\[redacted:github-token:([0-9a-f]{8})\]/g)].map(([, hex]) => hex);
    expect(new Set(masks).size).toBe(1);
    expect(await conversation.ask({ op: 'status', id: 2 })).toMatchObject({ redacted: 3 });
  });

  test('an access key id that was issued stays, since that is what the event is for', async () => {
    const daemon = await started();
    const issued = {
      timestamp: '2026-01-01T00:00:00Z', session_id: 's', provider: 'aws',
      event: { type: 'credentials_issued', access_key_id: access, expires_at: '2026-01-01T01:00:00Z' },
    };
    const conversation = new Conversation(daemon.socket);
    await conversation.ask(append(1, 'tryaudex', issued));
    expect(recordsIn(daemon.state).at(-1)?.event).toEqual(issued);
    await conversation.ask(append(2, 'generic', { action: 'leak', detail: access }));
    expect(linesIn(daemon.state).at(-1)).not.toContain(access);
  });

  test('stay where redaction is off', async () => {
    const daemon = await started({ env: { INDELIBLE_REDACT: 'off' } });
    await new Conversation(daemon.socket).ask(append(1, 'generic', { action: 'a', detail: token }));
    expect(recordsIn(daemon.state).at(-1)).toMatchObject({ event: { detail: token } });
  });
});

describe('a listener that is added while the daemon runs', () => {
  function door(daemon: Daemon, name: string, entry: object): void {
    realDisk.makeDirectory(join(daemon.state, 'listeners'));
    replaceFile(realDisk, join(daemon.state, 'listeners', `${name}.json`), Buffer.from(JSON.stringify(entry)));
    daemon.process.kill('SIGHUP');
  }

  test('stamps its labels on what comes through it, whatever the payload claims, and takes its profiles only', async () => {
    const daemon = await started();
    const path = join(daemon.state, 'v.sock_5000');
    door(daemon, 'vm-7', { path, labels: { vm: 'vm-7' }, profiles: ['generic'] });
    await daemon.says('"listener":"vm-7"');
    const guest = new Conversation(path);
    await guest.ask(append(1, 'generic', { action: 'hello', listener: 'vm-8', labels: { vm: 'vm-8' }, source: { listener: 'vm-8' } }));
    expect(recordsIn(daemon.state).at(-1)?.source).toMatchObject({ listener: 'vm-7', labels: { vm: 'vm-7' } });
    const refused: Reply = await guest.ask(append(2, 'mvm.local', { timestamp: '2026-01-01T00:00:00Z', kind: 'vm_start' }));
    expect(refused).toMatchObject({ op: 'error', code: 'forbidden', index: 0 });
    // An id is known only within its own door: one guest can neither take nor learn another's.
    const other = new Conversation(daemon.socket);
    const same = { op: 'append', id: 3, events: [{ profile: 'generic', event: { action: 'x' }, id: 'same' }] };
    expect(await guest.ask(same)).toMatchObject({ count: 1 });
    expect(await other.ask(same)).toMatchObject({ count: 1 });
  });

  test('goes with its connections when it is removed, and nobody else\'s', async () => {
    const daemon = await started();
    const path = join(daemon.state, 'g');
    door(daemon, 'guest', { path });
    await daemon.says('"listener":"guest"');
    const [guest, host] = [new Conversation(path), new Conversation(daemon.socket)];
    expect(await guest.ask(append(1, 'generic', { action: 'before' }))).toMatchObject({ op: 'ack' });
    rmSync(join(daemon.state, 'listeners/guest.json'));
    daemon.process.kill('SIGHUP');
    await guest.closed;
    expect(await host.ask(append(1, 'generic', { action: 'after' }))).toMatchObject({ op: 'ack' });
    const again = new Conversation(path);
    await again.closed;
    expect(again.replies).toEqual([]);
  });

  test('that is wrong is told of and takes nothing from the others', async () => {
    const daemon = await started();
    door(daemon, 'bad', { path: 'relative' });
    await daemon.says('listeners/bad.json');
    door(daemon, 'twin', { path: daemon.socket });
    await daemon.says('listeners/twin.json');
    expect(await new Conversation(daemon.socket).ask(append(1, 'generic', { action: 'a' }))).toMatchObject({ op: 'ack' });
  });
});

describe('listen', () => {
  function listen(daemon: Daemon, ...words: readonly string[]): readonly [number | null, string] {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'listen', ...words], {
      encoding: 'utf8', env: { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: daemon.state, INDELIBLE_SOCKET: daemon.socket },
    });
    return [status, stdout + stderr];
  }

  const files = (daemon: Daemon): readonly string[] => (
    existsSync(join(daemon.state, 'listeners')) ? readdirSync(join(daemon.state, 'listeners')) : []);

  test('add is there when it says so, changed too; remove is over when it says so', async () => {
    const daemon = await started();
    const path = join(daemon.state, 'g');
    const source = async (): Promise<unknown> => {
      const guest = new Conversation(path);
      await guest.ask(append(1, 'generic', { action: 'hello' }));
      await guest.close();
      return recordsIn(daemon.state).at(-1)?.source;
    };
    expect(listen(daemon, 'add', 'g1', '--path', path, '--label', 'vm=g1')).toEqual([0, '']);
    expect(await source()).toMatchObject({ listener: 'g1', labels: { vm: 'g1' } });
    expect(listen(daemon, 'add', 'g1', '--path', path, '--label', 'vm=other')).toEqual([0, '']);
    expect(await source()).toMatchObject({ listener: 'g1', labels: { vm: 'other' } });
    expect(listen(daemon, 'add', 'g1', '--path', path, '--label', 'vm=other')).toEqual([0, '']);
    expect(listen(daemon, 'remove', 'g1')).toEqual([0, '']);
    expect(existsSync(path)).toBe(false);
    expect(listen(daemon, 'remove', 'g1')).toEqual([1, expect.stringContaining('"g1"')]);
  });

  test('add leaves nothing behind where it is refused, and says what stands in its way', async () => {
    const daemon = await started();
    const path = join(daemon.state, 'g');
    expect(listen(daemon, 'add', 'g1', '--path', path, '--label', 'vm=g1', '--profile', 'mvm.local')).toEqual([0, '']);
    expect(listen(daemon, 'add', 'g2', '--path', path)).toEqual([1, expect.stringContaining('its path is that of listener g1')]);
    expect(listen(daemon, 'add', 'default', '--path', `${path}2`)).toEqual([1, expect.stringContaining('its name is that of listener default')]);
    expect(listen(daemon, 'add', 'g3', '--path', join(daemon.state, 'log/g3'))).toEqual([1, expect.stringContaining('a place of the log')]);
    // Of another daemon, whose listeners nobody here can know.
    const other = await started();
    expect(listen(daemon, 'add', 'g4', '--path', other.socket)).toEqual([1, expect.stringContaining('its path is that of listener default')]);
    expect(files(daemon)).toEqual(['g1.json']);
  });

  test('add that nobody opens is taken back, and what was there before stays', async () => {
    const daemon = await started();
    const [one, two] = [join(daemon.state, '1'), join(daemon.state, '2')];
    expect(listen(daemon, 'add', 'g1', '--path', one)).toEqual([0, '']);
    await daemon.stop();
    for (const [name, path] of [['g1', two], ['g2', two]] as const) {
      expect(listen(daemon, 'add', name, '--path', path)).toEqual([1, expect.stringContaining('--no-wait')]);
    }
    expect(listen(daemon, 'list')).toEqual([0, expect.stringContaining(one)]);
    // What a start has to do with is recorded with it.
    const again = await started({ state: daemon.state, socket: daemon.socket });
    expect(recordsIn(again.state).findLast(({ kind }) => kind === 'started')?.event['listeners']).toEqual(['default', 'g1']);
    await again.stop();
    expect(files(daemon)).toEqual(['g1.json']);
    expect(listen(daemon, 'add', 'g1', '--path', two, '--no-wait')).toEqual([0, '']);
    expect(listen(daemon, 'remove', 'g1')).toEqual([0, '']);
  });

  test('all that is wrong with a listener is said, and a directory without a log is none', async () => {
    const daemon = await started();
    const [status, said] = listen(daemon, 'add', 'a b', '--path', 'relative', '--mode', '9', '--rate', 'x');
    expect(status).toBe(2);
    for (const what of ['name', 'path', 'mode', 'rate']) expect(said).toContain(`indelible: ${what === 'mode' ? '"mode"' : what} should`);
    const empty = temporaryDirectory();
    const { status: code, stderr } = spawnSync(process.execPath, [program, 'listen', 'list'], { encoding: 'utf8', env: { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: empty } });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`no log in ${empty}`)]);
    rmSync(empty, { recursive: true });
  });
});

test('the mirror tells harmless fields of every record to the process log, and nothing of what it holds', async () => {
  const daemon = await started({ env: { INDELIBLE_MIRROR: 'on' } });
  const event = { action: 'deploy', outcome: 'denied', actor: 'somebody', detail: 'between us' };
  const ack = await new Conversation(daemon.socket).ask(append(1, 'generic', event));
  const { stderr } = await daemon.stop();
  const told = stderr.split('\n').filter((line) => line.includes('"recorded"')).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told).toContainEqual(expect.objectContaining({
    seq: ack.op === 'ack' ? ack.first : 0, profile: 'generic', kind: 'deploy', outcome: 'denied', listener: 'default',
  }));
  for (const private_ of ['somebody', 'between us']) expect(stderr).not.toContain(private_);
});

test('a mirror that nobody reads delays nobody: far more than a pipe holds is told, and every event is acknowledged', async () => {
  const state = temporaryDirectory();
  const socket = join(state, 's');
  const daemon = spawn(process.execPath, [program, 'serve'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: state, INDELIBLE_SOCKET: socket, INDELIBLE_MIRROR: 'on', INDELIBLE_SYNC: 'group' },
  });
  try {
    const client = await connect({ socket, connectTimeoutMs: 30_000 });
    const kind = 'k'.repeat(200);
    const count = 5000;
    await Promise.all(Array.from({ length: count }, () => client.append({ action: kind })));
    const { accepted } = await client.status();
    expect(accepted['generic']).toBe(count);
    await client.close();
  } finally {
    daemon.kill('SIGKILL');
    rmSync(state, { recursive: true, force: true });
  }
});
