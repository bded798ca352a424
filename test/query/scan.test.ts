// A log read without keys: sound lines are shown, everything else is marked or counted, in both directions alike.
import { describe, expect, it } from 'vitest';
import { segmentName } from '../../src/log/segment.js';
import { LineNumbers } from '../../src/query/line-number.js';
import { LogScan } from '../../src/query/scan.js';
import type { Filters } from '../../src/wire/message.js';
import { RecordFilter } from '../../src/wire/filter.js';
import type { LogMaker } from '../verify/make-log.js';
import { eventBody, smallLog } from '../verify/make-log.js';
import { MemoryDisk } from '../verify/memory-disk.js';
import type { Node } from '../verify/memory-disk.js';

interface Read {
  readonly seen: readonly { readonly text: string; readonly fault: string | undefined; readonly at: string }[];
  readonly scan: LogScan;
}

function read(disk: MemoryDisk, order: 'oldest_first' | 'newest_first' = 'oldest_first', filters: Filters = {}): Read {
  const scan = new LogScan({ disk, stateDirectory: '/', filter: new RecordFilter(filters), order });
  const seen: Read['seen'][number][] = [];
  for (const { bytes, fault, segment, offset } of scan.run()) seen.push({ text: bytes.toString('latin1'), fault, at: `${segment.name}:${offset}` });
  expect(disk.opened).toBe(0);
  return { seen, scan };
}

/** Reads in both directions and demands that they agree on every line and every count. */
function readBoth(disk: MemoryDisk, filters: Filters = {}): Read {
  const forward = read(disk, 'oldest_first', filters);
  const backward = read(disk, 'newest_first', filters);
  expect([...backward.seen].reverse()).toEqual(forward.seen);
  expect(backward.scan.tally).toEqual(forward.scan.tally);
  return forward;
}

const linesOf = (log: LogMaker): string[] => log.pieces.flatMap(({ lines }) => lines.map((line) => line.toString('latin1')));
const faults = ({ seen }: Read): (string | undefined)[] => seen.map(({ fault }) => fault).filter((fault) => fault !== undefined);
const first = `/log/${segmentName(1)}`;

/** Changes the lines of the first segment. */
function spoil(log: LogMaker, change: (lines: string[]) => string[]): MemoryDisk {
  const disk = log.disk();
  const lines = disk.file(first).toString('latin1').split('\n').slice(0, -1);
  disk.nodes.set(first, Buffer.from(change(lines).map((line) => `${line}\n`).join(''), 'latin1'));
  return disk;
}

describe('a sound log', () => {
  it('is shown line by line, and all is well', () => {
    const log = smallLog();
    const { seen, scan } = readBoth(log.disk());
    expect(seen.map(({ text }) => text)).toEqual(linesOf(log));
    const nothing = { broken: 0, unreadable: 0, missing: 0, behindHead: 0, tornBytes: 0 };
    expect(scan.tally).toMatchObject({ lines: log.seq, segments: 3, ...nothing });
    expect(scan.tally.isSound).toBe(true);
  });

  it('gives only what a filter lets through, and checks the rest all the same', () => {
    const log = smallLog();
    const { seen, scan } = readBoth(log.disk(), { profile: 'indelible', kind: 'seal' });
    expect(seen.map(({ text }) => text)).toEqual(linesOf(log).filter((line) => line.includes('"kind":"seal"')));
    expect(scan.tally.lines).toBe(log.seq);
  });

  it('is read by time without a look at the event, since inclusive and until exclusive', () => {
    const log = smallLog();
    const lines = linesOf(log);
    const ts = (line: string | undefined): string => (JSON.parse(line ?? '') as { ts: string }).ts;
    const { seen } = readBoth(log.disk(), { since: ts(lines[3]), until: ts(lines[8]) });
    expect(seen.map(({ text }) => text)).toEqual(lines.slice(3, 8));
  });

  it('may have lost its first segments to retention, which kept their last seals', () => {
    const log = smallLog({ retain: { bytes: 1, ms: 0 } });
    log.retire();
    const disk = log.disk();
    expect(readBoth(disk).scan.tally.isSound).toBe(true);
    disk.nodes.delete('/log/retired.jsonl');
    expect(faults(readBoth(disk))).toEqual(['unlinked']);
  });

  it('stays sound when retention takes a segment away while it is read', () => {
    const log = smallLog({ retain: { bytes: 1, ms: 0 } });
    for (const order of ['oldest_first', 'newest_first'] as const) {
      const disk = log.disk();
      const later = smallLog({ retain: { bytes: 1, ms: 0 } });
      later.retire();
      const scan = new LogScan({ disk, stateDirectory: '/', filter: new RecordFilter({}), order });
      for (const [path, node] of later.disk().nodes) if (path !== '/log/head') disk.nodes.set(path, node);
      disk.nodes.delete(first);
      const seen = [...scan.run()];
      expect([order, seen.filter(({ fault }) => fault !== undefined), scan.tally.isSound]).toEqual([order, [], true]);
      expect(scan.tally.behindHead).toBe(1);
    }
  });
});

