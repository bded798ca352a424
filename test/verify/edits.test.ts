// What somebody who can write files may do to a log: each is found, at its place, and hides nothing behind it.
import { describe, expect, it } from 'vitest';
import { parseSegmentName, segmentName } from '../../src/log/segment.js';
import type { FindingCode } from '../../src/verify/finding.js';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import { eventBody, smallLog } from './make-log.js';
import { MemoryDisk } from './memory-disk.js';

const log = smallLog();
const clean = log.disk();
const names = clean.list('/log').filter((name) => parseSegmentName(name) !== undefined);
const [first = '', middle = '', newest = ''] = names.map((name) => `/log/${name}`);

function check(disk: MemoryDisk): Report {
  const report = verify({ disk, stateDirectory: '/', key: { key: log.key, besideLog: false } });
  expect(disk.opened).toBe(0);
  return report;
}

function publicly(disk: MemoryDisk): Report {
  return verify({ disk, stateDirectory: '/', pub: log.logPub });
}

function codes(report: Report): readonly FindingCode[] {
  return [...new Set(report.findings.map((finding) => finding.code))].sort();
}

function lines(disk: MemoryDisk, path: string): Buffer[] {
  const text = disk.file(path);
  const found: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf(0x0a, at) + 1;
    found.push(text.subarray(at, end));
    at = end;
  }
  return found;
}

function edited(path: string, edit: (all: Buffer[]) => Buffer[]): MemoryDisk {
  const disk = clean.copy();
  disk.nodes.set(path, Buffer.concat(edit(lines(disk, path))));
  return disk;
}

function at(all: readonly Buffer[], index: number): Buffer {
  return all.at(index) ?? Buffer.alloc(0);
}

it('the log is intact before anybody edits it', () => {
  expect(check(clean)).toMatchObject({ exit: 0, findings: [], notes: [] });
  expect(publicly(clean)).toMatchObject({ exit: 0, findings: [] });
});

describe('a genesis of another format, put in by somebody', () => {
  const put = (into: MemoryDisk): MemoryDisk => {
    const [genesis = Buffer.alloc(0)] = lines(clean, first);
    const foreign = Buffer.from(genesis.toString('latin1').replace('"format":1', '"format":2'), 'latin1');
    const disk = into.copy();
    const all = lines(disk, first);
    disk.nodes.set(first, Buffer.concat([...all.slice(0, 3), foreign, ...all.slice(3)]));
    return disk;
  };

  it('is a finding at its place, and hides none of the others', () => {
    const spoilt = edited(newest, (all) => all.map((line, i) => (i === 2 ? Buffer.from(line.toString('latin1').replace('deploy', 'nothing'), 'latin1') : line)));
    const alone = check(put(clean));
    expect(codes(alone)).not.toContain('unknown_format');
    expect(alone).toMatchObject({ exit: 1, findings: [{ segment: first.slice(5), line: 4 }] });
    expect(codes(check(put(spoilt)))).toEqual(expect.arrayContaining([...codes(alone), ...codes(check(spoilt))]));
    expect(codes(publicly(put(spoilt)))).toEqual(expect.arrayContaining([...codes(publicly(spoilt))]));
    expect(codes(publicly(put(spoilt)))).not.toContain('unknown_format');
  });
});

