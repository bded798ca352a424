/**
 * What retention left behind: `log/retired.jsonl` holds the header and the seals of every removed segment, byte for
 * byte. Invariant: they lead from record 1 to the first kept record without a gap, so that removing the oldest
 * segments can be told from retention, which each header had to allow. Their records are "retired", never "ok".
 */
import { Frontier, leafHash } from '../checkpoint/merkle.js';
import { noPrevious } from '../chain/link.js';
import type { Descriptor, Disk } from '../disk/disk.js';
import { formatKeyName } from '../keys/name.js';
import { type Line, overlongBytesMax, readLines } from '../log/lines.js';
import type { Retain } from '../log/own.js';
import { parseFrame } from '../log/record.js';
import { isTorn } from '../log/torn.js';
import type { Frame, Link } from '../log/record.js';
import type { EpochChain, SeenSeal } from './epochs.js';
import type { Facts } from './facts.js';
import type { Fault, FindingCode, Findings, Place } from './finding.js';
import { ForeignFormat } from './foreign.js';
import { checkGenesis, checkHeader, describeLine, foreignFormat, ownKindOf } from './landmark.js';
import { Leftovers } from './leftovers.js';
import type { KeyTrail } from './trail.js';

const retiredName = 'retired.jsonl';
/** How often its last line is read again. */
const againMax = 5;

/** What the removed part is checked with. The chain and the trail go on from where this ends. */
export interface RetiredParts {
  readonly disk: Disk;
  readonly path: string;
  readonly facts: Facts;
  readonly chain: EpochChain;
  readonly trail: KeyTrail | undefined;
  readonly findings: Findings;
  /** First record of the oldest segment that is still there. */
  readonly firstKept: number;
  /** Bytes of all segments that are still there. */
  readonly keptBytes: number;
}

/** The last seal before the first kept header, to check that header's tree with. */
export interface LastRetired extends Link {
  readonly leaf: Buffer;
  readonly seal: SeenSeal | undefined;
}

/** What the removed part came to. */
export interface RetiredOutcome {
  readonly last: LastRetired | undefined;
  readonly genesisMac: string | undefined;
  /** Entries whose record is still in a segment: the two MUST be the same bytes. */
  readonly leftovers: Leftovers;
  /** First records of the removed segments, by their headers. */
  readonly starts: ReadonlySet<number>;
  /** Under which the newest removed segment might go. */
  readonly retain: Retain | undefined;
  /** The file ends in part of an entry: a crash during an append, finished at the next start. */
  readonly torn: boolean;
}

/** Whether a header's tree ends with the seal before it and else holds the tree it signed; true where that cannot be told. */
export function treeFollows(tree: Frontier, last: LastRetired): boolean {
  if (tree.size % 2 === 0 || tree.size !== last.seq) return tree.size === last.seq;
  const newest = tree.nodes.at(-1);
  if (newest?.equals(last.leaf) !== true) return false;
  const before = Frontier.from(tree.size - 1, tree.nodes.slice(0, -1));
  return last.seal === undefined || before?.root().toString('base64') === last.seal.root;
}

/** Reads the file along with the chain of epochs. */
export class RetiredWalk {
  readonly #parts: RetiredParts;
  #last: LastRetired | undefined;
  #lastKind: string | undefined;
  #genesisMac: string | undefined;
  #retain: Retain | undefined;
  /** Since the last good entry one was bad: what is missing behind it has been said. */
  #damaged = false;
  readonly #starts = new Set<number>();
  readonly #leftovers = new Leftovers();
  #torn = false;
  #place: Place = { segment: retiredName };

  constructor(parts: RetiredParts) {
    this.#parts = parts;
  }

