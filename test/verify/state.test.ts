// Segments as files, the sealed head, the key file, the other files of the state directory, and what comes from outside.
import { describe, expect, it } from 'vitest';
import { Frontier, leafHash } from '../../src/checkpoint/merkle.js';
import { advance } from '../../src/verify/trail.js';
import { encodeHead, decodeHead } from '../../src/log/head.js';
import { encodeKeys } from '../../src/keys/store.js';
import type { KeyName } from '../../src/keys/name.js';
import { parseSegmentName, segmentName } from '../../src/log/segment.js';
import type { FindingCode } from '../../src/verify/finding.js';
import { reportText } from '../../src/verify/report-text.js';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import type { VerifyOptions } from '../../src/verify/verify.js';
import { LogMaker, eventBody, smallLog } from './make-log.js';
import { MemoryDisk } from './memory-disk.js';

const log = smallLog();
const clean = log.disk();
const names = clean.list('/log').filter((name) => parseSegmentName(name) !== undefined);
const [first = '', middle = '', newest = ''] = names.map((name) => `/log/${name}`);

function check(disk: MemoryDisk, more: Partial<VerifyOptions> = {}): Report {
  const report = verify({ disk, stateDirectory: '/', key: { key: log.key, besideLog: false }, ...more });
  expect(disk.opened).toBe(0);
  return report;
}

function codes(report: Report): readonly FindingCode[] {
  return [...new Set(report.findings.map((finding) => finding.code))].sort();
}

function changed(edit: (disk: MemoryDisk) => void, from = clean): MemoryDisk {
  const disk = from.copy();
  edit(disk);
  return disk;
}

describe('segments', () => {
  const other = smallLog({ seed: 'another' });
  const cases: readonly (readonly [string, (disk: MemoryDisk) => void, FindingCode])[] = [
    ['the oldest removed', (disk) => disk.nodes.delete(first), 'retired_gap'],
    ['a middle one removed', (disk) => disk.nodes.delete(middle), 'missing_segment'],
    ['the newest removed', (disk) => disk.nodes.delete(newest), 'log_truncated'],
    ['one renamed', (disk) => { disk.nodes.set('/log/00000000000000000012.jsonl', disk.file(middle)); disk.nodes.delete(middle); }, 'segment_name'],
    ['two swapped', (disk) => { disk.nodes.set(middle, clean.file(newest)); disk.nodes.set(newest, clean.file(middle)); }, 'segment_name'],
    ['one duplicated', (disk) => disk.nodes.set('/log/00000000000000000099.jsonl', clean.file(middle)), 'segment_name'],
    ['one emptied', (disk) => disk.nodes.set(middle, Buffer.alloc(0)), 'missing_segment'],
    ['another log\'s in place', (disk) => disk.nodes.set(middle, other.disk().file(middle)), 'bad_mac'],
    ['the end of another log', (disk) => disk.nodes.set(newest, other.disk().file(newest)), 'bad_mac'],
    ['a link in place', (disk) => disk.nodes.set(middle, { link: '/elsewhere' }), 'segment_not_a_file'],
    ['a FIFO in place', (disk) => disk.nodes.set(middle, 'fifo'), 'segment_not_a_file'],
    ['a directory in place', (disk) => disk.nodes.set(middle, 'directory'), 'segment_not_a_file'],
  ];

  it.each(cases)('%s', (_, edit, code) => {
    const report = check(changed(edit));
    expect(report.exit).toBe(1);
    expect(codes(report)).toContain(code);
    expect(verify({ disk: changed(edit), stateDirectory: '/', pub: log.logPub }).exit).toBe(1);
  });

  it('another log under this key is said to be another', () => {
    expect(check(other.disk())).toMatchObject({ exit: 1, findings: [{ code: 'wrong_key' }], verdicts: { integrity: { verdict: 'not_checked' } } });
  });

  it('another log under this public key is said to be another', () => {
    const report = verify({ disk: other.disk(), stateDirectory: '/', pub: log.logPub });
    expect(report).toMatchObject({ exit: 1, findings: [{ code: 'wrong_key' }], verdicts: { integrity: { verdict: 'not_checked' } } });
  });

  it('the log\'s own key and another\'s public key: the log is whole, and what was given does not belong together', () => {
    expect(check(clean, { pub: other.logPub })).toMatchObject({
      exit: 1, findings: [{ code: 'wrong_key' }], verdicts: { integrity: { verdict: 'ok' }, completeness: { verdict: 'ok' }, authenticity: { verdict: 'failed' } },
    });
  });

  it.each([['an empty one', ''], ['one with half a header', '{"seq":'], ['one of zeros', '\0'.repeat(1024)]])(
    '%s is what a rotation leaves only under the next record\'s name', (_, bytes) => {
      const sealed = smallLog();
      sealed.seal();
      const withNew = (seq: number): MemoryDisk => changed((disk) => {
        disk.nodes.set(`/log/${segmentName(seq)}`, Buffer.from(bytes));
        disk.nodes.delete('/log/audit.jsonl');
      }, sealed.disk());
      expect(check(withNew(sealed.seq + 1))).toMatchObject({ exit: 0, findings: [] });
      for (const seq of [sealed.seq - 1, sealed.seq, sealed.seq + 2]) expect(check(withNew(seq)).exit).toBe(1);
    });

  it('whatever stands in the place of the key file keeps nobody from finding an edit', () => {
    const spoilt = changed((disk) => disk.nodes.set(middle, Buffer.from(disk.file(middle).toString('latin1').replace('deploy', 'nothing'), 'latin1')));
    expect(codes(check(spoilt))).toContain('bad_mac');
    for (const node of [Buffer.alloc(1 << 20, 0x20), 'directory', 'fifo', 'unreadable', { link: '/keys' }] as const) {
      const disk = changed((one) => one.nodes.set('/keys/current', node), spoilt);
      // What cannot be its file is not even read.
      disk.onRead = (path) => { if (path === '/keys/current' && node !== 'unreadable') throw new Error('it was read'); };
      expect(codes(check(disk))).toEqual(codes(check(spoilt)));
    }
  });

  it('an unreadable segment is not called tampered', () => {
    expect(check(changed((disk) => disk.nodes.set(middle, 'unreadable')))).toMatchObject({ exit: 3, findings: [{ code: 'unreadable' }] });
  });
});

