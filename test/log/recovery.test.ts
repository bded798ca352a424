// What a start makes of what it finds: a crash is mended and recorded, anything else is refused, each by its name.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Descriptor, Disk } from '../../src/disk/disk.js';
import { decodeKeys } from '../../src/keys/store.js';
import { LogError } from '../../src/log/failure.js';
import { decodeHead } from '../../src/log/head.js';
import { segmentName } from '../../src/log/segment.js';
import type { WriterOptions } from '../../src/log/commit.js';
import type { Call, Verdict } from './broken-disk.js';
import { BrokenDisk } from './broken-disk.js';
import { MemoryDisk } from './memory-disk.js';
import type { Run } from './run.js';
import { body, check, keyFileOf, kindsIn, linesIn, places, start } from './run.js';

const segment = segmentName(1);
const path = join(places.log, segment);

/** A log that stopped cleanly behind a few records. */
function stopped(options: Partial<WriterOptions> = {}): MemoryDisk {
  const disk = new MemoryDisk();
  const { writer } = start(disk, options);
  writer.append([body('one'), body('two')]);
  writer.append([body('three')]);
  writer.stop('test');
  writer.close();
  return disk;
}

/** One that died when `decide` said so, doing `work`. */
function died(work: (run: Run) => void, decide: (call: Call) => Verdict, options: Partial<WriterOptions> = {}): MemoryDisk {
  const disk = new MemoryDisk();
  const broken = new BrokenDisk(disk);
  const run = start(broken, options);
  run.writer.append([body('before')]);
  broken.decide = decide;
  try {
    work(run);
  } catch (error) {
    if (broken.isDead) return disk.copy();
    throw error;
  }
  throw new Error('it did not die');
}

/** Dies at the write of a commit, behind so many of its bytes. */
function diedWriting(bytes: number, bodies: readonly Buffer[]): MemoryDisk {
  return died(({ writer }) => { writer.append(bodies); }, ({ kind, name }) => (kind === 'write' && name === segment ? { crash: bytes } : 'pass'));
}

function bytesOf(disk: MemoryDisk, file = path): Buffer {
  return disk.read(file) ?? Buffer.alloc(0);
}

function append(disk: MemoryDisk, bytes: Uint8Array): void {
  disk.put(path, Buffer.concat([bytesOf(disk), bytes]));
}

/** What a start refuses it with, `opened` if it does not. */
function findingOf(disk: Disk): string {
  try {
    start(disk);
    return 'opened';
  } catch (error) {
    if (error instanceof LogError && error.code === 'refused') return error.what;
    throw error;
  }
}

interface Recovered {
  readonly head: { readonly seq: number };
  readonly adopted: number;
  readonly torn: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
}

function recoveredIn(disk: MemoryDisk): Recovered[] {
  return [...linesIn(disk).values()].filter((line) => line.includes('"profile":"indelible","kind":"recovered"'))
    .map((line) => (JSON.parse(line) as { readonly event: Recovered }).event);
}

function expectGoesOn(disk: MemoryDisk): void {
  const run = start(disk);
  run.writer.append([body('afterwards')]);
  run.writer.stop('test');
  run.writer.close();
  expect(check(disk)).toMatchObject({ exit: 0, findings: [] });
}

describe('a start after a clean stop', () => {
  test('is clean and records nothing but itself', () => {
    const disk = stopped();
    expect(start(disk).found).toMatchObject({ clean: true, adopted: 0, torn: [] });
    expect(kindsIn(disk)).toEqual(['genesis', 'started', 'one', 'two', 'three', 'stopped', 'seal', 'started']);
  });
});

