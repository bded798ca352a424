// The order in which things reach the disk, and what becomes of a disk that refuses.
import { describe, expect, test, vi } from 'vitest';
import { KeyWalker } from '../../src/keys/schedule.js';
import { LogError } from '../../src/log/failure.js';
import { decodeHead } from '../../src/log/head.js';
import { segmentName } from '../../src/log/segment.js';
import type { WriterOptions } from '../../src/log/commit.js';
import type { Call, Verdict } from './broken-disk.js';
import { BrokenDisk } from './broken-disk.js';
import { MemoryDisk } from './memory-disk.js';
import type { Run } from './run.js';
import { body, check, kindsIn, linesIn, places, start } from './run.js';

const segment = segmentName(1);

interface Fresh {
  readonly platter: MemoryDisk;
  readonly disk: BrokenDisk;
  readonly run: Run;
}

function fresh(options: Partial<WriterOptions> = {}): Fresh {
  const platter = new MemoryDisk();
  const disk = new BrokenDisk(platter);
  return { platter, disk, run: start(disk, options) };
}

/** The calls of one action. */
function traceOf(disk: BrokenDisk, action: () => void): string[] {
  const from = disk.calls.length;
  action();
  return disk.trace(from);
}

/** The error's code, `undefined` if there was none. */
function codeOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof LogError) return error.code;
    throw error;
  }
}

/** Head and state as they stand, and whether anybody but us seems to have written to the head or the key file. */
function headOf({ platter, run: { writer } }: Fresh): unknown[] {
  const head = decodeHead(platter.read(places.head) ?? Buffer.alloc(0));
  return [head?.seq, head?.mac, ...writer.anchor.slots.map(({ slot }) => slot.meddling())];
}

describe('a disk that is full in the middle of lines', () => {
  const lines = [body('a'), body('b'), body('c')];

  test.each([
    ['line', 'second'], ['line', 'always'], ['group', 'second'], ['group', 'always'],
  ] as const)('leaves a head of what is durable, in %s mode with head sync %s', (sync, headSync) => {
    for (let failAt = 0; failAt < lines.length; failAt += 1) {
      const bench = fresh({ sync, headSync });
      const { disk, platter, run } = bench;
      run.writer.append([body('first')]);
      let writes = 0;
      disk.decide = ({ kind, name }) => (kind === 'write' && name === segment && writes++ === failAt ? { fail: 'ENOSPC' } : 'pass');
      expect(codeOf(() => { run.writer.append(lines); })).toBe(sync === 'group' && failAt > 0 ? undefined : 'disk_full');
      const written = sync === 'line' ? failAt : failAt > 0 ? lines.length : 0;
      const { last } = run.writer.state;
      expect([last.seq, ...headOf(bench)]).toEqual([3 + written, last.seq, last.mac, undefined, undefined]);
      expect(check(platter).findings).toEqual([]);
      disk.decide = () => 'pass';
      run.writer.append([body('afterwards')]);
      expect(headOf(bench)).toEqual([last.seq + 1, run.writer.state.last.mac, undefined, undefined]);
    }
  });

  test.each(['line', 'group'] as const)('leaves no key in memory that was made ahead, in %s mode', (sync) => {
    const made: KeyWalker[] = [];
    const copy = vi.spyOn(KeyWalker.prototype, 'copy').mockImplementation(function copied(this: KeyWalker) {
      const walker = new KeyWalker(this.name, this.step, this.nextEpoch);
      made.push(walker);
      return walker;
    });
    try {
      for (let failAt = 0; failAt < (sync === 'line' ? lines.length : 1); failAt += 1) {
        const { disk, run } = fresh({ sync });
        run.writer.append([body('first')]);
        made.splice(0);
        let writes = 0;
        disk.decide = ({ kind, name }) => (kind === 'write' && name === segment && writes++ === failAt ? { fail: 'ENOSPC' } : 'pass');
        expect(codeOf(() => { run.writer.append(lines); })).toBe('disk_full');
        const { keys } = run.writer.state;
        expect(made.length).toBe(sync === 'line' ? lines.length : 1);
        const others = made.filter((walker) => walker !== keys);
        const left = others.filter((walker) => [walker.step, walker.nextEpoch].some((key) => key.some((byte) => byte !== 0)));
        expect(left.map(({ name }) => name)).toEqual([]);
        expect(keys.step.every((byte) => byte === 0)).toBe(false);
      }
    } finally {
      copy.mockRestore();
    }
  });
});

