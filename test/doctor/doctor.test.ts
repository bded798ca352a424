// Every check, seen to succeed on a healthy machine and to fail on one where just that is broken.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ClientError } from '../../src/client/client.js';
import type { CheckName, Result } from '../../src/doctor/check.js';
import { Hung, checkNames, checked, encodeReport, ok, quoted, within } from '../../src/doctor/check.js';
import { RealHost } from '../../src/doctor/host.js';
import { mountOf } from '../../src/doctor/mount.js';
import { holderIn, softLimit } from '../../src/kernel/proc.js';
import { temporaryDirectory } from '../daemon.js';
import type { Patient } from './machine.js';
import { examined, lineOf, newest, patient, socket, state, unwell } from './machine.js';

const log = join(state, 'log');
const keys = join(state, 'keys');

type Unwell = Readonly<Partial<Record<CheckName, Result>>>;

/** What is broken, which checks say so, and what the one that it is about finds. */
type Case = readonly [name: string, breaks: (one: Patient) => void, unwell: Unwell, found: RegExp];

function cases(check: CheckName, list: readonly Case[]): void {
  describe(check, () => {
    test.each(list)('%s', async (_, breaks, expected, found) => {
      const one = patient();
      breaks(one);
      const checks = await examined(one);
      expect(unwell(checks)).toEqual(expected);
      const { found: text, result, todo } = checks.find((other) => other.check === check) ?? { found: '', result: 'ok' as const, todo: undefined };
      expect(text).toMatch(found);
      // Who is warned is told what to do.
      if (result === 'warn' || result === 'fail') expect(todo?.say).toMatch(/\w/);
    });
  });
}

describe('a healthy machine', () => {
  test('is ok in every check, and all are made in their order', async () => {
    const one = patient();
    const checks = await examined(one);
    expect(unwell(checks)).toEqual({});
    expect(checks.map(({ check }) => check)).toEqual([...checkNames]);
    expect([one.daemon.appended, one.daemon.closed]).toEqual([1, 1]);
  });

  test('shows nothing of the daemon\'s environment that is not its own', async () => {
    expect(JSON.stringify(await examined(patient()))).not.toContain('hunter2');
  });
});

/** What a stopped daemon leaves: the lock and the socket gone, and nobody to ask. */
function stopped(one: Patient): void {
  one.machine.killDaemon();
  one.machine.remove(socket);
  one.machine.remove(join(state, 'indelible.lock'));
}
const withoutDaemon = {
  lock: 'fail', socket: 'fail', daemon: 'fail', origin: 'skip', canary: 'skip', versions: 'skip', open_files: 'skip', core_dumps: 'skip',
} as const;
const silentDaemon = { daemon: 'fail', origin: 'skip', canary: 'skip', versions: 'skip' } as const;

cases('configuration', [
  ['a mistake in what the next daemon would start with fails', (one) => { stopped(one); one.environment = { INDELIBLE_SYNC: 'often' }; },
    { ...withoutDaemon, configuration: 'fail' }, /^1 mistake in this environment.*INDELIBLE_SYNC/],
  ['a daemon\'s environment that may not be read is skipped, and so is what needs it', ({ machine }) => { machine.forbidden.add('/proc/77/environ'); },
    { configuration: 'skip', open_files: 'skip' }, /may not read the environment of process 77/],
]);

cases('state_dir', [
  ['mode 0755 fails', ({ machine }) => { machine.change(state, { mode: 0o755 }); }, { state_dir: 'fail' }, /mode 0755 and should have 0700/],
  ['another owner than the daemon fails', ({ machine }) => { machine.change(state, { uid: 5 }); }, { state_dir: 'fail' }, /uid 5, and the daemon is uid 990/],
  ['a file in its place fails', ({ machine }) => { machine.change(state, { kind: 'file' }); }, { state_dir: 'fail' }, /no directory but a file/],
  ['none at all fails, and everything in it is skipped or fails', (one) => { stopped(one); one.machine.remove(state); },
    { ...withoutDaemon, configuration: 'skip', state_dir: 'fail', log_files: 'fail', key_files: 'fail', verification_key: 'skip', lock: 'skip', clock: 'skip',
      free_space: 'skip', inodes: 'skip', head_age: 'skip', seal_age: 'skip' }, /there is no/],
  ['one that does not answer fails and holds nothing up', ({ machine }) => { machine.hanging.add(state); },
    { configuration: 'skip', state_dir: 'fail', parents: 'fail', log_files: 'fail', key_files: 'fail', lock: 'skip', free_space: 'fail', inodes: 'fail',
      open_files: 'skip', core_dumps: 'skip' }, /did not answer in 5000 ms/],
]);