describe('the sealed head', () => {
  const head = decodeHead(log.head);
  if (head === undefined) throw new Error('the made head cannot be read');
  const step = log.walker.step;

  it('deleted, blanked or cut', () => {
    expect(codes(check(changed((disk) => disk.nodes.delete('/log/head'))))).toEqual(['head_missing']);
    expect(codes(check(changed((disk) => disk.nodes.set('/log/head', Buffer.alloc(4096, 0x20)))))).toEqual(['head_malformed']);
    expect(codes(check(changed((disk) => disk.nodes.set('/log/head', log.head.subarray(0, 600)))))).toEqual(['head_malformed']);
  });

  it('forged without the key, or with a key far ahead, which is not derived', () => {
    expect(codes(check(changed((disk) => disk.nodes.set('/log/head', encodeHead(head, Buffer.alloc(32))))))).toEqual(['head_forged']);
    const ahead = encodeHead({ ...head, key: { epoch: 9_000_000_000_000, step: 9_000_000_000_000 } }, step);
    expect(codes(check(changed((disk) => disk.nodes.set('/log/head', ahead))))).toEqual(['head_mismatch']);
    const beyond = encodeHead({ ...head, seq: head.seq + 1_000_000_000 }, step);
    expect(codes(check(changed((disk) => disk.nodes.set('/log/head', beyond))))).toEqual(['log_truncated']);
  });

  it.each([['mac', { mac: 'f'.repeat(64) }], ['bytes', { bytes: 7 }], ['segment', { segment: '00000000000000000001.jsonl' }], ['root', { root: Buffer.alloc(32) }], ['origin', { origin: 'x' }]])(
    'a wrong %s, even under the right key', (_, field) => {
      expect(codes(check(changed((disk) => disk.nodes.set('/log/head', encodeHead({ ...head, ...field }, step)))))).toEqual(['head_mismatch']);
    });

  it('log and head rolled back together are given away by the key file, or by a checkpoint from outside', () => {
    const grown = smallLog();
    grown.events(3);
    const stored = grown.stored;
    const back = changed((disk) => disk.nodes.set('/keys/current', stored));
    expect(codes(check(back))).toEqual(['key_file_ahead']);
    grown.seal();
    const checkpoint = grown.checkpoints.at(-1) ?? '';
    expect(codes(check(clean, { checkpoint }))).toEqual(['checkpoint_mismatch']);
  });
});

