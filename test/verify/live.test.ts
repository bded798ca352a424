// A log that is written to while it is read: never called tampered, whatever moment the reader comes.
import { expect, it } from 'vitest';
import { segmentName } from '../../src/log/segment.js';
import { verify } from '../../src/verify/verify.js';
import { LogMaker, eventBody, smallLog } from './make-log.js';
import { MemoryDisk } from './memory-disk.js';

/** A log whose daemon does its next step of work at every read, in the order the daemon keeps. */
class LiveLog {
  readonly log: LogMaker;
  readonly disk: MemoryDisk;
  readonly #steps: (() => void)[] = [];
  #turn = 0;

  constructor(log: LogMaker, everyReads: number, workMax: number) {
    this.log = log;
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

  /** One commit, in the daemon's order: the lines (in two halves), the head (in two halves), the key file, the checkpoint. */
  #work(): void {
    this.#turn += 1;
    const before = new Map(this.log.files());
    if (this.#turn % 7 === 0) this.log.rotate();
    else if (this.#turn % 3 === 0) this.log.seal();
    else this.log.commit([eventBody('a'), eventBody('b')]);
    const after = this.log.files();
    const put = (path: string, bytes: Buffer | undefined): void => { if (bytes !== undefined) this.disk.nodes.set(path, bytes); };
    for (const [path, bytes] of after) {
      if (!/\d\.jsonl$/.test(path) || before.get(path)?.equals(bytes) === true) continue;
      const half = Math.floor(((before.get(path)?.length ?? 0) + bytes.length) / 2);
      this.#steps.push(() => { put(path, bytes.subarray(0, half)); }, () => { put(path, bytes); });
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
