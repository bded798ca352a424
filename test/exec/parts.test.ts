// The parts of `exec` that need no command: the ACL's file, identities, slots, the order of the record.
import { chmodSync, chownSync, closeSync, lchownSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readAcl } from '../../src/exec/acl-file.js';
import { brokenVariables } from '../../src/exec/environment.js';
import { agentId, machineId } from '../../src/exec/identity.js';
import { stdinKind } from '../../src/exec/inflow.js';
import { Journal, type Recorder } from '../../src/exec/journal.js';
import { warnAfterBytes, warnAfterMs } from '../../src/exec/limits.js';
import { makePipes } from '../../src/exec/pipe.js';
import { slotDirectory, takeSlot } from '../../src/exec/slots.js';
import { tryLock } from '../../src/kernel/native.js';
import { isRoot, ofRoot } from '../root.js';

const place = mkdtempSync(join(tmpdir(), 'ind-exec-'));
const uid = process.getuid?.() ?? 0;
afterAll(() => { rmSync(place, { recursive: true }); });

function aclFile(name: string, mode: number): string {
  const path = join(place, name);
  writeFileSync(path, '{"version":1,"enabled":true,"commands":[{"description":"d","argv":["a"],"concurrency_max":2}]}');
  chmodSync(path, mode);
  return path;
}

describe('the file of an ACL', () => {
  test('is read, also through a link', () => {
    const path = aclFile('good', 0o644);
    symlinkSync(path, join(place, 'link'));
    expect(readAcl(path, uid).acl.rules[0]?.description).toBe('d');
    expect(readAcl(join(place, 'link'), uid).path).toBe(readAcl(path, uid).path);
  });

  test('that others can write is refused', () => {
    for (const mode of [0o620, 0o602]) expect(() => readAcl(aclFile('open', mode), uid)).toThrow(/can be written by others/);
    const directory = join(place, 'common');
    mkdirSync(directory);
    const path = aclFile('common/acl', 0o600);
    chmodSync(directory, 0o777);
    expect(() => readAcl(path, uid)).toThrow(/common, on the way to it, can be written by others/);
    chmodSync(directory, 0o1777);
    expect(readAcl(path, uid).acl.enabled).toBe(true);
  });

  test('below or through anything that others could exchange is refused', () => {
    const [open, closed] = [join(place, 'open-to-all'), join(place, 'open-to-all', 'closed')];
    mkdirSync(closed, { recursive: true });
    chmodSync(open, 0o777);
    const good = aclFile('trusted', 0o600);
    symlinkSync(good, join(open, 'link'));
    symlinkSync(join(open, 'link'), join(place, 'link-to-link'));
    symlinkSync('open-to-all/../trusted', join(place, 'link-around'));
    for (const path of [aclFile('open-to-all/closed/acl', 0o600), join(open, 'link'), join(place, 'link-to-link'), join(place, 'link-around')]) {
      expect(() => readAcl(path, uid)).toThrow(/open-to-all, on the way to it, can be written by others/);
    }
    symlinkSync(closed, join(place, 'inwards'));
    expect(() => readAcl(join(place, 'inwards') + '/../../trusted', uid)).toThrow(/open-to-all, on the way/);
    chmodSync(open, 0o1777);
    for (const path of [join(closed, 'acl'), join(open, 'link'), join(place, 'link-to-link')]) expect(readAcl(path, uid).acl.enabled).toBe(true);
    expect(readAcl(join(place, 'link-around'), uid).path).toBe(readAcl(good, uid).path);
    symlinkSync('loop', join(place, 'loop'));
    expect(() => readAcl(join(place, 'loop'), uid)).toThrow(/too many links/);
  });

  test.runIf(isRoot)(ofRoot('through a link that a stranger made in a directory for all is refused'), () => {
    const common = join(place, 'for-all');
    mkdirSync(common);
    chmodSync(common, 0o1777);
    symlinkSync(aclFile('target', 0o600), join(common, 'link'));
    lchownSync(join(common, 'link'), 12_345, 0);
    expect(() => readAcl(join(common, 'link'), uid)).toThrow(/the link .* belongs to uid 12345/);
  });

  test('that belongs to another user than its reader and root is refused', () => {
    const path = aclFile('foreign', 0o644);
    if (uid === 0) chownSync(path, 12_345, 0);
    const reader = uid === 0 ? 0 : uid + 1;
    expect(() => readAcl(path, reader)).toThrow(/belongs to uid/);
  });

  test('that is absent, a directory or wrong is named', () => {
    expect(() => readAcl(join(place, 'absent'), uid)).toThrow(/absent: ENOENT/);
    expect(() => readAcl(place, uid)).toThrow(/not a regular file/);
    writeFileSync(join(place, 'wrong'), '{"version":1}', { mode: 0o600 });
    expect(() => readAcl(join(place, 'wrong'), uid)).toThrow(/wrong: \/enabled is missing/);
  });
});

