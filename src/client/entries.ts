// Events as they are handed over, made into what is sent. Invariant: each is encoded once and at once, exactly or not at
// all, and never larger than the daemon takes; so what is sent again is byte for byte what the caller gave.
import { randomUUID } from 'node:crypto';
import { Encoder } from '../wire/encode.js';
import type { Welcome } from '../wire/message.js';
import { writeEntry } from '../wire/request.js';
import { type Fields, eventLimits, fieldsOf } from '../wire/value.js';
import { frameTooLarge, tooManyEvents, unencodable } from './error.js';
import type { Entries } from './pending.js';

/** What goes with each of them. */
export interface EntryHead {
  readonly profile: string;
  /** The caller's own; of several events each gets `<id>.<its index>`. */
  readonly id: string | undefined;
  readonly traceparent: string | undefined;
  /** What an event has if it does not say it itself. */
  readonly defaults: Fields | undefined;
}

/** Encodes events of one client and its children. */
export class EntryWriter {
  // Taken while it is used: an event's own toJSON or getter may append or emit in between.
  #spare: Encoder | undefined = new Encoder();

  /** Throws ClientError: `invalid_event` with its index and path, or what is too large for the daemon that said `limits`. */
  write(events: readonly object[], head: EntryHead, limits: Welcome): Entries {
    const list = [...events];
    if (list.length > limits.max_events) throw tooManyEvents(list.length, limits.max_events);
    const encoder = this.#spare ?? new Encoder();
    this.#spare = undefined;
    try {
      for (const [index, event] of list.entries()) {
        const id = head.id === undefined ? randomUUID() : list.length === 1 ? head.id : `${head.id}.${index}`;
        writeOne(encoder, event, index, { ...head, id }, limits);
        if (encoder.length > limits.max_frame_bytes) throw frameTooLarge(encoder.length, limits.max_frame_bytes);
      }
      return { bytes: encoder.take(), count: list.length, areNew: head.id === undefined };
    } finally {
      encoder.drop();
      this.#spare = encoder;
    }
  }
}

function writeOne(
  encoder: Encoder, event: object, index: number, head: EntryHead & { readonly id: string }, limits: Welcome,
): void {
  try {
    const whole = head.defaults === undefined ? event : withDefaults(event, head.defaults);
    writeEntry(encoder, head.profile, whole, head.id, head.traceparent, eventLimits(limits.max_event_bytes));
  } catch (error) {
    throw unencodable('invalid_event', error, index);
  }
}

/** What a client and its child add together. Throws ClientError `bad_request`, its path naming the field. */
export function defaultsOf(fields: object | undefined, under?: Fields): Fields | undefined {
  if (fields === undefined) return under;
  try {
    const all = under === undefined ? fieldsOf(fields) : fieldsOf(withDefaults(fields, under));
    return all.names.length === 0 ? undefined : all;
  } catch (error) {
    throw unencodable('bad_request', error);
  }
}

function withDefaults(event: object, defaults: Fields): Map<string, unknown> {
  const whole = new Map<string, unknown>();
  for (const { names, values } of [defaults, fieldsOf(event)]) names.forEach((name, i) => whole.set(name, values[i]));
  return whole;
}
