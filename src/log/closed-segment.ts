/**
 * Reading a closed segment that is about to be removed, a piece at a time: its hash, its header and seals byte for byte,
 * and whether it is what was recorded. Invariant: a segment is `sound` only if every byte of it is what its epochs' keys
 * signed, those keys lead on from what was removed before, and the next segment goes on from it; a removal would otherwise
 * make an edit vanish, and vouch for it.
 */
import { createHash } from 'node:crypto';
import { Frontier, leafHash } from '../checkpoint/merkle.js';
import type { Verifier } from '../checkpoint/note.js';
import { parseVkey } from '../checkpoint/note.js';
import type { Descriptor, Disk } from '../disk/disk.js';
import type { KeyName } from '../keys/name.js';
import { compareKeyNames, successor } from '../keys/name.js';
import { readFirstLine } from './first-line.js';
import type { Line } from './lines.js';
import { notOverlong, readLines } from './lines.js';
import type { Retain } from './own.js';
import { ownKind, parseGenesis, parseHeader } from './own.js';
import type { Frame, Link } from './record.js';
import { isOwnBody, parseFrame } from './record.js';
import type { RetiredEnd } from './retired-file.js';
import { fittingSeal } from './sealing.js';
import type { SegmentFile } from './segment.js';
import type { LogState } from './state.js';

/** Headers and seals of one segment at most, bytes: they are held until the segment was read to its end. */
const entriesBytesMax = 64 * 1024 * 1024;

/** What the log around a segment says of it. */
export interface Surroundings {
  readonly log: Pick<LogState, 'origin' | 'logPub' | 'genesisMac'>;
  /** What was removed before it. */
  readonly before: RetiredEnd;
  readonly next: SegmentFile;
}

/** A segment that is what was recorded. */
export interface SoundSegment {
  /** By its own header. */
  readonly retain: Retain;
  /** The header and every seal, each with its LF. */
  readonly entries: readonly Buffer[];
  readonly last: Link;
  /** The key of the epoch behind it. */
  readonly nextVkey: string;
  readonly bytes: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
}

/** How far a reading has come. `bad`: what is wrong, in words. */
export type ReadingOutcome =
  | { readonly kind: 'more' }
  | { readonly kind: 'sound'; readonly sound: SoundSegment }
  | { readonly kind: 'bad'; readonly finding: string };

export class SegmentReading {
  readonly #disk: Disk;
  readonly #segment: SegmentFile;
  readonly #around: Surroundings;
  readonly #file: Descriptor;
  readonly #lines: Iterator<Line, void>;
  readonly #hash = createHash('sha256');
  #entries: Buffer[] = [];
  #entriesBytes = 0;
  #bytes = 0;
  #last: Link;
  #inCommit = false;
  #endsInSeal = false;
  #nextKey: KeyName | undefined;
  #tree: Frontier | undefined;
  #verifier: Verifier | undefined;
  #epochFirst: number;
  #retain: Retain | undefined;

  constructor(disk: Disk, segment: SegmentFile, around: Surroundings) {
    this.#disk = disk;
    this.#segment = segment;
    this.#around = around;
    this.#last = around.before.last;
    this.#epochFirst = segment.first;
    this.#file = disk.open(segment.path, 'read');
    this.#lines = readLines(disk, this.#file, notOverlong);
  }

  /** Reads on for about `bytes`. After anything but `more` there is only `close`. */
  read(bytes: number): ReadingOutcome {
    const until = this.#bytes + bytes;
    while (this.#bytes < until) {
      const { value: line } = this.#lines.next();
      if (line === undefined) return this.#finish();
      const fault = line.kind === 'line' ? this.#take(line) : 'is cut short or longer than a record may be';
      if (fault !== undefined) return this.#bad(`the line at byte ${line.offset} ${fault}`);
    }
    return { kind: 'more' };
  }

  close(): void {
    this.#disk.close(this.#file);
  }

