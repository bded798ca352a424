// The door to the filesystem on a real one, and what is built on it.
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freeBytesAt, errorCode, realDisk } from '../../src/disk/disk.js';
import type { LockKernel, StateLock } from '../../src/disk/lock.js';
import { LockHeld, lockState } from '../../src/disk/lock.js';
import { ShortWrite, createFile, removeIfThere, replaceFile, replaceLink, writeWhole } from '../../src/disk/write.js';
import { temporaryDirectory } from '../daemon.js';
import { BrokenDisk } from '../log/broken-disk.js';
import { MemoryDisk } from '../log/memory-disk.js';

let directory: string;
beforeEach(() => { directory = temporaryDirectory(); });
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

describe('an error\'s code', () => {
  test.each(['UNKNOWN', 'Unknown system error -122'])('is EDQUOT where Node has no name for it but %s', (code) => {
    expect(errorCode(Object.assign(new Error(code), { errno: -122, code, syscall: 'write' }))).toBe('EDQUOT');
    expect(errorCode(Object.assign(new Error('EIO'), { errno: -5, code: 'EIO', syscall: 'write' }))).toBe('EIO');
  });
});

describe('the real disk', () => {
  test('makes files for their owner alone, and a name only once', () => {
    const path = join(directory, 'f');
    realDisk.close(realDisk.open(path, 'create'));
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(codeOf(() => realDisk.open(path, 'create'))).toBe('EEXIST');
    realDisk.makeDirectory(join(directory, 'd/e'));
    expect(lstatSync(join(directory, 'd/e')).mode & 0o777).toBe(0o700);
  });

  test('opens no link, and does not hang on a pipe', () => {
    const path = join(directory, 'f');
    writeFileSync(path, 'x');
    symlinkSync(path, join(directory, 'link'));
    for (const mode of ['read', 'update', 'create'] as const) {
      expect([mode, codeOf(() => realDisk.open(join(directory, 'link'), mode))]).toEqual([mode, mode === 'create' ? 'EEXIST' : 'ELOOP']);
    }
    expect(codeOf(() => realDisk.read(join(directory, 'link')))).toBe('ELOOP');
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    realDisk.close(realDisk.open(join(directory, 'pipe'), 'read'));
    expect(realDisk.entry(join(directory, 'pipe'))?.kind).toBe('other');
  });

  test('says nothing of what is not there, and everything of what is', () => {
    expect([realDisk.read(join(directory, 'no')), realDisk.entry(join(directory, 'no')), realDisk.list(join(directory, 'no'))]).toEqual([undefined, undefined, []]);
    createFile(realDisk, join(directory, 'b'), Buffer.from('12345'));
    replaceLink(realDisk, 'b', join(directory, 'a'));
    expect(realDisk.list(directory)).toEqual(['a', 'b']);
    expect(realDisk.entry(join(directory, 'b'))).toMatchObject({ kind: 'file', bytes: 5 });
    expect([realDisk.entry(join(directory, 'a'))?.kind, realDisk.linkTarget(join(directory, 'a'))]).toEqual(['link', 'b']);
  });

  test('tells the free bytes, or that nobody knows', async () => {
    expect(await freeBytesAt(directory)).toBeGreaterThan(0);
    expect(await freeBytesAt(join(directory, 'absent'))).toBeNull();
  });

  test('reads, writes and truncates where it is told to', () => {
    const path = join(directory, 'f');
    const file = realDisk.open(path, 'create');
    expect(realDisk.writeAt(file, Buffer.from('hello'), 3)).toBe(5);
    realDisk.sync(file);
    realDisk.truncate(file, 6);
    expect(realDisk.size(file)).toBe(6);
    const into = Buffer.alloc(10);
    expect(realDisk.readAt(file, into, 3)).toBe(3);
    expect(realDisk.readAt(file, into, 6)).toBe(0);
    realDisk.close(file);
    expect(readFileSync(path, 'latin1')).toBe('\0\0\0hel');
  });
});