describe('the newest checkpoint', () => {
  /** A log that was killed behind a rotation: no seal stands in the newest segment. */
  function killed(): { readonly disk: MemoryDisk; readonly sealed: string } {
    const disk = new MemoryDisk();
    const { writer } = start(disk, { segmentBytes: 1 });
    writer.append([body('one')]);
    writer.append([body('two')]);
    writer.close();
    return { disk, sealed: bytesOf(disk, places.checkpoint).toString() };
  }

  test('is known after a crash, whether or not the newest segment holds its seal', () => {
    const { disk, sealed } = killed();
    expect(kindsIn(disk).slice(-3)).toEqual(['seal', 'segment', 'two']);
    const { writer } = start(disk);
    expect(writer.checkpoint).toBe(sealed);
    expect(writer.state.sealed?.size).toBe(Number(sealed.split('\n')[1]));
  });

  test.each<[string, (disk: MemoryDisk, sealed: string) => void]>([
    ['is gone', (disk) => { disk.remove(places.checkpoint); }],
    ['is over other records', (disk, sealed) => { disk.put(places.checkpoint, Buffer.from(sealed.replace(/\n\d+\n/, '\n1\n'))); }],
    ['is signed by nobody', (disk, sealed) => { disk.put(places.checkpoint, Buffer.from(sealed.replace(/[^\n]*\n$/, '').replace(/ [^ ]*\n$/, ' AAAA\n'))); }],
  ])('is none until the next seal if its file %s', (_, spoil) => {
    const { disk, sealed } = killed();
    spoil(disk, sealed);
    expect(start(disk).writer.checkpoint).toBeUndefined();
  });
});

describe('a torn tail', () => {
  const whole = [body('torn', 'x'.repeat(1500))];

  test.each([1, 100, 1700])('of %i bytes without a line end is cut off, kept, and named with its hash', (bytes) => {
    const disk = diedWriting(bytes, whole);
    const torn = bytesOf(disk).subarray(bytesOf(disk).lastIndexOf(0x0a) + 1);
    expect(torn.length).toBe(bytes);
    const run = start(disk);
    expect(run.found).toMatchObject({ clean: false, adopted: 0 });
    const [recovered] = recoveredIn(disk);
    expect(recovered?.torn).toEqual([{ file: '4-1', bytes, sha256: createHash('sha256').update(torn).digest('hex') }]);
    expect(disk.list(places.quarantine)).toEqual(['4-1']);
    expect(bytesOf(disk, join(places.quarantine, '4-1'))).toEqual(torn);
    run.writer.stop('test');
    run.writer.close();
    expect(check(disk)).toMatchObject({ exit: 0, findings: [] });
  });

  test('with sectors that never arrived is torn even if it ends in a line feed', () => {
    const disk = diedWriting(Number.MAX_SAFE_INTEGER, [body('a', 'x'.repeat(2000))]);
    const bytes = Buffer.from(bytesOf(disk));
    const at = Math.ceil((bytes.length - 1500) / 512) * 512;
    bytes.fill(0, at, at + 512);
    disk.put(path, bytes);
    const run = start(disk);
    expect(run.found).toMatchObject({ adopted: 0, torn: [{ file: '4-1' }] });
    run.writer.close();
    expectGoesOn(disk);
  });

  test('that holds whole lines first keeps those and cuts the rest', () => {
    const disk = diedWriting(Number.MAX_SAFE_INTEGER, [body('a'), body('b')]);
    disk.put(path, bytesOf(disk).subarray(0, -20));
    const run = start(disk);
    // The commit's first line is whole and open: `recovered` closes it under the same step.
    expect(run.found).toMatchObject({ adopted: 1 });
    const [, , before, open, closing] = [...linesIn(disk).values()];
    const key = (line = ''): string => /"key":"([^"]*)"/.exec(line)?.[1] ?? '';
    expect([key(before), key(open), key(closing)]).toEqual(['0.2', '0.3+', '0.3']);
    expect(kindsIn(disk).slice(2)).toEqual(['before', 'a', 'recovered', 'started']);
    run.writer.stop('test');
    run.writer.close();
    expect(check(disk)).toMatchObject({ exit: 0, findings: [] });
  });

  test('of zeros without end is not read for lines, and of the zeros not more than a MiB is kept', () => {
    const disk = diedWriting(100, whole);
    const there = bytesOf(disk);
    const torn = there.subarray(there.lastIndexOf(0x0a) + 1);
    /** More than a buffer holds. */
    const until = 5 * 1024 ** 3;
    const own = MemoryDisk.prototype;
    let isSparse = true;
    let read = 0;
    const isIt = (file: Descriptor): boolean => isSparse && own.size.call(disk, file) === there.length;
    disk.size = (file) => (isIt(file) ? until : own.size.call(disk, file));
    disk.readAt = (file, into, position) => {
      if (!isIt(file)) return own.readAt.call(disk, file, into, position);
      const got = Math.min(into.length, until - position);
      into.fill(0, 0, got);
      if (position < there.length) own.readAt.call(disk, file, into, position);
      read += got;
      return got;
    };
    disk.truncate = (file, bytes) => {
      own.truncate.call(disk, file, bytes);
      isSparse = false;
    };
    const { found, writer } = start(disk);
    expect(found).toMatchObject({ clean: false, adopted: 0, torn: [{ file: '4-1' }] });
    const kept = bytesOf(disk, join(places.quarantine, '4-1'));
    expect(kept.subarray(0, 100)).toEqual(torn);
    expect(kept.subarray(100).every((byte) => byte === 0)).toBe(true);
    expect([kept.length > 100, kept.length <= 100 + 1024 * 1024]).toEqual([true, true]);
    // Once from the end for what is not zeros, and at the beginning as much as a line may be.
    expect(read).toBeLessThan(until + 64 * 1024 * 1024);
    writer.close();
    expectGoesOn(disk);
  });

  test('that is a line longer than any, and ends in a line feed, is refused for that', () => {
    const disk = diedWriting(100, whole);
    append(disk, Buffer.concat([Buffer.alloc(17 * 1024 * 1024, 0x61), Buffer.from('\n')]));
    expect(() => start(disk)).toThrow(/longer than a record may be/);
  });

  test('that is anything else is kept whole, zeros within it too', () => {
    const disk = diedWriting(100, whole);
    const from = bytesOf(disk).lastIndexOf(0x0a) + 1;
    append(disk, Buffer.concat([Buffer.alloc(3 * 1024 * 1024), Buffer.from('x')]));
    const torn = bytesOf(disk).subarray(from);
    start(disk).writer.close();
    expect(bytesOf(disk, join(places.quarantine, '4-1')).equals(torn)).toBe(true);
  });

  test('that is cut twice is kept twice', () => {
    const disk = diedWriting(100, whole);
    start(disk).writer.close();
    append(disk, Buffer.from('{"seq":6,"ts'));
    start(disk).writer.close();
    expect(disk.list(places.quarantine)).toEqual(['4-1', '6-1']);
    expectGoesOn(disk);
  });

  test('whose start died before it was named is named by the next, once, from what lies there', () => {
    for (const step of ['create', 'write', 'sync', 'syncDirectory', 'truncate', 'rename'] as const) {
      const disk = diedWriting(700, whole);
      let calls = 0;
      const broken = new BrokenDisk(disk, ({ kind, path: at }) => {
        if (kind !== step || !(at.includes('quarantine') || kind === 'truncate')) return 'pass';
        calls += 1;
        return { crash: 100 };
      });
      expect(() => start(broken)).toThrow();
      expect([step, calls]).toEqual([step, 1]);
      const left = disk.copy();
      start(left).writer.close();
      const pieces = left.list(places.quarantine);
      expect([step, pieces]).toEqual([step, ['4-1']]);
      expect(recoveredIn(left).flatMap(({ torn }) => torn.map(({ file, bytes }) => [file, bytes]))).toEqual([['4-1', 700]]);
      expectGoesOn(left);
    }
  });
});

