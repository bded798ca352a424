/**
 * Makes valid logs, record by record, out of the rooms the daemon is made of, for tests that then spoil them. It holds
 * every private key, so it can also play the thief who has stolen one.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { macOf, macTail } from '../../src/chain/link.js';
import { Frontier, leafHash } from '../../src/checkpoint/merkle.js';
import { epochKeyName } from '../../src/checkpoint/seal.js';
import { signSeal, signerFrom } from '../../src/checkpoint/signer.js';
import type { Signer } from '../../src/checkpoint/signer.js';
import { timestamp } from '../../src/clock/clock.js';
import { hmac } from '../../src/keys/hash.js';
import { KeyWalker, firstEpoch } from '../../src/keys/schedule.js';
import { encodeKeys } from '../../src/keys/store.js';
import { formatVerificationKey } from '../../src/keys/verification.js';
import type { VerificationKey } from '../../src/keys/verification.js';
import { encodeHead } from '../../src/log/head.js';
import { ownBody } from '../../src/log/own.js';
import type { LogPub, OwnEvents, OwnKind, Retain } from '../../src/log/own.js';
import { prefixes, formatPrev } from '../../src/log/record.js';
import { segmentName } from '../../src/log/segment.js';
import { noPrevious } from '../../src/chain/link.js';
import { formatLogPub } from '../../src/verify/facts.js';
import type { Receipt } from '../../src/verify/receipts.js';
import { MemoryDisk } from './memory-disk.js';

export interface MakeOptions {
  readonly origin?: string;
  readonly retain?: Retain;
  /** Whatever the log's secrets are derived from. */
  readonly seed?: string;
}

/** One segment being made. */
interface Piece {
  readonly first: number;
  readonly lines: Buffer[];
  bytes: number;
}

const logPid = 4242;

export class LogMaker {
  readonly origin: string;
  readonly identity: Signer;
  readonly key: VerificationKey;
  readonly logPub: LogPub;
  readonly walker: KeyWalker;
  readonly tree = Frontier.empty();
  readonly pieces: Piece[] = [{ first: 1, lines: [], bytes: 0 }];
  readonly receipts: Receipt[] = [];
  readonly checkpoints: string[] = [];
  readonly retired: Buffer[] = [];
  seq = 0;
  mac = noPrevious;
  nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  genesisMac = noPrevious;
  readonly #seed: string;
  readonly #retain: Retain;
  #epochFirst = 1;
  /** The head and the key file as they were after the last commit. */
  head: Buffer;
  stored: Buffer;

