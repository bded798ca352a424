/**
 * The whole verification, as a story: read what moves first, find out whose log it is, account for what retention
 * removed, walk every line to the end and past the sealed head, and compare what else lies in the state directory.
 * Invariant: nothing is written, no lock is taken, and a log that is being written to meanwhile is not called tampered.
 */
import { errorCode } from '../disk/disk.js';
import type { Disk } from '../disk/disk.js';
import { formatKeyName } from '../keys/name.js';
import type { KeyName } from '../keys/name.js';
import { firstEpoch } from '../keys/schedule.js';
import type { VerificationKey } from '../keys/verification.js';
import type { LogPub } from '../log/own.js';
import { listSegments, placesIn } from '../log/segment.js';
import type { Places, SegmentFile } from '../log/segment.js';
import { Ending } from './ending.js';
import { EpochChain } from './epochs.js';
import type { SeenSeal } from './epochs.js';
import { establish, factsFrom, parseLogPub, statedIn } from './facts.js';
import type { Facts } from './facts.js';
import { Findings } from './finding.js';
import type { FindingCode } from './finding.js';
import { ForeignFormat, Ledger } from './ledger.js';
import { checkOutside, statedCheckpoint } from './outside.js';
import { Passes, SegmentsMoved } from './passes.js';
import { ReceiptBook, reportReceipt } from './receipts.js';
import type { Receipt } from './receipts.js';
import { noCounts, makeReport } from './report.js';
import type { Note, Report, UpTo } from './report.js';
import { RetiredWalk } from './retired.js';
import type { RetiredOutcome } from './retired.js';
import { readHead } from './sealed-head.js';
import type { HeadState } from './sealed-head.js';
import { SilenceWatch, reportSilence } from './silence.js';
import { SnapshotKeeper } from './snapshot.js';
import { checkLink, checkLogPub, readSmall, readStoredKey } from './state.js';
import { KeyTrail } from './trail.js';
import { Walk } from './walk.js';

/** What to verify, and with what. Neither `key` nor `pub`: nothing can be verified. */
export interface VerifyOptions {
  readonly disk: Disk;
  readonly stateDirectory: string;
  /** The verification key; `besideLog` when it was found in the state directory itself, where a thief would find it too. */
  readonly key?: { readonly key: VerificationKey; readonly besideLog: boolean };
  /** `log.pub` from outside: identity vkey, epoch-0 vkey. */
  readonly pub?: LogPub;
  /** The text of a checkpoint note that was kept elsewhere. */
  readonly checkpoint?: string;
  /** Receipts that producers kept, in any order. */
  readonly receipts?: Iterable<Receipt>;
  /** Told now and then how many bytes of how many were read; the total grows with a live log. */
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
}

/** Times the whole is begun anew because retention removed a segment meanwhile. */
const attemptsMax = 5;

/**
 * Verifies a log.
 * @throws UnusableInput if `checkpoint` is no signed note; RangeError for more receipts than can be held.
 */
export function verify(options: VerifyOptions): Report {
  if (options.checkpoint !== undefined) statedCheckpoint(options.checkpoint);
  const receipts = new ReceiptBook(options.receipts ?? []);
  for (let attempt = 1; ; attempt += 1) {
    receipts.rewind();
    const verification = new Verification(options, receipts);
    try {
      return verification.run();
    } catch (error) {
      if (error instanceof SegmentsMoved && attempt < attemptsMax) continue;
      return verification.stopped(error);
    }
  }
}

/** One attempt. */
class Verification {
  readonly #options: VerifyOptions;
  readonly #receipts: ReceiptBook;
  readonly #places: Places;
  readonly #notes: Note[] = [];
  #findings = new Findings();
  #facts: Facts | undefined;
  #head: HeadState = { state: 'absent' };
  #walk: Walk | undefined;
  #ledger: Ledger | undefined;
  #passes: Passes | undefined;
  #retiredTo = 0;
  #receiptsRetired = 0;
  #checkpointSeal: SeenSeal | undefined;
  #covered: UpTo | undefined;

  constructor(options: VerifyOptions, receipts: ReceiptBook) {
    this.#options = options;
    this.#receipts = receipts;
    this.#places = placesIn(options.stateDirectory);
  }

