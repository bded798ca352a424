/**
 * The whole verification, as a story: read what moves first, find out whose log it is, account for what retention
 * removed, walk every line to the end and past the sealed head, and compare what else lies in the state directory.
 * Invariant: nothing is written, no lock is taken, and a log that is being written to meanwhile is not called tampered.
 */
import { errorCode } from '../disk/disk.js';
import type { Disk } from '../disk/disk.js';
import { firstEpoch } from '../keys/schedule.js';
import { readHead } from '../log/head.js';
import type { HeadState } from '../log/head.js';
import type { Previous } from '../log/own.js';
import { listSegments, placesIn } from '../log/segment.js';
import type { Places, SegmentFile } from '../log/segment.js';
import { ordersFor } from './ahead.js';
import type { LookAhead } from './ahead.js';
import { Ending, HeadMoved } from './ending.js';
import { EpochChain } from './epochs.js';
import type { Facts } from './facts.js';
import { Findings } from './finding.js';
import type { FindingCode } from './finding.js';
import { ForeignFormat } from './foreign.js';
import { HeldSegments, SegmentsMoved } from './held.js';
import { identify } from './identify.js';
import type { Witness } from './identify.js';
import { SnapshotKeeper } from './keeper.js';
import { Ledger } from './ledger.js';
import { OutsideCheckpoints } from './outside.js';
import { Passes } from './passes.js';
import { ReceiptBook, reportReceipt } from './receipts.js';
import type { Receipt } from './receipts.js';
import type { Note, Report } from './report.js';
import { reportOf } from './reached.js';
import { checkPassedOver, epochsIn, resumeAt } from './resume.js';
import { RetiredWalk } from './retired.js';
import type { RetiredOutcome } from './retired.js';
import { durableSeq } from './sealed-head.js';
import { SilenceWatch, reportSilence } from './silence.js';
import { checkLink, checkLogPub, readStoredKey, tellsOfALog } from './state.js';
import type { StoredKey } from './state.js';
import { KeyTrail } from './trail.js';
import { Walk } from './walk.js';

/** What to verify, and with what. Neither `key` nor `pub`: nothing can be verified. */
export interface VerifyOptions extends Witness {
  readonly disk: Disk;
  readonly stateDirectory: string;
  /** The text of a checkpoint note that was kept elsewhere. */
  readonly checkpoint?: string;
  /** The text of the checkpoint note that an earlier run ended with: records well before it are not read again. */
  readonly fromCheckpoint?: string;
  /** Receipts that producers kept, in any order. */
  readonly receipts?: Iterable<Receipt>;
  /** Segments with more than one name are no finding: the directory is a backup made of hard links. */
  readonly hardLinksAllowed?: boolean;
  /** Has closed segments walked meanwhile; without it one after the other is. */
  readonly lookAhead?: LookAhead;
  /** Told now and then how many bytes of how many were read; the total grows with a live log. */
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
}

/** What the landmarks of another format are called as long as nothing proves that they are. */
const foreignCodes = ['bad_genesis', 'bad_header', 'bad_line'] as const;
/** Times the whole is begun anew because retention removed a segment meanwhile, or the head went where it cannot be followed. */
const attemptsMax = 5;

/**
 * Verifies a log.
 * @throws UnusableInput if a checkpoint is no signed note; RangeError for more receipts than can be held.
 */
export function verify(options: VerifyOptions): Report {
  const checkpoints = new OutsideCheckpoints(options.checkpoint, options.fromCheckpoint);
  const receipts = new ReceiptBook(options.receipts ?? []);
  for (let attempt = 1; ; attempt += 1) {
    receipts.rewind();
    checkpoints.rewind();
    const verification = new Verification(options, receipts, checkpoints);
    try {
      return verification.run();
    } catch (error) {
      // Gone between two looks at it: it was retention's, and the next attempt will see why.
      const isMoved = error instanceof SegmentsMoved || error instanceof HeadMoved || errorCode(error) === 'ENOENT';
      if (isMoved && attempt < attemptsMax) continue;
      return verification.stopped(error);
    }
  }
}

function continues({ origin, seq }: Previous): string {
  return `this log continues ${origin} behind its record ${seq}: that one is verified by itself, with its own key`;
}

/** One attempt. */
class Verification {
  readonly #options: VerifyOptions;
  readonly #receipts: ReceiptBook;
  readonly #checkpoints: OutsideCheckpoints;
  readonly #places: Places;
  readonly #notes: Note[] = [];
  #findings = new Findings();
  #facts: Facts | undefined;
  #head: HeadState = { state: 'absent' };
  #walk: Walk | undefined;
  #ledger: Ledger | undefined;
  #keeper: SnapshotKeeper | undefined;
  #passes: Passes | undefined;
  #retiredTo = 0;
  #sealsRetired = 0;
  #receiptsUnread = 0;
  #resumedBehind: number | undefined;
  #isEndReached = false;