describe('the thief of the current key', () => {
  const keysOf = (maker: LogMaker, name: KeyName): Buffer => {
    const { step, nextEpoch } = maker.walker;
    return encodeKeys({ name, step, nextEpoch, signer: Buffer.alloc(32), nextSigner: null, seq: log.seq, root: log.tree.root() });
  };

  it.each([['in one epoch', false], ['over a seal', true]])('cannot cut the log back to an older head that he kept: %s', (_, seals) => {
    const grown = smallLog();
    grown.events(3);
    if (seals) grown.seal();
    const back = changed((disk) => disk.nodes.set('/keys/current', keysOf(grown, log.walker.name)));
    expect(check(back)).toMatchObject({ exit: 1, verdicts: { completeness: { verdict: 'failed' }, freshness: { verdict: 'failed' } } });
    expect(codes(check(back))).toEqual(['key_file_forged']);
    // Nor by a name that no log has, at no cost to who looks.
    const absurd = changed((disk) => disk.nodes.set('/keys/current', keysOf(grown, { epoch: 0, step: 2 ** 50 })));
    expect(codes(check(absurd))).toEqual(['key_file_forged']);
  });

  it('a key file that lags, as after a crash or in a copy, has the key of its name', () => {
    for (const name of [{ epoch: 0, step: 0 }, { epoch: 1, step: 1 }, { epoch: log.walker.name.epoch, step: 0 }]) {
      const then = new LogMaker();
      advance(then.walker, name);
      expect(check(changed((disk) => disk.nodes.set('/keys/current', keysOf(then, name))))).toMatchObject({ exit: 0, findings: [] });
    }
  });

  it('cannot cut a commit short with its successor\'s key', () => {
    const thief = smallLog();
    const { line, mac } = thief.line(eventBody('a'), true);
    thief.push(line, mac);
    thief.walker.evolve(false);
    thief.commit([eventBody('after the cut')]);
    expect(codes(check(thief.disk()))).toEqual(['bad_key_order']);
  });

  it('cannot move a seal into a commit', () => {
    const thief = new LogMaker();
    thief.genesis();
    thief.events(2);
    const before = thief.line(eventBody('a'), true);
    thief.push(before.line, before.mac);
    thief.seal();
    thief.events(1);
    expect(codes(check(thief.disk()))).toEqual(['bad_seal']);
  });

  it('cannot leave a seal out: the next epoch\'s key does not follow', () => {
    const thief = smallLog();
    const to = { epoch: thief.walker.name.epoch + 1, step: 0 };
    advance(thief.walker, to);
    thief.events(2);
    const report = check(thief.disk());
    expect(report.exit).toBe(1);
    expect(codes(report)).toEqual(['bad_key_order', 'epoch_gap']);
  });
});

