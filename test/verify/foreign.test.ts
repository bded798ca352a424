// A log that goes on in a newer format cannot be judged; that somebody says so makes nothing milder.
import { describe, expect, it } from 'vitest';
import { epochKeyName } from '../../src/checkpoint/seal.js';
import { signerFrom } from '../../src/checkpoint/signer.js';
import type { Signer } from '../../src/checkpoint/signer.js';
import type { FindingCode } from '../../src/verify/finding.js';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import type { VerifyOptions } from '../../src/verify/verify.js';
import { LogMaker } from './make-log.js';
import type { MemoryDisk } from './memory-disk.js';

const newer = 99;

/** With the key, and with the public key alone. */
function both(log: LogMaker, disk: MemoryDisk = log.disk(), more: Partial<VerifyOptions> = {}): readonly Report[] {
  const reports = [{ key: { key: log.key, besideLog: false } }, { pub: log.logPub }].map((witness) =>
    verify({ disk, stateDirectory: '/', ...witness, ...more }));
  expect(disk.opened).toBe(0);
  return reports;
}

function codes(report: Report | undefined): readonly FindingCode[] {
  return [...new Set(report?.findings.map((finding) => finding.code))].sort();
}

function begun(log: LogMaker, action = 'deploy'): LogMaker {
  log.genesis();
  log.started();
  log.events(3, 2, action);
  log.seal();
  log.events(2);
  return log;
}

/** A log that was of format 1 as far as record `foreignAt - 1`. */
function upgraded(log: LogMaker, action = 'deploy'): { readonly log: LogMaker; readonly foreignAt: number } {
  begun(log, action).rotate(newer);
  const foreignAt = log.seq;
  log.events(3);
  log.rotate(newer);
  log.events(2);
  return { log, foreignAt };
}

describe('a newer format that is proved', () => {
  it('by a MAC, or a signed root over it: cannot be judged, and its number is said', () => {
    const { log, foreignAt } = upgraded(new LogMaker());
    for (const report of both(log)) {
      expect(report).toMatchObject({ exit: 3, findings: [{ code: 'unknown_format', message: `from record ${foreignAt} on the log is of format ${newer}` }] });
      expect([report.verdicts.integrity.verdict, report.counts.findings]).toEqual(['ok', 1]);
    }
  });

  it('from the first record on', () => {
    const log = new LogMaker();
    log.genesis(newer);
    log.events(3);
    log.seal();
    log.events(1);
    for (const report of both(log)) expect(report).toMatchObject({ exit: 3, findings: [{ code: 'unknown_format' }] });
  });

  it('what was found before it stays found', () => {
    const { log } = upgraded(new LogMaker());
    const disk = log.disk();
    const [first = ''] = [...disk.nodes.keys()];
    disk.nodes.set(first, Buffer.from(disk.file(first).toString('latin1').replace('deploy-1', 'deplay-1'), 'latin1'));
    for (const report of both(log, disk)) expect(report.exit).toBe(1);
  });
});

describe('a newer format that nobody proved', () => {
  const log = begun(new LogMaker());
  log.rotate();
  const second = `/log/${String(log.seq).padStart(20, '0')}.jsonl`;
  log.events(3);
  log.rotate();
  log.events(2);
  log.seal();

  const withFormat = (disk: MemoryDisk, path: string): void => {
    disk.nodes.set(path, Buffer.from(disk.file(path).toString('latin1').replace('"format":1,', `"format":${newer},`), 'latin1'));
  };

  it('a changed byte is tampering, and what is wrong behind it is found all the same', () => {
    const disk = log.disk();
    withFormat(disk, second);
    for (const report of both(log, disk)) {
      expect(report.exit).toBe(1);
      expect(codes(report)).not.toContain('unknown_format');
    }
    const newest = `/log/${String(log.piece.first).padStart(20, '0')}.jsonl`;
    const alone = both(log, disk).map(({ counts }) => counts.findings);
    disk.nodes.set(newest, Buffer.from(disk.file(newest).toString('latin1').replace('deploy-1', 'deplay-1'), 'latin1'));
    expect(both(log, disk).map(({ counts }, index) => counts.findings > (alone[index] ?? 0))).toEqual([true, true]);
  });

  it('in the open segment, behind the last seal, it is not proved and so a changed byte', () => {
    const open = begun(new LogMaker());
    open.rotate();
    open.events(2);
    const disk = open.disk();
    withFormat(disk, `/log/${String(open.piece.first).padStart(20, '0')}.jsonl`);
    for (const report of both(open, disk)) expect(report.exit).toBe(1);
  });
});

/** Somebody who holds the keys of this log's host, but no key of an epoch that is sealed: those it makes up. */
class Thief extends LogMaker {
  isAlone = false;

  override signer(epoch: number): Signer {
    return this.isAlone ? signerFrom(epochKeyName(this.origin, epoch), Buffer.alloc(32, epoch + 1)) : super.signer(epoch);
  }
}

describe('whoever says so to hide something', () => {
  it('a root that is signed behind a bad signature proves no format', () => {
    const thief = new Thief();
    begun(thief).rotate(newer);
    thief.isAlone = true;
    thief.events(2);
    thief.seal();
    thief.events(2);
    thief.seal();
    const [, publicly] = both(thief);
    expect(publicly?.exit).toBe(1);
    expect(codes(publicly)).toEqual(['bad_header', 'bad_signature']);
  });

  const before = begun(new LogMaker());
  const rolledBack = upgraded(new LogMaker(), 'other');

  it('a checkpoint of another history is not extended, whatever the format behind it', () => {
    const checkpoint = before.checkpoints[0] ?? '';
    for (const report of both(rolledBack.log, rolledBack.log.disk(), { checkpoint })) {
      expect(report).toMatchObject({ exit: 1, verdicts: { freshness: { verdict: 'failed' } } });
      expect(codes(report)).toEqual(['checkpoint_mismatch', 'unknown_format']);
    }
  });

  it('receipts of records before it are compared', () => {
    const receipts = before.receipts.filter(({ seq }) => seq < rolledBack.foreignAt);
    for (const report of both(rolledBack.log, rolledBack.log.disk(), { receipts })) {
      expect(report.exit).toBe(1);
      expect(codes(report)).toContain('receipt_mismatch');
    }
  });

  it('what asks for records behind it cannot be answered, and is not called found', () => {
    const { log, foreignAt } = upgraded(new LogMaker());
    const checkpoint = log.checkpoints.at(-1) ?? '';
    const receipts = [{ seq: foreignAt - 1, mac: log.receipts[foreignAt - 2]?.mac ?? '' }, { seq: log.seq + 7, mac: 'a'.repeat(64) }];
    for (const report of both(log, log.disk(), { checkpoint, receipts })) {
      expect(report).toMatchObject({
        exit: 3, covered: { checkpoint: null }, counts: { receipts: 2, receipts_found: 1, receipts_not_read: 1 }, verdicts: { freshness: { verdict: 'not_checked' } },
      });
      expect(codes(report)).toEqual(['unknown_format']);
    }
  });
});
