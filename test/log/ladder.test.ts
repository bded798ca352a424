// The steps of a disk that runs out of room, on a disk that says what it is told to: each recorded once, and the way back.
import { describe, expect, test } from 'vitest';
import { LogError, isOutOfRoom } from '../../src/log/failure.js';
import type { DiskLevel } from '../../src/log/ladder.js';
import { DiskLadder } from '../../src/log/ladder.js';
import { Reserve } from '../../src/log/reserve.js';
import { segmentName } from '../../src/log/segment.js';
import { BrokenDisk } from './broken-disk.js';
import { MemoryDisk } from './memory-disk.js';
import type { Run } from './run.js';
import { body, check, kindsIn, places, start, state } from './run.js';

const miB = 1024 * 1024;
const lowBytes = 100 * miB;

interface Bench {
  readonly platter: MemoryDisk;
  readonly disk: BrokenDisk;
  readonly run: Run;
  readonly ladder: DiskLadder;
  readonly reserve: Reserve;
  readonly steps: DiskLevel[];
  /** What was said with each step. */
  readonly said: string[];
  /** So much is free, and a second passes. */
  readonly look: (freeBytes: number) => void;
}

function fresh(): Bench {
  const platter = new MemoryDisk();
  const disk = new BrokenDisk(platter);
  const run = start(disk);
  const reserve = new Reserve(disk, places.reserve);
  const steps: DiskLevel[] = [];
  const said: string[] = [];
  const stepped = (level: DiskLevel, message: string): void => {
    steps.push(level);
    said.push(message);
  };
  const ladder = new DiskLadder({ disk, clock: run.clock, state, reserve, lowBytes, stepped, notice: () => undefined });
  const look = (freeBytes: number): void => {
    platter.room = { ...platter.room, freeBytes };
    run.clock.pass(1000);
    ladder.tick(run.writer);
  };
  return { platter, disk, run, ladder, reserve, steps, said, look };
}

function codeOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof LogError) return error.code;
    throw error;
  }
}

/** No write to the log or to the reserve finds room from now on. */
function fill(disk: BrokenDisk): void {
  disk.decide = ({ kind, name }) => (kind === 'write' && (name === segmentName(1) || name === 'reserve') ? { fail: 'ENOSPC' } : 'pass');
}

/** As the writer's thread does it. */
function append({ run, ladder }: Bench, action: string): string | undefined {
  try {
    ladder.admit(run.writer);
    run.writer.append([body(action)]);
    return undefined;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    if (error.code === 'disk_full') codeOf(() => { ladder.fall(run.writer, error.cause); });
    return error.code;
  }
}

