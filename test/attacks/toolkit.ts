// What an attacker works with: the keys he has, and all that the daemon does with them, but over whatever he likes. Invariant: he
// has no key that was not given to him; he may lie about the name of one.
import { randomBytes } from 'node:crypto';
import { noPrevious } from '../../src/chain/link.js';
import { Frontier, leafHash } from '../../src/checkpoint/merkle.js';
import { epochKeyName } from '../../src/checkpoint/seal.js';
import { signSeal, signerFrom } from '../../src/checkpoint/signer.js';
import type { Signer } from '../../src/checkpoint/signer.js';
import { compareKeyNames, successor } from '../../src/keys/name.js';
import type { KeyName } from '../../src/keys/name.js';
import { KeyWalker, firstEpoch } from '../../src/keys/schedule.js';
import { encodeKeys } from '../../src/keys/store.js';
import { CommitBuilder } from '../../src/log/commit.js';
import { encodeHead } from '../../src/log/head.js';
import { ownBody, parseGenesis, parseHeader, parseSealEvent } from '../../src/log/own.js';
import type { LogPub, Retain } from '../../src/log/own.js';
import { segmentName } from '../../src/log/segment.js';
import { advance } from '../../src/verify/trail.js';
import type { MemoryDisk } from '../verify/memory-disk.js';
import { paths, segmentsOf, splitLines } from './victim.js';
import type { LineRef, Victim } from './victim.js';

/** Long after everything else, so that nothing is silent or goes back by this alone. */
const ts = '2026-12-31T23:59:59.999Z';
const pid = 4242;

/** A body as a client's event makes it. */
export function eventBody(action: string): Buffer {
  const source = '{"listener":"default","pid":311,"uid":1000,"gid":1000,"start":90211}';
  return Buffer.from(`"profile":"generic","kind":${JSON.stringify(action)},"source":${source},"event":{"action":${JSON.stringify(action)}}`);
}

/** The keys a thief takes. */
export function stolenWalker(victim: Victim): KeyWalker {
  const { name, step, nextEpoch } = victim.loot.stored;
  return new KeyWalker(name, step, nextEpoch);
}

/** The same keys under another name. */
export function renamedWalker(victim: Victim, name: KeyName): KeyWalker {
  const { step, nextEpoch } = victim.loot.stored;
  return new KeyWalker(name, step, nextEpoch);
}

/** The keys of any moment, as only the owner of the verification key can make them: to play a thief of that moment. */
export function keysAt(victim: Victim, name: KeyName): KeyWalker {
  const walker = KeyWalker.atStart(firstEpoch(victim.key.secret, victim.logPub[0]));
  advance(walker, name);
  return walker;
}

/** The key behind a line, were its commit to end with it. */
export function keyBehind(line: LineRef): KeyName {
  return successor(line.frame.key, line.own === 'seal');
}

/** The lines a thief can stand behind: those before his key. What came later he may write himself. */
export function linesBefore(victim: Victim): readonly LineRef[] {
  const { name } = victim.loot.stored;
  return victim.lines.filter(({ frame }) => compareKeyNames(frame.key, name) < 0);
}

interface Piece {
  readonly first: number;
  readonly lines: Buffer[];
}

/** What a forged log says of itself in its headers. */
interface Self {
  readonly origin: string;
  readonly logPub: LogPub;
  readonly retain: Retain;
  genesisMac: string;
}

/** Writes on behind some lines with some keys, as the daemon would. */
export class Forger {
  readonly #base: MemoryDisk;
  readonly #walker: KeyWalker;
  readonly #self: Self;
  readonly #identity: Signer;
  #signerSeed: Buffer;
  readonly #pieces: Piece[] = [];
  #tree = Frontier.empty();
  #seq = 0;
  #mac = noPrevious;
  #epochFirst = 1;
  #checkpoint: string | undefined;
  #retired: Buffer | undefined;

