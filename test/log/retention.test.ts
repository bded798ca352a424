// What retention takes and what it leaves: only what a header allows, only what is sound, in an order that every crash can
// interrupt.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Descriptor, OpenMode } from '../../src/disk/disk.js';
import { LogError } from '../../src/log/failure.js';
import { ObservedTime } from '../../src/log/observed.js';
import { listSegments, segmentName } from '../../src/log/segment.js';
import type { SegmentRemoved } from '../../src/log/own.js';
import type { WriterOptions } from '../../src/log/commit.js';
import type { Call, Verdict } from './broken-disk.js';
import { BrokenDisk } from './broken-disk.js';
import type { Crash } from './memory-disk.js';
import { MemoryDisk, randomFrom } from './memory-disk.js';
import type { Acknowledged, Run } from './run.js';
import { StillClock, body, check, kindsIn, linesIn, places, retentionOf, start } from './run.js';

const segmentBytes = 5000;
const bySize: Partial<WriterOptions> = { segmentBytes, retain: { bytes: 12_000, ms: 0 } };
/** A short one, ms: thirty of them are less than the silence that verify speaks of. */
const day = 40_000;
const byTime: Partial<WriterOptions> = { segmentBytes, retain: { bytes: 0, ms: 30 * day } };

/** Fills and closes so many segments, each with a seal in its middle. */
function fill({ writer }: Run, segments: number): void {
  for (let i = 0; i < segments; i += 1) {
    writer.append([body('a', 'x'.repeat(900)), body('b')]);
    writer.seal();
    writer.append([body('c', 'y'.repeat(3000))]);
    writer.settle();
  }
}

function firstKept(disk: MemoryDisk): number {
  return listSegments(disk, places.log)[0]?.first ?? 0;
}

function removedIn(disk: MemoryDisk): SegmentRemoved[] {
  return [...linesIn(disk).values()].filter((line) => line.includes('"profile":"indelible","kind":"segment_removed"'))
    .map((line) => (JSON.parse(line) as { readonly event: SegmentRemoved }).event);
}

interface Filled {
  readonly platter: MemoryDisk;
  readonly disk: BrokenDisk;
  readonly run: Run;
}

/** A log of `segments` closed segments. */
function filled(options: Partial<WriterOptions>, segments = 3): Filled {
  const platter = new MemoryDisk();
  const disk = new BrokenDisk(platter);
  const run = start(disk, options);
  fill(run, segments);
  return { platter, disk, run };
}

/** One that has no descriptors for reading while `isOut`. */
class Crowded extends BrokenDisk {
  isOut = false;

  override open(path: string, mode: OpenMode): Descriptor {
    if (this.isOut && mode === 'read') throw Object.assign(new Error('EMFILE: open'), { code: 'EMFILE', syscall: 'open' });
    return super.open(path, mode);
  }
}