describe('a line that was tampered with is never shown as sound', () => {
  interface Case {
    readonly change: (lines: string[]) => string[];
    readonly faults: readonly string[];
  }
  const cases: Readonly<Record<string, Case>> = {
    'a line taken out': { change: (lines) => lines.toSpliced(4, 1), faults: ['link'] },
    'two lines exchanged': { change: (lines) => lines.toSpliced(4, 2, lines[5] ?? '', lines[4] ?? ''), faults: ['link', 'link', 'link'] },
    'a line doubled': { change: (lines) => lines.toSpliced(4, 0, lines[4] ?? ''), faults: ['link'] },
    'another MAC': { change: (lines) => lines.with(4, (lines[4] ?? '').replace(/"mac":"./, '"mac":"z')), faults: ['not_a_record', 'unlinked'] },
    'another predecessor': {
      change: (lines) => lines.with(4, (lines[4] ?? '').replace(/"prev":"(.)/, (_, hex: string) => `"prev":"${hex === '0' ? '1' : '0'}`)), faults: ['link'],
    },
    'another number': { change: (lines) => lines.with(4, (lines[4] ?? '').replace('"seq":5', '"seq":6')), faults: ['seq', 'seq'] },
    'a leading zero': { change: (lines) => lines.with(4, (lines[4] ?? '').replace('"seq":5', '"seq":05')), faults: ['not_a_record', 'unlinked'] },
    'a blank line': { change: (lines) => lines.toSpliced(4, 0, ''), faults: ['not_a_record', 'unlinked'] },
    'a line end of two characters': { change: (lines) => lines.with(4, `${lines[4] ?? ''}\r`), faults: ['not_a_record', 'unlinked'] },
    'an event nested deeper than any': {
      change: (lines) => lines.with(4, (lines[4] ?? '').replace('"detail":', `"x":${'['.repeat(5000)}${']'.repeat(5000)},"detail":`)), faults: ['unreadable'],
    },
    'a body that is not JSON': { change: (lines) => lines.with(4, (lines[4] ?? '').replace('"detail":"', '"detail":')), faults: ['unreadable'] },
    'text that is not UTF-8': { change: (lines) => lines.with(4, (lines[4] ?? '').replace('"detail":"', '"detail":"\xff')), faults: ['unreadable'] },
  };

  it.each(Object.entries(cases))('%s', (_, { change, faults: expected }) => {
    const result = readBoth(spoil(smallLog(), change));
    expect(faults(result)).toEqual(expected);
    expect(result.scan.tally.isSound).toBe(false);
    expect(result.scan.tally.broken + result.scan.tally.unreadable).toBe(expected.length);
  });

  it('and whichever byte of a log is changed, both directions agree and nothing is lost from the counts', () => {
    const log = smallLog();
    const whole = log.disk();
    const bytes = whole.file(first);
    for (let at = 0; at < bytes.length; at += 7) {
      const disk = whole.copy();
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      disk.nodes.set(first, changed);
      const { seen, scan } = readBoth(disk);
      expect([at, seen.length]).toEqual([at, scan.tally.lines]);
    }
  });

  it('a filter does not hide a line that it cannot read', () => {
    const { seen } = readBoth(spoil(smallLog(), (lines) => lines.with(4, 'garbage')), { outcome: 'denied' });
    expect(seen).toEqual([expect.objectContaining({ text: 'garbage', fault: 'not_a_record' })]);
  });
});

describe('the head', () => {
  it('decides what is shown: lines behind it are counted and not shown', () => {
    const log = smallLog();
    const disk = log.disk();
    const before = log.seq;
    log.commit([eventBody('late'), eventBody('later')]);
    const name = segmentName(log.piece.first);
    disk.nodes.set(`/log/${name}`, Buffer.concat([log.files().get(`/log/${name}`) ?? Buffer.alloc(0), Buffer.from('{"seq":')]));
    const { seen, scan } = readBoth(disk);
    expect(seen).toHaveLength(before);
    expect(scan.tally).toMatchObject({ behindHead: 2, tornBytes: 7 });
    expect(scan.tally.isSound).toBe(true);
  });

  it('zeros without end behind it are counted and not read', () => {
    const log = smallLog();
    const disk = log.disk();
    const path = `/log/${segmentName(log.piece.first)}`;
    const end = disk.file(path).length;
    const zeros = 64 * 1024 * 1024;
    disk.nodes.set(path, Buffer.concat([disk.file(path), Buffer.alloc(zeros), Buffer.from('\n{')]));
    let reached = 0;
    disk.readAt = (file, into, position) => {
      const got = MemoryDisk.prototype.readAt.call(disk, file, into, position);
      reached = Math.max(reached, position + got);
      return got;
    };
    const { seen, scan } = readBoth(disk);
    expect(seen).toHaveLength(log.seq);
    expect(scan.tally).toMatchObject({ behindHead: 0, tornBytes: zeros + 2 });
    expect(reached).toBeLessThan(end + zeros / 2);
  });

  it('when it is gone, everything is shown, and that it is gone is said', () => {
    const log = smallLog();
    const disk = log.disk();
    disk.nodes.delete('/log/head');
    const { seen, scan } = readBoth(disk);
    expect(seen).toHaveLength(log.seq);
    expect(scan.tally.headKnown).toBe(false);
    expect(scan.tally.isSound).toBe(false);
  });

  it('tells what was cut off the end, and a last line that is not the one it names', () => {
    const log = smallLog();
    const name = `/log/${segmentName(log.piece.first)}`;
    const cut = log.disk();
    const lines = cut.file(name).toString('latin1').split('\n').slice(0, -3);
    cut.nodes.set(name, Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'));
    expect(readBoth(cut).scan.tally).toMatchObject({ missing: 2 });
    const other = log.disk();
    other.nodes.set(name, Buffer.from(other.file(name).toString('latin1').replace(/"mac":"(.)(?=[0-9a-f]{63}"\}\n$)/, (_, hex: string) => `"mac":"${hex === '0' ? '1' : '0'}`), 'latin1'));
    expect(faults(readBoth(other))).toEqual(['head']);
  });
});

describe('whole segments', () => {
  it('one that is missing is a broken link and missing records', () => {
    const log = smallLog();
    const disk = log.disk();
    const [, middle, last] = log.pieces;
    disk.nodes.delete(`/log/${segmentName(middle?.first ?? 0)}`);
    const result = readBoth(disk);
    expect(faults(result)).toEqual(['link']);
    expect(result.scan.tally.missing).toBe((last?.first ?? 0) - (middle?.first ?? 0));
  });

  it('one that cannot be read is named', () => {
    const disk = smallLog().disk();
    disk.nodes.set(first, 'unreadable');
    const { scan, seen } = readBoth(disk);
    expect(scan.tally.lost).toEqual(new Map([[segmentName(1), expect.stringContaining('EACCES')]]));
    expect(seen[0]?.fault).toBe('unlinked');
  });

  const notFiles: readonly (readonly [string, Node])[] = [
    ['a directory', 'directory'], ['a FIFO, a socket or a device', 'fifo'], ['a symbolic link', { link: 'elsewhere' }],
  ];

  it.each(notFiles)('each that is %s is named once, and the others are read', (what, node) => {
    const log = smallLog();
    const [one, middle, last] = log.pieces;
    for (const spoiled of [[one], [middle], [last], [one, last]]) {
      const disk = log.disk();
      for (const piece of spoiled) disk.nodes.set(`/log/${segmentName(piece?.first ?? 0)}`, node);
      const { scan, seen } = readBoth(disk);
      expect(scan.tally.lost).toEqual(new Map(spoiled.map((piece) => [segmentName(piece?.first ?? 0), `it is ${what}, not a regular file`])));
      expect(seen).toHaveLength(log.seq - spoiled.reduce((lines, piece) => lines + (piece?.lines.length ?? 0), 0));
      expect(scan.tally.isSound).toBe(false);
    }
  });

  it('one that fails while it is read is named, and the others are read', () => {
    const log = smallLog();
    for (const order of ['oldest_first', 'newest_first'] as const) {
      const disk = log.disk();
      disk.onRead = (path) => { if (path === first) throw new Error('EIO: the disk is broken'); };
      const { scan, seen } = read(disk, order);
      expect(scan.tally.lost).toEqual(new Map([[segmentName(1), 'EIO: the disk is broken']]));
      expect(seen).toHaveLength(log.seq - (log.pieces[0]?.lines.length ?? 0));
      expect(seen.filter(({ fault }) => fault !== undefined)).toHaveLength(1);
    }
  });

  it('where the seals of removed ones cannot be read, that is said, and the first line kept follows nothing', () => {
    const log = smallLog({ retain: { bytes: 1, ms: 0 } });
    log.retire();
    const reasons = [
      [{ link: '/etc/passwd' }, 'a symbolic link, not a regular file'], ['directory', 'a directory, not a regular file'], ['unreadable', 'EACCES'],
    ] as const;
    for (const [node, reason] of reasons) {
      const disk = log.disk();
      disk.nodes.set('/log/retired.jsonl', node);
      const result = readBoth(disk);
      expect(result.scan.tally.lost).toEqual(new Map([['retired.jsonl', expect.stringContaining(reason)]]));
      expect(faults(result)).toEqual(['unlinked']);
    }
    const disk = log.disk();
    disk.onRead = (path) => { if (path === '/log/retired.jsonl') throw new Error('EIO: the disk is broken'); };
    expect(read(disk).scan.tally.lost).toEqual(new Map([['retired.jsonl', 'EIO: the disk is broken']]));
  });

  it('one that is gone when a broken line of it is counted leaves the line without a number', () => {
    const disk = smallLog().disk();
    const numbers = new LineNumbers(disk);
    const offset = disk.file(first).indexOf(0x0a) + 1;
    expect(numbers.at(first, offset)).toBe(2);
    disk.nodes.set(first, 'directory');
    expect(numbers.at(first, 0)).toBeUndefined();
    disk.nodes.delete(first);
    expect(numbers.at(first, 0)).toBeUndefined();
    expect(disk.opened).toBe(0);
  });
});