describe('the other files', () => {
  it.each<readonly [string, (disk: MemoryDisk) => void, readonly FindingCode[]]>([
    ['log.pub of another log', (disk) => disk.nodes.set('/log.pub', Buffer.from(`${log.logPub[0]}\n${log.logPub[0]}\n`)), ['log_pub_mismatch']],
    ['a damaged checkpoint', (disk) => disk.nodes.set('/checkpoint', Buffer.from('x')), ['checkpoint_malformed']],
    ['a checkpoint one seal behind', (disk) => disk.nodes.set('/checkpoint', Buffer.from(log.checkpoints.at(-2) ?? '')), []],
    ['a checkpoint two seals behind', (disk) => disk.nodes.set('/checkpoint', Buffer.from(log.checkpoints.at(-3) ?? '')), ['checkpoint_mismatch']],
    ['no checkpoint', (disk) => disk.nodes.delete('/checkpoint'), []],
    ['a link to nowhere', (disk) => disk.nodes.set('/log/audit.jsonl', { link: 'x' }), ['link_wrong']],
    ['a link one segment behind', (disk) => disk.nodes.set('/log/audit.jsonl', { link: middle.slice(5) }), []],
    ['a link to the oldest', (disk) => disk.nodes.set('/log/audit.jsonl', { link: first.slice(5) }), ['link_wrong']],
    ['a link to /etc/passwd', (disk) => disk.nodes.set('/log/audit.jsonl', { link: '/etc/passwd' }), ['link_wrong']],
    ['a link flattened by a copy', (disk) => disk.nodes.set('/log/audit.jsonl', Buffer.from(newest.slice(5))), []],
    ['a link followed by a copy', (disk) => disk.nodes.set('/log/audit.jsonl', clean.file(newest).subarray(0, 900)), []],
    ['a copy of a segment before those', (disk) => disk.nodes.set('/log/audit.jsonl', clean.file(first).subarray(0, 900)), ['link_wrong']],
    ['a file that is not the segment', (disk) => disk.nodes.set('/log/audit.jsonl', Buffer.concat([clean.file(newest).subarray(0, 900), Buffer.from('x')])), ['link_wrong']],
  ])('%s', (_, edit, expected) => {
    expect(codes(check(changed(edit)))).toEqual(expected);
  });
});

describe('nothing to check', () => {
  it('no directory, no log, no key: could not be verified', () => {
    expect(check(new MemoryDisk())).toMatchObject({ exit: 3, findings: [{ code: 'no_log' }] });
    expect(verify({ disk: clean, stateDirectory: '/' })).toMatchObject({ exit: 3, findings: [{ code: 'no_key' }] });
  });

  it('a log that was begun and has nothing yet', () => {
    expect(check(new LogMaker().disk())).toMatchObject({ exit: 3, findings: [{ code: 'nothing_recorded' }] });
    const removed = changed((disk) => { for (const name of [...disk.nodes.keys()]) if (name.startsWith('/log/')) disk.nodes.delete(name); });
    expect(check(removed).exit).toBe(1);
    const rewound = changed((disk) => { disk.nodes.set('/log/head', new LogMaker().head); }, removed);
    expect(check(rewound).exit).toBe(1);
  });

  it('without a seal, the public key checks nothing and so calls nothing intact', () => {
    const young = new LogMaker();
    young.genesis();
    young.events(2);
    expect(verify({ disk: young.disk(), stateDirectory: '/', pub: young.logPub })).toMatchObject({ exit: 3, findings: [{ code: 'nothing_checked' }] });
  });

  it('a key beside the log says nothing of authenticity', () => {
    const report = verify({ disk: clean, stateDirectory: '/', key: { key: log.key, besideLog: true } });
    expect(report).toMatchObject({ exit: 0, verdicts: { authenticity: { verdict: 'not_checked', reason: 'the key lies beside the log' } } });
  });
});

it('a made-up format hides nothing from whoever has the key', () => {
  const lines = clean.file(first).toString('latin1').split('\n').slice(0, 1);
  const disk = changed((all) => {
    for (const path of [middle, newest]) all.nodes.delete(path);
    all.nodes.set(first, Buffer.from(`${(lines[0] ?? '').replace('"format":1', '"format":2')}\n`, 'latin1'));
  });
  expect(check(disk).exit).toBe(1);
  expect(verify({ disk, stateDirectory: '/', pub: log.logPub, checkpoint: log.checkpoints[0] ?? '' }).exit).toBe(1);
});

it('something else in the place of keys/ hides nothing', () => {
  const disk = changed((all) => {
    all.nodes.delete('/keys/current');
    all.nodes.set('/keys', Buffer.from('no directory'));
    all.nodes.set(middle, Buffer.from(all.file(middle).toString('latin1').replace('deploy', 'deplay'), 'latin1'));
  });
  expect(check(disk).exit).toBe(1);
});