function expectIntact(disk: MemoryDisk): void {
  const report = check(disk);
  expect({ exit: report.exit, findings: report.findings, retired: report.counts.retired })
    .toEqual({ exit: 0, findings: [], retired: firstKept(disk) - 1 });
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

/** A start that refuses: by which finding. */
function findingOf(disk: MemoryDisk): string {
  try {
    start(disk, bySize);
    return 'opened';
  } catch (error) {
    if (error instanceof LogError && error.code === 'refused') return error.what;
    throw error;
  }
}

test('a segment whose header cannot be read when it is closed stays, until it can be read', () => {
  const platter = new MemoryDisk();
  const disk = new Crowded(platter);
  const run = start(disk, byTime);
  const retention = retentionOf(disk, run);
  disk.isOut = true;
  for (let segments = 0; segments < 4; segments += 1) {
    fill(run, 1);
    retention.tick(run.writer);
  }
  run.clock.pass(31 * day);
  retention.tick(run.writer);
  expect(firstKept(platter)).toBe(1);
  disk.isOut = false;
  retention.tick(run.writer);
  expect(firstKept(platter)).toBeGreaterThan(1);
  expectIntact(platter);
});

describe('retention by size', () => {
  test('removes the oldest segments while those behind hold enough, and no more', () => {
    const { platter, disk, run } = filled(bySize, 5);
    const before = platter.copy();
    const { clock } = run;
    retentionOf(disk, run).tick(run.writer);
    const names = listSegments(before, places.log);
    const kept = listSegments(platter, places.log).filter(({ first }) => names.some((segment) => segment.first === first));
    expect(kept.length).toBeLessThan(names.length);
    const sizes = names.map(({ path }) => platter.read(path)?.length ?? 0);
    const bytes = (from: number): number => sizes.slice(from).reduce((sum, size) => sum + size, 0);
    const gone = names.length - kept.length;
    expect(bytes(gone)).toBeGreaterThanOrEqual(12_000);
    expect(bytes(gone + 1)).toBeLessThan(12_000);
    run.writer.stop('test');
    run.writer.close();
    expectIntact(platter);
    // A second run goes on where this one stopped.
    const second = start(disk, bySize, new Map(), clock);
    fill(second, 2);
    retentionOf(disk, second).tick(second.writer);
    expect(firstKept(platter)).toBeGreaterThan(kept[0]?.first ?? 0);
    second.writer.close();
    expectIntact(platter);
    expect(platter.opened).toBe(0);
  });

  test('says what it removed, and leaves its header and seals byte for byte', () => {
    const { platter, disk, run } = filled(bySize, 3);
    const [oldest, second] = listSegments(platter, places.log);
    const bytes = platter.read(oldest?.path ?? '') ?? Buffer.alloc(0);
    retentionOf(disk, run).tick(run.writer);
    expect(removedIn(platter)[0]).toEqual({
      segment: segmentName(1), first: 1, last: (second?.first ?? 0) - 1, bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'), observed_ms: 0,
    });
    const lines = bytes.toString('utf8').split('\n').filter((line) => /"profile":"indelible","kind":"(?:genesis|seal)"/.test(line));
    expect(lines).toHaveLength(3);
    expect(platter.read(places.retired)?.toString('utf8')).toMatch(lines.join('\n'));
  });

  test('keeps the order: retired.jsonl, the record, head and keys, the file, the directory', () => {
    const { disk, run } = filled(bySize, 3);
    const retention = retentionOf(disk, run);
    const from = disk.calls.length;
    retention.tick(run.writer);
    const open = run.writer.state.segment?.name ?? '';
    expect(disk.trace(from)).toEqual([
      'create retired.jsonl', 'write retired.jsonl', 'truncate retired.jsonl', 'sync retired.jsonl', 'syncDirectory log',
      `write ${open}`, `sync ${open}`, 'write head', 'write current', 'sync head', 'sync current', `remove ${segmentName(1)}`, 'syncDirectory log',
    ]);
  });

  test.each([
    ['nothing', { bytes: 0, ms: 0 }], ['more than there is', { bytes: 1_000_000, ms: 0 }], ['a time that has not passed', { bytes: 0, ms: 1000 }],
  ])('goes by the segment\'s own header: one that allows %s keeps it, whatever is configured now', (_, retain) => {
    const { platter, disk, run } = filled({ ...bySize, retain }, 3);
    run.writer.stop('test');
    run.writer.close();
    const second = start(disk, { ...bySize, retain: { bytes: 1, ms: 1 } }, new Map(), run.clock);
    fill(second, 3);
    const retention = retentionOf(disk, second);
    retention.tick(second.writer);
    second.clock.pass(999);
    retention.tick(second.writer);
    expect([firstKept(platter), kindsIn(platter).includes('segment_removed')]).toEqual([1, false]);
  });

  test('reads a large segment in pieces, and lets the log be written to in between', () => {
    const { platter, disk, run } = filled({ segmentBytes: 20_000_000, retain: { bytes: 1, ms: 0 } }, 0);
    for (let i = 0; i < 20; i += 1) run.writer.append([body('big', 'x'.repeat(1_048_576))]);
    run.writer.settle();
    const retention = retentionOf(disk, run);
    let ticks = 0;
    while (firstKept(platter) === 1) {
      const from = disk.calls.length;
      run.writer.append([body('between')]);
      retention.tick(run.writer);
      ticks += 1;
      if (firstKept(platter) === 1) expect(disk.trace(from)).toHaveLength(4);
    }
    expect(ticks).toBe(3);
    run.writer.close();
    expectIntact(platter);
  });
});

describe('a segment that is not what was recorded', () => {
  type Edit = (text: string, disk: MemoryDisk) => string;
  const edits: readonly (readonly [string, Edit])[] = [
    ['an edited event', (text) => text.replace('"action":"b"', '"action":"z"')],
    ['a line taken out', (text) => text.split('\n').filter((_, index) => index !== 2).join('\n')],
    ['its last seal taken out', (text) => text.split('\n').slice(0, -2).join('\n') + '\n'],
    ['another MAC in its last seal', (text) => text.replace(/"mac":"([0-9a-f])([0-9a-f]{63}"\}\n)$/, (_, a: string, b: string) => `"mac":"${a === '0' ? '1' : '0'}${b}`)],
    ['a header that allows more', (text) => text.replace('"retain":{"bytes":12000,', '"retain":{"bytes":11999,')],
    ['no line end at its end', (text) => text.slice(0, -1)],
    ['another signature', (text) => text.replace(/(\/epoch\/0 .{20})(.)/, (_, a: string, b: string) => a + (b === 'A' ? 'B' : 'A'))],
  ];

  test.each(edits)('%s: it stays, the log says so once, and nothing else is removed until the next start', (_, edit) => {
    const { platter, disk, run } = filled(bySize, 4);
    const path = join(places.log, segmentName(1));
    const before = platter.read(path)?.toString('utf8') ?? '';
    const after = edit(before, platter);
    expect(after).not.toBe(before);
    platter.put(path, Buffer.from(after));
    const notices: string[] = [];
    const retention = retentionOf(disk, run, 'boot', notices);
    for (let i = 0; i < 3; i += 1) {
      retention.tick(run.writer);
      run.clock.pass(60_000);
    }
    expect(platter.read(path)?.toString('utf8')).toBe(after);
    expect(platter.read(places.retired)).toBeUndefined();
    expect(kindsIn(platter).filter((kind) => kind === 'segment_removed' || kind === 'tamper_detected')).toEqual(['tamper_detected']);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(segmentName(1));
    retention.stop();
    run.writer.close();
    expect(platter.opened).toBe(0);
  });

  test('whose header is changed while it is chosen and changed back stays, too', () => {
    const { platter, disk, run } = filled({ ...bySize, retain: { bytes: 1_000_000, ms: 0 } }, 3);
    const path = join(places.log, segmentName(1));
    const bytes = platter.read(path) ?? Buffer.alloc(0);
    platter.put(path, Buffer.from(bytes.toString('utf8').replace('"bytes":1000000', '"bytes":1000')));
    const retention = retentionOf(disk, run);
    platter.put(path, bytes);
    retention.tick(run.writer);
    expect([firstKept(platter), kindsIn(platter).filter((kind) => kind === 'tamper_detected')]).toEqual([1, ['tamper_detected']]);
  });
});