describe('the order of one commit', () => {
  test('is lines, fsync, head, key file, and only then the word that it is durable', () => {
    const { disk, run } = fresh();
    let known = 0;
    disk.decide = () => {
      known = Math.max(known, run.acknowledged.size);
      return 'pass';
    };
    const trace = traceOf(disk, () => { run.writer.append([body('a'), body('b')]); });
    expect(trace).toEqual([`write ${segment}`, `sync ${segment}`, 'write head', 'write current']);
    // `started` was known when the last call was made, the two lines were not.
    expect([known, run.acknowledged.size]).toEqual([1, 3]);
  });

  test('in line mode has an fsync for each line, and the word of all of them behind head and key file', () => {
    const { disk, run } = fresh({ sync: 'line' });
    let known = 0;
    disk.decide = () => {
      known = Math.max(known, run.acknowledged.size);
      return 'pass';
    };
    const one = [`write ${segment}`, `sync ${segment}`];
    expect(traceOf(disk, () => { run.writer.append([body('a'), body('b')]); })).toEqual([...one, ...one, 'write head', 'write current']);
    expect([known, run.acknowledged.size]).toEqual([1, 3]);
  });

  test('in line mode makes no more than 64 commits of a request ahead: head and keys, and the time, follow with each so many', () => {
    const { platter, disk, run } = fresh({ sync: 'line' });
    disk.decide = ({ kind, name }) => {
      if (kind === 'sync' && name === segment) run.clock.pass(1);
      return 'pass';
    };
    const trace = traceOf(disk, () => { run.writer.append(Array.from({ length: 130 }, (_, n) => body(`${n}`))); });
    const commits = (count: number): string[] => Array.from({ length: count }, () => [`write ${segment}`, `sync ${segment}`]).flat();
    const told = ['write head', 'write current'];
    expect(trace).toEqual([...commits(64), ...told, ...commits(64), ...told, ...commits(2), ...told]);
    const times = [...linesIn(platter).values()].slice(-130).map((line) => /"ts":"([^"]*)"/.exec(line)?.[1]);
    expect([0, 63, 64, 127, 128, 129].map((at) => times.indexOf(times[at]))).toEqual([0, 0, 64, 64, 128, 128]);
  });

  test('in line mode keeps head and keys from lying unsynced while a long request is written', () => {
    const { disk, run } = fresh({ sync: 'line' });
    run.writer.append([body('a')]);
    disk.decide = ({ kind, name }) => {
      if (kind === 'sync' && name === segment) run.clock.pass(300);
      return 'pass';
    };
    const trace = traceOf(disk, () => { run.writer.append(['b', 'c', 'd', 'e'].map((text) => body(text))); });
    const one = [`write ${segment}`, `sync ${segment}`];
    expect(trace).toEqual([...one, ...one, ...one, 'sync head', 'sync current', ...one, 'write head', 'write current']);
  });

  test('with the head synced always has each on the disk before the next step', () => {
    const { disk, run } = fresh({ headSync: 'always' });
    const one = [`write ${segment}`, `sync ${segment}`, 'write head', 'sync head', 'write current', 'sync current'];
    expect(traceOf(disk, () => { run.writer.append([body('a')]); })).toEqual(one);
  });

  test('brings head and keys to the disk when they have lain for most of a second, and not before', () => {
    const { disk, run } = fresh();
    run.writer.append([body('a')]);
    run.clock.pass(799);
    expect(traceOf(disk, () => { run.writer.tick(); })).toEqual([]);
    run.clock.pass(1);
    expect(traceOf(disk, () => { run.writer.tick(); })).toEqual(['sync head', 'sync current']);
    run.clock.pass(5000);
    expect(traceOf(disk, () => { run.writer.tick(); })).toEqual([]);
  });

  test('is not put off by commits that keep coming', () => {
    const { disk, run } = fresh();
    let synced = 0;
    for (let i = 0; i < 10; i += 1) {
      run.clock.pass(200);
      synced += traceOf(disk, () => { run.writer.append([body('a')]); }).filter((call) => call === 'sync head').length;
    }
    expect(synced).toBe(2);
  });
});