describe('from outside', () => {
  it('a checkpoint the log extends covers it up to there', () => {
    const checkpoint = log.checkpoints.at(1) ?? '';
    for (const options of [{}, { key: undefined, pub: log.logPub }]) {
      const report = verify({ disk: clean, stateDirectory: '/', checkpoint, ...('pub' in options ? { pub: log.logPub } : { key: { key: log.key, besideLog: false } }) });
      expect(report).toMatchObject({ exit: 0, verdicts: { completeness: { verdict: 'ok' }, freshness: { verdict: 'ok' } } });
      expect(reportText(report, '/')).toContain('covered by the checkpoint of');
    }
  });

  it('a checkpoint of a history with another record in it is not extended', () => {
    const twin = new LogMaker();
    twin.genesis();
    twin.started();
    twin.events(3, 2, 'other');
    twin.seal();
    expect(codes(check(clean, { checkpoint: twin.checkpoints[0] ?? '' }))).toEqual(['checkpoint_mismatch']);
    expect(codes(check(clean, { checkpoint: smallLog({ seed: 'another' }).checkpoints[0] ?? '' }))).toEqual(['checkpoint_malformed']);
  });

  it('receipts in any order are found, and a wrong or missing one is said', () => {
    const receipts = [...log.receipts].reverse();
    expect(check(clean, { receipts })).toMatchObject({ exit: 0, counts: { receipts: log.seq, receipts_found: log.seq }, verdicts: { freshness: { verdict: 'ok' } } });
    expect(codes(check(clean, { receipts: [{ seq: 5, mac: 'a'.repeat(64) }] }))).toEqual(['receipt_mismatch']);
    expect(codes(check(clean, { receipts: [{ seq: log.seq + 1, mac: 'a'.repeat(64) }] }))).toEqual(['receipt_missing']);
  });

  it('a record that a receipt contradicts is none that is complete', () => {
    const report = check(clean, { receipts: [{ seq: 5, mac: 'a'.repeat(64) }] });
    expect(report).toMatchObject({ exit: 1, verdicts: { completeness: { verdict: 'failed' }, freshness: { verdict: 'failed' } } });
  });

  it('with the public key, receipts behind the last seal prove nothing: their MACs can be copied into lines of one\'s own', () => {
    const made = smallLog();
    made.events(3, 3, 'denied');
    const sealed = check(made.disk()).covered.seal?.seq ?? 0;
    const disk = made.disk();
    disk.nodes.set(newest, Buffer.from(disk.file(newest).toString('latin1').replaceAll('denied', 'wanted'), 'latin1'));
    const tree = Frontier.empty();
    for (const path of [first, middle, newest]) {
      for (const line of disk.file(path).toString('latin1').trimEnd().split('\n')) tree.append(leafHash(Buffer.from(line, 'latin1')));
    }
    const head = decodeHead(disk.file('/log/head'));
    if (head === undefined) throw new Error('the head cannot be read');
    disk.nodes.set('/log/head', encodeHead({ ...head, root: tree.root() }, Buffer.alloc(32)));
    const report = verify({ disk, stateDirectory: '/', pub: made.logPub, receipts: made.receipts });
    expect(report).toMatchObject({
      exit: 0, verdicts: { freshness: { verdict: 'not_checked' } },
      counts: { receipts: made.seq, receipts_found: sealed, receipts_not_checked: made.seq - sealed },
    });
    expect(reportText(report, '/')).toContain(`${sealed} of ${made.seq} receipts are in the log; ${made.seq - sealed} agree with records behind`);
    const upToSeal = verify({ disk, stateDirectory: '/', pub: made.logPub, receipts: made.receipts.slice(0, sealed) });
    expect(upToSeal).toMatchObject({ exit: 0, verdicts: { freshness: { verdict: 'ok' } }, counts: { receipts_found: sealed, receipts_not_checked: 0 } });
  });
});