  private constructor(victim: Victim, walker: KeyWalker, self: Self, signerSeed: Buffer) {
    this.#base = victim.disk;
    this.#walker = walker;
    this.#self = self;
    this.#identity = signerFrom(self.origin, victim.loot.identity.seed);
    this.#signerSeed = signerSeed;
  }

  /** Behind `lines`, which MUST be whole segments up to the last; all that the stolen key stands behind if not given. */
  static onto(victim: Victim, lines: readonly LineRef[] = linesBefore(victim), walker: KeyWalker = stolenWalker(victim)): Forger {
    const { origin } = victim.loot.identity;
    const first = victim.lines[0];
    const genesis = first === undefined ? undefined : parseGenesis(first.frame.body) ?? parseHeader(first.frame.body);
    const self = { origin, logPub: victim.logPub, retain: genesis?.retain ?? { bytes: 0, ms: 0 }, genesisMac: first?.frame.mac ?? '' };
    const forger = new Forger(victim, walker, self, victim.loot.stored.signer);
    for (const line of lines) forger.#take(line);
    return forger;
  }

  /** A log of the same name from record 1 on, under a verification key that he made up. */
  static anew(victim: Victim): Forger {
    const { origin, seed } = victim.loot.identity;
    const signerSeed = victim.loot.stored.signer;
    const identity = signerFrom(origin, seed).vkey;
    const walker = KeyWalker.atStart(firstEpoch(randomBytes(32), identity));
    const logPub: LogPub = [identity, signerFrom(epochKeyName(origin, 0), signerSeed).vkey];
    const forger = new Forger(victim, walker, { origin, logPub, retain: { bytes: 0, ms: 0 }, genesisMac: '' }, signerSeed);
    forger.#pieces.push({ first: 1, lines: [] });
    forger.commit([ownBody('genesis', { format: 1, origin, log_pub: logPub, retain: { bytes: 0, ms: 0 }, created: ts, previous: null }, pid)]);
    forger.#self.genesisMac = forger.#mac;
    return forger;
  }

