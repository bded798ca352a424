// A log that is written to while it is read: never called tampered, whatever moment the reader comes.
import { describe, expect, it } from 'vitest';
import { decodeHead, encodeHead } from '../../src/log/head.js';
import type { Head } from '../../src/log/head.js';
import { segmentName } from '../../src/log/segment.js';
import type { VerifyOptions } from '../../src/verify/verify.js';
import { verify } from '../../src/verify/verify.js';
import { LogMaker, eventBody, smallLog } from './make-log.js';
import { MemoryDisk } from './memory-disk.js';

/** A log whose daemon does its next step of work at every read, in the order the daemon keeps. */
class LiveLog {
  readonly log: LogMaker;
  readonly disk: MemoryDisk;
  readonly #steps: (() => void)[] = [];
  readonly #requestLines: number;
  #turn = 0;

  /** `requestLines`: each request is so many commits of one line, as in line mode, before the head follows. */
  constructor(log: LogMaker, everyReads: number, workMax: number, requestLines = 0) {
    this.log = log;
    this.#requestLines = requestLines;
    this.disk = log.disk();
    let reads = 0;
    let works = 0;
    this.disk.onRead = () => {
      reads += 1;
      if (reads % everyReads !== 0) return;
      if (this.#steps.length === 0 && works < workMax) {
        works += 1;
        this.#work();
      }
      this.#steps.shift()?.();
    };
  }

