// The events of an append: scanned, bounded, then decoded. Invariant: an entry that comes out is whole and exact, and
// one bad event refuses its request with the index and the place of the first violation.
import type { JsonMap, JsonObject } from '../event/json.js';
import type { JsonText } from '../event/pass.js';
import { structsAsMaps } from '../event/violation.js';
import { exactValue } from './exact.js';
import { type Fault, faultText, isMalformed } from './fault.js';
import { type ErrorCode, type EventEntry, eventIdCharsMax } from './message.js';
import type { StrictScan } from './strict.js';
import { unpackValue } from './unpack.js';

/** Events of a request, and MessagePack bytes of one event, at most. */
export interface EntryLimits {
  readonly events: number;
  readonly eventBytes: number;
}

/** Why a request is refused. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly index?: number;
  readonly path?: string;
}

// Version, trace id, parent id, flags; versions after 00 may add to it.
const traceparentForm = /^(?!ff|00-.{53})[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?$/;
const traceparentCharsMax = 128;

/** Reads the array of entries at the cursor, which stands behind it afterwards. */
export function readEntries(payload: Buffer, scan: StrictScan, limits: EntryLimits): EventEntry[] | Refusal {
  const count = scan.arraySize();
  if (count < 0) {
    if (scan.fault !== undefined || !scan.value(1)) return frameRefusal(scan.fault);
    return { code: 'bad_request', message: 'events must be an array' };
  }
  if (count === 0) return { code: 'bad_request', message: 'events is empty' };
  if (count > limits.events) {
    return { code: 'too_many_events', message: `${count} events, at most ${limits.events} in one request` };
  }
  const entries = new Array<EventEntry>(count);
  for (let index = 0; index < count; index++) {
    const entry = readEntry(payload, scan, limits, index);
    if ('code' in entry) return entry;
    entries[index] = entry;
  }
  return entries;
}

function readEntry(payload: Buffer, scan: StrictScan, limits: EntryLimits, index: number): EventEntry | Refusal {
  const token = scan.peek();
  const size = scan.mapSize();
  if (size < 0) {
    if (scan.fault !== undefined || !scan.value(2)) return frameRefusal(scan.fault);
    const hint = isArray(token) ? `: ${structsAsMaps}` : '';
    return { code: 'bad_request', message: `an entry must be a map with profile and event${hint}`, index };
  }
  let profile: string | undefined;
  let id: string | undefined;
  let traceparent: string | undefined;
  let eventAt = -1;
  let bytes = 0;
  let exact = false;
  let json: JsonText | undefined;
  for (let i = 0; i < size; i++) {
    const length = scan.key();
    if (length < 0) return frameRefusal(scan.fault);
    const name = entryField(scan, length);
    const start = scan.at;
    if (name === 'event') {
      const refusal = eventRefusal(scan, limits, index);
      if (refusal !== undefined) return refusal;
      eventAt = start;
      bytes = scan.at - start;
      exact = scan.exact;
      json = scan.mayRepeat ? undefined : scan.json;
      continue;
    }
    const value = scan.peek();
    if (!scan.value(3)) return frameRefusal(scan.fault);
    if (name === undefined) continue;
    if (value !== 0xc0 && !isText(value)) {
      return { code: 'bad_request', message: `${name} must be a string`, index };
    }
    const text = value === 0xc0 ? undefined : textOf(payload, value, start, scan, name === 'profile');
    if (name === 'profile') profile = text;
    else if (name === 'id') id = text;
    else traceparent = text;
  }
  if (profile === undefined || eventAt < 0) {
    return { code: 'bad_request', message: `${profile === undefined ? 'profile' : 'event'} is missing`, index };
  }
  if (id !== undefined && !isEventId(id)) {
    return { code: 'invalid_event', message: `the entry's id must have 1 to ${eventIdCharsMax} characters`, index };
  }
  if (traceparent !== undefined && !(traceparent.length <= traceparentCharsMax && traceparentForm.test(traceparent))) {
    return { code: 'invalid_event', message: "the entry's traceparent is not one of W3C Trace Context", index };
  }
  return new Entry(profile, id, traceparent, json, payload, eventAt, bytes, exact);
}