describe('whole lines behind the head', () => {
  test('are adopted, written again in place, and synced before anything counts on them', () => {
    const disk = died(({ writer }) => { writer.append([body('a'), body('b')]); }, ({ kind, name }) => (kind === 'write' && name === 'head' ? { crash: 0 } : 'pass'));
    const broken = new BrokenDisk(disk);
    const run = start(broken);
    expect(run.found).toMatchObject({ clean: false, adopted: 2, head: { seq: 3 } });
    expect(broken.trace().slice(0, 3)).toEqual([`write ${segment}`, `sync ${segment}`, 'syncDirectory log']);
    expect(recoveredIn(disk)).toMatchObject([{ head: { seq: 3 }, adopted: 2, torn: [] }]);
    run.writer.close();
    expectGoesOn(disk);
  });

  test('that are a seal outrank the stored epoch: head and keys are on the disk before the next line', () => {
    const disk = died(({ writer }) => { writer.seal(); }, ({ kind, name }) => (kind === 'sync' && name === segment ? { crash: 0 } : 'pass'));
    expect(decodeKeys(bytesOf(disk, places.currentKeys))).toMatchObject({ keys: { name: { epoch: 0 } } });
    const broken = new BrokenDisk(disk);
    start(broken).writer.close();
    const trace = broken.trace();
    expect(trace.slice(0, 7)).toEqual([
      `write ${segment}`, `sync ${segment}`, 'syncDirectory log', 'write head', 'sync head', 'write current', 'sync current',
    ]);
    expect(decodeKeys(bytesOf(disk, places.currentKeys))).toMatchObject({ keys: { name: { epoch: 1 }, nextSigner: null } });
    expect(disk.read(places.checkpoint)).toBeDefined();
    expectGoesOn(disk);
  });

  test('that are not there while the head tells of a seal: the keys are synced behind it all the same', () => {
    // The power went between the head's sync and the key file's.
    const disk = died(({ writer }) => { writer.seal(); }, (() => {
      let writes = 0;
      return ({ kind, name }: Call): Verdict => {
        if (kind === 'write' && name === 'current') writes += 1;
        return writes === 2 ? { crash: 0 } : 'pass';
      };
    })());
    const broken = new BrokenDisk(disk);
    start(broken).writer.close();
    expect(broken.trace().slice(0, 4)).toEqual(['write head', 'sync head', 'write current', 'sync current']);
  });
});

