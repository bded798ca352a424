/**
 * The walk along the records, one line at a time: frame, place, key, MAC, and what the line adds to the tree.
 * Invariant: what `seq` and `mac` say was reached by good lines only; a line that is refused changes nothing but the
 * count of what may be missing, so that one bad line can neither hide the next nor lead astray.
 */
import { noPrevious } from '../chain/link.js';
import { successor } from '../keys/name.js';
import type { KeyName } from '../keys/name.js';
import { parseHeartbeat } from '../log/own.js';
import { parseFrame } from '../log/record.js';
import type { Frame, Link } from '../log/record.js';
import type { EpochChain } from './epochs.js';
import { where } from './finding.js';
import type { Fault, Findings, LinePlace, Place } from './finding.js';
import { judgeByLinks, judgeWithKey } from './judge.js';
import type { Judgement } from './judge.js';
import type { Passed, SnapshotKeeper } from './keeper.js';
import { describeLine, ownKindOf } from './landmark.js';
import type { Ledger, LedgerCopy } from './ledger.js';
import { replayPace } from './pace.js';
import { reportReceipt } from './receipts.js';
import type { ReceiptBook } from './receipts.js';
import type { LastRetired } from './retired.js';
import { sameSeam } from './seam.js';
import type { Seam } from './seam.js';
import { reportSilence } from './silence.js';
import type { SilenceWatch } from './silence.js';
import type { Snapshot } from './snapshot.js';
import type { Stretch } from './stretch.js';
import type { KeyTrail } from './trail.js';

/** What the walk works with. `trail` is there when the verification key is. */
export interface WalkParts {
  readonly findings: Findings;
  readonly ledger: Ledger;
  readonly trail: KeyTrail | undefined;
  readonly receipts: Pick<ReceiptBook, 'nextSeq' | 'see'>;
  readonly silence: Pick<SilenceWatch, 'see'>;
  readonly keeper: SnapshotKeeper;
}

/** Where the walk stands. */
export interface Standing extends Link {
  /** The last line was `E.J+`. */
  readonly open: boolean;
  /** The key the next line must be under. */
  readonly next: KeyName;
}

interface Fallback {
  readonly standing: Standing;
  readonly ledger: LedgerCopy;
}

