/**
 * What the log says of itself along the way, and what was computed: the tree, the chain of epochs, the genesis. It is
 * shown every good record in order. Invariant: `tree` is the tree over all records before, or undefined since damage
 * made it unknown; the next header gives it back, so that one damage is one finding and not one at every seal.
 */
import { Frontier, leafHash } from '../checkpoint/merkle.js';
import { parseSegmentRemoved } from '../log/own.js';
import type { Previous, Retain } from '../log/own.js';
import type { Frame } from '../log/record.js';
import type { EpochChain, SeenSeal } from './epochs.js';
import type { Facts } from './facts.js';
import { where } from './finding.js';
import type { Fault, Findings, LinePlace, Place } from './finding.js';
import { ForeignClaims } from './foreign.js';
import { checkGenesis, checkHeader } from './landmark.js';
import type { Leftovers } from './leftovers.js';
import { treeFollows } from './retired.js';
import type { LastRetired } from './retired.js';
import { treeAt, verifierAt } from './seam.js';
import type { Seam } from './seam.js';
import type { Stretch } from './stretch.js';

/** What the ledger works with. */
export interface LedgerParts {
  readonly facts: Facts;
  readonly findings: Findings;
  readonly chain: EpochChain;
  /** Every record shown has a good MAC. */
  readonly withKey: boolean;
  /** Lines that `retired.jsonl` has copied already. */
  readonly leftovers: Leftovers;
  /** First records of the segments whose header is in `retired.jsonl`, and the last record that retention removed. */
  readonly retiredStarts: ReadonlySet<number>;
  readonly retiredTo: number;
  readonly onSeal: (seal: SeenSeal) => void;
  /** Called when a signed root turns out to be that of all records so far. */
  readonly onProof: () => void;
}

/** How a record stands to the one before it. */
export interface Standing {
  /** Whether that is a seal; undefined if damage hides it. */
  readonly behindSeal: boolean | undefined;
  /** Whether that is a line of the same commit. */
  readonly inCommit: boolean;
}

/** What is put back when a line turns out to have been somebody's. */
export interface LedgerCopy {
  readonly tree: Frontier | undefined;
  readonly chain: EpochChain;
}