describe('the order of one seal', () => {
  test('is next key synced, seal, fsync, head synced, keys synced, checkpoint by rename', () => {
    const { disk, run } = fresh();
    expect(traceOf(disk, () => { run.writer.seal(); }).filter((call) => call !== 'remove checkpoint.tmp')).toEqual([
      'write current', 'sync current', `write ${segment}`, `sync ${segment}`, 'write head', 'sync head', 'write current', 'sync current',
      'create checkpoint.tmp', 'write checkpoint.tmp', 'sync checkpoint.tmp', 'syncDirectory state', 'rename checkpoint', 'syncDirectory state',
    ]);
  });

  test('keeps the key that an attempt without room has made', () => {
    const { disk, platter, run } = fresh();
    disk.decide = ({ kind, name }) => (kind === 'write' && name === segment ? { fail: 'ENOSPC' } : 'pass');
    expect(codeOf(() => { run.writer.seal(); })).toBe('disk_full');
    const seed = run.writer.state.epoch.nextSeed;
    disk.decide = () => 'pass';
    run.writer.seal();
    expect(run.writer.state.epoch.signer.seed).toEqual(seed);
    expect(check(platter)).toMatchObject({ exit: 0 });
  });
});

test('the order of an init is names and keys first, the head, the key file, and the segment behind all of them', () => {
  const { disk } = fresh();
  const trace = disk.trace();
  const at = (call: string): number => {
    const index = trace.indexOf(call);
    expect([call, index >= 0]).toEqual([call, true]);
    return index;
  };
  const order = ['rename verification.key', 'rename salt', 'rename identity', 'rename log.pub', 'rename head', 'rename current', `create ${segment}`, `write ${segment}`];
  const places = order.map(at);
  expect([...places].sort((a, b) => a - b)).toEqual(places);
  // Each name is on the disk before the next step, the segment's before its first line.
  const before = trace.slice(0, at(`write ${segment}`));
  for (const [rename, directory] of [['salt', 'keys'], ['identity', 'keys'], ['log.pub', 'state'], ['head', 'log'], ['current', 'keys']] as const) {
    expect(before[at(`rename ${rename}`) + 1]).toBe(`syncDirectory ${directory}`);
  }
  expect(before.slice(-2)).toEqual([`create ${segment}`, 'syncDirectory log']);
});

describe('time', () => {
  test('seals an epoch that has something in it, and one without only at the heartbeat', () => {
    const { platter, run } = fresh({ sealMs: 1000, heartbeatMs: 10_000 });
    run.clock.pass(999);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started']);
    run.clock.pass(1);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'seal']);
    run.clock.pass(9999);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'seal']);
    run.clock.pass(1);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'seal', 'seal']);
    expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
  });

  test('closes a segment for its age, but not for silence', () => {
    const { platter, run } = fresh({ segmentMs: 1000 });
    run.writer.append([body('a')]);
    run.clock.pass(1000);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'a', 'seal', 'segment']);
    run.clock.pass(5000);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'a', 'seal', 'segment']);
    expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
  });

  test('that is set is recorded, and one that is slewed is not', () => {
    const { platter, run } = fresh();
    run.clock.set(-1000);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started']);
    run.clock.set(-1);
    run.writer.tick();
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'clock_stepped']);
    expect(linesIn(platter).get(3)).toContain('"event":{"delta_ms":-1001}');
  });

  test('in the middle of a request dates nothing before it is recorded', () => {
    const { platter, disk, run } = fresh({ sync: 'line' });
    const year = 365 * 86_400_000;
    let syncs = 0;
    disk.decide = ({ kind, name }) => {
      if (kind === 'sync' && name === segment && (syncs += 1) === 2) run.clock.set(year);
      return 'pass';
    };
    run.writer.append(Array.from({ length: 30 }, () => body('a')));
    run.writer.append([body('b')]);
    const years = [...linesIn(platter).values()].map((line) => /"ts":"(\d{4})/.exec(line)?.[1]);
    const stepped = kindsIn(platter).indexOf('clock_stepped');
    expect([stepped, kindsIn(platter).at(-1)]).toEqual([32, 'b']);
    expect(new Set(years.slice(0, stepped))).toEqual(new Set(['2026']));
    expect(new Set(years.slice(stepped))).toEqual(new Set(['2027']));
    expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
  });
});

test('a segment is closed behind the request that reaches its size, never inside one', () => {
  const { platter, run } = fresh({ segmentBytes: 2000 });
  run.writer.append(Array.from({ length: 20 }, (_, i) => body(`a${i}`)));
  run.writer.settle();
  run.writer.append([body('b')]);
  expect(kindsIn(platter)).toEqual(['genesis', 'started', ...Array.from({ length: 20 }, (_, i) => `a${i}`), 'seal', 'segment', 'b']);
  expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
});