describe('the reserve', () => {
  test('is four MiB, less of a small disk, and never too little for the last words', () => {
    const sizes = [1024, 32, 1, 0].map((share) => {
      const disk = new MemoryDisk();
      disk.room = { freeBytes: 0, totalBytes: share * miB, freeFiles: 10 };
      return new Reserve(disk, places.reserve).bytes;
    });
    expect(sizes).toEqual([4 * miB, 2 * miB, 64 * 1024, 64 * 1024]);
  });

  test('is made when there is room for it twice, and said to be missed once', () => {
    const bench = fresh();
    bench.look(7 * miB);
    bench.look(7 * miB);
    expect(bench.reserve.isThere).toBe(false);
    bench.look(8 * miB);
    expect(bench.reserve.isThere).toBe(true);
  });

  test('gives its room to a start, once', () => {
    const { reserve, look } = fresh();
    look(1000 * miB);
    let tries = 0;
    const work = (): void => {
      tries += 1;
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    expect(() => { reserve.giveTo(work); }).toThrow('full');
    expect([tries, reserve.isThere, reserve.isGiven]).toEqual([2, false, true]);
    expect(() => { reserve.giveTo(work); }).toThrow('full');
    expect(tries).toBe(3);
  });
});

describe('a low disk', () => {
  test('is recorded once for each fall, and there is a quarter between falling and having risen', () => {
    const bench = fresh();
    for (const free of [200, 99, 98, 99, 101, 99, 124, 90, 125, 124, 99, 50]) bench.look(free * miB);
    expect(bench.steps).toEqual(['low', 'enough', 'low']);
    expect(kindsIn(bench.platter)).toEqual(['genesis', 'started', 'disk_low', 'disk_low']);
    expect(check(bench.platter)).toMatchObject({ exit: 0, findings: [] });
  });
});

describe('a full disk', () => {
  test('takes the reserve for its record and a seal, then nothing until there is room for the reserve again', () => {
    const bench = fresh();
    bench.look(1000 * miB);
    let isFull = true;
    bench.disk.decide = ({ kind, name, bytes }) => (isFull && kind === 'write' && name === segmentName(1) && bytes > 5000 ? { fail: 'ENOSPC' } : 'pass');
    bench.platter.room = { ...bench.platter.room, freeBytes: 0 };
    expect(append(bench, 'x'.repeat(3000))).toBe('disk_full');
    expect(bench.reserve.isThere).toBe(false);
    expect(kindsIn(bench.platter)).toEqual(['genesis', 'started', 'disk_full', 'seal']);
    // Small enough to be written, and not tried.
    expect(append(bench, 'small')).toBe('disk_full');
    bench.look(7 * miB);
    expect(append(bench, 'small')).toBe('disk_full');
    expect(kindsIn(bench.platter)).toHaveLength(4);
    isFull = false;
    bench.platter.room = { ...bench.platter.room, freeBytes: 1000 * miB };
    expect(append(bench, 'small')).toBeUndefined();
    expect(bench.reserve.isThere).toBe(true);
    expect(bench.steps).toEqual(['full', 'enough']);
    expect(kindsIn(bench.platter)).toEqual(['genesis', 'started', 'disk_full', 'seal', 'small']);
    expect(check(bench.platter)).toMatchObject({ exit: 0, findings: [] });
  });

  test('is told from a quota and from a limit on files by the code and the room in what is said', () => {
    const refused = (bench: Bench): string => {
      try {
        bench.ladder.admit(bench.run.writer);
        bench.run.writer.append([body('a')]);
        return 'written';
      } catch (error) {
        return error instanceof LogError && error.code === 'disk_full' ? error.message : String(error);
      }
    };
    const refusing = (code: string, errno?: number): Bench => {
      const bench = fresh();
      bench.look(1000 * miB);
      bench.disk.decide = ({ kind, name }) => {
        if (kind !== 'write' || (name !== segmentName(1) && name !== 'reserve')) return 'pass';
        return { fail: code, ...(errno === undefined ? {} : { errno }) };
      };
      return bench;
    };
    expect(refused(refusing('ENOSPC'))).toBe('the disk is full (ENOSPC); nothing of this was written');
    expect(refused(refusing('EFBIG'))).toBe('the file may not become larger (EFBIG); nothing of this was written');
    const full = refusing('ENOSPC');
    expect(append(full, 'a')).toBe('disk_full');
    expect(full.said[0]).toContain('the disk is full (ENOSPC, ');
    full.platter.room = { ...full.platter.room, freeBytes: 5000, freeFiles: 7 };
    expect(refused(full)).toBe(`the disk that holds ${state} is full (5000 bytes and 7 files are free); nothing of this was written`);
    // As Node has it, which has no name for it.
    const quota = refusing('Unknown system error -122', -122);
    expect(refused(quota)).toBe('the quota on the disk is used up (EDQUOT); nothing of this was written');
    expect(append(quota, 'a')).toBe('disk_full');
    expect(quota.said[0]).toContain('the disk is full (EDQUOT, ');
    expect(refused(quota)).toContain(`the disk that holds ${state} is full (EDQUOT: `);
  });

  test('that had no room for its record says so later, before anything else is written', () => {
    const bench = fresh();
    fill(bench.disk);
    expect(append(bench, 'a')).toBe('disk_full');
    bench.disk.decide = () => 'pass';
    expect(append(bench, 'b')).toBeUndefined();
    expect(kindsIn(bench.platter)).toEqual(['genesis', 'started', 'disk_full', 'seal', 'b']);
  });

  test('that says it has room and has none is believed less from time to time, a minute at most', () => {
    const bench = fresh();
    const triedAt: number[] = [];
    fill(bench.disk);
    const room = (): boolean => {
      const from = bench.disk.calls.length;
      codeOf(() => { bench.ladder.admit(bench.run.writer); });
      return bench.disk.trace(from).includes('create reserve');
    };
    append(bench, 'a');
    for (let second = 0; second < 300; second += 1) {
      bench.run.clock.pass(1000);
      if (room()) triedAt.push(second);
    }
    expect(triedAt.length).toBeGreaterThan(100);
    // It is full again right after it was not: each time it is left alone for longer.
    bench.disk.decide = () => 'pass';
    const waits: number[] = [];
    for (let fall = 0; fall < 9; fall += 1) {
      codeOf(() => { bench.ladder.fall(bench.run.writer); });
      let waited = 0;
      while (codeOf(() => { bench.ladder.admit(bench.run.writer); }) !== undefined) {
        bench.run.clock.pass(1000);
        waited += 1;
      }
      waits.push(waited);
    }
    // The first is the reserve's own second, left from before.
    expect(waits).toEqual([1, 0, 1, 2, 4, 8, 16, 32, 60]);
    expect(check(bench.platter)).toMatchObject({ exit: 0, findings: [] });
  });

  test.each(['EMFILE', 'EFBIG'])('is not what %s means', (errno) => {
    const error = new LogError('disk_full', 'write', errno, Object.assign(new Error(errno), { code: errno }));
    expect(isOutOfRoom(error)).toBe(false);
  });
});