/** See the file's head. */
export class Ledger {
  readonly #parts: LedgerParts;
  #chain: EpochChain;
  #tree: Frontier | undefined = Frontier.empty();
  #leaf: Buffer | undefined;
  #genesisMac: string | undefined;
  #previous: Previous | null = null;
  /** What the first kept header must fit, when records before it were removed by retention. */
  #behind: LastRetired | undefined;
  /** Up to here the tree was proved by a signed root, or given by a header. */
  #provenTo = 0;
  /** Records under a root that a good seal signs. */
  #proven = 0;
  #goodSeal: SeenSeal | undefined;
  #signedSeals = 0;
  readonly #foreign: ForeignClaims;
  #anchored = false;
  #removedTo = 0;
  #removedFrom = 0;
  #removedForSure = 0;
  #tellsOfRuns = false;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.#chain = parts.chain;
    this.#foreign = new ForeignClaims(parts.findings, parts.withKey);
  }

  get chain(): EpochChain { return this.#chain; }
  get tree(): Frontier | undefined { return this.#tree; }
  /** The last record's leaf hash; undefined where the tree is not known. */
  get leaf(): Buffer | undefined { return this.#leaf; }
  /** Good records of which a good seal signs the root. */
  get proven(): number { return this.#proven; }
  /** The newest seal whose signatures and root are good. */
  get goodSeal(): SeenSeal | undefined { return this.#goodSeal; }
  /** Seals whose signatures were good, and so proved that this is the log it should be. */
  get signedSeals(): number { return this.#signedSeals; }
  /** The log that this one continues, by the genesis that was walked. */
  get previous(): Previous | null { return this.#previous; }
  /** The last record that a `segment_removed` tells of; 0 if none does. */
  get removedTo(): number { return this.#removedTo; }
  /** The first record that the first `segment_removed` tells of; 0 if there is none. */
  get removedFrom(): number { return this.#removedFrom; }

  /** Whether a removal from record `first` on leaves none out behind those that were told of; 0: there is none. */
  removalsFollow(first: number): boolean {
    return this.#removedTo === 0 || first <= this.#removedTo + 1;
  }

  /** The last record of which a MAC or a signed root proves that a `segment_removed` tells. */
  get removedForSure(): number { return this.#removedForSure; }
  /** Whether anything but headers and seals was said by the daemon: one that tells of its runs tells of what it removed. */
  get tellsOfRuns(): boolean { return this.#tellsOfRuns; }
  /** A format this version does not read, which a genesis or header named that nothing has proved. */
  get foreign(): number | undefined { return this.#foreign.named; }

  /** Begins behind records that retention removed; the first kept header gives the tree. */
  beginBehind(last: LastRetired, genesisMac: string | undefined): void {
    this.#behind = last;
    this.#tree = undefined;
    this.#genesisMac = genesisMac;
    this.#provenTo = last.seq;
  }

  /** Begins at a header that states what stood before it. */
  beginAt(seam: Seam): void {
    this.#chain.beginAt(seam.epoch, seam.seq + 1, verifierAt(seam));
    this.#tree = treeAt(seam);
    this.#genesisMac = seam.genesis;
    this.#provenTo = seam.seq - 1;
  }

  /** What a header behind record `seq`, a seal, must state; undefined where damage has left something unknown. */
  seamBehind(seq: number, mac: string): Seam | undefined {
    const { epoch, first, verifier } = this.#chain;
    const isWhole = this.#behind === undefined && this.#provenTo === seq - 1 && first === seq + 1;
    if (!isWhole || this.#tree?.size !== seq || verifier === undefined || this.#genesisMac === undefined) return undefined;
    return { seq, mac, epoch, vkey: verifier.vkey, genesis: this.#genesisMac, frontier: this.#tree.texts };
  }

  /** Goes on behind a stretch that was walked elsewhere and begins where this stands. */
  goOn(stretch: Stretch): void {
    const { to, seals, sealed } = stretch;
    this.#chain.goOn(to.epoch, to.seq + 1, verifierAt(to), seals, sealed);
    this.#tree = treeAt(to);
    this.#provenTo = to.seq - 1;
    this.#proven += stretch.proven;
    this.#goodSeal = stretch.goodSeal ?? this.#goodSeal;
    this.#parts.onProof();
    this.#signedSeals += stretch.signedSeals;
    // A stretch ends with a seal that proves all of it.
    this.#removedTo = Math.max(this.#removedTo, stretch.removedTo);
    this.#removedForSure = this.#removedTo;
    this.#tellsOfRuns ||= stretch.tellsOfRuns;
  }

  /** Records are missing: the tree is not known any more. */
  lose(): void {
    this.#tree = undefined;
  }

  /** A line was refused that may name a format of its own. */
  refused(frame: Frame): void {
    this.#foreign.refused(frame);
  }

  copy(): LedgerCopy {
    return { tree: this.#tree?.copy(), chain: this.#chain.copy() };
  }

  restore(copy: LedgerCopy): void {
    this.#tree = copy.tree;
    this.#chain = copy.chain;
  }

  /** Passes a good record. True when it is a landmark that shows the log to be on its true course. */
  pass(frame: Frame, line: Buffer, place: LinePlace, kind: string | undefined, standing: Standing): boolean {
    const at = (): Place => ({ ...where(place), seq: frame.seq });
    this.#anchored = false;
    if (place.line === 1) this.#checkTop(frame, kind, place);
    if (kind === 'genesis') this.#passGenesis(frame, at);
    else if (kind === 'segment') this.#passHeader(frame, place, standing.behindSeal);
    else if (kind === 'seal') this.#passSeal(frame, standing.inCommit, at);
    else if (kind === 'segment_removed') this.#passRemoved(frame, at);
    else if (kind !== undefined) this.#tellsOfRuns = true;
    const hash = this.#tree === undefined ? undefined : leafHash(line);
    if (hash !== undefined) this.#tree?.append(hash);
    this.#leaf = hash;
    const { leftovers } = this.#parts;
    if (leftovers.count > 0) this.#report(leftovers.compare(frame.seq, line, hash), { segment: 'retired.jsonl', seq: frame.seq });
    return this.#anchored;
  }

  #report(faults: readonly Fault[], place: Place): void {
    for (const fault of faults) this.#parts.findings.add(fault.code, fault.message, place);
  }

  #passGenesis(frame: Frame, at: () => Place): void {
    const { faults, genesis } = checkGenesis(frame, this.#parts.facts);
    // Elsewhere it is wrong in any format.
    if (frame.seq !== 1) this.#report(faults, at());
    else this.#foreign.judge(frame, faults, at(), this.#tree !== undefined);
    if (frame.seq !== 1) return;
    this.#genesisMac = frame.mac;
    this.#previous = genesis?.previous ?? null;
  }

  #passHeader(frame: Frame, place: LinePlace, behindSeal: boolean | undefined): void {
    const at = { ...where(place), seq: frame.seq };
    if (place.line !== 1) this.#report([{ code: 'bad_header', message: 'a header stands inside a segment' }], at);
    const { faults, header } = checkHeader(frame, {
      facts: this.#parts.facts, genesisMac: this.#genesisMac, verifier: this.#chain.verifier, tree: this.#tree,
      behindSeal,
    });
    this.#foreign.judge(frame, faults, at, this.#tree !== undefined);
    if (this.#behind?.seq === frame.seq - 1 && header !== undefined && !treeFollows(header.tree, this.#behind)) {
      this.#report([{ code: 'bad_header', message: 'the tree in the header does not end with the seal before it' }], at);
    }
    this.#behind = undefined;
    if (header === undefined) return;
    this.#genesisMac ??= header.genesis;
    this.#chain.resume(header.verifier);
    if (this.#tree === undefined || faults.length > 0) {
      this.#tree = header.tree_size === frame.seq - 1 ? header.tree : undefined;
      this.#provenTo = header.tree_size;
    }
    this.#anchored = true;
  }

  #passSeal(frame: Frame, wasOpen: boolean, at: () => Place): void {
    const { faults, seal } = this.#chain.pass(frame);
    if (faults.length > 0) this.#report(faults, at());
    if (wasOpen || frame.open) this.#report([{ code: 'bad_seal', message: 'the seal is not a commit of its own' }], at());
    if (seal !== undefined) this.#parts.onSeal(seal);
    if (seal?.signed === true) this.#signedSeals += 1;
    if (seal === undefined || this.#tree === undefined) return;
    if (this.#tree.root().toString('base64') === seal.root) {
      if (!seal.signed) return;
      this.#goodSeal = seal;
      this.#parts.onProof();
      this.#foreign.prove();
      this.#proven += seal.size - this.#provenTo;
      this.#provenTo = seal.size;
      this.#removedForSure = this.#removedTo;
      this.#anchored = true;
      return;
    }
    const from = Math.min(this.#provenTo + 1, frame.seq - 1);
    const message = `the seal was made over other records: one of ${from} to ${frame.seq - 1} was changed since`;
    this.#report([{ code: 'root_mismatch', message }], at());
    this.#tree = undefined;
  }

  /** A removal that the log tells of must have left its segment's header behind. */
  #passRemoved(frame: Frame, at: () => Place): void {
    const removed = parseSegmentRemoved(frame.body);
    const { retiredStarts, retiredTo } = this.#parts;
    this.#tellsOfRuns = true;
    if (removed !== undefined) {
      // The same one may be told of twice, after a crash; one that is left out was not removed by the daemon.
      if (!this.removalsFollow(removed.first)) {
        const message = `records ${this.#removedTo + 1} to ${removed.first - 1} were removed without a word before those from ${removed.first} on`;
        this.#report([{ code: 'removal_not_recorded', message }], at());
      }
      if (this.#removedFrom === 0) this.#removedFrom = removed.first;
      this.#removedTo = Math.max(this.#removedTo, removed.last);
      if (this.#parts.withKey) this.#removedForSure = this.#removedTo;
    }
    if (removed === undefined || removed.first > retiredTo || retiredStarts.has(removed.first)) return;
    const message = `the segment of records ${removed.first} to ${removed.last} was removed and its header is not in retired.jsonl`;
    this.#report([{ code: 'retired_gap', message }], at());
  }

  /**
   * At the end. The newest removal was recorded before the segment went, so the record is in one that is kept. That its
   * header allowed it by size can be seen; that its time had passed, nobody but the daemon can say.
   */
  checkRemovals(retain: Retain | undefined): void {
    const { retiredTo, findings } = this.#parts;
    if (this.#removedTo >= retiredTo) return;
    if (!this.#tellsOfRuns && (retain?.ms ?? 0) === 0) return;
    const message = `records up to ${retiredTo} were removed, and the log says so of those up to ${this.#removedTo} only`;
    findings.add('removal_not_recorded', message);
  }

  /** The first line of a file is its genesis or header. */
  #checkTop(frame: Frame, kind: string | undefined, place: LinePlace): void {
    const at = { ...where(place), seq: frame.seq };
    const wanted = frame.seq === 1 ? 'genesis' : 'segment';
    if (kind === wanted) return;
    const code = wanted === 'genesis' ? 'bad_genesis' : 'bad_header';
    this.#report([{ code, message: `the segment does not begin with a ${wanted === 'genesis' ? 'genesis' : 'header'}` }], at);
  }
}
