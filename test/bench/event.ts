// The event that is measured: x0x's `request`, about 350 bytes of JSON, as a producer would send it; and the frames that
// carry it, packed once. What differs from request to request is written over in place, so that the generator costs little.
import { Encoder } from '../../src/wire/encode.js';
import { encodeFrame } from '../frame.js';
import { writeValue } from '../../src/wire/value.js';

/** As a producer's own object. Nothing in it is secret, so redaction looks at everything and masks nothing. */
export const event = {
  event: 'request' as const, ts_unix_ms: 1_764_198_000_123, request_id: '0f4c2a9be81d4a6f9c3e7b5d1a2f8e60',
  agent_id: 'a3f1c5d79e8b4260'.repeat(4), machine_id: '5b7d9f1e3c2a4860'.repeat(4),
  argv: ['rsync', '-a', 'build/', 'web-1:/srv/www'], matched_acl: null, stdin_bytes: 0, timeout_ms: 30_000,
};

/** What a peer that knows no MessagePack stores. */
export const eventJson: string = JSON.stringify(event);

/** Hex digits of the number in an event's id. */
const digits = 10;

/** Requests of one connection: the same events each time, under ids and request numbers that count up. */
export class FrameMaker {
  readonly #template: Buffer;
  readonly #idAt: number;
  readonly #eventIdsAt: readonly number[];
  readonly #batch: number;

  /** `name`: in every event's id, so that no two connections share any; undefined: events without an id. */
  constructor(name: string | undefined, batch: number) {
    this.#batch = batch;
    const blank = `${name ?? ''}-${'0'.repeat(digits)}`;
    const entry = { profile: 'x0x.exec', event, ...(name === undefined ? {} : { id: blank }) };
    const encoder = new Encoder();
    writeValue(encoder, { op: 'append', id: 0xfeed_beef, events: Array.from({ length: batch }, () => entry) });
    this.#template = encodeFrame(encoder.take());
    this.#idAt = this.#template.indexOf(Buffer.from('cefeedbeef', 'hex')) + 1;
    const places: number[] = [];
    for (let at = this.#template.indexOf(blank); name !== undefined && at >= 0; at = this.#template.indexOf(blank, at + 1)) {
      places.push(at + blank.length - digits);
    }
    this.#eventIdsAt = places;
  }

  /** `count` requests, numbered from `from` on. */
  requests(from: number, count: number): Buffer {
    const size = this.#template.length;
    const bytes = Buffer.allocUnsafe(size * count);
    for (let n = 0; n < count; n += 1) {
      const start = n * size;
      this.#template.copy(bytes, start);
      bytes.writeUInt32BE(from + n, start + this.#idAt);
      let eventNumber = (from + n) * this.#batch;
      for (const at of this.#eventIdsAt) {
        writeDigits(bytes, start + at, eventNumber);
        eventNumber += 1;
      }
    }
    return bytes;
  }
}

/** In reverse order, least first: all that counts is that no two are the same. */
function writeDigits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let i = 0; i < digits && rest > 0; i += 1) {
    const digit = rest % 16;
    bytes[at + i] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = (rest - digit) / 16;
  }
}