describe('identities', () => {
  test('are 64 hex digits, the same every time, and none is made up', () => {
    const file = join(place, 'machine-id');
    writeFileSync(file, '3d1219c7c4c5404aaa1f6d2a48adfda4\n');
    // printf 'indelible exec machine v1\n3d1219c7c4c5404aaa1f6d2a48adfda4' | sha256sum
    expect(machineId(file)).toBe('ed3844c43681e8b4287b5ccff9676bce975976847af6661132ab7dfd62240f75');
    expect(agentId(uid)).toMatch(/^[0-9a-f]{64}$/);
    expect(agentId(uid)).toBe(agentId(uid));
    expect(agentId(uid)).not.toBe(agentId(uid + 1));
    writeFileSync(file, 'uninitialized\n');
    expect(() => machineId(file)).toThrow(/give --machine-id/);
    expect(() => machineId(join(place, 'none'))).toThrow(/give --machine-id/);
  });
});

describe('slots', () => {
  test('are as many as the rule says, free again when let go, and each rule has its own', () => {
    const file = readAcl(aclFile('slots', 0o600), uid);
    const [rule] = file.acl.rules;
    if (rule === undefined) throw new Error('no rule');
    const take = (of = rule): ReturnType<typeof takeSlot> => takeSlot(join(place, 'run', 'exec'), file, of, 2, tryLock);
    const [one, two] = [take(), take()];
    expect([one, two, take()].map((slot) => slot !== undefined)).toEqual([true, true, false]);
    expect(take({ ...rule, description: 'other' })).toBeDefined();
    one?.release();
    expect(take()).toBeDefined();
    expect(take()).toBeUndefined();
  });

  test('are counted where the user database puts the user, else where his sessions are, else nowhere', () => {
    const [home, runtime] = [join(place, 'home'), join(place, 'sessions')];
    mkdirSync(home);
    mkdirSync(join(runtime, String(uid)), { recursive: true });
    expect(slotDirectory(uid, {}, () => home, runtime)).toBe(join(home, '.local/state/indelible/exec'));
    for (const none of [undefined, join(place, 'nonexistent')]) {
      expect(slotDirectory(uid, {}, () => none, runtime)).toBe(join(runtime, String(uid), 'indelible/exec'));
      expect(() => slotDirectory(uid, {}, () => none, place)).toThrow(/no place to count in: uid/);
    }
    // One that belongs to somebody else is no home.
    expect(() => slotDirectory(uid + 1, {}, () => home, runtime)).toThrow(/no place to count in/);
  });

  test.runIf(isRoot)(ofRoot('are counted, for who has neither, in what systemd made for the service, and nowhere that the user may have made himself'), () => {
    const user = 54_321;
    const [services, state, runtime, own] = ['services', 'services/state', 'services/runtime', 'services/state/own'].map((name) => join(place, name));
    const nobodys = join(place, 'services/nobodys');
    for (const path of [services, state, runtime, own, nobodys]) mkdirSync(path ?? '');
    for (const path of [state, runtime, own]) chownSync(path ?? '', user, user);
    symlinkSync(state ?? '', join(place, 'linked'));
    const directory = (environment: Record<string, string | undefined>): string => slotDirectory(user, environment, () => '/', join(place, 'none'));
    expect(directory({ RUNTIME_DIRECTORY: runtime })).toBe(join(runtime ?? '', 'indelible/exec'));
    expect(directory({ RUNTIME_DIRECTORY: runtime, STATE_DIRECTORY: `${nobodys}:${state}` })).toBe(join(state ?? '', 'indelible/exec'));
    expect(directory({ STATE_DIRECTORY: `services/state:${join(place, 'linked')}` })).toBe(join(place, 'linked/indelible/exec'));
    // A home, or sessions, come first: what the environment says would be another count.
    chownSync(nobodys, user, user);
    expect(slotDirectory(user, { STATE_DIRECTORY: state }, () => nobodys)).toBe(join(nobodys, '.local/state/indelible/exec'));
    for (const path of [own, join(place, 'linked/own'), join(place, 'absent'), services, 'services/state', '']) {
      expect(() => directory({ STATE_DIRECTORY: path, RUNTIME_DIRECTORY: '' })).toThrow(/no place to count in: uid 54321 .*StateDirectory=/);
    }
    // Where all may write, he may have.
    chmodSync(services ?? '', 0o1777);
    expect(() => directory({ STATE_DIRECTORY: state })).toThrow(/no place to count in/);
  });

  test('where no directory can be made are refused', () => {
    const file = readAcl(aclFile('slots', 0o600), uid);
    const [rule] = file.acl.rules;
    expect(() => rule === undefined ? undefined : takeSlot('/proc/nobody/exec', file, rule, 1, tryLock)).toThrow(/cannot be counted in .*ENOENT/);
  });

  test('in a directory that others can write are refused', () => {
    const directory = join(place, 'public');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    const file = readAcl(aclFile('slots', 0o600), uid);
    const [rule] = file.acl.rules;
    expect(() => rule === undefined ? undefined : takeSlot(directory, file, rule, 1, tryLock)).toThrow(/not a directory of this user alone/);
  });
});