describe('lines', () => {
  const text = (bytes: Buffer): string => bytes.toString('latin1');
  const replaced = (index: number, change: (line: string) => string) => (all: Buffer[]): Buffer[] =>
    all.map((line, i) => (i === index ? Buffer.from(change(text(line)), 'latin1') : line));
  const forged = (all: readonly Buffer[]): Buffer => Buffer.from(text(at(all, 2)).replace('deploy', 'nothing'), 'latin1');
  const cases: readonly (readonly [string, (all: Buffer[]) => Buffer[], FindingCode, number])[] = [
    ['the first line deleted', (all) => all.slice(1), 'bad_header', 1],
    ['a middle line deleted', (all) => all.filter((_, i) => i !== 3), 'seq_gap', 4],
    ['a line duplicated', (all) => all.flatMap((line, i) => (i === 3 ? [line, line] : [line])), 'seq_gap', 5],
    ['a line replayed later', (all) => [...all.slice(0, 6), at(all, 2), ...all.slice(6)], 'seq_gap', 7],
    ['two lines swapped', (all) => [...all.slice(0, 3), at(all, 4), at(all, 3), ...all.slice(5)], 'seq_gap', 4],
    ['two lines merged', replaced(3, (line) => line.slice(0, -1)), 'bad_mac', 4],
    ['a line split', replaced(3, (line) => `${line.slice(0, 90)}\n${line.slice(90)}`), 'bad_line', 4],
    ['a forged line inserted', (all) => [...all.slice(0, 3), forged(all), ...all.slice(3)], 'seq_gap', 4],
    ['a field edited', replaced(3, (line) => line.replace('deploy', 'DEPLOY')), 'bad_mac', 4],
    ['a time edited', replaced(3, (line) => line.replace('"ts":"2026', '"ts":"2025')), 'bad_mac', 4],
    ['keys re-ordered', replaced(3, (line) => line.replace(/"seq":(\d+),"ts":"([^"]+)"/, '"ts":"$2","seq":$1')), 'bad_line', 4],
    ['a space put in', replaced(3, (line) => line.replace('"event":', '"event": ')), 'bad_mac', 4],
    ['CRLF', replaced(3, (line) => line.replace('\n', '\r\n')), 'bad_line', 4],
    ['a lone CR', replaced(3, (line) => line.replace('\n', '\r')), 'bad_mac', 4],
    ['a byte order mark', replaced(0, (line) => `\u00ef\u00bb\u00bf${line}`), 'bad_line', 1],
    ['a blank line', replaced(3, (line) => `${line}\n`), 'bad_line', 5],
    ['a comment', replaced(3, (line) => `${line}# all is well\n`), 'bad_line', 5],
    ['a NUL', replaced(3, (line) => `\u0000${line.slice(1)}`), 'bad_line', 4],
    ['another escape', replaced(3, (line) => line.replace('deploy', '\\u0064eploy')), 'bad_mac', 4],
    ['an extra key', replaced(3, (line) => line.replace('"event":{', '"event":{"__proto__":{},')), 'bad_mac', 4],
    ['the last line end dropped', (all) => all.map((line, i) => (i === all.length - 1 ? line.subarray(0, -1) : line)), 'bad_line', -1],
    ['the seal at its end removed', (all) => all.slice(0, -1), 'segment_unsealed', -1],
  ];

  it.each(cases)('%s in a closed segment', (_, edit, code, line) => {
    const report = check(edited(middle, edit));
    expect(report.exit).toBe(1);
    expect(codes(report)).toContain(code);
    const found = report.findings.find((finding) => finding.code === code);
    if (line > 0) expect(found).toMatchObject({ segment: middle.slice(5), line });
    expect(publicly(edited(middle, edit)).exit).toBe(1);
  });

  it('one bad line is one finding, and the next bad line is another', () => {
    const report = check(edited(middle, (all) => replaced(6, (line) => line.replace('deploy', 'DEPLOY'))(replaced(2, (line) => line.replace('deploy', 'DEPLOY'))(all))));
    expect(report.findings.map(({ code, line }) => [code, line])).toEqual([['bad_mac', 3], ['bad_mac', 7]]);
  });

  it('ten thousand bad lines are counted, and the first thousand are kept', () => {
    const disk = clean.copy();
    disk.nodes.set(first, Buffer.concat([clean.file(first), Buffer.from('junk\n'.repeat(10_000))]));
    const report = check(disk);
    expect(report.findings).toHaveLength(1000);
    expect(report.counts.findings).toBeGreaterThanOrEqual(10_000);
  });

  it('a line of 100 MB and a nesting of 100,000 are findings and no crash', () => {
    const long = edited(middle, (all) => [...all.slice(0, 2), Buffer.concat([Buffer.alloc(100_000_000, 0x61), Buffer.from('\n')]), ...all.slice(2)]);
    expect(codes(check(long))).toEqual(['overlong_line']);
    const deep = edited(middle, replaced(3, (line) => line.replace('"detail":""', `"detail":${'['.repeat(100_000)}${']'.repeat(100_000)}`)));
    expect(codes(check(deep))).toEqual(['bad_mac']);
  });

  it('a number far ahead hides nothing behind it, with the key or without', () => {
    const ahead = (all: Buffer[]): Buffer[] => {
      const far = text(at(all, 4)).replace(/"seq":\d+/, '"seq":9007199254740991').replace(/"key":"[^"]+"/, '"key":"9007199254740.9007199254740"');
      return [...all.slice(0, 4), Buffer.from(far, 'latin1'), ...all.slice(4)];
    };
    const report = check(edited(middle, ahead));
    expect(report.findings.map(({ code, line }) => [code, line])).toEqual([['bad_key_order', 5]]);
    expect(report.counts.records).toBe(log.seq);
    const pub = publicly(edited(middle, ahead));
    expect(pub.exit).toBe(1);
    expect(pub.counts.records).toBe(log.seq + 1);
  });

  it('keys far ahead on every line are not derived', () => {
    const disk = clean.copy();
    const forgedLine = (i: number): string => text(at(lines(clean, newest), 2)).replace(/"seq":\d+/, `"seq":${9_000_000_000 + i}`).replace(/"key":"[^"]+"/, `"key":"3.${3_999_999 - i}"`);
    disk.nodes.set(newest, Buffer.concat([clean.file(newest), Buffer.from(Array.from({ length: 1000 }, (_, i) => forgedLine(i)).join(''), 'latin1')]));
    expect(check(disk).exit).toBe(1);
  });
});

describe('the end', () => {
  it.each([1, 2, 3, 6])('the last %d lines cut off are said to be gone', (k) => {
    const report = check(edited(newest, (all) => all.slice(0, -k)));
    expect(report.exit).toBe(1);
    expect(codes(report)).toContain('log_truncated');
  });

  it('a file emptied is said to be lost', () => {
    expect(codes(check(edited(newest, () => [])))).toContain('log_truncated');
  });

  it('the last line end dropped inside acknowledged data is found', () => {
    const report = check(edited(newest, (all) => all.map((line, i) => (i === all.length - 1 ? line.subarray(0, -1) : line))));
    expect(report.exit).toBe(1);
  });

  it('junk with a line end behind the head is found, and a torn line is only noted', () => {
    expect(codes(check(edited(newest, (all) => [...all, Buffer.from('junk\n')])))).toEqual(['bad_line']);
    expect(check(edited(newest, (all) => [...all, Buffer.from('{"seq":99,"ts')]))).toMatchObject({ exit: 0, findings: [], notes: [{ code: 'torn' }] });
  });

  it('sectors of zeros behind the head are what a power cut leaves', () => {
    const disk = edited(newest, (all) => [...all, Buffer.alloc(1500), Buffer.from('","mac":"00"}\n')]);
    expect(check(disk)).toMatchObject({ exit: 0, findings: [], notes: [{ code: 'torn' }] });
  });

  it('zeros without end behind the head are not read to their end; before it they are one finding', () => {
    const most = 17 * 1024 * 1024;
    const zeros = Buffer.alloc(4 * most);
    const disk = edited(newest, (all) => [...all, zeros]);
    const end = clean.file(newest).length;
    let reached = 0;
    disk.readAt = (file, into, position) => {
      const got = MemoryDisk.prototype.readAt.call(disk, file, into, position);
      reached = Math.max(reached, position + got);
      return got;
    };
    expect(check(disk)).toMatchObject({ exit: 0, findings: [], notes: [{ code: 'torn', message: expect.stringContaining(`from byte ${end} on`) as string }] });
    expect(reached).toBeGreaterThan(end);
    expect(reached).toBeLessThan(end + most);
    expect(codes(check(edited(middle, (all) => [...all, zeros])))).toEqual(['overlong_line']);
    expect(codes(check(edited(newest, (all) => [...all, zeros, Buffer.from('\n')])))).toEqual([]);
    expect(codes(check(edited(newest, (all) => [...all, Buffer.alloc(2 * most, 0x61), Buffer.from('\n')])))).toEqual(['overlong_line']);
  });

  it('whole records behind the head are a crash before the acknowledgement, a seal in the middle of them is not', () => {
    const grown = smallLog();
    const { head, stored } = grown;
    grown.events(2, 2);
    const crashed = grown.disk();
    crashed.nodes.set('/log/head', head);
    crashed.nodes.set('/keys/current', stored);
    expect(check(crashed)).toMatchObject({ exit: 0, findings: [], notes: [{ code: 'unacknowledged' }] });
    grown.seal();
    grown.events(1);
    const older = grown.disk();
    older.nodes.set('/log/head', head);
    expect(codes(check(older))).toEqual(['head_mismatch']);
  });

  it('a commit left open behind the head is a crash, too', () => {
    const grown = smallLog();
    const { head } = grown;
    const { line, mac } = grown.line(eventBody('open'), true);
    grown.push(line, mac);
    const disk = grown.disk();
    disk.nodes.set('/log/head', head);
    expect(check(disk)).toMatchObject({ exit: 0, findings: [] });
  });

  it('an empty newest segment is a crash', () => {
    const disk = clean.copy();
    disk.nodes.set(`/log/${segmentName(log.seq + 1)}`, Buffer.alloc(0));
    expect(check(disk).findings.map((finding) => finding.code)).toEqual(['segment_unsealed']);
    const rotated = smallLog();
    rotated.seal();
    const closed = rotated.disk();
    closed.nodes.set(`/log/${segmentName(rotated.seq + 1)}`, Buffer.alloc(0));
    expect(check(closed)).toMatchObject({ exit: 0, findings: [] });
  });
});
