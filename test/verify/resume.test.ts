// Going on where an earlier run ended: less is read, and no less is found in what is read.
import { expect, it } from 'vitest';
import { listSegments } from '../../src/log/segment.js';
import { UnusableInput } from '../../src/verify/outside.js';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import { LogMaker, smallLog } from './make-log.js';
import type { MemoryDisk } from './memory-disk.js';

const log = smallLog();
const clean = log.disk();
const segments = listSegments(clean, '/log');
const [first = '', middle = '', newest = ''] = segments.map(({ path }) => path);
const newestFirst = segments[2]?.first ?? 0;
const fromCheckpoint = log.checkpoints.at(-1) ?? '';
const options = { stateDirectory: '/', key: { key: log.key, besideLog: false }, fromCheckpoint };

function resumed(edit: (disk: MemoryDisk) => void = () => undefined, more: object = {}): Report {
  const disk = clean.copy();
  edit(disk);
  const report = verify({ ...options, ...more, disk });
  expect(disk.opened).toBe(0);
  return report;
}

it('from the last checkpoint only the segment that holds it is read, and what came before is counted as not read', () => {
  const report = resumed();
  expect(report).toMatchObject({
    exit: 0, findings: [], counts: { segments: 1, not_read: newestFirst - 1 },
    covered: { checkpoint: { seq: Number(fromCheckpoint.split('\n')[1]) } },
    verdicts: { integrity: { verdict: 'ok' }, completeness: { verdict: 'ok' }, freshness: { verdict: 'ok' } },
  });
  expect(report.verdicts.integrity.reason).toContain(`${newestFirst - 1} before them rest on the earlier run`);
  expect(verify({ disk: clean, stateDirectory: '/', pub: log.logPub, fromCheckpoint })).toMatchObject({ exit: 0, counts: { not_read: newestFirst - 1 } });
});

it('every checkpoint of the log is one to resume from', () => {
  for (const fromOne of log.checkpoints) {
    expect(resumed(undefined, { fromCheckpoint: fromOne })).toMatchObject({ exit: 0, findings: [] });
  }
});

it('what is spoiled in the part that is read is found', () => {
  const lines = clean.file(newest).toString('latin1').split('\n').slice(0, -1);
  for (const [at, line] of lines.entries()) {
    const put = (text: readonly string[]): Report =>
      resumed((disk) => disk.nodes.set(newest, Buffer.from(text.map((each) => `${each}\n`).join(''), 'latin1')));
    expect(put(lines.with(at, line.replace('"source"', '"sourcf"'))).exit).toBe(1);
    expect(put(lines.toSpliced(at, 1)).exit).toBe(1);
  }
});

