/**
 * One commit as bytes: lines that one fsync will cover, all under one step key, the last one closing it. Built beside
 * the durable state and never in it: until the disk has it, it can be thrown away as if it had never been.
 */
import { noPrevious, macOf, macTail } from '../chain/link.js';
import { leafHash } from '../checkpoint/merkle.js';
import type { Frontier } from '../checkpoint/merkle.js';
import type { KeyWalker } from '../keys/schedule.js';
import type { Link } from './record.js';
import { lineBytesMax, formatPrefix, formatPrev } from './record.js';
import type { OpenEpoch } from './state.js';

/** What a line adds to its body at most: prefix, prev, mac and LF. */
const frameBytesMax = 512;
const lineFeed = 0x0a;

/** Lines that are not durable yet. */
export interface Pending {
  readonly first: number;
  readonly ts: string;
  /** All lines, each with its LF. */
  readonly bytes: Buffer<ArrayBuffer>;
  /** Where each line ends in `bytes`, behind its LF. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly last: Link;
  /** The tree with these lines. */
  readonly tree: Frontier;
}

/** Lines that are durable, on their way to whoever waits for them. */
export interface Commit extends Pending {
  /** Whether these are a request's lines, and not the log's own. */
  readonly isRequest: boolean;
  /** What the fsync took, ms. */
  readonly syncMs: number;
}

/** `sealsInto`: the commit is a seal, and this the epoch behind it. `ts`: else the time of its making. */
export interface CommitOptions {
  readonly sealsInto?: OpenEpoch;
  readonly ts?: string;
  readonly isRequest?: boolean;
}

/** What the writer tells, as it happens and in order. */
export interface WriterEvents {
  /** Something that nobody's ack depends on did not come about yet; it is tried again. */
  delayed(message: string): void;
  /** Durable: head and keys have moved on. Nobody may be told before. */
  committed(commit: Commit): void;
}

/** Chains `bodies` behind `after`. @throws RangeError for a line over 16 MiB, which admission must have prevented */
export function buildCommit(after: Link, keys: KeyWalker, tree: Frontier, ts: string, bodies: readonly Uint8Array[]): Pending {
  const room = bodies.reduce((sum, body) => sum + body.length + frameBytesMax, 0);
  const bytes = Buffer.from(new ArrayBuffer(room));
  const ends = new Uint32Array(bodies.length);
  const grown = tree.copy();
  const { name, step } = keys;
  let at = 0;
  let { seq, mac } = after;
  for (const [index, body] of bodies.entries()) {
    const start = at;
    seq += 1;
    at += bytes.write(formatPrefix(seq, ts, name, index < bodies.length - 1), at, 'latin1');
    bytes.set(body, at);
    at += body.length;
    at += bytes.write(formatPrev(seq === 1 ? noPrevious : mac), at, 'latin1');
    mac = macOf(step, bytes.subarray(start, at));
    at += bytes.write(macTail(mac), at, 'latin1');
    grown.append(leafHash(bytes.subarray(start, at)));
    bytes[at] = lineFeed;
    at += 1;
    if (at - start > lineBytesMax) throw new RangeError(`record ${seq} would be a line of ${at - start} bytes`);
    ends[index] = at;
  }
  return { first: after.seq + 1, ts, bytes: bytes.subarray(0, at), ends, last: { seq, mac }, tree: grown };
}