describe('retention by time', () => {
  test('goes by what the daemon has watched: a clock that is set a year forward removes nothing', () => {
    const { platter, disk, run } = filled(byTime, 2);
    const retention = retentionOf(disk, run);
    run.clock.set(365 * day);
    run.writer.tick();
    retention.tick(run.writer);
    run.clock.pass(30 * day - 1);
    retention.tick(run.writer);
    expect(firstKept(platter)).toBe(1);
    run.clock.pass(1);
    retention.tick(run.writer);
    expect(removedIn(platter)[0]).toMatchObject({ first: 1, observed_ms: 30 * day });
    retention.stop();
    run.writer.close();
    expectIntact(platter);
  });

  test('adds up over restarts, with the time in between as long as it is one boot', () => {
    const { platter, disk, run } = filled(byTime, 2);
    let before = run;
    let retention = retentionOf(disk, run);
    for (let i = 0; i < 10; i += 1) {
      before.clock.pass(day);
      retention.tick(before.writer);
      retention.stop();
      before.writer.stop('test');
      before.writer.close();
      before.clock.pass(day);
      before = start(disk, byTime, new Map(), before.clock);
      retention = retentionOf(disk, before);
    }
    before.clock.pass(10 * day - 1);
    retention.tick(before.writer);
    expect(firstKept(platter)).toBe(1);
    before.clock.pass(1);
    retention.tick(before.writer);
    expect(firstKept(platter)).toBeGreaterThan(1);
  });

  test('goes on behind a reboot without the time in between, and notices a boot id with a clock of another', () => {
    const { platter, disk, run } = filled(byTime, 2);
    const retention = retentionOf(disk, run);
    run.clock.pass(29 * day);
    retention.stop();
    const later = (clockMs: number, boot: string, passMs: number): number => {
      const copy = platter.copy();
      const clock = new StillClock();
      clock.pass(clockMs);
      const again = start(copy, byTime, new Map(), clock);
      const next = retentionOf(copy, again, boot);
      next.tick(again.writer);
      clock.pass(passMs);
      next.tick(again.writer);
      return firstKept(copy);
    };
    run.writer.close();
    expect([later(400 * day, 'other', day - 1), later(400 * day, 'other', day) > 1]).toEqual([1, true]);
    expect([later(day, 'boot', day - 1), later(day, 'boot', day) > 1]).toEqual([1, true]);
    expect([later(400 * day, '', day - 1), later(30 * day, 'boot', 0) > 1]).toEqual([1, true]);
    expect(disk.isDead).toBe(false);
  });

  const spoiled: readonly (readonly [string, (text: string) => string | undefined])[] = [
    ['missing', () => undefined],
    ['cut short', (text) => text.slice(0, -10)],
    ['empty', () => ''],
    ['forged without the key', (text) => text.replace(/"observed_ms":\d+/, '"observed_ms":99999999999999')],
    ['that of another log', (text) => text.replace(/"mac":"[0-9a-f]{64}"/, `"mac":"${'ab'.repeat(32)}"`)],
  ];

  test.each(spoiled)('begins anew at 0 and says so when the file is %s', (_, spoil) => {
    const { platter, disk, run } = filled(byTime, 2);
    const first = retentionOf(disk, run);
    run.clock.pass(29 * day);
    first.stop();
    run.writer.close();
    const text = spoil(platter.read(places.retention)?.toString('utf8') ?? '');
    if (text === undefined) platter.remove(places.retention);
    else platter.put(places.retention, Buffer.from(text));
    const again = start(disk, byTime, new Map(), run.clock);
    const notices: string[] = [];
    const retention = retentionOf(disk, again, 'boot', notices);
    expect(notices).toHaveLength(1);
    run.clock.pass(30 * day - 1);
    retention.tick(again.writer);
    expect(firstKept(platter)).toBe(1);
    run.clock.pass(1);
    retention.tick(again.writer);
    expect(firstKept(platter)).toBeGreaterThan(1);
  });

  test('writes its file when a segment is closed, once a minute and at a stop, and only if time decides', () => {
    const writes = (disk: BrokenDisk, from: number): number => disk.trace(from).filter((call) => call === 'rename retention').length;
    const { disk, run } = filled(byTime, 2);
    const retention = retentionOf(disk, run);
    const from = disk.calls.length;
    for (let i = 0; i < 300; i += 1) {
      retention.tick(run.writer);
      run.clock.pass(200);
    }
    expect(writes(disk, from)).toBe(1);
    retention.tick(run.writer);
    expect(writes(disk, from)).toBe(2);
    fill(run, 1);
    retention.tick(run.writer);
    expect(writes(disk, from)).toBe(3);
    retention.stop();
    expect(writes(disk, from)).toBe(4);
    const other = filled(bySize, 2);
    const none = retentionOf(other.disk, other.run);
    none.tick(other.run.writer);
    none.stop();
    expect(writes(other.disk, 0)).toBe(0);
  });

  test('never makes a segment older than it is, however many there are, and its file has a limit', () => {
    const platter = new MemoryDisk();
    platter.makeDirectory(places.state);
    const clock = new StillClock();
    const observed = new ObservedTime(platter, clock, places.retention, Buffer.alloc(32, 1), 'boot');
    const total = 10_000;
    for (let first = 1; first <= total; first += 1) {
      observed.close(first);
      clock.pass(1000);
    }
    const truth = (first: number): number => (total - first + 1) * 1000;
    for (let first = 1; first <= total; first += 1) expect(observed.closedForMs(first)).toBeLessThanOrEqual(truth(first));
    for (let first = 1; first <= total; first += 1) expect(observed.closedForMs(first)).toBeGreaterThan(truth(first) - 8000);
    expect([total, total - 1].map((first) => observed.closedForMs(first))).toEqual([1000, 2000]);
    observed.save();
    expect(platter.read(places.retention)?.length).toBeLessThan(4096 * 40);
    const again = new ObservedTime(platter, clock, places.retention, Buffer.alloc(32, 1), 'boot');
    expect([again.resumed, again.closedForMs(1)]).toEqual(['same_boot', observed.closedForMs(1)]);
  });
});

