/**
 * One commit as bytes: lines that one fsync will cover, all under one step key, the last one closing it. Built beside
 * the durable state and never in it: until the disk has it, it can be thrown away as if it had never been.
 */
import { macOf, macTail, macTailBytes, noPrevious } from '../chain/link.js';
import { LineMac } from '../chain/line-mac.js';
import { leafHash, leafHashInPlace } from '../checkpoint/merkle.js';
import type { Frontier } from '../checkpoint/merkle.js';
import type { KeyWalker } from '../keys/schedule.js';
import { copyShared } from '../memory/copy-shared.js';
import type { Retain } from './own.js';
import type { Link } from './record.js';
import { formatPrev, lineBytes, lineBytesMax, prefixes } from './record.js';
import type { ScheduleOptions } from './schedule.js';
import type { LogState, OpenEpoch } from './state.js';

const lineFeed = 0x0a;

/** So many commits are made before the first of them is written, at most: what is made ahead has that time, and takes memory. */
export const aheadMax = 64;

/** Lines that are not durable yet. */
export interface Pending {
  readonly first: number;
  readonly ts: string;
  /** All lines, each with its LF. */
  readonly bytes: Buffer;
  /** Where each line ends in `bytes`, behind its LF. */
  readonly ends: readonly number[];
  readonly last: Link;
  /** The tree with these lines. */
  readonly tree: Frontier;
}

/** A commit that is not durable yet, and where the log stands behind it. */
export interface Ahead {
  readonly pending: Pending;
  readonly state: LogState;
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

export interface WriterOptions extends ScheduleOptions {
  readonly sync: 'line' | 'group';
  readonly headSync: 'second' | 'always';
  readonly retain: Retain;
  readonly pid: number;
}

/** What the writer tells, as it happens and in order; and what it asks for. */
export interface WriterEvents {
  /** What so many bytes of lines are written to; else memory of their own. */
  memory?(bytes: number): Buffer | undefined;
  /** Something that nobody's ack depends on did not come about yet; it is tried again. */
  delayed(message: string): void;
  /** Before lines are written; what it throws keeps them from the disk. */
  beforeWrite?(): void;
  /** When they are durable, and before head and keys say so; what it throws keeps everybody from hearing of them. */
  afterSync?(): void;
  /** Durable: head and keys have moved on. Nobody may be told before. */
  committed(commit: Commit): void;
}

/** Makes commits, one after the other, on a bench that is used again for every line. */
export class CommitBuilder {
  readonly #lineMac = new LineMac();
  readonly #memory: (bytes: number) => Buffer | undefined;

  /** `memory` may give what lines are written to: so many bytes, whatever was in them. */
  constructor(memory: (bytes: number) => Buffer | undefined = () => undefined) {
    this.#memory = memory;
  }

  /** Chains `bodies` behind `after`. @throws RangeError for a line over 16 MiB, which admission must have prevented */
  build(after: Link, keys: KeyWalker, tree: Frontier, ts: string, bodies: readonly Uint8Array[]): Pending {
    const lastSeq = after.seq + bodies.length;
    const room = bodies.reduce((sum, body) => sum + lineBytes(lastSeq, keys.name, body.length), 0);
    const bytes = this.#memory(room) ?? Buffer.allocUnsafeSlow(room);
    const ends: number[] = [];
    const prefixOf = prefixes(ts, keys.name);
    const grown = tree.copy();
    let at = 0;
    let { seq, mac } = after;
    for (const [index, body] of bodies.entries()) {
      seq += 1;
      const prefix = prefixOf(seq, index < bodies.length - 1);
      const prev = formatPrev(seq === 1 ? noPrevious : mac);
      const length = prefix.length + body.length + prev.length + macTailBytes;
      if (length >= lineBytesMax) throw new RangeError(`record ${seq} would be a line of ${length + 1} bytes`);
      const line = length <= this.#lineMac.bench.length ? this.#lineMac.bench : Buffer.allocUnsafeSlow(length);
      line.write(prefix, 0, 'latin1');
      copyShared(body, line, prefix.length);
      const covered = prefix.length + body.length + line.write(prev, prefix.length + body.length, 'latin1');
      if (line === this.#lineMac.bench) {
        mac = this.#lineMac.hex(keys.step, covered);
        line.write(macTail(mac), covered, 'latin1');
        grown.append(leafHashInPlace(this.#lineMac.prefixed, length));
      } else {
        mac = macOf(keys.step, line.subarray(0, covered));
        line.write(macTail(mac), covered, 'latin1');
        grown.append(leafHash(line));
      }
      copyShared(line.subarray(0, length), bytes, at);
      bytes[at + length] = lineFeed;
      at += length + 1;
      ends.push(at);
    }
    this.#lineMac.forget();
    return { first: after.seq + 1, ts, bytes: bytes.subarray(0, at), ends, last: { seq, mac }, tree: grown };
  }
}