  /** One request, in the daemon's order: the lines (in a few parts), the head (in two halves), the key file, the checkpoint. */
  #work(): void {
    this.#turn += 1;
    const before = new Map(this.log.files());
    if (this.#turn % 7 === 0) this.log.rotate();
    else if (this.#turn % 3 === 0) this.log.seal();
    else if (this.#requestLines > 0) this.log.events(this.#requestLines);
    else this.log.commit([eventBody('a'), eventBody('b')]);
    const after = this.log.files();
    const put = (path: string, bytes: Buffer | undefined): void => { if (bytes !== undefined) this.disk.nodes.set(path, bytes); };
    for (const [path, bytes] of after) {
      if (!/\d\.jsonl$/.test(path) || before.get(path)?.equals(bytes) === true) continue;
      const from = before.get(path)?.length ?? 0;
      let lineEnd = from;
      for (const share of this.#requestLines > 0 ? [0.1, 0.35, 0.7, 0.9, 0.95] : [0.5]) {
        const cut = Math.max(lineEnd, Math.floor(from + share * (bytes.length - from)));
        // In the middle of a line, and at its end.
        const end = bytes.indexOf(0x0a, cut) + 1;
        this.#steps.push(() => { put(path, bytes.subarray(0, cut)); }, () => { put(path, bytes.subarray(0, end)); });
        lineEnd = end;
      }
      this.#steps.push(() => { put(path, bytes); });
    }
    const head = after.get('/log/head');
    const old = before.get('/log/head');
    if (head !== undefined && old !== undefined) this.#steps.push(() => { put('/log/head', Buffer.concat([head.subarray(0, 130), old.subarray(130)])); });
    const name = segmentName(this.log.piece.first);
    this.#steps.push(
      () => { put('/log/head', head); },
      () => { put('/keys/current', after.get('/keys/current')); },
      () => { put('/checkpoint', after.get('/checkpoint')); this.disk.nodes.set('/log/audit.jsonl', { link: name }); },
    );
  }
}

it.each([1, 2, 3, 5, 8])('a daemon that does a step at every %d. read is never called tampered', (everyReads) => {
  for (const workMax of [1, 2, 3, 7, 20, 1000]) {
    const live = new LiveLog(smallLog(), everyReads, workMax);
    for (const options of [{ key: { key: live.log.key, besideLog: false } }, { pub: live.log.logPub }]) {
      const report = verify({ disk: live.disk, stateDirectory: '/', ...options });
      expect({ workMax, exit: report.exit, findings: report.findings }).toEqual({ workMax, exit: 0, findings: [] });
    }
  }
});

it.each([1, 2, 3, 5, 8, 13])('nor is one that writes requests of many lines, a step at every %d. read', (everyReads) => {
  for (const requestLines of [9, 65, 150, 1024]) {
    for (const workMax of [1, 3, 1000]) {
      const live = new LiveLog(smallLog(), everyReads, workMax, requestLines);
      for (const options of [{ key: { key: live.log.key, besideLog: false } }, { pub: live.log.logPub }]) {
        const { exit, findings } = verify({ disk: live.disk, stateDirectory: '/', ...options });
        expect({ requestLines, workMax, exit, findings }).toEqual({ requestLines, workMax, exit: 0, findings: [] });
      }
    }
  }
});

describe('a request of 1,024 lines, each a commit of its own, on its way into the log', () => {
  const log = smallLog();
  const behind = log.disk();
  const path = `/log/${segmentName(log.piece.first)}`;
  const from = log.piece.bytes;
  const heads = new Map<number, Buffer>([[log.seq, log.head]]);
  const first = log.seq;
  for (let line = 0; line < 1024; line += 1) {
    log.events(1);
    heads.set(log.seq, log.head);
  }
  const whole = log.disk().file(path);
  const ends = [from];
  for (let end = from; end < whole.length; ends.push(end)) end = whole.indexOf(0x0a, end) + 1;
  const witnesses: readonly Pick<VerifyOptions, 'key' | 'pub'>[] = [{ key: { key: log.key, besideLog: false } }, { pub: log.logPub }];

  function cut(bytes: number): MemoryDisk {
    const disk = behind.copy();
    disk.nodes.set(path, whole.subarray(0, bytes));
    return disk;
  }

  /** The head that is read first stands before the request; once the log was read, another is there. */
  function moved(slot: Buffer): MemoryDisk {
    const disk = cut(whole.length);
    disk.onRead = (read) => { if (read === path) disk.nodes.set('/log/head', slot); };
    return disk;
  }

  it('a crash behind any of its lines, or within one, is intact', () => {
    for (const [line, end] of ends.entries()) {
      if (line % 29 !== 0 && ![1, 63, 64, 65, 127, 128, 129, 1023].includes(line)) continue;
      for (const bytes of line === 1024 ? [end] : [end, end + 100]) {
        for (const witness of witnesses) {
          const { exit, findings, last } = verify({ disk: cut(bytes), stateDirectory: '/', ...witness });
          const seen = { line, bytes, exit, findings, last: last?.seq };
          expect(seen).toEqual({ line, bytes, exit: 0, findings: [], last: first + line });
        }
      }
    }
  });

  it('the next head may name any of its records', () => {
    for (const seq of [1, 2, 63, 64, 65, 128, 500, 1023, 1024].map((line) => first + line)) {
      const disk = moved(heads.get(seq) ?? log.head);
      for (const witness of witnesses) {
        expect(verify({ disk, stateDirectory: '/', ...witness })).toMatchObject({ exit: 0, findings: [], head: { seq } });
      }
    }
  });

  const wrong: readonly (readonly [string, Partial<Head>])[] = [
    ['mac', { mac: 'f'.repeat(64) }], ['bytes', { bytes: 7 }], ['segment', { segment: segmentName(1) }], ['root', { root: Buffer.alloc(32) }],
    ['key', { key: { epoch: 1, step: 1 } }],
  ];
  it.each(wrong)('a later head with a wrong %s is found', (_, field) => {
    const head = decodeHead(heads.get(first + 500) ?? log.head);
    if (head === undefined) throw new Error('the made head cannot be read');
    for (const witness of witnesses) {
      const disk = moved(encodeHead({ ...head, ...field }, Buffer.alloc(32)));
      const { exit, findings } = verify({ disk, stateDirectory: '/', ...witness });
      expect([exit, findings[0]?.code, findings[0]?.seq]).toEqual([1, 'head_mismatch', first + 500]);
    }
  });

  it('a later head under another key is found with the key', () => {
    const head = decodeHead(heads.get(first + 500) ?? log.head);
    if (head === undefined) throw new Error('the made head cannot be read');
    const disk = moved(encodeHead(head, Buffer.alloc(32)));
    expect(verify({ disk, stateDirectory: '/', ...witnesses[0] })).toMatchObject({ exit: 1, findings: [{ code: 'head_forged' }] });
  });

  it('a head that is put back to an earlier record, while the log is read, is held against that record', () => {
    const disk = behind.copy();
    disk.nodes.set(path, whole);
    disk.nodes.set('/log/head', log.head);
    const old = smallLog();
    disk.onRead = (read) => { if (read === path) disk.nodes.set('/log/head', old.head); };
    expect(verify({ disk, stateDirectory: '/', ...witnesses[0] })).toMatchObject({ exit: 0, findings: [], head: { seq: first } });
    const sealed = smallLog();
    sealed.seal();
    sealed.events(3);
    const beforeSeal = sealed.disk();
    beforeSeal.onRead = (read) => { if (read === path) beforeSeal.nodes.set('/log/head', smallLog().head); };
    expect(verify({ disk: beforeSeal, stateDirectory: '/', ...witnesses[0] })).toMatchObject({ exit: 1, findings: [{ code: 'head_mismatch' }] });
  });

  it('a first head that was half of two, and names what is not there, is read again', () => {
    const disk = cut(whole.length);
    const head = decodeHead(log.head);
    if (head === undefined) throw new Error('the made head cannot be read');
    disk.nodes.set('/log/head', encodeHead({ ...head, seq: head.seq + 1_000_000 }, Buffer.alloc(32)));
    disk.onRead = (read) => { if (read === path) disk.nodes.set('/log/head', log.head); };
    for (const witness of witnesses) expect(verify({ disk, stateDirectory: '/', ...witness })).toMatchObject({ exit: 0, findings: [] });
  });
});

it('a segment that retention removes while the log is read is no finding', () => {
  const log = smallLog({ retain: { bytes: 1000, ms: 0 } });
  const disk = log.disk();
  log.retire();
  const after = log.disk();
  let reads = 0;
  disk.onRead = () => {
    reads += 1;
    if (reads !== 4) return;
    for (const [path, node] of after.nodes) disk.nodes.set(path, node);
    disk.nodes.delete('/log/00000000000000000001.jsonl');
  };
  const report = verify({ disk, stateDirectory: '/', key: { key: log.key, besideLog: false } });
  expect(report).toMatchObject({ exit: 0, findings: [] });
  expect(report.counts.retired).toBeGreaterThan(0);
});