/** Appends, seals, rotates, as far as the disk allows; what is refused for want of room is tried once more. */
function work(run: Run): { readonly codes: string[] } {
  const codes: string[] = [];
  const attempt = (action: () => void): void => {
    // A failed disk ends the writer.
    for (let tries = 0; tries < 3 && !codes.includes('write_failed'); tries += 1) {
      const code = codeOf(action);
      if (code === undefined) return;
      codes.push(code);
    }
  };
  attempt(() => { run.writer.append([body('one'), body('two', 'x'.repeat(900))]); });
  attempt(() => { run.writer.seal(); });
  attempt(() => { run.writer.append([body('three', 'y'.repeat(4000))]); });
  attempt(() => { run.writer.settle(); });
  attempt(() => { run.writer.append([body('four')]); });
  attempt(() => { run.writer.record('stopped', { reason: 'test' }); });
  attempt(() => { run.writer.seal(); });
  return { codes };
}

/** What `work` asks of the disk, by what is called and on what. */
const calls: readonly Call[] = ((): readonly Call[] => {
  const { disk, run } = fresh({ segmentBytes: 4000 });
  const from = disk.calls.length;
  work(run);
  return disk.calls.slice(from);
})();

/** Runs `work` with one call spoiled, then lets the next start look at what is left. */
function spoil(at: number, verdict: Verdict): { readonly codes: readonly string[]; readonly name: string } {
  const { disk, platter, run } = fresh({ segmentBytes: 4000 });
  let name = '';
  const from = disk.calls.length;
  disk.decide = (call) => {
    if (call.index - from !== at) return 'pass';
    name = `${call.kind} ${call.name}`;
    return verdict;
  };
  const { codes } = work(run);
  try {
    for (const [seq, line] of run.acknowledged) expect([seq, linesIn(platter).get(seq)]).toEqual([seq, line]);
    if (!codes.includes('write_failed')) expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
    const next = start(platter.copy(), { segmentBytes: 4000 }, new Map(run.acknowledged), run.clock);
    expect(next.found).not.toBe('absent');
  } catch (error) {
    throw new Error(`after ${name}, call ${at}: ${codes.join()}`, { cause: error });
  }
  return { codes, name };
}

describe('a disk that is full', () => {
  test('at any write to the log, or for a new name, is said to be full; afterwards the log goes on and is intact', () => {
    let full = 0;
    for (const [at, { kind, name }] of calls.entries()) {
      const isGrowing = (kind === 'write' && name.endsWith('.jsonl')) || (kind === 'create' && name.endsWith('.jsonl')) || name.endsWith('.tmp');
      if (!isGrowing || kind === 'remove' || kind === 'sync') continue;
      for (const verdict of kind === 'write' ? [{ fail: 'ENOSPC' }, { fail: 'EDQUOT' }, { fail: 'EFBIG' }, { short: 0 }] as const : [{ fail: 'ENOSPC' }] as const) {
        const { codes, name: spoiled } = spoil(at, verdict);
        // A checkpoint without room is no failure of the seal, it is put in place before the next one; the link is for people.
        expect([spoiled, [...new Set(codes)]]).toEqual([spoiled, name.endsWith('.tmp') ? [] : ['disk_full']]);
        full += 1;
      }
    }
    expect(full).toBeGreaterThan(20);
  });

  test('that cuts a write short and then takes the rest loses nothing and tells nobody', () => {
    for (const [at, { kind, bytes }] of calls.entries()) {
      if (kind === 'write') for (const taken of [1, bytes - 1]) expect(spoil(at, { short: taken }).codes).toEqual([]);
    }
  });

  test('in the middle of a line or of a group leaves nothing of it behind', () => {
    const { disk, platter, run } = fresh();
    let writes = 0;
    disk.decide = ({ kind, name }) => {
      if (kind !== 'write' || name !== segment) return 'pass';
      writes += 1;
      return writes === 1 ? { short: 500 } : { fail: 'ENOSPC' };
    };
    expect(codeOf(() => { run.writer.append([body('a'), body('b', 'x'.repeat(2000))]); })).toBe('disk_full');
    disk.decide = () => 'pass';
    run.writer.append([body('c')]);
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'c']);
    expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
  });

  test('in line mode may leave whole lines of a request, never a part of one', () => {
    const { disk, platter, run } = fresh({ sync: 'line' });
    let writes = 0;
    disk.decide = ({ kind, name }) => {
      if (kind === 'write' && name === segment) writes += 1;
      return kind === 'write' && name === segment && writes === 2 ? { fail: 'ENOSPC' } : 'pass';
    };
    expect(codeOf(() => { run.writer.append([body('a'), body('b'), body('c')]); })).toBe('disk_full');
    // Of the first one it is told: whose whole request it was is acknowledged.
    expect([...run.acknowledged.keys()]).toEqual([2, 3]);
    disk.decide = () => 'pass';
    run.writer.append([body('d')]);
    expect(kindsIn(platter)).toEqual(['genesis', 'started', 'a', 'd']);
    expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
  });

  test('in line mode tells of nothing where it is not the room that is missing', () => {
    for (const failing of ['write', 'sync'] as const) {
      const { disk, run } = fresh({ sync: 'line' });
      let calls = 0;
      disk.decide = ({ kind, name }) => {
        if (kind === failing && name === segment) calls += 1;
        return kind === failing && name === segment && calls === 2 ? { fail: 'EIO' } : 'pass';
      };
      expect(codeOf(() => { run.writer.append([body('a'), body('b'), body('c')]); })).toBe('write_failed');
      expect([...run.acknowledged.keys()]).toEqual([2]);
    }
  });
});