  run(): RetiredOutcome {
    const { disk, path, firstKept } = this.#parts;
    const kind = disk.entry(path)?.kind;
    if (kind === 'file') this.#readFile(path);
    else if (kind !== undefined) this.#report('retired_malformed', `${retiredName} is not a regular file`);
    this.#place = { segment: retiredName };
    const reached = this.#last?.seq ?? 0;
    if (firstKept > 1 && (reached !== firstKept - 1 || this.#lastKind !== 'seal')) {
      const from = this.#lastKind === 'seal' ? reached + 1 : Math.max(reached, 1);
      const message = `the oldest segment begins with record ${firstKept}, and nothing in ${retiredName} accounts for records ${from} to ${firstKept - 1}`;
      this.#report('retired_gap', message);
    }
    if (firstKept > 1) this.#checkRetain(true);
    return {
      last: this.#last, genesisMac: this.#genesisMac, leftovers: this.#leftovers, starts: this.#starts, torn: this.#torn,
      retain: this.#retain,
    };
  }

  #report(code: FindingCode, message: string): void {
    if (code === 'retired_gap' && this.#damaged) return;
    this.#parts.findings.add(code, message, this.#place);
  }

  #readFile(path: string): void {
    const { disk, firstKept } = this.#parts;
    const file = disk.open(path, 'read');
    try {
      let number = 0;
      for (const line of this.#lines(file)) {
        number += 1;
        this.#place = { segment: retiredName, line: number, offset: line.offset };
        const isWhole = line.kind === 'line' && !line.bytes.includes(0);
        if (isWhole) this.#entry(line.bytes);
        else if ((this.#last?.seq ?? 0) === firstKept - 1 && isTorn(disk, file, line.offset)) {
          // Behind what the removed segments left: a removal that did not come to its end, and writes it again.
          this.#torn = true;
          return;
        } else {
          this.#report('retired_malformed', 'the entry is cut short or too long');
          this.#damaged = true;
        }
      }
    } finally {
      disk.close(file);
    }
  }

  /** The file's lines. The last one is read again where the daemon has ended it since it was read. */
  *#lines(file: Descriptor): Generator<Line> {
    const { disk } = this.#parts;
    let from: number | undefined = 0;
    for (let again = againMax; from !== undefined; again -= 1) {
      let ended: number | undefined;
      for (const line of readLines(disk, file, { offset: from, overlongMax: () => overlongBytesMax })) {
        if (line.kind === 'rest' && again > 0 && !isTorn(disk, file, line.offset)) ended = line.offset;
        else yield line;
      }
      from = ended;
    }
  }