  /** How many segments there are. */
  get segments(): number { return this.#pieces.length; }
  get seq(): number { return this.#seq; }
  get name(): KeyName { return this.#walker.name; }

  #take(line: LineRef): void {
    let piece = this.#pieces.at(-1);
    if (piece?.first !== line.segment.first) {
      piece = { first: line.segment.first, lines: [] };
      this.#pieces.push(piece);
    }
    piece.lines.push(line.bytes);
    const header = line.own === 'segment' ? parseHeader(line.frame.body) : undefined;
    // Behind removed records, the first header says what the tree was.
    if (header !== undefined && this.#seq === 0) {
      this.#tree = header.tree;
      this.#self.genesisMac = header.genesis;
      this.#epochFirst = line.seq;
    }
    this.#tree.append(leafHash(line.bytes.subarray(0, -1)));
    this.#seq = line.seq;
    this.#mac = line.frame.mac;
    if (line.own !== 'seal') return;
    this.#epochFirst = line.seq + 1;
    this.#checkpoint = parseSealEvent(line.frame.body)?.checkpoint;
  }

  /** One commit. */
  commit(bodies: readonly Buffer[], isSeal = false): this {
    const piece = this.#pieces.at(-1);
    if (piece === undefined) throw new Error('a forger without a segment');
    const after = { seq: this.#seq, mac: this.#mac };
    const { bytes, last, tree } = new CommitBuilder().build(after, this.#walker, this.#tree, ts, bodies);
    piece.lines.push(bytes);
    this.#tree = tree;
    this.#seq = last.seq;
    this.#mac = last.mac;
    this.#walker.evolve(isSeal);
    return this;
  }

  /** The body of a seal, and the seed of the epoch behind it. */
  sealBody(): { readonly body: Buffer; readonly next: Buffer; readonly checkpoint: string } {
    const { epoch } = this.#walker.name;
    const { origin } = this.#self;
    const next = randomBytes(32);
    const root = this.#tree.root();
    const signer = signerFrom(epochKeyName(origin, epoch), this.#signerSeed);
    const nextVkey = signerFrom(epochKeyName(origin, epoch + 1), next).vkey;
    const notes = signSeal({
      origin, epoch, first: this.#epochFirst, size: this.#seq, root, time: ts, identity: this.#identity, signer, nextVkey,
    });
    return { body: ownBody('seal', { epoch, size: this.#seq, root: root.toString('base64'), ...notes }, pid), next, checkpoint: notes.checkpoint };
  }

  seal(): this {
    const { body, next, checkpoint } = this.sealBody();
    this.commit([body], true);
    this.#signerSeed = next;
    this.#epochFirst = this.#seq + 1;
    this.#checkpoint = checkpoint;
    return this;
  }

  rotate(): this {
    this.seal();
    const { origin, logPub, retain, genesisMac } = this.#self;
    this.#pieces.push({ first: this.#seq + 1, lines: [] });
    return this.commit([ownBody('segment', {
      format: 1, origin, genesis: genesisMac, log_pub: logPub, retain, first: this.#seq + 1, tree_size: this.#seq,
      frontier: this.#tree.nodes.map((node) => node.toString('base64')),
      epoch_vkey: signerFrom(epochKeyName(origin, this.#walker.name.epoch), this.#signerSeed).vkey,
    }, pid)]);
  }

  /** Removes the oldest segment as retention does. */
  retire(): this {
    const [oldest, next] = this.#pieces;
    if (oldest === undefined || next === undefined) throw new Error('the only segment is never removed');
    const bytes = Buffer.concat(oldest.lines);
    this.commit([ownBody('segment_removed', {
      segment: segmentName(oldest.first), first: oldest.first, last: next.first - 1, bytes: bytes.length, sha256: '0'.repeat(64), observed_ms: 0,
    }, pid)]);
    this.#pieces.shift();
    this.#retired = Buffer.concat([this.#retired ?? this.#retiredBefore(), landmarksIn(bytes)]);
    return this;
  }

  #retiredBefore(): Buffer {
    return this.#base.nodes.has(paths.retired) ? this.#base.file(paths.retired) : Buffer.alloc(0);
  }

  /** The state directory with all of it: segments, head and key file under the key he has come to, checkpoint, link. */
  disk(): MemoryDisk {
    const disk = this.#base.copy();
    for (const { path } of segmentsOf(this.#base)) disk.nodes.delete(path);
    let segment = '';
    let bytes = 0;
    for (const piece of this.#pieces) {
      const content = Buffer.concat(piece.lines);
      segment = segmentName(piece.first);
      bytes = content.length;
      disk.nodes.set(`/log/${segment}`, content);
    }
    const { name, step, nextEpoch } = this.#walker;
    const { origin, logPub } = this.#self;
    const root = this.#tree.root();
    disk.nodes.set(paths.head, encodeHead({ origin, seq: this.#seq, mac: this.#mac, segment, bytes, root, key: name }, step));
    const stored = { name, step, nextEpoch, signer: this.#signerSeed, nextSigner: null, seq: this.#seq, root };
    disk.nodes.set(paths.current, encodeKeys(stored));
    disk.nodes.set(paths.logPub, Buffer.from(`${logPub[0]}\n${logPub[1]}\n`));
    disk.nodes.set(paths.link, { link: segment });
    if (this.#checkpoint === undefined) disk.nodes.delete(paths.checkpoint);
    else disk.nodes.set(paths.checkpoint, Buffer.from(this.#checkpoint));
    if (this.#retired !== undefined) disk.nodes.set(paths.retired, this.#retired);
    return disk;
  }
}

/** What retention keeps of a segment: its first line and its seals. */
export function landmarksIn(segment: Buffer): Buffer {
  return Buffer.concat(splitLines(segment).filter((line) => landmarkForm.test(line.toString('latin1', 0, 400))));
}

const landmarkForm = /^\{"seq":\d+,"ts":"[^"]+","key":"[^"]+","profile":"indelible","kind":"(?:genesis|segment|seal)"/;

/** A line's body, put where it was said by somebody else. */
export function bodyOf(line: LineRef): Buffer {
  return Buffer.from(line.frame.body);
}