cases('parents', [
  ['a directory above that others may write to fails', ({ machine }) => { machine.change('/var', { mode: 0o777 }); }, { parents: 'fail' }, /\/var, above .*mode 0777/],
  ['so does one for a group', ({ machine }) => { machine.change('/var/lib', { mode: 0o775 }); }, { parents: 'fail' }, /\/var\/lib, above/],
  ['a sticky one is ok', ({ machine }) => { machine.change('/var', { mode: 0o1777 }); }, {}, /none of the 3 directories/],
  ['one that belongs to somebody else fails', ({ machine }) => { machine.change('/var/lib', { uid: 1000 }); }, { parents: 'fail' }, /belongs to uid 1000/],
]);

const mounted = (line: string) => ({ machine }: Patient): void => {
  machine.write('/proc/self/mountinfo', Buffer.from(`22 1 254:0 / / rw - ext4 /dev/vda rw\n${line}\n`));
};
cases('filesystem', [
  ['memory is a warning', mounted('30 22 0:9 / /var/lib rw - tmpfs tmpfs rw'), { filesystem: 'warn' }, /tmpfs in memory/],
  ['a network filesystem is a warning', mounted('30 22 0:9 / /var rw - nfs4 host:/ rw'), { filesystem: 'warn' }, /nfs4 over the network/],
  ['a container\'s own layer is a warning', mounted('30 22 0:9 / / rw - overlay overlay rw'), { filesystem: 'warn' }, /goes with the container/],
  ['read-only fails', mounted('30 22 0:9 / /var/lib ro - ext4 /dev/vdb rw'), { filesystem: 'fail' }, /read-only/],
  ['without barriers is a warning', mounted('30 22 0:9 / /var/lib rw - ext4 /dev/vdb rw,nobarrier'), { filesystem: 'warn' }, /power cut/],
  ['a mount beside it is not its own', mounted('30 22 0:9 / /var/lib/indel rw - tmpfs tmpfs rw'), {}, /lies on \/, ext4/],
  ['no word from the kernel is skipped', ({ machine }) => { machine.remove('/proc/self/mountinfo'); }, { filesystem: 'skip' }, /does not say/],
]);

cases('log_files', [
  ['a segment that others may read fails', ({ machine }) => { machine.change(newest, { mode: 0o640 }); }, { log_files: 'fail' }, /00000000000000000023\.jsonl has mode 0640/],
  ['a segment with a second name fails', ({ machine }) => { machine.change(newest, { links: 2 }); }, { log_files: 'fail' }, /has 2 names/],
  ['a segment of another owner fails', ({ machine }) => { machine.change(newest, { uid: 3 }); }, { log_files: 'fail' }, /belongs to uid 3, not 990/],
  ['a link in a segment\'s place fails', ({ machine }) => { machine.change(newest, { kind: 'link' }); }, { log_files: 'fail' }, /is a link and should be a file/],
  ['an open directory fails', ({ machine }) => { machine.change(log, { mode: 0o711 }); }, { log_files: 'fail' }, /log itself has mode 0711/],
  ['a missing head fails', ({ machine }) => { machine.remove(join(log, 'head')); }, { log_files: 'fail' }, /log\/head is missing/],
  ['no directory at all fails', (one) => { stopped(one); one.machine.remove(log); },
    { ...withoutDaemon, log_files: 'fail', clock: 'skip', head_age: 'skip', seal_age: 'skip' }, /nothing was ever recorded/],
  ['a link that leads elsewhere is a warning', ({ machine }) => { machine.change(join(log, 'audit.jsonl'), { target: '/etc/passwd' }); }, { log_files: 'warn' }, /leads to \/etc\/passwd/],
  ['a link one segment behind is ok', ({ machine }) => { machine.change(join(log, 'audit.jsonl'), { target: '00000000000000000001.jsonl' }); }, {}, /leads to 00000000000000000001/],
  ['a file in the link\'s place is a warning', ({ machine }) => { machine.write(join(log, 'audit.jsonl'), Buffer.alloc(0)); }, { log_files: 'warn' }, /no symbolic link/],
  ['no link is a warning', ({ machine }) => { machine.remove(join(log, 'audit.jsonl')); }, { log_files: 'warn' }, /is missing/],
  ['what may not be looked at is skipped', ({ machine }) => { machine.forbidden.add(log); }, { log_files: 'skip' }, /may not look at .*log/],
]);

