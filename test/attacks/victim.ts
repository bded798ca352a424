// A log that is attacked, held in memory, with what was kept outside and what a thief finds inside. Invariant: nothing here
// changes; whoever spoils it gets a copy.
import { parseFrame } from '../../src/log/record.js';
import type { Frame } from '../../src/log/record.js';
import { parseSegmentName } from '../../src/log/segment.js';
import { decodeIdentity, decodeKeys } from '../../src/keys/store.js';
import type { Identity, StoredKeys } from '../../src/keys/store.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import type { VerificationKey } from '../../src/keys/verification.js';
import type { LogPub } from '../../src/log/own.js';
import { parseLogPub } from '../../src/verify/facts.js';
import { ownKindOf } from '../../src/verify/landmark.js';
import { statedCheckpoint } from '../../src/verify/outside.js';
import type { Receipt } from '../../src/verify/receipts.js';
import { MemoryDisk } from '../verify/memory-disk.js';

/** What the headers of the log that retention trims want behind a segment that goes, bytes. */
export const retainBytes = 131_072;

export const paths = {
  head: '/log/head', link: '/log/audit.jsonl', retired: '/log/retired.jsonl', checkpoint: '/checkpoint', logPub: '/log.pub',
  keys: '/keys', current: '/keys/current', identity: '/keys/identity', verification: '/keys/verification.key',
} as const;

/** One line where it lies. */
export interface LineRef {
  readonly segment: SegmentRef;
  /** From 0, in its segment. */
  readonly index: number;
  readonly offset: number;
  /** With its LF. */
  readonly bytes: Buffer;
  readonly frame: Frame;
  readonly seq: number;
  /** The kind of the log's own records. */
  readonly own: string | undefined;
}

/** One segment. */
export interface SegmentRef {
  readonly name: string;
  readonly path: string;
  readonly first: number;
  readonly lines: readonly LineRef[];
}

/** What a thief finds in `keys/`. */
export interface Loot {
  readonly stored: StoredKeys;
  readonly identity: Identity;
}

/** Splits into lines, each with its LF; a rest without one is the last. */
export function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at) + 1 || bytes.length;
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}

/** The segments in a state directory; lines that are none are left out. */
export function segmentsOf(disk: MemoryDisk): readonly SegmentRef[] {
  return disk.list('/log').flatMap((name) => {
    const first = parseSegmentName(name);
    const node = disk.nodes.get(`/log/${name}`);
    if (first === undefined || !Buffer.isBuffer(node)) return [];
    const lines: LineRef[] = [];
    const segment: SegmentRef = { name, path: `/log/${name}`, first, lines };
    let offset = 0;
    for (const [index, bytes] of splitLines(node).entries()) {
      const frame = bytes.at(-1) === 0x0a ? parseFrame(bytes.subarray(0, -1)) : undefined;
      if (frame !== undefined) lines.push({ segment, index, offset, bytes, frame, seq: frame.seq, own: ownKindOf(frame.body) });
      offset += bytes.length;
    }
    return [segment];
  });
}

/** What `keys/` holds, if it can be read. */
export function lootOf(disk: MemoryDisk): Loot {
  const stored = decodeKeys(disk.file(paths.current));
  const identity = decodeIdentity(disk.file(paths.identity));
  if (stored.state !== 'ok' || identity === undefined) throw new Error('keys/ of a log that was just made cannot be read');
  return { stored: stored.keys, identity };
}

/** See the file's head. */
export class Victim {
  readonly name: string;
  /** The state directory, without the verification key. */
  readonly disk: MemoryDisk;
  readonly key: VerificationKey;
  readonly logPub: LogPub;
  /** The newest checkpoint, kept elsewhere; undefined before the first seal. */
  readonly checkpoint: string | undefined;
  /** How many records that saw; 0 before the first seal. */
  readonly covered: number;
  /** What the producer kept of its acknowledgements. */
  readonly receipts: readonly Receipt[];
  /** The same log at earlier moments, while it was written to: all that a thief of that moment took. */
  readonly snapshots: readonly Victim[];
  readonly segments: readonly SegmentRef[];
  readonly lines: readonly LineRef[];
  readonly loot: Loot;

  /** `state` as it lies there, the verification key still in it. */
  constructor(name: string, state: MemoryDisk, receipts: readonly Receipt[], snapshots: readonly Victim[] = []) {
    const key = parseVerificationKey(state.file(paths.verification).toString('latin1'));
    const logPub = parseLogPub(state.file(paths.logPub).toString('latin1'));
    if (key === undefined || logPub === undefined) throw new Error('a log that was just made has no keys');
    this.name = name;
    this.key = key;
    this.logPub = logPub;
    // A thief does not find it, and it is not found beside what is checked.
    this.disk = state.copy();
    this.disk.nodes.delete(paths.verification);
    this.checkpoint = state.nodes.has(paths.checkpoint) ? state.file(paths.checkpoint).toString('utf8') : undefined;
    this.covered = this.checkpoint === undefined ? 0 : statedCheckpoint(this.checkpoint).size;
    this.receipts = receipts;
    this.snapshots = snapshots;
    this.segments = segmentsOf(this.disk);
    this.lines = this.segments.flatMap((segment) => segment.lines);
    this.loot = lootOf(this.disk);
  }

  get last(): LineRef {
    const line = this.lines.at(-1);
    if (line === undefined) throw new Error('a log without a line');
    return line;
  }

  /** The newest segment. */
  get newest(): SegmentRef {
    return this.last.segment;
  }

  /** The last record that was acknowledged, or stands before one that was. */
  get acknowledged(): number {
    return Math.max(0, ...this.receipts.map(({ seq }) => seq));
  }

  line(seq: number): LineRef | undefined {
    return this.lines[seq - (this.lines[0]?.seq ?? 1)];
  }

  /** A copy with another content of one segment. */
  with(segment: SegmentRef, content: readonly Buffer[] | Buffer): MemoryDisk {
    const disk = this.disk.copy();
    disk.nodes.set(segment.path, Buffer.isBuffer(content) ? content : Buffer.concat(content));
    return disk;
  }
}