  #entry(line: Buffer): void {
    const frame = parseFrame(line);
    const kind = frame === undefined ? undefined : ownKindOf(frame.body);
    if (frame === undefined || (kind !== 'genesis' && kind !== 'segment' && kind !== 'seal')) {
      this.#report('retired_malformed', frame === undefined ? describeLine(line) : 'the entry is neither a header nor a seal');
      this.#damaged = true;
      return;
    }
    this.#place = { ...this.#place, seq: frame.seq };
    const isLeftover = frame.seq >= this.#parts.firstKept;
    const before = Math.max(this.#last?.seq ?? 0, this.#leftovers.last);
    if (frame.seq <= before) this.#report('retired_malformed', `record ${frame.seq} stands behind record ${before}`);
    if (isLeftover && frame.seq > before) this.#leftovers.add(frame.seq, line);
    if (isLeftover || frame.seq <= (this.#last?.seq ?? 0)) return;
    if (!this.#checkMac(frame)) {
      this.#damaged = true;
      return;
    }
    this.#checkPlace(frame, kind);
    if (frame.key.epoch !== this.#parts.chain.epoch) {
      this.#report('epoch_gap', `the seal before epoch ${frame.key.epoch} is not in ${retiredName}`);
      this.#parts.chain.jump(frame.key.epoch);
    }
    const seal = kind === 'seal' ? this.#passSeal(frame) : undefined;
    if (kind !== 'seal') this.#starts.add(frame.seq);
    if (kind === 'genesis') this.#passGenesis(frame);
    if (kind === 'segment') this.#passHeader(frame);
    this.#last = { seq: frame.seq, mac: frame.mac, leaf: leafHash(line), seal };
    this.#lastKind = kind;
    this.#damaged = false;
  }

  /** The MAC under a key derived from the epoch's; at most one step for each record in between. */
  #checkMac(frame: Frame): boolean {
    const { trail } = this.#parts;
    if (trail === undefined) return true;
    const claim = trail.judge(frame.key, frame.covered, frame.mac, frame.seq - (this.#last?.seq ?? 0));
    if (claim.kind === 'good') {
      trail.adopt(claim.walker);
      return true;
    }
    if (claim.kind === 'bad_mac') this.#report('bad_mac', `the MAC is not that of the entry under key ${formatKeyName(frame.key)}`);
    else this.#report('bad_key_order', `the entry claims key ${formatKeyName(frame.key)}, which cannot stand there`);
    return false;
  }

  #checkPlace(frame: Frame, kind: 'genesis' | 'segment' | 'seal'): void {
    const last = this.#last;
    if (last === undefined) {
      if (kind !== 'genesis' || frame.seq !== 1) this.#report('retired_gap', `${retiredName} does not begin with the genesis`);
      if (frame.seq === 1 && frame.prev !== noPrevious) this.#report('broken_link', 'record 1 names a record before it');
      return;
    }
    if (frame.seq === last.seq + 1 && frame.prev !== last.mac) {
      this.#report('broken_link', `record ${frame.seq} does not name the MAC of record ${last.seq} before it`);
    }
    if (kind === 'segment' && (frame.seq !== last.seq + 1 || this.#lastKind !== 'seal') && !this.#damaged) {
      this.#report('retired_gap', `the seals between record ${last.seq} and the header at record ${frame.seq} are not in ${retiredName}`);
    }
    if (kind === 'genesis') this.#report('bad_genesis', `a genesis stands at record ${frame.seq}`);
  }

  #all(faults: readonly Fault[]): void {
    for (const fault of faults) this.#report(fault.code, fault.message);
  }

  #passSeal(frame: Frame): SeenSeal | undefined {
    const { faults, seal } = this.#parts.chain.pass(frame);
    this.#all(faults);
    if (frame.open) this.#report('bad_seal', 'the seal is not a commit of its own');
    this.#parts.trail?.evolve(true);
    return seal;
  }

  /** Of a genesis or header where it belongs. @throws ForeignFormat for one of another format whose MAC is good */
  #landmark(frame: Frame, faults: readonly Fault[]): void {
    const format = this.#parts.trail === undefined || faults.length === 0 ? undefined : foreignFormat(frame.body);
    if (format !== undefined) throw new ForeignFormat(format, frame.seq);
    this.#all(faults);
  }

  #passGenesis(frame: Frame): void {
    const { faults, genesis } = checkGenesis(frame, this.#parts.facts);
    if (frame.seq === 1) this.#landmark(frame, faults);
    else this.#all(faults);
    this.#genesisMac = frame.mac;
    this.#retain = genesis?.retain;
  }

  #passHeader(frame: Frame): void {
    const { facts, chain } = this.#parts;
    const behindSeal = this.#damaged ? undefined : this.#lastKind === 'seal';
    const before = { facts, genesisMac: this.#genesisMac, verifier: chain.verifier, tree: undefined, behindSeal };
    const { faults, header } = checkHeader(frame, before);
    this.#landmark(frame, faults);
    this.#checkRetain(false);
    this.#retain = header?.retain;
    if (header === undefined) return;
    this.#genesisMac ??= header.genesis;
    chain.resume(header.verifier);
    if (this.#last !== undefined && this.#last.seq === frame.seq - 1 && !treeFollows(header.tree, this.#last)) {
      this.#report('bad_header', 'the tree in the header does not end with the seal before it');
    }
  }

  /** Whether the segment that ends here allowed its removal. Only behind the newest removed one all sizes are known. */
  #checkRetain(isNewest: boolean): void {
    const retain = this.#retain;
    if (retain === undefined || retain.ms > 0) return;
    const which = `the segment whose last record is ${this.#last?.seq ?? 0}`;
    if (retain.bytes === 0) this.#report('retired_not_allowed', `${which} was removed, and its header allows that never`);
    else if (isNewest && this.#parts.keptBytes < retain.bytes) {
      const message = `${which} was removed, and its header allows that only behind ${retain.bytes} bytes: there are ${this.#parts.keptBytes}`;
      this.#report('retired_not_allowed', message);
    }
  }
}