describe('an unfinished rotation', () => {
  test('leaves an empty segment, whose name is used again', () => {
    const options = { segmentBytes: 3000 };
    const disk = died(({ writer }) => {
      writer.append([body('full', 'x'.repeat(3000))]);
      writer.settle();
    }, ({ kind, name }) => (kind === 'write' && name !== segment && name.endsWith('.jsonl') ? { crash: 0 } : 'pass'), options);
    const names = disk.list(places.log).filter((name) => name.endsWith('.jsonl') && name !== 'audit.jsonl');
    expect(names).toHaveLength(2);
    expect(bytesOf(disk, join(places.log, names[1] ?? ''))).toHaveLength(0);
    start(disk).writer.close();
    expect(disk.list(places.log).filter((name) => name.endsWith('.jsonl') && name !== 'audit.jsonl')).toEqual(names);
    expectGoesOn(disk);
  });
});

describe('refused, and nothing is written', () => {
  const line = (disk: MemoryDisk, seq: number, change: (text: string) => string): void => {
    const lines = bytesOf(disk).toString('utf8').split('\n');
    lines[seq - 1] = change(lines[seq - 1] ?? '');
    disk.put(path, Buffer.from(lines.join('\n')));
  };
  const withoutLast = (disk: MemoryDisk, count: number): Buffer => {
    const lines = bytesOf(disk).toString('utf8').split('\n').slice(0, -1);
    return Buffer.from(`${lines.slice(0, -count).join('\n')}\n`);
  };
  /** Head and keys of an earlier moment of the same log. */
  const earlier = (): { readonly then: MemoryDisk; readonly now: MemoryDisk } => {
    const now = new MemoryDisk();
    const { writer } = start(now, { segmentBytes: 3000 });
    const then = now.copy();
    for (let i = 0; i < 12; i += 1) {
      writer.append([body(`a${i}`, 'x'.repeat(900))]);
      writer.settle();
    }
    writer.stop('test');
    writer.close();
    return { then, now };
  };

  const cases: Readonly<Record<string, readonly [finding: string, make: () => MemoryDisk]>> = {
    'head missing': ['head_missing', () => { const disk = stopped(); disk.remove(places.head); return disk; }],
    'head damaged': ['head_malformed', () => { const disk = stopped(); disk.put(places.head, Buffer.alloc(4096)); return disk; }],
    'head with other padding': ['head_malformed', () => {
      const disk = stopped();
      const slot = Buffer.from(bytesOf(disk, places.head));
      slot[4000] = 0x78;
      disk.put(places.head, slot);
      return disk;
    }],
    'head with another MAC': ['head_forged', () => {
      const disk = stopped();
      const slot = bytesOf(disk, places.head).toString('latin1').replace(/"mac":"[0-9a-f]{64}"\} /, `"mac":"${'0'.repeat(64)}"} `);
      disk.put(places.head, Buffer.from(slot, 'latin1'));
      return disk;
    }],
    'head of another record': ['head_mismatch', () => {
      const disk = stopped();
      const slot = bytesOf(disk, places.head).toString('latin1').replace('"seq":7', '"seq":6');
      disk.put(places.head, Buffer.from(slot, 'latin1'));
      return disk;
    }],
    'head of segments ago': ['head_rolled_back', () => { const { then, now } = earlier(); now.put(places.head, bytesOf(then, places.head)); return now; }],
    'head\'s segment gone': ['segment_missing', () => { const { now } = earlier(); now.remove(join(places.log, decodeHead(bytesOf(now, places.head))?.segment ?? '')); return now; }],
    'a segment in the middle gone': ['segment_missing', () => {
      const { now } = earlier();
      const names = now.list(places.log).filter((name) => /^\d{20}\.jsonl$/.test(name));
      now.remove(join(places.log, names[1] ?? ''));
      return now;
    }],
    'all segments gone': ['log_missing', () => { const disk = stopped(); disk.remove(path); return disk; }],
    'keys missing': ['keys_missing', () => { const disk = stopped(); disk.remove(places.currentKeys); return disk; }],
    'keys damaged': ['keys_damaged', () => {
      const disk = stopped();
      const bytes = Buffer.from(bytesOf(disk, places.currentKeys));
      bytes[30] = bytes[30] === 0x41 ? 0x42 : 0x41;
      disk.put(places.currentKeys, bytes);
      return disk;
    }],
    'keys of a newer version': ['keys_version', () => {
      const disk = stopped();
      disk.put(places.currentKeys, Buffer.from(bytesOf(disk, places.currentKeys).toString('latin1').replace('{"v":1,', '{"v":2,'), 'latin1'));
      return disk;
    }],
    'keys beyond the log': ['log_truncated', () => {
      const disk = stopped();
      const read = decodeKeys(bytesOf(disk, places.currentKeys));
      if (read.state !== 'ok') throw new Error('no keys');
      disk.put(places.currentKeys, keyFileOf({ ...read.keys, seq: read.keys.seq + 1 }));
      return disk;
    }],
    'identity of another': ['identity_mismatch', () => { const disk = stopped(); disk.put(places.identity, bytesOf(stopped(), places.identity)); return disk; }],
    'a log shorter than its head': ['log_truncated', () => { const disk = stopped(); disk.put(path, withoutLast(disk, 1)); return disk; }],
    'a log cut inside a line before its head': ['tampered_line', () => { const disk = stopped(); disk.put(path, bytesOf(disk).subarray(0, -10)); return disk; }],
    'an edited line before the head': ['root_mismatch', () => { const disk = died(({ writer }) => { writer.append([body('a')]); }, () => ({ crash: 0 })); line(disk, 3, (text) => text.replace('before', 'change')); return disk; }],
    'an edited line before a seal': ['tampered_line', () => { const disk = stopped(); line(disk, 3, (text) => text.replace('"one"', '"two"')); return disk; }],
    'an edited line behind the head': ['tampered_line', () => {
      const disk = diedWriting(Number.MAX_SAFE_INTEGER, [body('behind'), body('last')]);
      line(disk, 4, (text) => text.replace('"behind"', '"changed"'));
      return disk;
    }],
    'lines behind the head that nobody signed': ['tampered_line', () => { const disk = stopped(); append(disk, Buffer.from('{"seq":8}\n')); return disk; }],
    'a zero sector before the head': ['tampered_line', () => {
      const disk = stopped();
      const bytes = Buffer.from(bytesOf(disk));
      bytes.fill(0, 512, 1024);
      disk.put(path, bytes);
      return disk;
    }],
    'the segment of another log': ['root_mismatch', () => {
      const disk = stopped();
      disk.put(path, bytesOf(stopped()));
      return disk;
    }],
  };

  test.each(Object.entries(cases))('%s', (_, [finding, make]) => {
    const disk = make();
    const before = disk.copy();
    const broken = new BrokenDisk(disk);
    expect(findingOf(broken)).toBe(finding);
    expect(broken.calls).toEqual([]);
    for (const directory of [places.state, places.log, places.keys, places.quarantine]) {
      expect(disk.list(directory)).toEqual(before.list(directory));
      for (const name of disk.list(directory)) {
        const at = join(directory, name);
        if (disk.entry(at)?.kind === 'file') expect([name, disk.read(at)]).toEqual([name, before.read(at)]);
      }
    }
  });
});
