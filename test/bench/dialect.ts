// How a peer is spoken to: requests as bytes, and its replies read cheaply out of whatever arrives. Each connection has one
// of its own. Invariant: a reply that is not the expected one is told, never counted.
import { decodeReply } from '../../src/wire/reply.js';
import type { FrameMaker } from './event.js';

/** What a reader tells of each reply, in the order they came. `first` is 0 for peers that do not say. */
export type OnReply = (id: number | undefined, first: number, count: number) => void;

export interface Dialect {
  /** `count` requests, numbered from `from` on. */
  requests(from: number, count: number): Buffer;
  /** Takes bytes as they arrive. */
  read(chunk: Buffer, onReply: OnReply, onWrong: (what: string) => void): void;
}

/** Bytes that are not a whole reply yet. */
class Rest {
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): Buffer {
    return this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  keep(bytes: Buffer): void {
    this.#rest = bytes;
  }
}

/** `{"op":"ack","id":` as MessagePack: how every ack without duplicates begins. */
const ackBegins = Buffer.from('86a26f70a361636ba26964', 'hex');

export class IndelibleDialect implements Dialect {
  readonly #maker: FrameMaker;
  readonly #rest = new Rest();

  constructor(maker: FrameMaker) {
    this.#maker = maker;
  }

  requests(from: number, count: number): Buffer {
    return this.#maker.requests(from, count);
  }

  read(chunk: Buffer, onReply: OnReply, onWrong: (what: string) => void): void {
    const bytes = this.#rest.take(chunk);
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      const payloadAt = at + 4;
      if (bytes.compare(ackBegins, 0, ackBegins.length, payloadAt, payloadAt + ackBegins.length) === 0) {
        readAck(bytes, payloadAt + ackBegins.length, onReply);
      } else {
        onWrong(JSON.stringify(decodeReply(bytes.subarray(payloadAt, end))));
      }
      at = end;
    }
    this.#rest.keep(bytes.subarray(at));
  }
}

/** From the id on: `id`, "first", `first`, "count", `count`. */
function readAck(bytes: Buffer, at: number, onReply: OnReply): void {
  const id = readInteger(bytes, at);
  const firstAt = at + integerBytes(bytes, at) + 1 + 'first'.length;
  const first = readInteger(bytes, firstAt);
  const countAt = firstAt + integerBytes(bytes, firstAt) + 1 + 'count'.length;
  onReply(id, first, readInteger(bytes, countAt));
}

function integerBytes(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case 0xcc: return 2;
    case 0xcd: return 3;
    case 0xce: return 5;
    case 0xcf: return 9;
    default: return 1;
  }
}

function readInteger(bytes: Buffer, at: number): number {
  const width = integerBytes(bytes, at) - 1;
  if (width === 0) return bytes[at] ?? 0;
  return width === 8 ? Number(bytes.readBigUInt64BE(at + 1)) : bytes.readUIntBE(at + 1, width);
}

/** Redis's stream append: one XADD for each event, a batch as one pipeline. */
export class RedisDialect implements Dialect {
  readonly #command: Buffer;
  readonly #batch: number;
  readonly #rest = new Rest();
  #events = 0;

  constructor(value: string, batch: number) {
    const words = ['XADD', 'audit', '*', 'e', value];
    this.#command = Buffer.from(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    this.#batch = batch;
  }

  requests(_from: number, count: number): Buffer {
    const size = this.#command.length;
    const bytes = Buffer.allocUnsafe(size * count * this.#batch);
    for (let at = 0; at < bytes.length; at += size) this.#command.copy(bytes, at);
    return bytes;
  }

  read(chunk: Buffer, onReply: OnReply, onWrong: (what: string) => void): void {
    const bytes = this.#rest.take(chunk);
    let at = 0;
    for (;;) {
      const lengthEnd = bytes.indexOf('\r\n', at, 'latin1');
      if (lengthEnd < 0) break;
      if (bytes[at] !== 0x24) {
        onWrong(bytes.toString('latin1', at, lengthEnd));
        at = lengthEnd + 2;
        continue;
      }
      // `$<length>`, the new entry's id, CRLF.
      const end = lengthEnd + 2 + Number(bytes.toString('latin1', at + 1, lengthEnd)) + 2;
      if (end > bytes.length) break;
      at = end;
      this.#events += 1;
      if (this.#events % this.#batch === 0) onReply(undefined, 0, this.#batch);
    }
    this.#rest.keep(bytes.subarray(at));
  }
}