  run(): Report {
    const { disk } = this.#options;
    // In this order: whatever is read first is behind what is read later, and never the other way round.
    const stored = readStoredKey(disk, this.#places);
    this.#head = readHead(disk, this.#places.head);
    const segments = listSegments(disk, this.#places.log);
    if (!this.#isThereALog(stored, segments)) return this.#stop('no_log', `there is no log in ${this.#options.stateDirectory}`);
    if (this.#options.key === undefined && this.#options.pub === undefined) {
      return this.#stop('no_key', 'neither a verification key nor a public key was given');
    }
    const facts = this.#establish(segments);
    if (facts === undefined) return this.#report();
    this.#facts = facts;
    this.#walkAll(facts, segments, stored);
    return this.#report();
  }

  /** The report of an attempt that an error ended. Rethrows what is not the disk's. */
  stopped(error: unknown): Report {
    if (error instanceof ForeignFormat) return this.#stop('unknown_format', `the log is of format ${error.format}`);
    const code = errorCode(error);
    if (!(error instanceof Error) || code === undefined) throw error;
    return this.#stop('unreadable', error.message);
  }

  #stop(code: FindingCode, message: string): Report {
    this.#findings.add(code, message);
    return this.#report();
  }

  /** Keys beyond the first, or a checkpoint, or retired segments, say that there was a log; then its absence is a loss. */
  #isThereALog(stored: KeyName | undefined, segments: readonly SegmentFile[]): boolean {
    const { disk } = this.#options;
    if (segments.length > 0 || this.#head.state !== 'absent') return true;
    if (stored !== undefined && stored.epoch + stored.step > 0) return true;
    return disk.entry(this.#places.checkpoint) !== undefined || disk.entry(this.#places.retired) !== undefined;
  }

  #establish(segments: readonly SegmentFile[]): Facts | undefined {
    const { disk, key, pub } = this.#options;
    if (key === undefined) return pub === undefined ? undefined : factsFrom(pub);
    const stated = (path: string | undefined): LogPub | undefined =>
      path === undefined || disk.entry(path)?.kind !== 'file' ? undefined : statedIn(disk, path);
    const inLog = [stated(segments[0]?.first === 1 ? segments[0].path : this.#places.retired), stated(segments[0]?.path)];
    const beside = parseLogPub(readSmall(disk, this.#places.logPub) ?? '');
    const found = establish(key.key, [...inLog, pub, beside]);
    const first = inLog.find((logPub) => logPub !== undefined);
    const name = first === undefined ? undefined : factsFrom(first)?.origin;
    switch (found.kind) {
      case 'found':
        if (first !== undefined && first[0] !== found.facts.logPub[0]) {
          this.#findings.add('wrong_key', `the log says it is ${name ?? 'another'}, the key belongs to ${key.key.origin}`, { seq: 1 });
        }
        if (pub !== undefined && (pub[0] !== found.facts.logPub[0] || pub[1] !== found.facts.logPub[1])) {
          this.#findings.add('log_pub_mismatch', 'the public key that was given is not this log\'s');
        }
        return found.facts;
      case 'another_log': {
        const same = found.origin === key.key.origin ? ', of the same name but with another identity' : '';
        this.#findings.add('wrong_key', `the key belongs to ${key.key.origin}, the log is ${found.origin}${same}: another log, or a replaced one`);
        return undefined;
      }
      case 'nothing_stated':
        if (this.#head.state === 'ok' && this.#head.head.seq === 0 && segments.length === 0) {
          this.#findings.add('nothing_recorded', 'the log was begun and nothing was recorded yet');
        } else this.#findings.add('bad_genesis', 'no genesis, header or log.pub says whose log this is');
        return undefined;
      default: {
        const never: never = found;
        return never;
      }
    }
  }

  #walkAll(facts: Facts, segments: readonly SegmentFile[], stored: KeyName | undefined): void {
    const { disk, key, checkpoint, onProgress } = this.#options;
    const findings = this.#findings;
    const chain = new EpochChain(facts);
    const trail = key === undefined ? undefined : new KeyTrail(firstEpoch(key.key.secret, facts.logPub[0]));
    const checkpointSize = checkpoint === undefined ? undefined : statedCheckpoint(checkpoint).size;
    const keeper = new SnapshotKeeper(
      checkpointSize === undefined ? [] : [checkpointSize],
      this.#head.state === 'ok' ? this.#head.head.seq : Number.POSITIVE_INFINITY,
    );
    const retired = this.#passRetired(facts, segments, chain, trail);
    const silence = new SilenceWatch();
    const ledger = new Ledger({
      facts, findings, chain, withKey: trail !== undefined, leftovers: retired.leftovers,
      retiredStarts: retired.starts, retiredTo: this.#retiredTo,
      onSeal: (seal) => { if (seal.size === checkpointSize) this.#checkpointSeal = seal; },
    });
    this.#ledger = ledger;
    const walk = new Walk({ findings, ledger, trail, receipts: this.#receipts, silence, keeper });
    this.#walk = walk;
    const firstKept = segments[0]?.first ?? 1;
    if (firstKept > 1 && retired.last !== undefined) walk.beginBehind(retired.last, retired.genesisMac);
    if (firstKept > 1) walk.explainTo(firstKept - 1);
    keeper.offer(walk.seq, false, () => walk.snapshot('', 0));
    const passes = new Passes({ disk, logDirectory: this.#places.log, walk, findings, listed: segments, onProgress });
    this.#passes = passes;
    const ending = new Ending({
      disk, places: this.#places, walk, passes, keeper, facts, findings, notes: this.#notes, retiredTo: this.#retiredTo,
    });
    this.#head = ending.walkToEnd(this.#head);
    ending.checkStored(stored);
    const last = silence.finish();
    if (last !== undefined) reportSilence(findings, last);
    for (const check of this.#receipts.rest()) reportReceipt(findings, check);
    for (const fault of [checkLogPub(disk, this.#places, facts), checkLink(disk, this.#places)]) {
      if (fault !== undefined) findings.add(fault.code, fault.message);
    }
    if (checkpoint !== undefined) {
      this.#covered = checkOutside(checkpoint, facts, {
        snapshot: keeper.at(statedCheckpoint(checkpoint).size), seal: this.#checkpointSeal,
        lastSeq: walk.seq, retiredTo: this.#retiredTo,
      }, findings);
    }
    this.#settle(walk);
  }

  #passRetired(facts: Facts, segments: readonly SegmentFile[], chain: EpochChain, trail: KeyTrail | undefined): RetiredOutcome {
    const { disk } = this.#options;
    const firstKept = segments[0]?.first ?? 1;
    const keptBytes = segments.reduce((sum, segment) => sum + (disk.entry(segment.path)?.bytes ?? 0), 0);
    const parts = { disk, path: this.#places.retired, facts, chain, trail, findings: this.#findings, firstKept, keptBytes };
    const retired = new RetiredWalk(parts).run();
    this.#retiredTo = firstKept > 1 ? firstKept - 1 : 0;
    this.#receiptsRetired = this.#receipts.skipTo(this.#retiredTo);
    if (this.#receiptsRetired > 0) {
      this.#findings.add('retired_unchecked', `${this.#receiptsRetired} receipts are of records that retention removed`);
    }
    if (retired.torn) this.#notes.push({ code: 'retired_torn', message: 'a removal was cut short by a crash; the next start finishes it' });
    return retired;
  }

  /** What can only be said at the end: nothing was there at all, or it was never for this version to judge. */
  #settle(walk: Walk): void {
    const foreign = this.#ledger?.foreign;
    if (foreign !== undefined && !walk.evidence) {
      this.#findings = new Findings();
      this.#findings.add('unknown_format', `the log is of format ${foreign}`);
      return;
    }
    if (walk.records === 0 && this.#head.state === 'ok' && this.#head.head.seq === 0 && !this.#findings.weighs('tampered')) {
      this.#findings.add('nothing_recorded', 'the log was begun and nothing was recorded yet');
    }
  }

  #report(): Report {
    const { key, pub, checkpoint } = this.#options;
    const walk = this.#walk;
    const seal = this.#ledger?.goodSeal;
    const head = this.#head.state === 'ok' ? this.#head.head : undefined;
    return makeReport({
      checkedWith: key === undefined ? (pub === undefined ? 'nothing' : 'public_key') : key.besideLog ? 'key_beside_log' : 'key',
      origin: this.#facts?.origin ?? null,
      findings: this.#findings,
      notes: this.#notes,
      counts: {
        ...noCounts,
        records: walk?.records ?? 0,
        segments: this.#passes?.segments ?? 0,
        epochs: walk?.chain.sealed ?? 0,
        bytes: this.#passes?.bytes ?? 0,
        retired: this.#retiredTo,
        not_checked: key === undefined && walk !== undefined ? walk.records - (this.#ledger?.proven ?? 0) : 0,
        receipts: this.#receipts.count,
        receipts_found: this.#receipts.found,
        receipts_retired: this.#receiptsRetired,
      },
      covered: { seal: seal === undefined ? null : { seq: seal.size, time: seal.ts }, checkpoint: this.#covered ?? null },
      last: walk === undefined || walk.seq === 0 ? null : { seq: walk.seq, mac: walk.mac, ts: walk.ts ?? null },
      head: head === undefined ? null : {
        seq: head.seq, mac: head.mac, segment: head.segment, bytes: head.bytes, key: formatKeyName(head.key),
      },
      checkpointGiven: checkpoint !== undefined,
    });
  }
}