/** See the file's head. */
export class Walk {
  readonly #parts: WalkParts;
  readonly #ledger: Ledger;
  #seq = 0;
  #mac = noPrevious;
  #open = false;
  #next: KeyName = { epoch: 0, step: 0 };
  #ts: string | undefined;
  /** The last good record's kind, if it was the log's own. */
  #kind: string | undefined;
  /** Up to here it has been said that records are damaged or missing. */
  #explainedTo = 0;
  /** Without the key: where the walk stood before it followed a line that did not fit. */
  #fallback: Fallback | undefined;
  #records = 0;
  #goodMacs = 0;

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#ledger = parts.ledger;
  }

  /** Begins behind records that retention removed; the first kept header gives the tree. */
  beginBehind(last: LastRetired, genesisMac: string | undefined): void {
    this.#ledger.beginBehind(last, genesisMac);
    this.#stand({ ...last, epoch: this.chain.epoch });
  }

  /** Begins at a header that states what stood before it, as it states it. */
  beginAt(seam: Seam): void {
    this.#ledger.beginAt(seam);
    this.#parts.trail?.enterEpoch(seam.epoch);
    this.#stand(seam);
  }

  /** What the next segment's header must state; undefined where something before it is wrong or unknown. */
  seam(): Seam | undefined {
    if (this.behindSeal !== true || this.#open || this.#fallback !== undefined) return undefined;
    return this.#ledger.seamBehind(this.#seq, this.#mac);
  }

  /** Whether a stretch goes on from where this stands. */
  isFollowedBy(stretch: Stretch): boolean {
    const seam = this.seam();
    return seam !== undefined && sameSeam(seam, stretch.from) && this.#ledger.removalsFollow(stretch.removedFrom);
  }

  /** Goes on behind a stretch that follows. */
  goOn(stretch: Stretch): void {
    const { from, to, lines, ts } = stretch;
    const { findings, receipts, silence } = this.#parts;
    for (const pause of replayPace(stretch.pace, from.seq, silence)) reportSilence(findings, pause);
    const see = ({ seq, mac }: Link): void => {
      for (const check of receipts.see(seq, mac)) reportReceipt(findings, check);
    };
    // Its last record is the seal over all the others.
    for (const link of stretch.macs) if (link.seq < to.seq) see(link);
    this.#ledger.goOn(stretch);
    for (const link of stretch.macs) if (link.seq === to.seq) see(link);
    this.#parts.trail?.enterEpoch(to.epoch);
    this.#stand(to);
    this.#ts = ts;
    this.#records += lines;
    if (this.#parts.trail !== undefined) this.#goodMacs += lines;
  }

  #stand(seam: Pick<Seam, 'seq' | 'mac' | 'epoch'>): void {
    this.#seq = seam.seq;
    this.#mac = seam.mac;
    this.#next = { epoch: seam.epoch, step: 0 };
    this.#kind = 'seal';
    this.#explainedTo = seam.seq;
  }

  get seq(): number { return this.#seq; }
  get mac(): string { return this.#mac; }
  get next(): KeyName { return this.#next; }
  get ts(): string | undefined { return this.#ts; }
  get chain(): EpochChain { return this.#ledger.chain; }
  /** Good records. */
  get records(): number { return this.#records; }
  /** Whether anything here was proved to be this log's: a MAC, or a seal's signatures. */
  get evidence(): boolean { return this.#goodMacs > 0 || this.#ledger.signedSeals > 0; }
  /** Whether the last record of what was walked is a seal; undefined if it is not known for damage. */
  get behindSeal(): boolean | undefined { return this.#explainedTo > this.#seq ? undefined : this.#kind === 'seal'; }
  /** The last seq that was met or said to be missing. */
  get reached(): number { return Math.max(this.#seq, this.#explainedTo); }

  /** What stands here, for a comparison later on. */
  snapshot(segment: string, end: number): Snapshot {
    return {
      seq: this.#seq, mac: this.#mac, open: this.#open, next: this.#next, segment, bytes: end,
      tree: this.#ledger.tree?.copy(), step: this.#parts.trail === undefined ? undefined : Buffer.from(this.#parts.trail.step),
    };
  }

  /** The record that stands here, `plain` if it simply followed the one before it. */
  passed(end: number, plain: boolean): Passed {
    return { seq: this.#seq, mac: this.#mac, open: this.#open, end, leaf: this.#ledger.leaf, plain };
  }

  /** Says that records up to `seq` are missing and that this has been reported. */
  explainTo(seq: number): void {
    this.#explainedTo = Math.max(this.#explainedTo, seq);
  }

  /**
   * Takes the next line. With `lenient`, a line that is no good record is not reported but refused, for the caller to
   * find out whether it is the torn end.
   */
  take(line: Buffer, place: LinePlace, lenient: boolean): 'taken' | 'refused' {
    const frame = parseFrame(line);
    if (frame === undefined) {
      if (lenient) return 'refused';
      this.damaged({ code: 'bad_line', message: describeLine(line) }, place);
      return 'taken';
    }
    const misnamed = place.line === 1 && frame.seq !== place.first;
    if (misnamed && lenient) return 'refused';
    if (misnamed) {
      const message = `the segment is named after record ${place.first} and begins with record ${frame.seq}`;
      this.#report([{ code: 'segment_name', message }], { ...where(place), seq: frame.seq });
    }
    if (this.#isRegular(frame)) {
      this.#accept(frame, line, place, 'regular');
      return 'taken';
    }
    const judgement = this.#judge(frame);
    if (lenient && (!judgement.accept || judgement.faults.length > 0)) return 'refused';
    this.#report(judgement.faults, { ...where(place), seq: frame.seq });
    if (judgement.accept) this.#acceptIrregular(frame, line, place, judgement);
    else {
      if (!judgement.repeated) this.#explainedTo = this.reached + 1;
      this.#ledger.refused(frame);
    }
    return 'taken';
  }

  /** Reports a line that cannot be a record and goes on behind it. */
  damaged(fault: Fault, place: LinePlace): void {
    this.#explainedTo = this.reached + 1;
    this.#report([fault], { ...where(place), seq: this.#explainedTo });
  }

  #report(faults: readonly Fault[], place: Place): void {
    for (const fault of faults) this.#parts.findings.add(fault.code, fault.message, place);
  }

  #isRegular(frame: Frame): boolean {
    if (frame.seq !== this.#seq + 1 || frame.prev !== this.#mac) return false;
    if (frame.key.epoch !== this.#next.epoch || frame.key.step !== this.#next.step) return false;
    return this.#parts.trail === undefined || this.#parts.trail.matches(frame.covered, frame.mac);
  }

  #judge(frame: Frame): Judgement {
    const standing = { seq: this.#seq, mac: this.#mac, open: this.#open, next: this.#next };
    const { trail } = this.#parts;
    if (trail !== undefined) return judgeWithKey(frame, standing, this.reached, trail);
    const fallback = this.#fallback;
    if (fallback !== undefined && frame.seq === fallback.standing.seq + 1 && frame.prev === fallback.standing.mac) {
      this.#restore(fallback);
      return { accept: true, faults: [], walker: undefined, repeated: false };
    }
    return judgeByLinks(frame, standing, this.reached);
  }

  #restore(fallback: Fallback): void {
    ({ seq: this.#seq, mac: this.#mac, open: this.#open, next: this.#next } = fallback.standing);
    this.#ledger.restore(fallback.ledger);
    this.#explainedTo = this.#seq;
    this.#fallback = undefined;
  }

  #acceptIrregular(frame: Frame, line: Buffer, place: LinePlace, judgement: Judgement): void {
    this.#parts.trail?.adopt(judgement.walker);
    const follows = frame.seq === this.#seq + 1 && frame.prev === this.#mac;
    if (this.#parts.trail === undefined && !follows) {
      const standing = { seq: this.#seq, mac: this.#mac, open: this.#open, next: this.#next };
      this.#fallback ??= { standing, ledger: this.#ledger.copy() };
    }
    if (frame.seq !== this.#seq + 1) this.#ledger.lose();
    if (!follows) this.#kind = undefined;
    const { chain } = this;
    if (frame.key.epoch !== chain.epoch) {
      const message = `the seals from epoch ${chain.epoch} to before epoch ${frame.key.epoch} are not in the log`;
      this.#report([{ code: 'epoch_gap', message }], { ...where(place), seq: frame.seq });
      chain.jump(frame.key.epoch);
    }
    this.#accept(frame, line, place, follows ? 'adjacent' : 'jumped');
  }

  #accept(frame: Frame, line: Buffer, place: LinePlace, manner: 'regular' | 'adjacent' | 'jumped'): void {
    const kind = ownKindOf(frame.body);
    const isSeal = kind === 'seal';
    const jumped = manner === 'jumped';
    // Where lines are missing it is not known what stood before.
    const standing = { behindSeal: jumped ? undefined : this.behindSeal, inCommit: this.#open && !jumped };
    if (this.#ledger.pass(frame, line, place, kind, standing)) this.#fallback = undefined;
    const { trail, receipts } = this.#parts;
    this.#seq = frame.seq;
    this.#mac = frame.mac;
    this.#open = frame.open;
    this.#ts = frame.ts;
    this.#kind = kind ?? '';
    this.#explainedTo = frame.seq;
    this.#records += 1;
    if (trail !== undefined) this.#goodMacs += 1;
    if (!frame.open) {
      this.#next = successor(frame.key, isSeal);
      trail?.evolve(isSeal);
    } else this.#next = frame.key;
    if (receipts.nextSeq <= frame.seq) this.#passReceipts(frame);
    this.#watchSilence(frame, kind);
    const { keeper } = this.#parts;
    if (frame.seq < keeper.nextSeq) return;
    const plain = manner === 'regular' && place.line > 1 && !isSeal && kind !== 'segment';
    keeper.offer(this.passed(place.end, plain), () => this.snapshot(place.segment, place.end));
  }

  #passReceipts(frame: Frame): void {
    for (const check of this.#parts.receipts.see(frame.seq, frame.mac)) reportReceipt(this.#parts.findings, check);
  }

  #watchSilence(frame: Frame, kind: string | undefined): void {
    const heartbeat = kind === 'started' ? parseHeartbeat(frame.body) : undefined;
    const silence = this.#parts.silence.see(frame.seq, frame.tsMs, kind, heartbeat);
    if (silence !== undefined) reportSilence(this.#parts.findings, silence);
  }
}