  constructor(options: MakeOptions = {}) {
    this.#seed = options.seed ?? 'seed';
    this.#retain = options.retain ?? { bytes: 0, ms: 0 };
    this.origin = options.origin ?? 'example.org/test';
    this.identity = signerFrom(this.origin, this.#secret('identity'));
    this.logPub = [this.identity.vkey, this.signer(0).vkey];
    const secret = this.#secret('R');
    this.key = { origin: this.origin, identityKeyId: this.identity.keyId.toString('hex'), secret };
    this.walker = KeyWalker.atStart(firstEpoch(secret, this.identity.vkey));
    this.head = this.#head();
    this.stored = this.#keys();
  }

  #secret(name: string): Buffer {
    return hmac(Buffer.from(this.#seed), name);
  }

  signer(epoch: number): Signer {
    return signerFrom(epochKeyName(this.origin, epoch), this.#secret(`epoch ${epoch}`));
  }

  get piece(): Piece {
    const piece = this.pieces.at(-1);
    if (piece === undefined) throw new Error('a log without a segment');
    return piece;
  }

  /** One line under a key, not yet part of the log. */
  line(body: Buffer, open: boolean): { readonly line: Buffer; readonly mac: string } {
    const { name, step } = this.walker;
    const prefix = Buffer.from(prefixes(timestamp(this.nowMs), name)(this.seq + 1, open));
    const covered = Buffer.concat([prefix, body, Buffer.from(formatPrev(this.mac))]);
    const mac = macOf(step, covered);
    return { line: Buffer.concat([covered, Buffer.from(macTail(mac))]), mac };
  }

  /** Adds a finished line. */
  push(line: Buffer, mac: string): void {
    this.piece.lines.push(line);
    this.piece.bytes += line.length + 1;
    this.tree.append(leafHash(line));
    this.seq += 1;
    this.mac = mac;
    this.receipts.push({ seq: this.seq, mac });
  }

  /** One commit of these bodies. The clock goes on by a millisecond a line. */
  commit(bodies: readonly Buffer[], seal = false): void {
    for (const [index, body] of bodies.entries()) {
      this.nowMs += 1;
      const { line, mac } = this.line(body, index < bodies.length - 1);
      this.push(line, mac);
    }
    this.walker.evolve(seal);
    this.head = this.#head();
    this.stored = this.#keys();
  }

  /** `format`: what a genesis or header says instead of 1. */
  own<Kind extends OwnKind>(kind: Kind, event: OwnEvents[Kind], format = 1): void {
    const body = ownBody(kind, event, logPid);
    this.commit([Buffer.from(body.toString('utf8').replace('"format":1,', `"format":${format},`))], kind === 'seal');
  }

  genesis(format = 1): void {
    this.own('genesis', {
      format: 1, origin: this.origin, log_pub: this.logPub, retain: this.#retain, created: timestamp(this.nowMs), previous: null,
    }, format);
    this.genesisMac = this.mac;
  }

  started(heartbeatMs = 900_000): void {
    this.own('started', {
      version: '0.1.0', boot_id: 'b', sync: 'line', head_sync: 'second', seal_ms: 60_000, heartbeat_ms: heartbeatMs,
      listeners: ['default'], clean: true, after: { seq: this.seq, mac: this.mac },
    });
  }

  /** Commits of `lines` client records each. */
  events(commits: number, lines = 1, action = 'deploy', filler = ''): void {
    for (let i = 0; i < commits; i += 1) {
      this.commit(Array.from({ length: lines }, (_, at) => eventBody(`${action}-${i}-${at}`, filler)));
    }
  }

  seal(): void {
    const { epoch } = this.walker.name;
    const root = this.tree.root();
    const notes = signSeal({
      origin: this.origin, epoch, first: this.#epochFirst, size: this.seq, root, time: timestamp(this.nowMs),
      identity: this.identity, signer: this.signer(epoch), nextVkey: this.signer(epoch + 1).vkey,
    });
    this.own('seal', { epoch, size: this.seq, root: root.toString('base64'), ...notes });
    this.#epochFirst = this.seq + 1;
    this.checkpoints.push(notes.checkpoint);
  }

  /** A seal, and a new segment with its header. */
  rotate(format = 1): void {
    this.seal();
    const first = this.seq + 1;
    this.pieces.push({ first, lines: [], bytes: 0 });
    this.own('segment', {
      format: 1, origin: this.origin, genesis: this.genesisMac, log_pub: this.logPub, retain: this.#retain, first,
      tree_size: this.seq,
      frontier: this.tree.nodes.map((node) => node.toString('base64')), epoch_vkey: this.signer(this.walker.name.epoch).vkey,
    }, format);
  }

  /** Moves the oldest segment's header and seals to `retired.jsonl` and removes the segment. */
  retire(): void {
    const [oldest, next] = this.pieces;
    if (oldest === undefined || next === undefined) throw new Error('the only segment is never removed');
    this.own('segment_removed', {
      segment: segmentName(oldest.first), first: oldest.first, last: next.first - 1, bytes: oldest.bytes, sha256: '', observed_ms: 0,
    });
    const piece = this.pieces.shift();
    const landmark = /^.{0,160}"profile":"indelible","kind":"(?:genesis|segment|seal)"/;
    this.retired.push(...(piece?.lines ?? []).filter((line) => landmark.test(line.toString('latin1', 0, 400))));
  }

  #head(): Buffer {
    const piece = this.piece;
    return encodeHead({
      origin: this.origin, seq: this.seq, mac: this.mac, segment: this.seq === 0 ? '' : segmentName(piece.first), bytes: piece.bytes,
      root: this.tree.root(), key: this.walker.name,
    }, this.walker.step);
  }

  #keys(): Buffer {
    const { name, step, nextEpoch } = this.walker;
    return encodeKeys({ name, step, nextEpoch, signer: this.#secret(`epoch ${name.epoch}`), nextSigner: null, seq: this.seq, root: this.tree.root() });
  }

  /** The state directory's files, by path below it. */
  files(): Map<string, Buffer> {
    const withEnds = (lines: readonly Buffer[]): Buffer => Buffer.concat(lines.flatMap((line) => [line, lineFeed]));
    const files = new Map<string, Buffer>();
    for (const piece of this.pieces) if (piece.lines.length > 0) files.set(`/log/${segmentName(piece.first)}`, withEnds(piece.lines));
    if (this.retired.length > 0) files.set('/log/retired.jsonl', withEnds(this.retired));
    files.set('/log/head', this.head);
    files.set('/log.pub', Buffer.from(formatLogPub(this.logPub)));
    files.set('/keys/current', this.stored);
    const checkpoint = this.checkpoints.at(-1);
    if (checkpoint !== undefined) files.set('/checkpoint', Buffer.from(checkpoint));
    return files;
  }

  /** The log in memory, its state directory being `/`. */
  disk(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, bytes] of this.files()) disk.nodes.set(path, bytes);
    if (this.seq > 0) disk.nodes.set('/log/audit.jsonl', { link: segmentName(this.piece.first) });
    return disk;
  }

  /** The log on the real disk, with its verification key in `keys/`. */
  writeTo(directory: string): void {
    mkdirSync(join(directory, 'log'), { recursive: true });
    mkdirSync(join(directory, 'keys'), { recursive: true });
    for (const [path, bytes] of this.files()) writeFileSync(join(directory, path), bytes);
    writeFileSync(join(directory, 'keys/verification.key'), `${formatVerificationKey(this.key)}\n`);
    symlinkSync(segmentName(this.piece.first), join(directory, 'log/audit.jsonl'));
  }
}

const lineFeed = Buffer.from('\n');

/** A client's record body. */
export function eventBody(action: string, filler = ''): Buffer {
  const source = '{"listener":"default","pid":311,"uid":1000,"gid":1000,"start":90211}';
  return Buffer.from(`"profile":"generic","kind":${JSON.stringify(action)},"source":${source},"event":{"action":${JSON.stringify(action)},"detail":"${filler}"}`);
}

/** Three segments, a few epochs, commits of one, two and three lines. */
export function smallLog(options: MakeOptions = {}): LogMaker {
  const log = new LogMaker(options);
  log.genesis();
  log.started();
  log.events(3, 2);
  log.seal();
  log.events(2, 3);
  log.rotate();
  log.events(4);
  log.seal();
  log.events(2, 2);
  log.rotate();
  log.events(3);
  log.seal();
  log.events(2, 2);
  return log;
}