  #bad(what: string): ReadingOutcome {
    return { kind: 'bad', finding: `${this.#segment.name}: ${what}` };
  }

  /** Takes the next line; why it cannot stand there, or undefined. */
  #take(line: Line): string | undefined {
    const frame = parseFrame(line.bytes);
    if (frame === undefined) return 'is not a record';
    if (frame.seq !== this.#last.seq + 1) return `has seq ${frame.seq}, expected ${this.#last.seq + 1}`;
    if (frame.prev !== this.#last.mac) return 'does not name the record before it';
    const kind = isOwnBody(frame.body) ? ownKind(frame.body) : undefined;
    const isFirst = line.offset === 0;
    if (isFirst !== (kind === 'genesis' || kind === 'segment')) return isFirst ? 'is not a header' : 'is a header in the middle of a segment';
    const fault = isFirst ? this.#begin(frame) : undefined;
    if (fault !== undefined) return fault;
    if (this.#nextKey === undefined || compareKeyNames(frame.key, this.#nextKey) !== 0) return 'is not under the key that follows';
    const sealFault = kind === 'seal' ? this.#seal(frame) : undefined;
    if (sealFault !== undefined) return sealFault;
    this.#endsInSeal = kind === 'seal';
    this.#tree?.append(leafHash(line.bytes));
    this.#last = { seq: frame.seq, mac: frame.mac };
    this.#inCommit = frame.open;
    if (!frame.open) this.#nextKey = successor(frame.key, this.#endsInSeal);
    this.#count(line);
    return isFirst || this.#endsInSeal ? this.#keep(line.bytes) : undefined;
  }

  #count(line: Line): void {
    this.#hash.update(line.bytes).update('\n');
    this.#bytes = line.end;
  }

  #keep(line: Buffer): string | undefined {
    this.#entriesBytes += line.length + 1;
    if (this.#entriesBytes > entriesBytesMax) return 'is a seal beyond those that one segment may have to be removed';
    this.#entries.push(Buffer.concat([line, Buffer.from('\n')]));
    return undefined;
  }

  /** The first line gives the tree and the key that signs; both are borne out by the seals, and the key by what went before. */
  #begin(frame: Frame): string | undefined {
    const { log, before } = this.#around;
    const first = frame.seq === 1 ? parseGenesis(frame.body) : parseHeader(frame.body);
    if (first?.origin !== log.origin || first.log_pub.join() !== log.logPub.join()) return 'is not a header of this log';
    if (!('tree' in first)) {
      if (frame.mac !== log.genesisMac) return 'is not the genesis that the log names';
      this.#verifier = parseVkey(first.log_pub[1]);
      this.#nextKey = { epoch: 0, step: 0 };
    } else {
      if (first.genesis !== log.genesisMac || first.first !== frame.seq || frame.key.step !== 0) return 'is not the header that belongs there';
      if (first.epoch_vkey !== before.nextVkey) return 'names another key than the seal before it';
      this.#verifier = first.verifier;
      this.#nextKey = frame.key;
    }
    this.#retain = first.retain;
    this.#tree = 'tree' in first ? first.tree.copy() : Frontier.empty();
    return 'tree' in first && first.tree_size !== frame.seq - 1 ? 'is not the header that belongs there' : undefined;
  }

  #seal(frame: Frame): string | undefined {
    if (this.#tree === undefined || this.#verifier === undefined) return 'stands before a header';
    const { log } = this.#around;
    const seal = fittingSeal(frame, {
      origin: log.origin, tree: this.#tree, epochFirst: this.#epochFirst, verifier: this.#verifier, inCommit: this.#inCommit,
    });
    if (seal === undefined) return 'is a seal that does not fit the records before it';
    this.#verifier = seal.next;
    this.#epochFirst = frame.seq + 1;
    return undefined;
  }

  /** At the end: a seal, from which the next segment goes on with the same tree. */
  #finish(): ReadingOutcome {
    const { next } = this.#around;
    if (!this.#endsInSeal || this.#verifier === undefined || this.#retain === undefined) return this.#bad('it is closed and does not end in a seal');
    const following = readFirstLine(this.#disk, next);
    const follows = following?.frame.seq === this.#last.seq + 1 && following.frame.prev === this.#last.mac &&
      this.#tree !== undefined && following.tree.root().equals(this.#tree.root());
    if (!follows) return this.#bad(`${next.name} does not go on from it`);
    return {
      kind: 'sound',
      sound: {
        retain: this.#retain, entries: this.#entries, last: this.#last, nextVkey: this.#verifier.vkey, bytes: this.#bytes,
        sha256: this.#hash.digest('hex'),
      },
    };
  }
}
