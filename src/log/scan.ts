/**
 * Reading the end of a log at start: from the header of the head's segment on, every line, against everything the
 * host still knows. What the head covers must match to the byte; what lies behind it was never acknowledged.
 *
 * The attacker here can write files and holds no key: nothing he left may be signed or extended. So lines are checked
 * by their MACs as far as the stored key reaches, and before that by the tree, whose root the head and the key file say.
 */
import { macMatches } from '../chain/link.js';
import type { Seal } from '../checkpoint/seal.js';
import type { Verifier } from '../checkpoint/note.js';
import { parseVkey } from '../checkpoint/note.js';
import { Frontier, leafHash } from '../checkpoint/merkle.js';
import type { Disk } from '../disk/disk.js';
import type { KeyName } from '../keys/name.js';
import { compareKeyNames, formatKeyName, successor } from '../keys/name.js';
import type { KeyWalker } from '../keys/schedule.js';
import type { StoredKeys } from '../keys/store.js';
import { refused } from './failure.js';
import type { ReadHead } from './head.js';
import { notOverlong, readLines } from './lines.js';
import type { LogPub, SealEvent, SegmentRemoved } from './own.js';
import {
  formatVersion, formatOf, ownKind, parseGenesis, parseHeader, parseRecovered, parseSealEvent, parseSegmentRemoved,
} from './own.js';
import type { Frame, Link } from './record.js';
import { logStart, isOwnBody, parseFrame } from './record.js';
import type { Adopted, Scanned, Torn } from './scanned.js';
import { fittingSeal } from './sealing.js';
import type { SegmentFile } from './segment.js';
import { isTorn } from './torn.js';

/** A log without a record: its keys, as its host made them. */
export interface Newborn {
  readonly logPub: LogPub;
  readonly verifier: Verifier;
}

export class Scanner {
  readonly #disk: Disk;
  readonly #head: ReadHead;
  readonly #stored: StoredKeys;
  readonly #keys: KeyWalker;

  /** Whether the place in the log is known: from record 0 on, or from the first header read. */
  #placed: boolean;
  #logPub: LogPub | undefined;
  #genesisMac = '';
  #last: Link;
  #lastOpen = false;
  #nextKey: KeyName | undefined;
  #tree = Frontier.empty();
  #epochFirst = 1;
  #epochDirty = false;
  #verifier: Verifier | undefined;
  #seal: SealEvent | undefined;
  /** The seal note of the line just checked. */
  #openedSeal: Seal | undefined;
  #endsInSeal = false;
  #kindBefore: string | undefined;
  #lastKind: string | undefined;
  #headSeen: boolean;
  #adoptedLines = 0;
  #namedPieces: string[] = [];
  #removed: SegmentRemoved[] = [];
  #openedMs = 0;

  /**
   * `keys` stands at the stored step and is walked to the key of the next line. `newborn` says who the log is if its
   * head says that nothing was recorded.
   */
  constructor(disk: Disk, head: ReadHead, stored: StoredKeys, keys: KeyWalker, newborn: Newborn | undefined) {
    this.#disk = disk;
    this.#head = head;
    this.#stored = stored;
    this.#keys = keys;
    this.#last = logStart;
    this.#headSeen = newborn !== undefined;
    this.#placed = newborn !== undefined;
    if (newborn !== undefined) {
      this.#logPub = newborn.logPub;
      this.#verifier = newborn.verifier;
      this.#nextKey = { epoch: 0, step: 0 };
      this.#checkEmptyHead();
    }
  }