describe('only a record of the log\'s own', () => {
  test('removes anything at a start: a client\'s event of that name does not', () => {
    const { platter, disk, run } = filled({ segmentBytes }, 3);
    const [oldest, second] = listSegments(platter, places.log);
    const event = { segment: oldest?.name, first: 1, last: (second?.first ?? 0) - 1, bytes: 1, sha256: '0'.repeat(64), observed_ms: 0 };
    run.writer.append([Buffer.from(`"profile":"generic","kind":"segment_removed","source":{"listener":"t"},"event":${JSON.stringify(event)}`)]);
    run.writer.close();
    const again = start(disk, {}, new Map(), run.clock);
    retentionOf(disk, again).tick(again.writer);
    expect(firstKept(platter)).toBe(1);
    again.writer.close();
    expectIntact(platter);
  });

  test('and only where retired.jsonl stands for what it names: without, the log is refused and nothing removed', () => {
    const { platter, disk, run } = filled({ segmentBytes }, 3);
    const [oldest, second] = listSegments(platter, places.log);
    run.writer.record('segment_removed', {
      segment: oldest?.name ?? '', first: 1, last: (second?.first ?? 0) - 1, bytes: 1, sha256: '0'.repeat(64), observed_ms: 0,
    });
    run.writer.close();
    expect(findingOf(platter)).toBe('segment_missing');
    expect([firstKept(platter), disk.isDead]).toEqual([1, false]);
  });
});

