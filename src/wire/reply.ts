// The daemon's replies as bytes and back. Invariant: decodeReply(encodeReply(r)) is r, up to the frame around it; what
// the other side adds in later versions is let through unread.
import { isUtf8 } from 'node:buffer';
import type { JsonValue } from '../event/json.js';
import { Encoder } from './encode.js';
import { WireError } from './error.js';
import type { Ack, Duplicate, ErrorCode, Reply } from './message.js';
import { unpackValue } from './unpack.js';
import { writeValue } from './value.js';

/** The whole frame of a reply. Throws WireError only for a reply that breaks its own type. */
export function encodeReply(reply: Reply): Buffer {
  const encoder = new Encoder();
  writeReply(encoder, reply);
  return encoder.take();
}

/** Writes a reply's frame behind what `encoder` holds. Throws WireError only for a reply that breaks its own type. */
export function writeReply(encoder: Encoder, reply: Reply): void {
  encoder.openFrame();
  try {
    if (reply.op === 'ack') writeAck(encoder, reply);
    else writeValue(encoder, reply);
  } catch (error) {
    // Half a frame would take the meaning from all that follows.
    encoder.dropFrame();
    throw error;
  }
  encoder.closeFrame();
}

function packed(...texts: readonly string[]): Buffer {
  const encoder = new Encoder();
  for (const text of texts) encoder.text(text);
  return encoder.take();
}

const opRecordId = packed('op', 'record', 'id');
const seqKey = packed('seq');
const lineKey = packed('line');

/** As `writeReply`, of a `record` whose line is bytes; what of them is no UTF-8 becomes U+FFFD. */
export function writeRecord(encoder: Encoder, id: number, seq: number, line: Buffer): void {
  encoder.openFrame();
  encoder.map(4);
  encoder.raw(opRecordId);
  encoder.number(id);
  encoder.raw(seqKey);
  encoder.number(seq);
  encoder.raw(lineKey);
  encoder.utf8(isUtf8(line) ? line : Buffer.from(line.toString('utf8')));
  encoder.closeFrame();
}

const opAckId = packed('op', 'ack', 'id');
const first = packed('first');
const count = packed('count');
const mac = packed('mac');
const ts = packed('ts');

// The one reply of the hot path: what is the same in all of them was written once.
function writeAck(encoder: Encoder, ack: Ack): void {
  encoder.map(ack.duplicates === undefined ? 6 : 7);
  encoder.raw(opAckId);
  encoder.number(ack.id);
  encoder.raw(first);
  writeNullable(encoder, ack.first);
  encoder.raw(count);
  encoder.number(ack.count);
  encoder.raw(mac);
  writeNullable(encoder, ack.mac);
  encoder.raw(ts);
  writeNullable(encoder, ack.ts);
  if (ack.duplicates === undefined) return;
  encoder.text('duplicates');
  writeValue(encoder, ack.duplicates);
}

function writeNullable(encoder: Encoder, value: string | number | null): void {
  if (value === null) encoder.constant(null);
  else if (typeof value === 'string') encoder.ascii(value);
  else encoder.number(value);
}

/**
 * The reply in one payload, its used fields checked. Throws WireError `bad_reply` for anything else, and for a kind of
 * reply that is not known.
 */
export function decodeReply(payload: Buffer): Reply {
  let decoded: unknown;
  try {
    decoded = unpackValue(payload, 0, payload.length);
  } catch (error) {
    throw new WireError('bad_reply', 'the reply is not MessagePack', { cause: error });
  }
  if (typeof decoded !== 'object' || decoded === null) throw new WireError('bad_reply', 'the reply is not a map');
  return new Fields(decoded as Readonly<Record<string, unknown>>).reply();
}

class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  reply(): Reply {
    const op = this.#text('op');
    if (op === 'error') return this.#error();
    const id = this.#count('id');
    switch (op) {
      case 'ack': return this.#ack(id);
      case 'record': return { op, id, seq: this.#count('seq'), line: this.#text('line') };
      case 'records': return { op, id, records: this.#texts('records'), total: this.#count('total') };
      case 'status': return { ...(this.#fields as Readonly<Record<string, JsonValue>>), op, id };
      case 'checkpoint': return { op, id, note: this.#text('note') };
      case 'proof':
        return {
          op, id, line: this.#text('line'), index: this.#count('index'), size: this.#count('size'),
          hashes: this.#texts('hashes'), note: this.#text('note'),
        };
      case 'welcome':
        return {
          op, id, v: this.#count('v'), server: this.#text('server'), origin: this.#text('origin'),
          sync: this.#text('sync'), max_frame_bytes: this.#count('max_frame_bytes'),
          max_events: this.#count('max_events'), max_event_bytes: this.#count('max_event_bytes'),
          source: this.#object('source'), log_pub: this.#texts('log_pub'),
        };
      default: throw new WireError('bad_reply', `a reply of unknown kind ${op}`);
    }
  }

  #ack(id: number): Ack {
    const first = this.#nullable('first', isCount);
    const mac = this.#nullable('mac', isText);
    const ts = this.#nullable('ts', isText);
    const ack: Ack = { op: 'ack', id, first, count: this.#count('count'), mac, ts };
    const duplicates = this.#fields['duplicates'] ?? undefined;
    if (duplicates === undefined) return ack;
    if (!Array.isArray(duplicates) || !duplicates.every(isDuplicate)) throw wrong('duplicates');
    return { ...ack, duplicates };
  }

  #error(): Reply {
    const index = this.#optional('index', isCount);
    const path = this.#optional('path', isText);
    const retry = this.#optional('retry_after_ms', isCount);
    return {
      op: 'error', id: this.#nullable('id', isCount),
      // A code of a later version goes through as it is: callers treat one they do not know as final.
      code: this.#text('code') as ErrorCode, message: this.#text('message'),
      ...(index === undefined ? {} : { index }), ...(path === undefined ? {} : { path }),
      ...(retry === undefined ? {} : { retry_after_ms: retry }),
    };
  }

  #text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw wrong(name);
    return value;
  }

  #count(name: string): number {
    const value = this.#fields[name];
    if (!isCount(value)) throw wrong(name);
    return value;
  }

  #texts(name: string): readonly string[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || !value.every(isText)) throw wrong(name);
    return value;
  }

  #object(name: string): Readonly<Record<string, JsonValue>> {
    const value = this.#fields[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name);
    return value as Readonly<Record<string, JsonValue>>;
  }

  #nullable<T>(name: string, is: (value: unknown) => value is T): T | null {
    return this.#optional(name, is) ?? null;
  }

  #optional<T>(name: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value !== undefined && !is(value)) throw wrong(name);
    return value;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

// All numbers of replies are such; of anything else a client would make a receipt, or a time to wait.
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isDuplicate(value: unknown): value is Duplicate {
  return Array.isArray(value) && isCount(value[0]) && isCount(value[1]) && isText(value[2]);
}

function wrong(name: string): WireError {
  return new WireError('bad_reply', `the reply's ${name} is missing or of another type`);
}