class Entry implements EventEntry {
  readonly profile: string;
  readonly id: string | undefined;
  readonly traceparent: string | undefined;
  readonly json: JsonText | undefined;
  readonly bytes: number;
  readonly #payload: Buffer;
  readonly #at: number;
  readonly #isExact: boolean;

  constructor(
    profile: string, id: string | undefined, traceparent: string | undefined, json: JsonText | undefined, payload: Buffer,
    at: number, bytes: number, isExact: boolean,
  ) {
    this.profile = profile;
    this.id = id;
    this.traceparent = traceparent;
    this.json = json;
    this.bytes = bytes;
    this.#payload = payload;
    this.#at = at;
    this.#isExact = isExact;
  }

  get event(): JsonObject | JsonMap {
    const [payload, at] = [this.#payload, this.#at];
    return (this.#isExact ? exactValue(payload, at) : unpackValue(payload, at, at + this.bytes)) as JsonObject | JsonMap;
  }
}

type EntryField = 'profile' | 'event' | 'id' | 'traceparent';

function entryField(scan: StrictScan, length: number): EntryField | undefined {
  switch (length) {
    case 2: return scan.passed('id', 2) ? 'id' : undefined;
    case 5: return scan.passed('event', 5) ? 'event' : undefined;
    case 7: return scan.passed('profile', 7) ? 'profile' : undefined;
    case 11: return scan.passed('traceparent', 11) ? 'traceparent' : undefined;
    default: return undefined;
  }
}

function eventRefusal(scan: StrictScan, limits: EntryLimits, index: number): Refusal | undefined {
  const start = scan.at;
  const token = scan.peek();
  const isMap = (token >= 0x80 && token < 0x90) || token === 0xde || token === 0xdf;
  if (!scan.event(limits.eventBytes)) {
    if (scan.fault === undefined || isMalformed(scan.fault)) return frameRefusal(scan.fault);
    return { code: 'invalid_event', message: faultText(scan.fault), index, path: scan.path };
  }
  if (!isMap) {
    const message = isArray(token)
      ? `the event is an array: ${structsAsMaps}`
      : 'the event must be a map';
    return { code: 'invalid_event', message, index, path: '' };
  }
  const bytes = scan.at - start;
  if (bytes <= limits.eventBytes) return undefined;
  return { code: 'event_too_large', message: `event of ${bytes} bytes, at most ${limits.eventBytes}`, index };
}

/** The refusal for a fault outside of events, or for one that breaks the whole frame. */
export function frameRefusal(fault: Fault | undefined): Refusal {
  const kind = fault ?? 'truncated';
  const code = kind === 'binary' || kind === 'not_finite' ? 'bad_request' : 'bad_frame';
  return { code, message: faultText(kind) };
}

function isArray(token: number): boolean {
  return (token >= 0x90 && token < 0xa0) || token === 0xdc || token === 0xdd;
}

function isText(token: number): boolean {
  return (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb);
}

/** Bytes of a profile that is remembered. */
const profileBytesMax = 64;
// The profile of the entry before, whosever it was: nearly every one has the same, and then it is not made again. ASCII, because
// other text may look like another's bytes.
let lastProfile = '';

// The text of the string that ends at the cursor.
function textOf(payload: Buffer, token: number, start: number, scan: StrictScan, isProfile: boolean): string {
  const body = start + (token < 0xc0 ? 1 : token === 0xd9 ? 2 : token === 0xda ? 3 : 5);
  const bytes = scan.at - body;
  if (isProfile && scan.passed(lastProfile, bytes)) return lastProfile;
  const text = payload.toString('utf8', body, scan.at);
  if (isProfile && text.length === bytes && bytes <= profileBytesMax) lastProfile = text;
  return text;
}

function isEventId(id: string): boolean {
  if (id.length === 0) return false;
  // Characters are code points: at most as many as UTF-16 units, at least half of them.
  return id.length <= eventIdCharsMax
    || (id.length <= 2 * eventIdCharsMax && Array.from(id).length <= eventIdCharsMax);
}