it('a header that was forged to begin with is found without the key by the root of the checkpoint', () => {
  const other = (text: string): string => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`;
  const forged = clean.file(newest).toString('latin1').replace(/"frontier":\["./, other);
  const disk = clean.copy();
  disk.nodes.set(newest, Buffer.from(forged, 'latin1'));
  expect(verify({ disk, stateDirectory: '/', pub: log.logPub, fromCheckpoint }).exit).toBe(1);
});

it('a segment that is passed over must be there and end in the record before the next', () => {
  expect(resumed((disk) => disk.nodes.delete(middle))).toMatchObject({ exit: 1, findings: [{ code: 'missing_segment' }] });
  expect(resumed((disk) => disk.nodes.set(middle, clean.file(middle).subarray(0, -100)))).toMatchObject({ exit: 1, findings: [{ code: 'bad_line' }] });
  expect(resumed((disk) => disk.nodes.delete(first)).exit).toBe(1);
});

it('an epoch that no record could have begun is not derived, however large the files say they are', () => {
  const disk = clean.copy();
  disk.nodes.set(newest, Buffer.from(clean.file(newest).toString('latin1').replace(/"key":"\d+\.0"/, '"key":"9000000000.0"'), 'latin1'));
  const entry = disk.entry.bind(disk);
  disk.entry = (path) => {
    const found = entry(path);
    return found === undefined || path !== first ? found : { ...found, bytes: 2 ** 50 };
  };
  expect(verify({ ...options, disk }).exit).toBe(1);
});

it('a theft dressed up as retention is found, too: where the log does not tell of it, all is read', () => {
  const timed = smallLog({ retain: { bytes: 0, ms: 86_400_000 } });
  const disk = timed.disk();
  const landmarks = disk.file(first).toString('latin1').split('\n').filter((line) => /"kind":"(?:genesis|segment|seal)"/.test(line.slice(0, 400)));
  disk.nodes.set('/log/retired.jsonl', Buffer.from(`${landmarks.join('\n')}\n`, 'latin1'));
  disk.nodes.delete(first);
  const report = verify({ stateDirectory: '/', key: { key: timed.key, besideLog: false }, fromCheckpoint: timed.checkpoints.at(-1) ?? '', disk });
  expect(report).toMatchObject({ exit: 1, findings: [{ code: 'removal_not_recorded' }], counts: { not_read: 0 } });
});

it('a segment that retention takes while the rest is passed over is no finding', () => {
  const retiring = smallLog({ retain: { bytes: 100, ms: 0 } });
  retiring.rotate();
  retiring.events(2);
  retiring.seal();
  const from = retiring.checkpoints.at(-1) ?? '';
  for (const trigger of [first, newest, '/log/head']) {
    const later = smallLog({ retain: { bytes: 100, ms: 0 } });
    later.rotate();
    later.events(2);
    later.seal();
    const disk = later.disk();
    later.retire();
    const after = later.disk();
    disk.onRead = (path) => {
      if (path !== trigger) return;
      disk.onRead = () => undefined;
      for (const [name, node] of after.nodes) disk.nodes.set(name, node);
      disk.nodes.delete(first);
    };
    const report = verify({ stateDirectory: '/', key: { key: later.key, besideLog: false }, fromCheckpoint: from, disk });
    expect({ trigger, exit: report.exit, findings: report.findings }).toEqual({ trigger, exit: 0, findings: [] });
  }
});

it('receipts and checkpoints of what is not read are not checked, and that is no success', () => {
  expect(resumed(undefined, { receipts: log.receipts })).toMatchObject({
    exit: 3, findings: [{ code: 'resumed_unchecked' }], counts: { receipts_not_read: newestFirst - 1 },
  });
  expect(resumed(undefined, { checkpoint: log.checkpoints[0] })).toMatchObject({ exit: 3, findings: [{ code: 'resumed_unchecked' }] });
  expect(resumed(undefined, { receipts: log.receipts.slice(newestFirst) })).toMatchObject({ exit: 0, findings: [] });
});

it('a checkpoint of another log, or over more records than there are, is a finding', () => {
  const other = smallLog({ seed: 'another' });
  expect(resumed(undefined, { fromCheckpoint: other.checkpoints.at(-1) })).toMatchObject({ exit: 1, findings: [{ code: 'checkpoint_malformed' }] });
  const longer = smallLog();
  longer.events(3);
  longer.seal();
  expect(resumed(undefined, { fromCheckpoint: longer.checkpoints.at(-1) })).toMatchObject({ exit: 1, findings: [{ code: 'checkpoint_mismatch' }] });
  expect(() => resumed(undefined, { fromCheckpoint: 'no note' })).toThrow(UnusableInput);
});

it('a checkpoint of what retention has removed cannot be resumed from, and everything kept is read', () => {
  const retiring = smallLog({ retain: { bytes: 100, ms: 0 } });
  const [early = ''] = retiring.checkpoints;
  retiring.retire();
  const report = verify({ disk: retiring.disk(), stateDirectory: '/', key: { key: retiring.key, besideLog: false }, fromCheckpoint: early });
  expect(report).toMatchObject({ exit: 3, findings: [{ code: 'retired_unchecked' }], counts: { not_read: 0, segments: 2 } });
});

it('a log that was begun anew since, with the same key, is found', () => {
  const again = new LogMaker();
  again.genesis();
  again.events(40, 2, 'other');
  again.seal();
  again.rotate();
  expect(verify({ ...options, disk: again.disk() }).exit).toBe(1);
});