cases('key_files', [
  ['a key that others may read fails', ({ machine }) => { machine.change(join(keys, 'current'), { mode: 0o644 }); }, { key_files: 'fail' }, /current has mode 0644/],
  ['an open directory fails', ({ machine }) => { machine.change(keys, { mode: 0o750 }); }, { key_files: 'fail' }, /keys itself has mode 0750/],
  ['a key with a second name fails', ({ machine }) => { machine.change(join(keys, 'identity'), { links: 2 }); }, { key_files: 'fail' }, /identity has 2 names/],
  ['a missing key fails', ({ machine }) => { machine.remove(join(keys, 'current')); }, { key_files: 'fail' }, /keys\/current is missing/],
  ['what may not be looked at is skipped, and the verification key with it', ({ machine }) => { machine.forbidden.add(keys); },
    { key_files: 'skip', verification_key: 'skip' }, /may not look at .*keys/],
]);

cases('verification_key', [
  ['one that is still there is a warning', ({ machine }) => { machine.write(join(keys, 'verification.key'), Buffer.from('R')); }, { verification_key: 'warn' }, /still lies beside the log/],
]);

cases('lock', [
  ['nobody holding it fails', stopped, withoutDaemon, /no daemon is running/],
  ['a lock on another inode is nobody\'s', ({ machine }) => { machine.write('/proc/locks', Buffer.from('1: FLOCK  ADVISORY  WRITE 77 fe:00:1 0 EOF\n')); },
    { lock: 'fail', origin: 'fail', open_files: 'skip', core_dumps: 'skip' }, /no daemon is running/],
  ['a lease that is not renewed is a warning', ({ machine }) => { machine.change(join(state, 'indelible.lock'), { modifiedMs: machine.nowMs - 60_000 }); },
    { lock: 'warn' }, /not renewed its lease for 1 min/],
  ['a fresh lease of a process that is not to be seen from a container is a warning', ({ machine }) => {
    machine.killDaemon();
    machine.change('/proc/self/ns/pid', { target: 'pid:[4026532000]' });
  }, { configuration: 'skip', lock: 'warn', open_files: 'skip', core_dumps: 'skip' }, /renewed the lease on it 1 s ago/],
  ['an old lease seen from a container fails', (one) => {
    stopped(one);
    one.machine.change('/proc/self/ns/pid', { target: 'pid:[4026532000]' });
  }, { ...withoutDaemon, configuration: 'skip' }, /nobody renews the lease/],
  ['no /proc/locks is skipped', ({ machine }) => { machine.remove('/proc/locks'); }, { configuration: 'skip', lock: 'skip', open_files: 'skip', core_dumps: 'skip' }, /not to be told/],
]);

cases('socket', [
  ['a file in its place fails', (one) => { one.machine.change(socket, { kind: 'file' }); one.connectError = new Error('ECONNREFUSED'); },
    { ...silentDaemon, socket: 'fail' }, /no socket but a file/],
  ['a directory that others may write to fails', ({ machine }) => { machine.change('/run/indelible', { mode: 0o777 }); }, { socket: 'fail' }, /socket of their own/],
  ['a sticky one is ok', ({ machine }) => { machine.change('/run/indelible', { mode: 0o1777 }); }, {}, /its group may connect/],
  ['one that somebody else made fails', ({ machine }) => { machine.change(socket, { uid: 1000 }); }, { socket: 'fail' }, /somebody else may answer there/],
  ['another one than the daemon\'s fails and names the daemon\'s', (one) => { one.socket = '/run/other.sock'; },
    { ...silentDaemon, socket: 'fail' }, /listens on \/run\/indelible\/indelible\.sock/],
  ['the daemon\'s own, removed, fails', (one) => { one.machine.remove(socket); }, { ...silentDaemon, socket: 'fail' }, /somebody removed it/],
  ['a directory that is closed to us is skipped', (one) => {
    one.machine.forbidden.add('/run/indelible');
    one.connectError = new ClientError('not_connected', 'connect EACCES', { cause: Object.assign(new Error('connect EACCES'), { code: 'EACCES' }) });
  }, { socket: 'skip', daemon: 'skip', origin: 'skip', canary: 'skip', versions: 'skip' }, /may not look at .*indelible\.sock/],
]);