describe('retention', () => {
  function kept(bytes: number): LogMaker {
    const old = smallLog({ retain: { bytes, ms: 0 } });
    old.retire();
    return old;
  }

  it('removed segments are retired, and every step of it is checked', () => {
    const old = kept(1000);
    expect(check(old.disk())).toMatchObject({ exit: 0, findings: [] });
    expect(check(old.disk()).counts.retired).toBe(old.pieces[0]?.first === undefined ? 0 : old.pieces[0].first - 1);
    old.retire();
    expect(check(old.disk())).toMatchObject({ exit: 0, findings: [] });
    expect(codes(check(old.disk(), { checkpoint: old.checkpoints[0] ?? '' }))).toEqual(['retired_unchecked']);
    expect(check(old.disk(), { checkpoint: old.checkpoints[0] ?? '' }).exit).toBe(3);
  });

  it('a removal that the header did not allow is found', () => {
    expect(codes(check(kept(0).disk()))).toEqual(['retired_not_allowed']);
    expect(codes(check(kept(1_000_000).disk()))).toEqual(['retired_not_allowed']);
  });

  it('a removal under way is no finding; one whose copy differs is', () => {
    const under = smallLog({ retain: { bytes: 1000, ms: 0 } });
    const whole = under.disk();
    under.retire();
    whole.nodes.set('/log/retired.jsonl', under.disk().file('/log/retired.jsonl'));
    expect(check(whole)).toMatchObject({ exit: 0, findings: [] });
    const text = whole.file('/log/retired.jsonl').toString('latin1').replace('"created":"2026', '"created":"2025');
    whole.nodes.set('/log/retired.jsonl', Buffer.from(text, 'latin1'));
    expect(codes(check(whole))).toEqual(['retired_malformed']);
  });

  it('what is made up behind the last removed record is found, whatever record stands there', () => {
    const old = kept(1000);
    const kinds: string[] = [];
    const landmark = old.retired.at(-1)?.toString('latin1') ?? '';
    const numbered = (seq: number): Buffer => Buffer.from(landmark.replace(/^\{"seq":\d+/, `{"seq":${seq}`), 'latin1');
    const withEntries = (...entries: readonly Buffer[]): Report => {
      const disk = old.disk();
      disk.nodes.set('/log/retired.jsonl', Buffer.concat([disk.file('/log/retired.jsonl'), ...entries.flatMap((entry) => [entry, Buffer.from('\n')])]));
      return check(disk);
    };
    const lines = old.pieces.flatMap((piece) => piece.lines);
    for (const line of lines) {
      const [, seq = '', profile = ''] = /^\{"seq":(\d+),.*?"profile":"([^"]+)"/.exec(line.toString('latin1')) ?? [];
      kinds.push(profile);
      const report = withEntries(numbered(Number(seq)));
      expect([seq, report.exit, codes(report)]).toEqual([seq, 1, ['retired_malformed']]);
    }
    expect(new Set(kinds)).toEqual(new Set(['indelible', 'generic']));
    // Of a record that was not read nobody can say what it is.
    expect(withEntries(numbered(old.seq + 1))).toMatchObject({ exit: 0, findings: [] });
    // The line itself hides no other copy of it, in front or behind.
    const header = lines[0] ?? Buffer.alloc(0);
    const first = old.pieces[0]?.first ?? 0;
    expect(withEntries(header)).toMatchObject({ exit: 0, findings: [] });
    expect(codes(withEntries(numbered(first), header))).toEqual(['retired_malformed']);
    expect(codes(withEntries(header, numbered(first)))).toEqual(['retired_malformed']);
  });

  it('an entry of a record that still stands, among those of removed ones, is out of place and hides none of them', () => {
    const old = kept(1000);
    const disk = old.disk();
    const header = old.pieces[0]?.lines[0] ?? Buffer.alloc(0);
    const [genesis = Buffer.alloc(0), ...rest] = old.retired;
    disk.nodes.set('/log/retired.jsonl', Buffer.concat([genesis, header, ...rest].flatMap((entry) => [entry, Buffer.from('\n')])));
    expect(codes(check(disk))).toEqual(['retired_malformed']);
  });

  it('a removal that nobody recorded is found, where the daemon tells of its runs or time alone allowed it', () => {
    const landmark = /"profile":"indelible","kind":"(?:genesis|segment|seal)"/;
    const dressedUp = (of: LogMaker): MemoryDisk => changed((disk) => {
      const lines = disk.file(first).toString('latin1').split('\n').filter((line) => landmark.test(line.slice(0, 400)));
      disk.nodes.set('/log/retired.jsonl', Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
      disk.nodes.delete(first);
    }, of.disk());
    const bySize = smallLog({ retain: { bytes: 1000, ms: 0 } });
    // Its size allows it at this very moment, and the daemon would do it: nothing more can be told from what is kept.
    expect(check(dressedUp(bySize))).toMatchObject({ exit: 0, findings: [] });
    bySize.started();
    expect(codes(check(dressedUp(bySize)))).toEqual(['removal_not_recorded']);
    expect(codes(check(dressedUp(smallLog({ retain: { bytes: 0, ms: 1000 } }))))).toEqual(['removal_not_recorded']);
  });

  it('without the key, a removal that only the unsigned end tells of proves nothing, and completeness is not said to be ok', () => {
    const forged = smallLog({ retain: { bytes: 0, ms: 0 } });
    forged.seal();
    const disk = changed((all) => {
      const lines = all.file(first).toString('latin1').split('\n').filter((line) => /"kind":"(?:genesis|segment|seal)"/.test(line.slice(0, 400)));
      const allowing = lines.join('\n').replace('"retain":{"bytes":0,"ms":0}', '"retain":{"bytes":1,"ms":0}');
      all.nodes.set('/log/retired.jsonl', Buffer.from(`${allowing}\n`, 'latin1'));
      all.nodes.delete(first);
    }, forged.disk());
    const checkpoint = forged.checkpoints.at(-1) ?? '';
    const report = verify({ disk, stateDirectory: '/', pub: forged.logPub, checkpoint });
    expect(report.verdicts.completeness).toMatchObject({ verdict: 'not_checked', reason: expect.stringContaining('was not proved') as string });
    expect(codes(check(disk, { key: { key: forged.key, besideLog: false } }))).toContain('bad_mac');
  });

  it('a removal that the log leaves out between two that it tells of is found', () => {
    const old = smallLog({ retain: { bytes: 1000, ms: 0 } });
    old.rotate();
    old.events(20);
    old.retire();
    const removed = (segment: string, from: number, to: number): void => {
      old.own('segment_removed', { segment, first: from, last: to, bytes: 1, sha256: '', observed_ms: 0 });
    };
    const next = old.pieces[0]?.first ?? 0;
    const behind = old.pieces[1]?.first ?? 0;
    removed('again', 1, next - 1);
    expect(check(old.disk())).toMatchObject({ exit: 0, findings: [] });
    removed('left out', behind, behind + 3);
    expect(codes(check(old.disk()))).toContain('removal_not_recorded');
  });

  it('a copy that a power loss left with sectors of zeros is one of a removal under way, and no finding', () => {
    const under = smallLog({ retain: { bytes: 1000, ms: 0 } });
    const whole = under.disk();
    under.retire();
    const torn = Buffer.from(under.disk().file('/log/retired.jsonl'));
    torn.fill(0, 512, 1024);
    whole.nodes.set('/log/retired.jsonl', torn);
    expect(check(whole)).toMatchObject({ exit: 0, findings: [], notes: [{ code: 'retired_torn' }] });
    const gone = under.disk();
    gone.nodes.set('/log/retired.jsonl', torn);
    expect(codes(check(gone))).toContain('retired_malformed');
  });

  it('a missing header or seal is found', () => {
    const old = kept(1000);
    old.retire();
    for (let index = 0; index < old.retired.length; index += 1) {
      const gone = old.retired.splice(index, 1);
      expect(check(old.disk()).exit).toBe(1);
      old.retired.splice(index, 0, ...gone);
    }
  });
});

it('a silence is reported under freshness and fails nothing', () => {
  const quiet = smallLog();
  quiet.nowMs += 3_600_000;
  quiet.events(1);
  expect(check(quiet.disk())).toMatchObject({ exit: 0, findings: [{ code: 'silence' }] });
  const stopped = smallLog();
  stopped.own('stopped', { reason: 'SIGTERM' });
  stopped.seal();
  stopped.nowMs += 3_600_000;
  stopped.started();
  expect(check(stopped.disk())).toMatchObject({ exit: 0, findings: [] });
});