  /** Reads `segments`, the head's and perhaps one newer. @throws LogError `refused` */
  scan(segments: readonly SegmentFile[]): Scanned {
    const adopted: Adopted[] = [];
    let torn: Torn | undefined;
    let bytes = 0;
    for (const [index, segment] of segments.entries()) {
      const isLast = index === segments.length - 1;
      const wasHead = this.#headSeen;
      const end = this.#readSegment(segment, isLast);
      bytes = end.validBytes;
      if (end.fileBytes > end.validBytes) torn = { segment, ...end };
      const from = wasHead ? 0 : this.#head.bytes;
      if (this.#headSeen && end.validBytes > from) adopted.push({ segment, from, until: end.validBytes });
    }
    const newest = segments.at(-1);
    if (!this.#headSeen || newest === undefined) throw this.#shorter();
    this.#checkStored();
    if (this.#logPub === undefined || this.#verifier === undefined) throw refused('no_header', `${newest.name} has no header`);
    return {
      logPub: this.#logPub, verifier: this.#verifier, genesisMac: this.#genesisMac,
      last: this.#last, lastOpen: this.#lastOpen, tree: this.#tree,
      segment: { name: newest.name, first: newest.first, bytes, openedMs: this.#openedMs },
      epochFirst: this.#epochFirst, epochDirty: this.#epochDirty, seal: this.#seal, endsInSeal: this.#endsInSeal,
      kindBefore: this.#kindBefore, adoptedLines: this.#adoptedLines, adopted, torn, namedPieces: this.#namedPieces,
      removed: this.#removed,
    };
  }

  #readSegment(segment: SegmentFile, isLast: boolean): { validBytes: number; fileBytes: number } {
    if (this.#placed && segment.first !== this.#last.seq + 1) {
      throw refused('segment_name', `${segment.name} stands where the next record is ${this.#last.seq + 1}`);
    }
    const file = this.#disk.open(segment.path, 'read');
    try {
      const fileBytes = this.#disk.size(file);
      let validBytes = 0;
      let first = true;
      // What is no record ends the reading, one way or the other; where it is longer than any, its end need not be known.
      for (const line of readLines(this.#disk, file, { ...notOverlong, until: fileBytes })) {
        const frame = line.kind === 'line' ? parseFrame(line.bytes) : undefined;
        const fault = frame === undefined
          ? `is ${line.kind === 'line' ? 'not a record' : line.end === fileBytes ? 'not ended by a line feed' : 'longer than a record may be'}`
          : this.#fault(frame, segment, first);
        if (frame === undefined || fault !== undefined) {
          const isCrash = this.#headSeen && isLast && isTorn(this.#disk, file, line.offset);
          if (!isCrash) throw refused('tampered_line', `${segment.name}: the line at byte ${line.offset} ${fault ?? ''}`);
          return { validBytes, fileBytes };
        }
        this.#take(frame, line.bytes, segment, line.end);
        validBytes = line.end;
        first = false;
      }
      // A closed segment is never empty and ends in a seal; the newest may have been made and not yet written.
      if (!isLast && !this.#endsInSeal) {
        throw refused('unsealed_segment', `${segment.name} is followed by another segment and does not end in a seal`);
      }
      return { validBytes, fileBytes };
    } finally {
      this.#disk.close(file);
    }
  }

  /** Why a line cannot follow the one before it, or undefined. */
  #fault(frame: Frame, segment: SegmentFile, first: boolean): string | undefined {
    if (!this.#placed) this.#startAt(frame, segment);
    // A seal syncs the head before anything is written behind it: no crash leaves a line behind a seal the head does not know.
    if (this.#adoptedLines > 0 && this.#endsInSeal) return 'stands behind a seal that log/head does not know';
    if (frame.seq !== this.#last.seq + 1) return `has seq ${frame.seq}, expected ${this.#last.seq + 1}`;
    if (frame.prev !== this.#last.mac) return 'does not name the record before it';
    if (this.#nextKey !== undefined && compareKeyNames(frame.key, this.#nextKey) !== 0) {
      return `has key ${formatKeyName(frame.key)}, expected ${formatKeyName(this.#nextKey)}`;
    }
    const kind = isOwnBody(frame.body) ? ownKind(frame.body) : undefined;
    if (first !== (kind === 'segment' || kind === 'genesis')) return first ? 'is not a header' : 'is a header in the middle of a segment';
    if (first && frame.seq !== segment.first) return `is record ${frame.seq} in a segment named after record ${segment.first}`;
    if (first && !this.#headerFits(frame)) return 'is a header that does not fit the log before it';
    if (kind === 'seal' && !this.#sealFits(frame)) return 'is a seal that does not fit the records before it';
    // Where the step key is erased already, the tree answers for the line.
    if (compareKeyNames(frame.key, this.#keys.name) < 0) return undefined;
    if (compareKeyNames(frame.key, this.#keys.name) > 0) {
      return `has key ${formatKeyName(frame.key)}, but the stored key is ${formatKeyName(this.#keys.name)}: keys/current is older than the log`;
    }
    return macMatches(this.#keys.step, frame.covered, frame.mac) ? undefined : 'does not have the MAC it should have';
  }

  /** Takes the place in the log from the first header read: its own claims, which the head's root decides upon. */
  #startAt(frame: Frame, segment: SegmentFile): void {
    const format = formatOf(frame.body);
    if (format !== undefined && format !== formatVersion) {
      throw refused('unknown_format', `${segment.name} has format ${format}; this version reads format ${formatVersion} only`);
    }
    if (segment.first === 1) {
      const genesis = parseGenesis(frame.body);
      const verifier = genesis === undefined ? undefined : parseVkey(genesis.log_pub[1]);
      if (genesis === undefined || verifier === undefined) return;
      this.#placed = true;
      this.#logPub = genesis.log_pub;
      this.#verifier = verifier;
      this.#nextKey = { epoch: 0, step: 0 };
      return;
    }
    const header = parseHeader(frame.body);
    if (header?.first !== segment.first || header.tree_size !== segment.first - 1 || frame.key.step !== 0) return;
    this.#placed = true;
    this.#logPub = header.log_pub;
    this.#genesisMac = header.genesis;
    this.#verifier = header.verifier;
    this.#tree = header.tree.copy();
    this.#last = { seq: segment.first - 1, mac: frame.prev };
    this.#epochFirst = segment.first;
    this.#nextKey = frame.key;
  }

  /** A header behind lines that were read themselves: every value must be the computed one. */
  #headerFits(frame: Frame): boolean {
    if (frame.seq === 1) return parseGenesis(frame.body)?.log_pub.join() === this.#logPub?.join();
    const header = parseHeader(frame.body);
    if (header?.first !== frame.seq || header.tree_size !== this.#tree.size) return false;
    return header.tree.root().equals(this.#tree.root()) && header.genesis === this.#genesisMac &&
      header.origin === this.#head.origin && header.verifier.vkey === this.#verifier?.vkey && frame.key.step === 0 &&
      header.log_pub.join() === this.#logPub?.join();
  }

  #sealFits(frame: Frame): boolean {
    if (this.#verifier === undefined) return false;
    this.#openedSeal = fittingSeal(frame, {
      origin: this.#head.origin, tree: this.#tree, epochFirst: this.#epochFirst, verifier: this.#verifier,
      inCommit: this.#lastOpen,
    });
    return this.#openedSeal !== undefined;
  }

  #take(frame: Frame, line: Buffer, segment: SegmentFile, end: number): void {
    const kind = isOwnBody(frame.body) ? ownKind(frame.body) : undefined;
    const sealing = kind === 'seal';
    this.#tree.append(leafHash(line));
    this.#last = { seq: frame.seq, mac: frame.mac };
    this.#lastOpen = frame.open;
    this.#endsInSeal = sealing;
    this.#kindBefore = this.#lastKind;
    this.#lastKind = kind;
    if (frame.seq === segment.first) this.#openedMs = frame.tsMs;
    if (kind === 'genesis') this.#genesisMac = frame.mac;
    if (sealing) {
      this.#seal = parseSealEvent(frame.body);
      this.#verifier = this.#openedSeal?.next;
      this.#epochFirst = frame.seq + 1;
      this.#epochDirty = false;
    } else if (kind !== 'segment') {
      this.#epochDirty = true;
    }
    if (kind === 'recovered') this.#namedPieces.push(...parseRecovered(frame.body));
    const removed = kind === 'segment_removed' ? parseSegmentRemoved(frame.body) : undefined;
    if (removed !== undefined) this.#removed.push(removed);
    if (!frame.open) {
      if (compareKeyNames(frame.key, this.#keys.name) === 0) this.#keys.evolve(sealing);
      this.#nextKey = successor(frame.key, sealing);
    }
    this.#checkStoredAt(frame.seq);
    if (this.#headSeen) this.#adoptedLines += 1;
    else if (frame.seq === this.#head.seq) this.#checkHead(frame, segment, end);
  }

  #checkHead(frame: Frame, segment: SegmentFile, end: number): void {
    const head = this.#head;
    const differs = (what: string): Error => refused('head_mismatch', `log/head does not match record ${head.seq} in ${segment.name}: ${what} differs`);
    if (head.mac !== frame.mac) throw differs('mac');
    if (head.segment !== segment.name) throw differs('segment');
    if (head.bytes !== end) throw differs('bytes');
    if (!head.root.equals(this.#tree.root())) throw differs('root');
    if (frame.open || this.#nextKey === undefined || compareKeyNames(head.key, this.#nextKey) !== 0) throw differs('key');
    this.#checkHeadMac();
    this.#headSeen = true;
  }

  /** Possible only while its key is still here; a head older than the stored key is vouched for by the key file's root. */
  #checkHeadMac(): void {
    if (compareKeyNames(this.#head.key, this.#keys.name) !== 0) return;
    if (macMatches(this.#keys.step, this.#head.covered, this.#head.headMac)) return;
    throw refused('head_forged', 'log/head does not have the MAC it should have');
  }

  #checkEmptyHead(): void {
    const { mac, segment, bytes, root, key } = this.#head;
    const empty = mac === logStart.mac && segment === '' && bytes === 0 && root.equals(Frontier.empty().root()) && key.epoch === 0 && key.step === 0;
    if (!empty) throw refused('head_mismatch', 'log/head says that nothing was recorded, and contradicts itself');
    this.#checkHeadMac();
  }

  #checkStoredAt(seq: number): void {
    if (seq !== this.#stored.seq || this.#stored.root.equals(this.#tree.root())) return;
    throw refused('root_mismatch', `records up to ${seq} are not those that were there when keys/current was written`);
  }

  #checkStored(): void {
    const ahead = this.#nextKey !== undefined && compareKeyNames(this.#keys.name, this.#nextKey) > 0;
    if (ahead || this.#stored.seq > this.#last.seq) throw this.#shorter();
  }

  #shorter(): Error {
    const expected = Math.max(this.#head.seq, this.#stored.seq);
    return refused('log_truncated', `the log ends at record ${this.#last.seq}, but ${expected} records were durable`);
  }
}