  constructor(options: VerifyOptions, receipts: ReceiptBook, checkpoints: OutsideCheckpoints) {
    this.#options = options;
    this.#receipts = receipts;
    this.#checkpoints = checkpoints;
    this.#places = placesIn(options.stateDirectory);
  }

  run(): Report {
    const { disk, stateDirectory } = this.#options;
    const kind = disk.entry(stateDirectory)?.kind;
    if (kind === 'file' || kind === 'other') return this.#stop('no_log', `${stateDirectory} is not a directory`);
    // In this order: whatever is read first is behind what is read later, and never the other way round.
    const stored = readStoredKey(disk, this.#places);
    this.#head = readHead(disk, this.#places.head);
    const segments = listSegments(disk, this.#places.log);
    const isThere = segments.length > 0 || this.#head.state !== 'absent' || tellsOfALog(disk, this.#places, stored);
    if (!isThere) return this.#stop('no_log', `there is no log in ${stateDirectory}`);
    if (this.#options.key === undefined && this.#options.pub === undefined) {
      return this.#stop('no_key', 'neither a verification key nor a public key was given');
    }
    const facts = identify({ disk, places: this.#places, segments, head: this.#head, findings: this.#findings }, this.#options);
    if (facts === undefined) return this.#report();
    this.#facts = facts;
    this.#walkHeld(facts, segments, stored);
    return this.#report();
  }

  /** The report of an attempt that an error ended. Rethrows what is not the disk's. */
  stopped(error: unknown): Report {
    if (error instanceof ForeignFormat) return this.#stopAt(error);
    const code = errorCode(error);
    if (!(error instanceof Error) || code === undefined) throw error;
    return this.#stop('unreadable', error.message);
  }

  #stop(code: FindingCode, message: string): Report {
    this.#findings.add(code, message);
    return this.#report();
  }

  /** What stands before another format is judged by what was given from outside, too: that a log goes on in one hides nothing. */
  #stopAt(foreign: ForeignFormat): Report {
    this.#checkOutside(foreign.seq);
    this.#receiptsUnread += this.#receipts.skipTo(Number.MAX_SAFE_INTEGER);
    return this.#stop('unknown_format', foreign.message);
  }

  #checkOutside(foreignFrom = Number.POSITIVE_INFINITY): void {
    if (this.#facts === undefined || this.#walk === undefined) return;
    const reach = { lastSeq: this.#walk.seq, retiredTo: this.#retiredTo, resumedBehind: this.#resumedBehind ?? 0, foreignFrom };
    this.#checkpoints.check(this.#facts, (size) => this.#keeper?.at(size), reach, this.#findings);
  }

  /** Walks the log, its oldest segments being held open for as long as it takes. */
  #walkHeld(facts: Facts, listed: readonly SegmentFile[], stored: StoredKey | undefined): void {
    const held = new HeldSegments(this.#options.disk, listed);
    try {
      this.#walkAll(facts, listed, held, stored);
    } finally {
      held.close();
    }
  }

  #walkAll(facts: Facts, listed: readonly SegmentFile[], held: HeldSegments, stored: StoredKey | undefined): void {
    const { disk, key } = this.#options;
    const findings = this.#findings;
    const checkpoints = this.#checkpoints;
    const chain = new EpochChain(facts);
    const epochKey = key === undefined ? undefined : firstEpoch(key.key.secret, facts.logPub[0]);
    const trail = epochKey === undefined ? undefined : new KeyTrail(epochKey);
    const readAgain = (): number => durableSeq(readHead(disk, this.#places.head));
    const keeper = new SnapshotKeeper(checkpoints.sizes, durableSeq(this.#head), readAgain);
    this.#keeper = keeper;
    const retired = this.#passRetired(facts, listed, held, chain, trail);
    const silence = new SilenceWatch();
    const ledger = new Ledger({
      facts, findings, chain, withKey: trail !== undefined, leftovers: retired.leftovers, retiredStarts: retired.starts,
      retiredTo: this.#retiredTo, onSeal: (seal) => { checkpoints.see(seal); }, onProof: () => { this.#receipts.prove(); },
    });
    this.#ledger = ledger;
    const walk = new Walk({ findings, ledger, trail, receipts: this.#receipts, silence, keeper });
    this.#walk = walk;
    const segments = this.#begin(walk, listed, retired);
    keeper.offer(walk.passed(0, false), () => walk.snapshot('', 0));
    const ahead = retired.leftovers.count > 0 ? undefined : this.#options.lookAhead?.({
      logPub: facts.logPub, firstEpoch: epochKey, epochsMax: this.#epochsMax(segments),
      retiredStarts: retired.starts, retiredTo: this.#retiredTo,
    }, ordersFor(disk, segments, this.#receipts, keeper));
    try {
      const passes = new Passes({
        disk, logDirectory: this.#places.log, walk, findings, listed: segments, held, ahead,
        hardLinksAllowed: this.#options.hardLinksAllowed === true, onProgress: this.#options.onProgress,
      });
      this.#passes = passes;
      const ending = new Ending({
        disk, places: this.#places, walk, passes, keeper, facts, findings, notes: this.#notes, retiredTo: this.#retiredTo,
      });
      this.#head = ending.walkToEnd(this.#head);
      this.#isEndReached = true;
      ending.checkStored(stored, epochKey);
    } finally {
      ahead?.close();
    }
    const last = silence.finish();
    if (last !== undefined) reportSilence(findings, last);
    for (const check of this.#receipts.rest()) reportReceipt(findings, check);
    for (const fault of [checkLogPub(disk, this.#places, facts), checkLink(disk, this.#places)]) {
      if (fault !== undefined) findings.add(fault.code, fault.message);
    }
    this.#checkOutside();
    ledger.checkRemovals(retired.retain);
    if (ledger.previous !== null) this.#notes.push({ code: 'continues', message: continues(ledger.previous) });
    this.#settle(walk);
  }

  #passRetired(
    facts: Facts, segments: readonly SegmentFile[], held: HeldSegments, chain: EpochChain, trail: KeyTrail | undefined,
  ): RetiredOutcome {
    const { disk } = this.#options;
    const firstKept = segments[0]?.first ?? 1;
    const parts = {
      disk, path: this.#places.retired, facts, chain, trail, findings: this.#findings, firstKept,
      keptBytes: segments.reduce((sum, segment) => sum + held.bytes(segment), 0),
    };
    const retired = new RetiredWalk(parts).run();
    this.#retiredTo = firstKept > 1 ? firstKept - 1 : 0;
    this.#sealsRetired = chain.sealed;
    const unread = this.#receipts.skipTo(this.#retiredTo);
    if (unread > 0) this.#findings.add('retired_unchecked', `${unread} receipts are of records that retention removed`);
    this.#receiptsUnread += unread;
    if (retired.torn) this.#notes.push({ code: 'retired_torn', message: 'a removal was cut short by a crash; the next start finishes it' });
    return retired;
  }

  #bytesOf(segments: readonly SegmentFile[]): number {
    return segments.reduce((sum, segment) => sum + (this.#options.disk.entry(segment.path)?.bytes ?? 0), 0);
  }

  /** Stands the walk where it begins: at record 1, behind what was retired, or where an earlier run ended. */
  #begin(walk: Walk, segments: readonly SegmentFile[], retired: RetiredOutcome): readonly SegmentFile[] {
    const { disk } = this.#options;
    const size = this.#checkpoints.resumeSize;
    const from = { retiredTo: this.#retiredTo, epochsMax: this.#epochsMax(segments) };
    const resumption = size === undefined ? undefined : resumeAt(disk, segments, { size, ...from });
    if (resumption !== undefined) {
      const { seam } = resumption;
      walk.beginAt(seam);
      checkPassedOver(disk, segments, resumption.segments[0], this.#findings);
      this.#resumedBehind = seam.seq;
      const unread = this.#receipts.skipTo(seam.seq);
      const message = `${unread} receipts are of records up to ${seam.seq}, which were not read again`;
      if (unread > 0) this.#findings.add('resumed_unchecked', message);
      this.#receiptsUnread += unread;
      return resumption.segments;
    }
    const firstKept = segments[0]?.first ?? 1;
    if (firstKept > 1 && retired.last !== undefined) walk.beginBehind(retired.last, retired.genesisMac);
    if (firstKept > 1) walk.explainTo(firstKept - 1);
    return segments;
  }

  #epochsMax(segments: readonly SegmentFile[]): number {
    return epochsIn(this.#bytesOf(segments) + (this.#options.disk.entry(this.#places.retired)?.bytes ?? 0));
  }

  /** What can only be said at the end: nothing was there at all, or it was never for this version to judge. */
  #settle(walk: Walk): void {
    const foreign = this.#ledger?.foreign;
    // With the key a format that its MAC does not bear out is a changed byte; without, nobody can tell the two apart.
    const isUntold = this.#options.key === undefined && !this.#findings.hasBesides(...foreignCodes);
    if (foreign !== undefined && !walk.evidence && isUntold) {
      this.#findings = new Findings();
      this.#findings.add('unknown_format', `the log is of format ${foreign}`);
      return;
    }
    if (walk.records === 0 && this.#head.state === 'ok' && this.#head.head.seq === 0 && !this.#findings.weighs('tampered')) {
      this.#findings.add('nothing_recorded', 'the log was begun and nothing was recorded yet');
    }
  }

  #report(): Report {
    return reportOf(this.#options, {
      facts: this.#facts, findings: this.#findings, notes: this.#notes, head: this.#head, walk: this.#walk, ledger: this.#ledger,
      passes: this.#passes, receipts: this.#receipts, receiptsUnread: this.#receiptsUnread, checkpoints: this.#checkpoints,
      retiredTo: this.#retiredTo, sealsRetired: this.#sealsRetired, resumedBehind: this.#resumedBehind,
      isEndReached: this.#isEndReached,
    });
  }
}
