// A client's requests as bytes. Invariant: an entry is encoded once, when it is handed over, so that what is sent again
// after a reconnect is byte for byte what the caller gave, whatever became of its objects since.
import { Encoder } from './encode.js';
import { type Filters, protocolVersion } from './message.js';
import { type ValueLimits, writeValue } from './value.js';

/** An append's fields in front of its entries are at most this long, in bytes of payload. */
export const appendHeadBytesMax = 64;

/** What a client asks besides appending, in the fields of the wire. */
export type Question =
  | { readonly op: 'hello'; readonly client: string }
  | { readonly op: 'status' | 'checkpoint' }
  | ({ readonly op: 'recent'; readonly limit?: number | undefined; readonly before?: number | undefined } & Filters)
  | ({ readonly op: 'tail'; readonly from?: number | undefined } & Filters)
  | { readonly op: 'prove'; readonly seq: number };

/** Writes one entry of an append. Throws WireError `unencodable` or `too_large`, its path beginning at the event. */
export function writeEntry(
  encoder: Encoder, profile: string, event: object, id: string, traceparent: string | undefined, limits?: ValueLimits,
): void {
  encoder.map(traceparent === undefined ? 3 : 4);
  encoder.text('profile');
  encoder.text(profile);
  encoder.text('event');
  writeValue(encoder, event, limits);
  encoder.text('id');
  encoder.text(id);
  if (traceparent === undefined) return;
  encoder.text('traceparent');
  encoder.text(traceparent);
}

/** The frame of an append up to its entries, of which `count` with `bytes` in all MUST follow. */
export function appendHead(encoder: Encoder, id: number, dropped: number, count: number, bytes: number): Buffer {
  encoder.openFrame();
  encoder.map(dropped > 0 ? 4 : 3);
  encoder.text('op');
  encoder.text('append');
  encoder.text('id');
  encoder.number(id);
  if (dropped > 0) {
    encoder.text('dropped');
    encoder.number(dropped);
  }
  encoder.text('events');
  encoder.array(count);
  encoder.closeFrame(bytes);
  return encoder.take();
}

/** The whole frame of any other request. Throws WireError `unencodable` or `too_large`, its path naming the field. */
export function questionFrame(id: number, question: Question, limits: ValueLimits): Buffer {
  // Not shared: half a frame of a question that cannot be written is gone with it.
  const encoder = new Encoder();
  encoder.openFrame();
  writeValue(encoder, question.op === 'hello' ? { ...question, id, v: protocolVersion } : { ...question, id }, limits);
  encoder.closeFrame();
  return encoder.take();
}