describe('a start', () => {
  const trimmed = (): MemoryDisk => {
    const { platter, disk, run } = filled(bySize, 4);
    retentionOf(disk, run).tick(run.writer);
    run.writer.stop('test');
    run.writer.close();
    expect(firstKept(platter)).toBeGreaterThan(1);
    return platter;
  };

  test('refuses a log whose oldest segment is not directly behind what was removed', () => {
    const lines = (disk: MemoryDisk): string[] => (disk.read(places.retired)?.toString('utf8') ?? '').split('\n').slice(0, -1);
    const without = trimmed();
    without.remove(places.retired);
    const cut = trimmed();
    cut.put(places.retired, Buffer.from(`${lines(cut).slice(0, -1).join('\n')}\n`));
    const other = trimmed();
    other.put(places.retired, Buffer.from(`${lines(trimmed()).join('\n')}\n`));
    const stolen = trimmed();
    stolen.remove(listSegments(stolen, places.log)[0]?.path ?? '');
    expect([without, cut, other, stolen, trimmed()].map(findingOf)).toEqual(['segment_missing', 'retired_gap', 'retired_gap', 'retired_gap', 'opened']);
  });

  test('goes on with a file that would not go, and the log with it; the record is not written twice', () => {
    const { platter, disk, run } = filled(bySize, 4);
    const stuck = ({ kind, name }: Call): Verdict => (kind === 'remove' && name === segmentName(1) ? { fail: 'EACCES' } : 'pass');
    disk.decide = stuck;
    const notices: string[] = [];
    const first = retentionOf(disk, run, 'boot', notices);
    for (let i = 0; i < 5; i += 1) {
      first.tick(run.writer);
      run.clock.pass(10_000);
    }
    expect(notices).toHaveLength(1);
    run.writer.append([body('goes on')]);
    expectIntact(platter);
    run.writer.close();
    const second = start(disk, { ...bySize, segmentBytes: 200_000 }, new Map(), run.clock);
    expect(second.found).toMatchObject({ unremoved: { name: segmentName(1) } });
    const retention = retentionOf(disk, second);
    retention.tick(second.writer);
    expect(firstKept(platter)).toBe(1);
    disk.decide = () => 'pass';
    second.clock.pass(10_000);
    retention.tick(second.writer);
    expect(firstKept(platter)).toBeGreaterThan(1);
    expect(removedIn(platter).filter(({ first: of }) => of === 1)).toHaveLength(1);
    second.writer.close();
    expectIntact(platter);
  });

  test('finishes a removal whose record lies further back than a start reads', () => {
    const { platter, disk, run } = filled(bySize, 3);
    disk.decide = ({ kind, name }) => (kind === 'remove' && name === segmentName(1) ? { fail: 'EPERM' } : 'pass');
    retentionOf(disk, run).tick(run.writer);
    fill(run, 2);
    run.writer.stop('test');
    run.writer.close();
    disk.decide = () => 'pass';
    const second = start(disk, bySize, new Map(), run.clock);
    expect(second.found).toMatchObject({ unremoved: undefined });
    retentionOf(disk, second).tick(second.writer);
    expect(firstKept(platter)).toBeGreaterThan(1);
    second.writer.close();
    expectIntact(platter);
  });
});