describe('small things', () => {
  test('warnings come at 8 MiB and 60 s, and before any smaller cap', () => {
    expect([16 * 2 ** 20, 2 ** 30, 10, 1].map(warnAfterBytes)).toEqual([8 * 2 ** 20, 8 * 2 ** 20, 5, 1]);
    expect([300_000, 86_400_000, 1000].map(warnAfterMs)).toEqual([60_000, 60_000, 500]);
  });

  test('what is left of a file that is stdin counts, not what was read already', () => {
    const path = join(place, 'stdin');
    writeFileSync(path, '0123456789');
    const file = openSync(path, 'r');
    expect(stdinKind(file)).toEqual({ isPiped: false, bytes: 10 });
    readSync(file, Buffer.alloc(4));
    expect(stdinKind(file)).toEqual({ isPiped: false, bytes: 6 });
    closeSync(file);
    const [pipe] = makePipes(1);
    if (pipe === undefined) throw new Error('no pipe');
    expect(stdinKind(pipe.read)).toEqual({ isPiped: true, bytes: 0 });
    closeSync(pipe.read);
    closeSync(pipe.write);
  });
});

test('variables that are not UTF-8 are known by name', () => {
  const file = join(place, 'environ');
  const whole = Buffer.from('A=\u00fc\ufffd\0B=\0');
  writeFileSync(file, whole);
  expect(brokenVariables(file)).toEqual([]);
  writeFileSync(file, Buffer.concat([whole, Buffer.from('C=a=\u00ff\nb\0D\u00ff=1\0', 'latin1')]));
  expect(brokenVariables(file)).toEqual(['C', 'D\ufffd']);
});

describe('the journal', () => {
  interface Sent { readonly name: string; readonly id: string; readonly done: (error?: Error) => void }

  function recorder(): { readonly recorder: Recorder; readonly sent: Sent[]; next: () => Promise<void> } {
    const sent: Sent[] = [];
    const waiting: (() => void)[] = [];
    let seen = 0;
    return {
      sent,
      next: async () => {
        seen += 1;
        while (sent.length < seen) await new Promise<void>((resolve) => { waiting.push(resolve); });
      },
      recorder: {
        eventBytesMax: 1000,
        append: (event, id, signal) => new Promise<void>((resolve, reject) => {
          signal.addEventListener('abort', () => { reject(new Error('aborted')); });
          if (signal.aborted) reject(new Error('aborted'));
          sent.push({ name: event.event, id, done: (error) => { if (error === undefined) resolve(); else reject(error); } });
          for (const wake of waiting.splice(0)) wake();
        }),
      },
    };
  }

  test('sends one event at a time, in order, each under its own id', async () => {
    const { recorder: to, sent, next } = recorder();
    const journal = new Journal(to, () => 7);
    journal.note({ event: 'started', pid: 1 });
    journal.note({ event: 'warning', kind: 'cancelled' });
    await next();
    expect(sent.map(({ name }) => name)).toEqual(['started']);
    sent[0]?.done();
    await next();
    expect(sent.map(({ name, id }) => [name, id])).toEqual([['started', `${journal.requestId}.0`], ['warning', `${journal.requestId}.1`]]);
    sent[1]?.done();
    expect(await journal.settle(1_000_000)).toEqual([]);
  });

  test('an event that is refused is named, and the next one still goes', async () => {
    const { recorder: to, sent, next } = recorder();
    const journal = new Journal(to, () => 7);
    journal.note({ event: 'started', pid: 1 });
    journal.note({ event: 'exit', code: 0, duration_ms: 1, stdout_bytes: 0, stderr_bytes: 0, truncated: false });
    await next();
    sent[0]?.done(new Error('no'));
    await next();
    sent[1]?.done();
    expect(await journal.settle(1_000_000)).toEqual([{ event: 'started', reason: 'no' }]);
  });

  test('what nobody acknowledges is given up after the time that is left, all of it by name', async () => {
    const journal = new Journal(recorder().recorder, () => 7);
    journal.note({ event: 'started', pid: 1 });
    journal.note({ event: 'warning', kind: 'cancelled' });
    expect((await journal.settle(1)).map(({ event }) => event)).toEqual(['started', 'warning']);
  });
});
