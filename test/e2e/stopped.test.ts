// A daemon that is suspended for longer than its lease, and what happens meanwhile: where the kernel's lock holds it keeps its
// log; where another took the log over it writes nothing more, not even what it had in its hands. And one that is told to stop
// while it starts.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { leaseMs } from '../../src/disk/lock.js';
import { Conversation, Daemon, append, recordsIn, temporaryDirectory, verified } from '../daemon.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => { for (const undo of cleanup.splice(0).reverse()) await undo(); });

/** A new place, and a daemon in it with its socket outside of the state directory. */
async function started(): Promise<{ readonly daemon: Daemon; readonly place: string; readonly client: Conversation }> {
  const place = temporaryDirectory();
  const daemon = await Daemon.start({ state: join(place, 'state'), socket: join(place, 's') });
  const client = new Conversation(daemon.socket);
  cleanup.push(async () => {
    await client.close();
    await daemon.clear();
    rmSync(place, { recursive: true, force: true });
  });
  return { daemon, place, client };
}

/** The clock has to pass: only then is the lease stale. */
function pastTheLease(): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, leaseMs + 1_500); });
}

test('the kernel\'s lock holds: a second daemon is refused, and the first goes on', async () => {
  const { daemon, place, client } = await started();
  await client.ask(append(1, 'before'));
  daemon.process.kill('SIGSTOP');
  client.send(append(2, 'meanwhile'));
  await pastTheLease();
  expect(await Daemon.spawn({ state: daemon.state, socket: join(place, 'other') }).ended).toMatchObject({ code: 4 });
  daemon.process.kill('SIGCONT');
  expect((await client.until(2))[1]).toMatchObject({ op: 'ack' });
  expect((await daemon.stop()).code).toBe(0);
  expect(verified(daemon.state)).toMatchObject({ exit: 0, findings: [] });
});

test('the lease was taken over: the first writes nothing more, answers, ends, and leaves the second its lock', async () => {
  if (spawnSync('strace', ['-V']).error !== undefined) throw new Error('strace is not installed: apt-get install strace');
  const { daemon, place, client } = await started();
  const { state } = daemon;
  await client.ask(append(1, 'before'));
  daemon.process.kill('SIGSTOP');
  // In its hands already when it wakes up.
  client.send(append(2, 'late'), append(3, 'later'));
  await pastTheLease();
  // As on a filesystem whose locks another host does not see.
  const second = Daemon.spawn({ state, socket: join(place, 'other'), under: ['strace', '-f', '-o', '/dev/null', '-e', 'trace=flock', '-e', 'inject=flock:retval=0'] });
  cleanup.push(() => second.process.exitCode ?? second.kill('SIGKILL'));
  await second.ready();
  const other = new Conversation(second.socket);
  cleanup.push(() => other.close());
  expect(await other.ask(append(1, 'of the second'))).toMatchObject({ op: 'ack' });
  const lease = lstatSync(join(state, 'indelible.lock'));
  const before = readFileSync(join(state, 'log/00000000000000000001.jsonl'));
  daemon.process.kill('SIGCONT');
  const ended = await daemon.ended;
  expect([ended.code, ended.stderr.includes('the lock on the state directory was lost')]).toEqual([5, true]);
  await client.closed;
  for (const reply of client.replies.slice(1)) expect(reply).toMatchObject({ op: 'error', code: 'write_failed' });

  expect(readFileSync(join(state, 'log/00000000000000000001.jsonl')).subarray(0, before.length).equals(before)).toBe(true);
  expect(lstatSync(join(state, 'indelible.lock'))).toMatchObject({ ino: lease.ino, birthtimeMs: lease.birthtimeMs });
  expect(existsSync(join(state, 'last-words'))).toBe(false);
  expect(await other.ask(append(2, 'of the second again'))).toMatchObject({ op: 'ack' });
  const pid = readFileSync(`/proc/${second.process.pid}/task/${second.process.pid}/children`, 'utf8').trim().split(' ')[0];
  process.kill(Number(pid), 'SIGTERM');
  expect((await second.ended).code).toBe(0);
  expect(recordsIn(state).filter(({ profile }) => profile === 'generic').map(({ kind }) => kind)).toEqual(['before', 'of the second', 'of the second again']);
  expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
});

test.each(['it is 0700 now', '"log open"'])('SIGTERM while it starts, behind %j, is a clean stop and no crash', async (said) => {
  const { daemon } = await started();
  await daemon.stop();
  const { state, socket } = daemon;
  // So that it says something before the log is opened.
  chmodSync(state, 0o755);
  const second = Daemon.spawn({ state, socket });
  cleanup.push(() => second.process.exitCode ?? second.kill('SIGKILL'));
  await second.says(said);
  expect(await second.stop()).toMatchObject({ code: 0, signal: null });
  const third = await Daemon.start({ state, socket });
  cleanup.push(() => third.process.exitCode ?? third.kill('SIGKILL'));
  const { stderr } = await third.stop();
  expect(stderr).not.toContain('crash');
  expect(verified(state)).toMatchObject({ exit: 0, findings: [] });
});