/**
 * Four segments are filled, retention takes the two that it may, one more is filled, retention again, a clean stop. Gives
 * the calls of the removals and the first few behind them.
 */
function live(
  disk: BrokenDisk, options: Partial<WriterOptions>, acknowledged: Acknowledged, clock = new StillClock(),
): readonly Call[] {
  const run = start(disk, options, acknowledged, clock);
  fill(run, 4);
  const retention = retentionOf(disk, run);
  const removals: Call[] = [];
  const remove = (): void => {
    const from = disk.calls.length;
    clock.pass(30 * day);
    retention.tick(run.writer);
    const to = disk.calls.length;
    fill(run, 1);
    removals.push(...disk.calls.slice(from, to + 6));
  };
  remove();
  remove();
  retention.stop();
  run.writer.stop('test');
  run.writer.close();
  return removals;
}

function expectKept(disk: MemoryDisk, acknowledged: Acknowledged): void {
  const lines = linesIn(disk);
  const first = firstKept(disk);
  for (const [seq, line] of acknowledged) {
    if (seq >= first && lines.get(seq) !== line) throw new Error(`acknowledged record ${seq} is lost or changed`);
  }
}

const crashes: readonly { readonly crash: Crash; readonly seeds: readonly number[] }[] = [
  { crash: 'process', seeds: [0] },
  { crash: 'power', seeds: [1, 2] },
];