describe('a whole write', () => {
  test('takes up what was cut short, and is a full disk when nothing more is taken', () => {
    const memory = new MemoryDisk();
    memory.makeDirectory('/d');
    let writes = 0;
    const disk = new BrokenDisk(memory, ({ kind }) => {
      if (kind !== 'write') return 'pass';
      writes += 1;
      return writes < 4 ? { short: 3 } : { short: 0 };
    });
    const file = disk.open('/d/f', 'create');
    writeWhole(disk, file, Buffer.from('123456789'), 2);
    expect(memory.read('/d/f')?.toString('latin1')).toBe('\0\x00123456789');
    expect(() => { writeWhole(disk, file, Buffer.from('x'), 0); }).toThrow(ShortWrite);
    expect(codeOf(() => { writeWhole(disk, file, Buffer.from('x'), 0); })).toBe('ENOSPC');
  });
});

describe('replacing a file', () => {
  test('is temporary name, sync, rename, sync of the directory', () => {
    const memory = new MemoryDisk();
    memory.makeDirectory('/d');
    const disk = new BrokenDisk(memory, ({ kind }) => (kind === 'remove' ? { fail: 'ENOENT' } : 'pass'));
    replaceFile(disk, '/d/f', Buffer.from('new'));
    expect(disk.trace()).toEqual(['remove f.tmp', 'create f.tmp', 'write f.tmp', 'sync f.tmp', 'syncDirectory d', 'rename f', 'syncDirectory d']);
  });

  test('leaves the old one or the new one, whatever call it dies at', () => {
    const seen = new Set<string | undefined>();
    for (let at = 0; at < 7; at += 1) {
      for (const crash of ['process', 'power'] as const) {
        for (const chance of [0, 0.4, 0.8]) {
          const memory = new MemoryDisk();
          memory.makeDirectory('/d');
          memory.put('/d/f', Buffer.from('old'));
          const disk = new BrokenDisk(memory, (call) => (call.index === at ? { crash: 1 } : 'pass'));
          expect(() => { replaceFile(disk, '/d/f', Buffer.from('new')); }).toThrow();
          const left = memory.afterCrash(crash, () => chance);
          const text = left.read('/d/f')?.toString('latin1');
          expect(['old', 'new']).toContain(text);
          seen.add(text);
          replaceFile(left, '/d/f', Buffer.from('next'));
          expect(left.read('/d/f')?.toString('latin1')).toBe('next');
        }
      }
    }
    expect(seen).toEqual(new Set(['old', 'new']));
  });

  test('of a link is one step for whoever reads it', () => {
    replaceLink(realDisk, 'one', join(directory, 'l'));
    replaceLink(realDisk, 'two', join(directory, 'l'));
    expect(realDisk.linkTarget(join(directory, 'l'))).toBe('two');
    removeIfThere(realDisk, join(directory, 'l'));
    removeIfThere(realDisk, join(directory, 'l'));
    expect(realDisk.entry(join(directory, 'l'))).toBeUndefined();
  });
});

describe('the lock', () => {
  const kernel = (free: boolean): LockKernel => ({ tryLock: () => free, lockHolder: () => 4711 });
  const locks: StateLock[] = [];
  afterEach(async () => { for (const lock of locks.splice(0)) await lock.release(); });

  test('that the kernel gives to another is held, by the process it names', async () => {
    const error: unknown = await lockState(directory, kernel(false), () => undefined).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LockHeld);
    expect(errorCode(error)).toBe('lock_held');
    expect((error as Error).message).toContain('4711');
  });

  test('that its holder lets go of in a moment, being killed, is taken', async () => {
    let asked = 0;
    locks.push(await lockState(directory, { tryLock: () => (asked += 1) > 3, lockHolder: () => 4711 }, () => undefined));
    expect(asked).toBe(4);
  });

  test('takes over a lease that a dead process left, at once', async () => {
    mkdirSync(join(directory, 'indelible.lock'));
    locks.push(await lockState(directory, kernel(true), () => undefined));
    expect(lstatSync(join(directory, 'indelible.lock')).isDirectory()).toBe(true);
  });

  test('that was released leaves nothing and can be taken again', async () => {
    const lock = await lockState(directory, kernel(true), () => undefined);
    await lock.release();
    expect(realDisk.list(directory)).toEqual([]);
    locks.push(await lockState(directory, kernel(true), () => undefined));
  });

  test('that is taken from its holder is noticed', async () => {
    const reason = new Promise<string>((resolve) => {
      void lockState(directory, kernel(true), resolve).then(() => { rmSync(join(directory, 'indelible.lock'), { recursive: true }); });
    });
    expect(await reason).not.toBe('');
  });
});
