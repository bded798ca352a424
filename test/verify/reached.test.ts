// How far a log was read, and what is said of the rest.
import { expect, test } from 'vitest';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import { LogMaker } from './make-log.js';
import type { MemoryDisk } from './memory-disk.js';

function withKey(log: LogMaker, disk: MemoryDisk = log.disk()): Report {
  return verify({ disk, stateDirectory: '/', key: { key: log.key, besideLog: false } });
}

function withPub(log: LogMaker, disk: MemoryDisk = log.disk()): Report {
  return verify({ disk, stateDirectory: '/', pub: log.logPub });
}

function segmentsOf(disk: MemoryDisk): readonly string[] {
  return [...disk.nodes.keys()].filter((path) => /\d\.jsonl$/.test(path)).sort();
}

/** What a removal of the oldest segment writes first. */
function entriesOf(log: LogMaker): Buffer {
  const landmark = /^.{0,160}"profile":"indelible","kind":"(?:genesis|segment|seal)"/;
  const lines = (log.pieces[0]?.lines ?? []).filter((line) => landmark.test(line.toString('latin1', 0, 400)));
  return Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
}

test('of a log that goes on in another format nothing is said of its end, which may be gone', () => {
  const log = new LogMaker();
  log.genesis(); log.started(); log.events(3); log.rotate(99); log.events(5); log.rotate(99); log.events(3);
  const disk = log.disk();
  disk.nodes.delete(segmentsOf(disk)[2] ?? '');
  const { exit, verdicts } = withKey(log, disk);
  const unread = { verdict: 'not_checked', reason: 'the log was not read to its end' };
  expect({ exit, completeness: verdicts.completeness, authenticity: verdicts.authenticity })
    .toEqual({ exit: 3, completeness: unread, authenticity: unread });
});

test('nor of one whose newest segment cannot be read', () => {
  const log = new LogMaker();
  log.genesis(); log.started(); log.events(3); log.rotate(); log.events(5);
  const disk = log.disk();
  disk.nodes.set(segmentsOf(disk)[1] ?? '', 'unreadable');
  const { exit, verdicts } = withKey(log, disk);
  expect({ exit, completeness: verdicts.completeness.verdict, authenticity: verdicts.authenticity.verdict })
    .toEqual({ exit: 3, completeness: 'not_checked', authenticity: 'not_checked' });
});

test.each([1, 99])('with the key a removed segment of another format is not tampered with; the genesis is of format %d', (format) => {
  const log = new LogMaker({ retain: { bytes: 1, ms: 0 } });
  log.genesis(format); log.started(); log.events(3); log.rotate(99); log.events(3); log.rotate(99); log.events(3);
  log.seal(); log.events(1); log.retire();
  if (format === 1) log.retire();
  const { exit, findings } = withKey(log);
  expect({ exit, codes: findings.map(({ code }) => code) }).toEqual({ exit: 3, codes: ['unknown_format'] });
});

test('a genesis in the middle of a log is wrong in any format, whatever was signed behind it', () => {
  const log = new LogMaker();
  log.genesis(); log.started(); log.events(3); log.seal(); log.events(2);
  log.genesis(99); log.events(2); log.seal(); log.events(1);
  for (const { exit, findings } of [withKey(log), withPub(log)]) {
    expect([exit, findings.map(({ code }) => code)]).toEqual([1, expect.arrayContaining(['bad_genesis'])]);
  }
});

test('a copy whose removal was begun behind its head is whole', () => {
  const log = new LogMaker({ retain: { bytes: 100, ms: 0 } });
  log.genesis(); log.started(); log.events(3);
  const copy = log.disk();
  log.events(3); log.rotate(); log.events(5);
  copy.nodes.set('/log/retired.jsonl', entriesOf(log));
  copy.nodes.delete('/keys/current');
  expect([withKey(log, copy).exit, withKey(log, copy).findings]).toEqual([0, []]);
});

test('an entry of a removed segment that is ended while it is read is whole', () => {
  const log = new LogMaker({ retain: { bytes: 100, ms: 0 } });
  log.genesis(); log.started(); log.events(3); log.rotate(); log.events(5);
  const disk = log.disk();
  const entries = entriesOf(log);
  disk.nodes.set('/log/retired.jsonl', entries.subarray(0, 900));
  let reads = 0;
  disk.onRead = (path) => {
    if (path !== '/log/retired.jsonl') return;
    reads += 1;
    // Behind the one that met the end.
    if (reads === 3) disk.nodes.set(path, entries);
  };
  expect([withKey(log, disk).exit, withKey(log, disk).findings, reads > 3]).toEqual([0, [], true]);
});