describe.each([['size', bySize], ['time', byTime]] as const)('by %s', (_, options) => {
  const calls = live(new BrokenDisk(new MemoryDisk()), options, new Map());

  test.each(crashes)('a death of the $crash at every call of a removal is finished by the next start', ({ crash, seeds }) => {
    let finished = 0;
    expect(calls.length).toBeGreaterThan(25);
    for (const { index: at, kind } of calls) {
      for (const part of kind === 'write' ? [0, 300, 2000, Number.MAX_SAFE_INTEGER] : [0]) {
        const platter = new MemoryDisk();
        const acknowledged: Acknowledged = new Map();
        const clock = new StillClock();
        const disk = new BrokenDisk(platter, (call) => (call.index === at ? { crash: part } : 'pass'));
        expect(() => { live(disk, options, acknowledged, clock); }).toThrow();
        expect(disk.isDead).toBe(true);
        for (const seed of seeds) {
          const left = platter.afterCrash(crash, randomFrom(seed * 100_003 + at * 7 + part % 11));
          try {
            expectKept(left, acknowledged);
            if (crash === 'process') expectIntact(left);
            const wasUnfinished = removedIn(left).some(({ first }) => first === firstKept(left));
            const run = start(left, options, new Map(), clock);
            const retention = retentionOf(left, run);
            if (wasUnfinished) {
              expect(run.found !== 'absent' && run.found.unremoved).toBe(undefined);
              finished += 1;
            }
            clock.pass(30 * day);
            retention.tick(run.writer);
            expectIntact(left);
            fill(run, 2);
            clock.pass(30 * day);
            retention.tick(run.writer);
            retention.stop();
            run.writer.stop('test');
            run.writer.close();
            expectKept(left, acknowledged);
            expectIntact(left);
            expect(firstKept(left)).toBeGreaterThan(1);
            const named = removedIn(left).map(({ first }) => first);
            expect(named).toEqual([...new Set(named)]);
            expect(left.opened).toBe(0);
          } catch (error) {
            throw new Error(`after call ${at} (${disk.trace().at(-1) ?? ''}, ${part} bytes), seed ${seed}`, { cause: error });
          }
        }
      }
    }
    expect(finished).toBeGreaterThan(0);
  });

  test('a full disk at any call before the record removes nothing, and it is tried again', () => {
    let full = 0;
    for (const { index: at, kind, name } of calls) {
      const isGrowing = name === 'retired.jsonl' ? kind !== 'sync' : name === 'log' || (kind === 'write' && /^\d+\.jsonl$/.test(name));
      if (!isGrowing) continue;
      const platter = new MemoryDisk();
      const disk = new BrokenDisk(platter);
      const acknowledged: Acknowledged = new Map();
      const run = start(disk, options, acknowledged);
      fill(run, 4);
      const retention = retentionOf(disk, run);
      run.clock.pass(30 * day);
      // A directory's sync finds no room when it opens it; a failed fsync is another matter.
      const isDirectory = kind === 'syncDirectory';
      disk.decide = (call) => (call.index !== at ? 'pass' : isDirectory ? { fail: 'ENOSPC', at: 'open' } : { fail: 'ENOSPC' });
      const before = firstKept(platter);
      const code = codeOf(() => { retention.tick(run.writer); });
      // Calls behind the first tick are of the next, which is not made here.
      if (disk.calls.length <= at) break;
      full += 1;
      expect([at, kind, name, code]).toEqual([at, kind, name, 'disk_full']);
      const recorded = removedIn(platter).some(({ first }) => first === before);
      if (!recorded) expect(firstKept(platter)).toBe(before);
      expectIntact(platter);
      disk.decide = () => 'pass';
      expect(codeOf(() => { retention.tick(run.writer); })).toBe(undefined);
      run.writer.append([body('goes on')]);
      run.clock.pass(10_000);
      retention.tick(run.writer);
      expect(firstKept(platter)).toBeGreaterThan(1);
      retention.stop();
      run.writer.close();
      expectKept(platter, acknowledged);
      expectIntact(platter);
    }
    expect(full).toBeGreaterThan(4);
  });

  test('a failed fsync ends the writer; the next start finds a log that is intact', () => {
    let failed = 0;
    for (const { index: at, kind } of calls) {
      if (kind !== 'sync' && kind !== 'syncDirectory') continue;
      const platter = new MemoryDisk();
      const clock = new StillClock();
      const disk = new BrokenDisk(platter, (call) => (call.index === at ? { fail: 'EIO' } : 'pass'));
      expect([at, codeOf(() => { live(disk, options, new Map(), clock); })]).toEqual([at, 'write_failed']);
      const left = platter.copy();
      const run = start(left, options, new Map(), clock);
      retentionOf(left, run).tick(run.writer);
      run.writer.close();
      expectIntact(left);
      failed += 1;
    }
    expect(failed).toBeGreaterThan(5);
  });
});
