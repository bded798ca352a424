// One run of a log as the writer's thread makes it, without the thread: opened or made, mended, announced.
import type { Clock } from '../../src/clock/clock.js';
import type { Disk } from '../../src/disk/disk.js';
import { replaceFile } from '../../src/disk/write.js';
import type { StoredKeys } from '../../src/keys/store.js';
import { keyFileBytes, encodeKeys } from '../../src/keys/store.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { makeLog } from '../../src/log/birth.js';
import { linesOf } from '../../src/log/durable.js';
import { Holdings } from '../../src/log/holdings.js';
import { readIdentitySeed } from '../../src/log/init.js';
import { ObservedTime } from '../../src/log/observed.js';
import { confirmPieces } from '../../src/log/quarantine.js';
import type { OpenedLog } from '../../src/log/recovery.js';
import { isUnborn, openLog } from '../../src/log/recovery.js';
import { Retention } from '../../src/log/retention.js';
import { listSegments, placesIn } from '../../src/log/segment.js';
import type { WriterOptions } from '../../src/log/commit.js';
import { Writer } from '../../src/log/writer.js';
import { verify } from '../../src/verify/verify.js';
import type { Report } from '../../src/verify/report.js';

export const state = '/state';
export const places = placesIn(state);
export const origin = 'test.example/log';

export const usual: WriterOptions = {
  sync: 'group', headSync: 'second', segmentBytes: 1 << 20, segmentMs: 86_400_000, sealMs: 60_000, heartbeatMs: 900_000,
  retain: { bytes: 0, ms: 0 }, pid: 7,
};

/** Time stands still unless it is told to pass. */
export class StillClock implements Clock {
  #now = 1_770_000_000_000;
  #stepped = 0;

  pass(ms: number): void {
    this.#now += ms;
  }

  /** Somebody sets the wall clock. */
  set(ms: number): void {
    this.#stepped += ms;
  }

  wall(): number {
    return this.#now + this.#stepped;
  }

  monotonic(): number {
    return this.#now - 1_770_000_000_000;
  }
}

/** What a writer said is durable, oldest first: its acknowledgements. */
export type Acknowledged = Map<number, string>;

export interface Run {
  readonly writer: Writer;
  readonly clock: StillClock;
  readonly found: OpenedLog | 'absent';
  readonly acknowledged: Acknowledged;
}

/** Makes the log if there is none, as `init` does; true if there was none. */
export function bear(disk: Disk, clock: Clock, at = places, options = usual): boolean {
  if (!isUnborn(disk, at)) return false;
  makeLog(disk, clock, at, {
    origin, options, previous: null,
    handOver: (key) => {
      disk.makeDirectory(at.keys);
      replaceFile(disk, at.verificationKey, Buffer.from(`${key}\n`));
    },
  });
  return true;
}

/** Opens the log, made if need be, as a start does; everything durable but the genesis goes to `acknowledged`. */
export function start(
  disk: Disk, options: Partial<WriterOptions> = {}, acknowledged: Acknowledged = new Map(), clock = new StillClock(),
): Run {
  const wasUnborn = bear(disk, clock, places, { ...usual, ...options });
  const found = openLog(disk, clock, places);
  if (found === 'absent') throw new Error('the log that was just made is not there');
  const writer = new Writer(disk, clock, places, found.state, { ...usual, ...options }, {
    committed: (commit) => { for (const { seq, line } of linesOf(commit)) acknowledged.set(seq, line.toString('utf8')); },
    delayed: () => undefined,
  });
  writer.begin();
  if (!found.clean) {
    writer.record('recovered', { head: found.head, adopted: found.adopted, torn: found.torn });
    confirmPieces(disk, places.quarantine, found.torn.map((piece) => piece.file));
  }
  const { last } = found.state;
  writer.record('started', {
    version: '0', boot_id: '', sync: 'group', head_sync: 'second', seal_ms: 60_000, heartbeat_ms: 900_000, listeners: [],
    clean: found.clean, after: last.seq === 0 ? { seq: 1, mac: writer.state.genesisMac } : last,
  });
  return { writer, clock, found: wasUnborn ? 'absent' : found, acknowledged };
}

/** Retention of a run, put together as the writer's thread does it. */
export function retentionOf(disk: Disk, run: Run, bootId = 'boot', notices: string[] = []): Retention {
  const holdings = new Holdings(disk, places, run.writer.state.segment);
  return new Retention({
    disk, clock: run.clock, places, holdings, recorded: run.found !== 'absent' && run.found.unremoved !== undefined,
    observed: new ObservedTime(disk, run.clock, places.retention, readIdentitySeed(disk, places), bootId),
    notice: (message) => { notices.push(message); },
  });
}

/** A key file's bytes. */
export function keyFileOf(keys: StoredKeys): Buffer {
  const slot = Buffer.alloc(keyFileBytes);
  encodeKeys(keys, slot);
  return slot;
}

/** A record's body as admission makes it. */
export function body(action: string, detail = ''): Buffer {
  return Buffer.from(`"profile":"generic","kind":"${action}","source":{"listener":"t"},"event":{"action":"${action}","detail":"${detail}"}`);
}

/** All whole lines of all segments, by seq. */
export function linesIn(disk: Disk): Map<number, string> {
  const lines = new Map<number, string>();
  for (const segment of listSegments(disk, places.log)) {
    for (const line of (disk.read(segment.path)?.toString('utf8') ?? '').split('\n').slice(0, -1)) {
      lines.set(Number(/^\{"seq":(\d+),/.exec(line)?.[1]), line);
    }
  }
  return lines;
}

/** The kinds of all records, oldest first. */
export function kindsIn(disk: Disk): string[] {
  return [...linesIn(disk).values()].map((line) => /"kind":"([^"]*)"/.exec(line)?.[1] ?? '');
}

/** What `verify` says with the key that was handed over last. */
export function check(disk: Disk): Report {
  const key = parseVerificationKey(disk.read(places.verificationKey)?.toString('utf8') ?? '');
  if (key === undefined) throw new Error('no verification key was handed over');
  return verify({ disk, stateDirectory: state, key: { key, besideLog: false } });
}