describe('a disk that fails', () => {
  test('at any fsync ends the writer; the next start finds everything that was acknowledged', () => {
    let failed = 0;
    for (const [at, { kind, name }] of calls.entries()) {
      if (kind !== 'sync' && kind !== 'syncDirectory') continue;
      for (const errno of ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE']) {
        const { codes, name: spoiled } = spoil(at, { fail: errno });
        expect([spoiled, name, errno, codes]).toEqual([spoiled, name, errno, ['write_failed']]);
        failed += 1;
      }
    }
    expect(failed).toBeGreaterThan(20);
  });

  test('at the opening of a directory for its sync, for want of descriptors or room, is waited for', () => {
    let waited = 0;
    for (const [at, { kind, name }] of calls.entries()) {
      if (kind !== 'syncDirectory') continue;
      for (const errno of ['EMFILE', 'ENOSPC']) {
        // The checkpoint is put in place before the next seal, and nobody has to be told.
        expect([name, spoil(at, { fail: errno, at: 'open' }).codes]).toEqual([name, name === 'log' ? ['disk_full'] : []]);
        waited += 1;
      }
    }
    expect(waited).toBeGreaterThan(4);
  });

  test.each(['head', 'current'])('at %s for a moment is asked once more for the whole slot, and nobody is told', (slot) => {
    for (const first of ['pass', { short: 240 }] as const) {
      const { disk, platter, run } = fresh();
      let writes = 0;
      disk.decide = ({ kind, name }) => {
        if (kind !== 'write' || name !== slot) return 'pass';
        writes += 1;
        // Half of it, then nothing; or nothing at all.
        return writes === 1 && first !== 'pass' ? first : writes <= (first === 'pass' ? 1 : 2) ? { fail: 'EIO' } : 'pass';
      };
      run.writer.append([body('a')]);
      expect(writes).toBe(first === 'pass' ? 2 : 3);
      const next = start(platter.copy(), {}, new Map(run.acknowledged), run.clock);
      expect(next.found).toMatchObject({ adopted: 0, torn: [] });
      expect(check(platter)).toMatchObject({ exit: 0, findings: [] });
    }
  });

  test('at keys/current for good ends the writer, and the log can be gone on with if none of the slot was taken', () => {
    const { disk, platter, run } = fresh();
    let writes = 0;
    disk.decide = ({ kind, name }) => {
      if (kind === 'write' && name === 'current') writes += 1;
      return kind === 'write' && name === 'current' ? { fail: 'EIO' } : 'pass';
    };
    expect([codeOf(() => { run.writer.append([body('a')]); }), writes]).toEqual(['write_failed', 2]);
    expect(start(platter, {}, new Map(), run.clock).found).toMatchObject({ adopted: 0, clean: false });
  });

  test('with half of keys/current written is the end of this host\'s keys, and says that the log itself may be whole', () => {
    const { disk, platter, run } = fresh();
    let writes = 0;
    disk.decide = ({ kind, name }) => {
      if (kind !== 'write' || name !== 'current') return 'pass';
      writes += 1;
      return writes === 1 ? { short: 240 } : { fail: 'EIO' };
    };
    expect(codeOf(() => { run.writer.append([body('a')]); })).toBe('write_failed');
    let refusal: unknown;
    try {
      start(platter, {}, new Map(), run.clock);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'refused', what: 'keys_damaged' });
    for (const word of ['keys are lost', 'may be whole', 'indelible verify', 'indelible init --successor']) expect(String(refusal)).toContain(word);
    expect(check(platter)).toMatchObject({ exit: 0 });
  });

  test('at a write says so', () => {
    const { disk, run } = fresh();
    disk.decide = ({ kind, name }) => (kind === 'write' && name === segment ? { fail: 'EIO' } : 'pass');
    expect(codeOf(() => { run.writer.append([body('a')]); })).toBe('write_failed');
  });
});