cases('daemon', [
  ['degraded is a warning', ({ daemon }) => { daemon.more = { state: 'degraded', last_error: 'ENOSPC' }; }, { daemon: 'warn' }, /degraded .*last error: ENOSPC/],
  ['failed fails', ({ daemon }) => { daemon.more = { state: 'failed', last_error: 'EIO' }; }, { daemon: 'fail' }, /failed .*EIO/],
  ['nobody listening fails', (one) => { one.connectError = new ClientError('not_connected', 'no', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }); },
    silentDaemon, /nobody listens/],
  ['no answer to status fails', (one) => { one.daemon.statusError = new ClientError('timeout', 'no answer to status in 5000 ms'); }, silentDaemon, /lets in and does not answer/],
  ['an answer of another shape fails', (one) => { one.daemon.more = { head: null } as never; }, silentDaemon, /not answer as an indelible daemon/],
]);

cases('origin', [
  ['another log\'s name fails', ({ daemon }) => { daemon.welcome = { ...daemon.welcome, origin: 'other/log' }; }, { origin: 'fail' }, /writes other\/log, and the state directory holds example\.org\/audit/],
  ['other keys under the same name fail', ({ daemon }) => { daemon.welcome = { ...daemon.welcome, log_pub: ['x', 'y'] }; }, { origin: 'fail' }, /another log of the same name/],
  ['a copy that nobody holds fails', ({ machine }) => { machine.killDaemon(); }, { lock: 'fail', origin: 'fail', open_files: 'skip', core_dumps: 'skip' }, /it is a copy/],
  ['a log.pub that is not there is skipped', ({ machine }) => { machine.remove(join(state, 'log.pub')); }, { origin: 'skip' }, /does not say/],
  ['what a name hides is escaped', ({ daemon }) => { daemon.welcome = { ...daemon.welcome, origin: 'a\u001b[2Jb\u202e' }; }, { origin: 'fail' }, /a\\u001b\[2Jb\\u202e/],
]);

cases('clock', [
  ['a record a minute ahead is a warning', ({ machine }) => { machine.nowMs -= 60_000; }, { clock: 'warn' }, /made 56 s later/],
  ['a record an hour ahead fails', ({ machine }) => { machine.nowMs -= 3_700_000; }, { clock: 'fail' }, /made 1 h later/],
  ['a head without a time is found in the daemon\'s memory', ({ daemon }) => { daemon.more = { head: { seq: 43, mac: '', ts: null } }; }, {}, /record 43 was made 4\.1 s ago/],
]);

cases('clock_sync', [
  ['a clock that nobody keeps is a warning', ({ machine }) => { machine.sync = { isSynchronised: false, maxErrorMs: 16_000 }; }, { clock_sync: 'warn' }, /nobody keeps its clock right/],
  ['a large error is a warning', ({ machine }) => { machine.sync = { isSynchronised: true, maxErrorMs: 1500 }; }, { clock_sync: 'warn' }, /wrong by 1\.5 s/],
  ['a kernel that does not let us ask is skipped', ({ machine }) => { machine.sync = Object.assign(new Error('no'), { code: 'EPERM' }); }, { clock_sync: 'skip' }, /may not look/],
]);

const gib = 1024 ** 3;
cases('free_space', [
  ['less than INDELIBLE_DISK_LOW_BYTES is a warning', ({ machine }) => { machine.free = { ...machine.free, freeBytes: 200 * 1024 ** 2 }; }, { free_space: 'warn' }, /200\.0 MiB are free, less than .*\(256\.0 MiB, /],
  ['the daemon\'s own limit counts', ({ machine }) => { machine.environ({ INDELIBLE_DISK_LOW_BYTES: String(60 * gib) }); }, { free_space: 'warn' }, /60\.0 GiB, the daemon's environment/],
  ['less than a line fails', ({ machine }) => { machine.free = { ...machine.free, freeBytes: 1024 }; }, { free_space: 'fail' }, /may not fit/],
  ['a log that will fill the disk within a week is a warning', ({ machine }) => {
    machine.nowMs += 3_600_000;
    machine.change(join(state, 'indelible.lock'), { modifiedMs: machine.nowMs });
    machine.change(newest, { bytes: gib });
  }, { free_space: 'warn', head_age: 'warn', seal_age: 'warn' }, /grows by 23\.9 GiB a day, and leaves less than that in 2\.1 d/],
]);

cases('inodes', [
  ['few are a warning', ({ machine }) => { machine.free = { ...machine.free, freeInodes: 500 }; }, { inodes: 'warn' }, /500 of 2000000/],
  ['none fail', ({ machine }) => { machine.free = { ...machine.free, freeInodes: 0 }; }, { inodes: 'fail' }, /0 of 2000000/],
  ['a filesystem that does not count them is skipped', ({ machine }) => { machine.free = { ...machine.free, freeInodes: 0, inodes: 0 }; }, { inodes: 'skip' }, /does not count/],
]);

/** The daemon's last start promised a seal after a second and a heartbeat after a minute; then came one more record. */
function promising({ daemon }: Patient): void {
  const event = { seal_ms: 1000, heartbeat_ms: 60_000 };
  daemon.lines.splice(0, 1, lineOf({ seq: 23, ts: '2026-01-01T00:00:03.151Z', profile: 'indelible', kind: 'started', event }));
}
const later = (ms: number) => (one: Patient): void => {
  promising(one);
  one.machine.nowMs += ms;
  one.machine.change(join(state, 'indelible.lock'), { modifiedMs: one.machine.nowMs });
};
const oneMore = ({ daemon }: Patient): void => {
  daemon.lines.push(lineOf({ seq: 44, ts: '2026-01-01T00:00:06.000Z', profile: 'generic', kind: 'a', event: { action: 'a' } }));
};
cases('head_age', [
  ['a head within two heartbeats is ok', later(100_000), {}, /one is due every 1 min, as its last start said/],
  ['an older one is a warning, and so is the seal', later(130_000), { head_age: 'warn', seal_age: 'warn' }, /record 43 is 2\.2 min old/],
  ['without the right to read, files tell', (one) => { one.daemon.recentError = new ClientError('forbidden', 'no'); one.machine.forbidden.add(log); },
    { log_files: 'skip', seal_age: 'skip', canary: 'skip' }, /by its environment/],
]);

cases('seal_age', [
  ['a record that waits within twice the time is ok', (one) => { promising(one); oneMore(one); }, {}, /record 44 has waited 4 s for a seal; one is due after 1 s/],
  ['one that waits longer is a warning', (one) => { later(10_000)(one); oneMore(one); }, { seal_age: 'warn' }, /record 44 has waited 14 s/],
  ['what an earlier run left is due from the start on', (one) => { later(10_000)(one); oneMore(one); one.daemon.more = { uptime_ms: 3000 }; }, {}, /has waited 3 s/],
  ['a segment\'s header waits for nothing', (one) => {
    later(10_000)(one);
    one.daemon.lines.push(lineOf({ seq: 44, ts: '2026-01-01T00:00:06.000Z', profile: 'indelible', kind: 'segment', event: {} }));
  }, {}, /the newest seal 43/],
  ['a daemon without a seal in memory is skipped', ({ daemon }) => {
    daemon.lines = [lineOf({ seq: 43, ts: '2026-01-01T00:00:06.000Z', profile: 'indelible', kind: 'segment', event: {} })];
  }, { seal_age: 'skip' }, /no seal was found/],
]);

cases('canary', [
  ['a refusal fails', ({ daemon }) => { daemon.appendError = new ClientError('disk_full', 'no room'); }, { canary: 'fail' }, /disk_full: no room/],
  ['a socket that takes no such events is skipped', ({ daemon }) => { daemon.appendError = new ClientError('forbidden', 'not here'); }, { canary: 'skip' }, /not here/],
  ['another MAC than the acknowledged fails', ({ daemon }) => { daemon.distort = (line) => line.replace('"mac":"cc', '"mac":"cd'); }, { canary: 'fail' }, /another MAC/],
  ['another text than was sent fails', ({ daemon }) => { daemon.distort = (line) => line.replace('canary/', 'canarx/'); }, { canary: 'fail' }, /not as it was sent/],
  ['another id fails', ({ daemon }) => { daemon.distort = (line) => line.replace('"id":"doctor-', '"id":"docter-'); }, { canary: 'fail' }, /not as it was sent/],
  ['a record that is not among the newest fails', ({ daemon }) => { daemon.distort = () => lineOf({ seq: 99, ts: '2026-01-01T00:00:10.000Z', profile: 'generic', kind: 'x', event: {} }); },
    { canary: 'fail' }, /record 44 was durable .* not among the newest/],
  ['without the right to read it is acknowledged and skipped', (one) => { one.daemon.recentError = new ClientError('forbidden', 'no'); one.machine.forbidden.add(log); },
    { log_files: 'skip', seal_age: 'skip', canary: 'skip' }, /record 44 was durable .*may not read it back/],
  ['without the right to ask it is read back from the file', ({ daemon, machine }) => {
    daemon.recentError = new ClientError('forbidden', 'no');
    daemon.distort = (line) => {
      machine.write(newest, Buffer.concat([machine.at(newest).text ?? Buffer.alloc(0), Buffer.from(`${line}\n`)]));
      machine.write(join(log, 'head'), Buffer.alloc(0));
      return line;
    };
  }, {}, /read back from its file/],
]);

test('without --canary nothing is recorded', async () => {
  const one = patient();
  one.canary = false;
  expect(unwell(await examined(one))).toEqual({ canary: 'skip' });
  expect(one.daemon.appended).toBe(0);
});

cases('versions', [
  ['a daemon of another version is a warning', ({ daemon }) => { daemon.welcome = { ...daemon.welcome, server: 'indelible/1.2.2' }; }, { versions: 'warn' }, /command and daemon differ/],
  ['an old Node is a warning', ({ machine }) => { machine.nodeVersion = '18.19.0'; }, { versions: 'warn' }, /Node 18/],
  ['an old kernel is a warning', ({ machine }) => { machine.kernelRelease = '4.12.14'; }, { versions: 'warn' }, /kernel 4\.12/],
]);

cases('open_files', [
  ['fewer than the clients need is a warning', ({ machine }) => { machine.limits('1024', '0'); }, { open_files: 'warn' }, /may open 1024 files, and 1024 clients take up to 1217/],
  ['the daemon\'s own number of clients counts', ({ machine }) => { machine.limits('1024', '0'); machine.environ({ INDELIBLE_MAX_CLIENTS: '64' }); }, {}, /64 clients/],
  ['limits that may not be read are skipped', ({ machine }) => { machine.forbidden.add('/proc/77/limits'); }, { open_files: 'skip', core_dumps: 'skip' }, /may not look/],
]);

cases('core_dumps', [
  ['any size is a warning', ({ machine }) => { machine.limits('20000', 'unlimited'); }, { core_dumps: 'warn' }, /of any size/],
  ['a small size is a warning, too', ({ machine }) => { machine.limits('20000', '4096'); }, { core_dumps: 'warn' }, /of 4096 bytes/],
  ['a program that gets cores whatever the limit is a warning', ({ machine }) => { machine.write('/proc/sys/kernel/core_pattern', Buffer.from('|/usr/bin/keepcore %p\n')); },
    { core_dumps: 'warn' }, /\/usr\/bin\/keepcore/],
  ['one that keeps to it is ok', ({ machine }) => { machine.write('/proc/sys/kernel/core_pattern', Buffer.from('|/usr/lib/systemd/systemd-coredump %P\n')); }, {}, /no core file/],
]);

describe('a check', () => {
  test('that never ends is given up', async () => {
    await expect(within('the disk', 10, new Promise(() => undefined))).rejects.toThrow('the disk did not answer in 10 ms');
  });

  test('of what was not asked, because others hang, is skipped and not failed', async () => {
    expect(await checked('lock', () => { throw new Hung('not_asked', 'x was not asked'); })).toMatchObject({ result: 'skip' });
    expect(await checked('lock', () => { throw new Hung('hung', 'x did not answer'); })).toMatchObject({ result: 'fail' });
  });

  test('that throws has failed, and says so on one line', async () => {
    expect(await checked('lock', () => { throw new Error('a\nb'); })).toMatchObject({ check: 'lock', result: 'fail', found: 'could not be checked: a\\u000ab' });
  });
});

test('the report is one line of version 1, with a todo that is text or null', async () => {
  const bad = await checked('lock', () => ({ result: 'fail', found: 'b', todo: { say: 'do', run: 'this' } }));
  const text = encodeReport({ checks: [await checked('clock', () => ok('a')), bad], exit: 1 });
  expect(text).toBe('{"version":1,"checks":[{"check":"clock","result":"ok","found":"a","todo":null},' +
    '{"check":"lock","result":"fail","found":"b","todo":"do: this"}],"exit":1}');
});

test('paths are quoted for a shell where they must be', () => {
  expect([quoted('/a/b-c'), quoted('/a b'), quoted('/it\'s')]).toEqual(['/a/b-c', '\'/a b\'', '\'/it\'\\\'\'s\'']);
});

test('a mount point\'s name may hold spaces, and the later of two mounts counts', () => {
  const text = '1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /my\\040disk rw shared:1 - xfs b rw\n3 1 0:3 / /my\\040disk rw - tmpfs c rw\n';
  expect(mountOf(text, '/my disk/log')).toMatchObject({ point: '/my disk', type: 'tmpfs' });
});

test('limits are read by their whole name', () => {
  expect(softLimit('Max open files extra     1 2 x\nMax open files            5  6  files\n', 'Max open files')).toBe(5);
});

test('who waits for a lock does not hold it', () => {
  const file = { device: 0xfe00n, inode: 8n };
  expect(holderIn('1: FLOCK  ADVISORY  WRITE 5 fe:00:8 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 6 fe:00:8 0 EOF\n', file)).toBe(5);
  expect(holderIn('1: -> FLOCK  ADVISORY  WRITE 6 fe:00:8 0 EOF\n', file)).toBeUndefined();
  expect(holderIn('1: FLOCK  ADVISORY  WRITE 5 fe:00:18 0 EOF\n', file)).toBeUndefined();
});

test('who holds a file of the same number on another device does not hold this one', () => {
  const locks = '1: FLOCK  ADVISORY  WRITE 5 00:1a:131 0 EOF\n2: FLOCK  ADVISORY  WRITE 6 103:12345:131 0 EOF\n3: FLOCK  ADVISORY  WRITE 7 00:31:131 0 EOF\n';
  expect(holderIn(locks, { device: 0xfe00n, inode: 131n })).toBeUndefined();
  expect(holderIn(locks, { device: 0x31n, inode: 131n })).toBe(7);
  // Major 0x103 and minor 0x12345, as the C library packs them.
  expect(holderIn(locks, { device: 0x12310345n, inode: 131n })).toBe(6);
  // On btrfs and overlay the numbers differ, and are both without a device.
  expect(holderIn(locks, { device: 0x44n, inode: 131n })).toBe(7);
});

test('the real machine answers, and what is not there is undefined', async () => {
  const host = new RealHost();
  expect(await host.stat('/proc/self')).toMatchObject({ kind: 'link' });
  expect(await host.stat('/proc/self/nothing')).toBeUndefined();
  expect(await host.readText('/proc/locks')).toBeTypeOf('string');
  await expect(host.readText('/dev/null')).rejects.toThrow('not a regular file');
  expect(host.isStuck).toBe(false);
});

test('calls that hang are given up, after two no more are made, and those that return are forgiven', async () => {
  const place = temporaryDirectory();
  const fifo = join(place, 'fifo');
  spawnSync('mkfifo', [fifo]);
  // Opening a FIFO that nobody writes to takes one of Node's four threads, so that every call waits behind them.
  const waiting = Array.from({ length: 4 }, () => open(fifo, constants.O_RDONLY));
  const host = new RealHost(1);
  await expect(host.stat(place)).rejects.toMatchObject({ code: 'hung' });
  await expect(host.stat(place)).rejects.toMatchObject({ code: 'hung' });
  await expect(host.stat(place)).rejects.toMatchObject({ code: 'not_asked' });
  expect(host.isStuck).toBe(true);
  const writer = openSync(fifo, constants.O_RDWR);
  for (const file of await Promise.all(waiting)) await file.close();
  closeSync(writer);
  while (host.isStuck) await new Promise((resolve) => { setImmediate(resolve); });
  rmSync(place, { recursive: true });
});
