// PROTOCOL.md as a judge: what is wrong with a payload, all of it, and what it means if nothing is. Slow, and written
// without a look at the decoder. `must`: it has to be refused for one of these. `may`: the document leaves it open.
import { type Meaning, isFigure, isUtf8, meaningOf, recordText, timestampText } from './meaning.js';
import { type Plain, readPlain } from './plain-msgpack.js';
import { isMoment } from './shapes.js';

/** One reason for an `error` reply. */
export interface Reason {
  readonly code: string;
  readonly index?: number;
  readonly path?: string;
}

/** An event of an append, as it was meant. */
export interface MeantEntry {
  readonly profile: string;
  readonly event: Meaning;
  readonly eventText: string;
  readonly id: string | undefined;
  readonly traceparent: string | undefined;
  readonly bytes: number;
}

export interface Judgement {
  readonly must: readonly Reason[];
  readonly may: readonly Reason[];
  /** The request's fields as text, without its events; and these. */
  readonly fields: string;
  readonly events: readonly MeantEntry[];
  readonly op: Meaning | undefined;
  readonly id: number | null;
  /** Whether all bytes were read, so that `op` and `id` are the last ones there are. */
  readonly whole: boolean;
}

export interface JudgeLimits {
  readonly events: number;
  readonly eventBytes: number;
}

const filterNames = 'profile kind category outcome session_id provider tenant_id instance_id vm_name agent_id request_id principal since until'.split(' ');
const countMax = 2n ** 53n - 1n;
const levelsMax = 32;
const nodesMax = 10_000;

type Entries = Extract<Plain, { readonly kind: 'map' }>['entries'];

/** Judges one payload. */
export function judge(payload: Buffer, limits: JudgeLimits): Judgement {
  const must: Reason[] = [];
  const may: Reason[] = [];
  const reading = readPlain(payload);
  const { root } = reading;
  if (reading.broken || reading.end !== payload.length || root?.kind !== 'map') must.push({ code: 'bad_frame' });
  if (root?.kind !== 'map') return { must, may, fields: '', events: [], op: undefined, id: null, whole: false };
  const fields = new Map<string, Meaning>();
  let events: Plain | undefined;
  const eventsValues: Plain[] = [];
  for (const { key, value } of root.entries) {
    const name = keyOf(key, must);
    if (value === undefined || name === undefined) continue;
    if (name === 'events') {
      events = value;
      eventsValues.push(value);
      continue;
    }
    outside(value, 1, must, may);
    fields.set(name, meaningOf(value) ?? null);
  }
  const op = fields.get('op');
  const meant: MeantEntry[] = [];
  for (const value of eventsValues) {
    if (op !== 'append') {
      outside(value, 1, must, may);
      // Of a frame that is cut off nobody knows what it would have been: its events may be looked at before its end is.
      if (reading.broken) entriesOf(value, limits, may, may, may);
      continue;
    }
    const isLast = value === events;
    const found = entriesOf(value, limits, must, isLast ? must : may, may);
    if (isLast) meant.push(...found);
  }
  const id = countOf(fields.get('id'));
  if (typeof op !== 'string' || id === undefined) must.push({ code: 'bad_request' });
  if (typeof op === 'string') requestFields(op, fields, events, must, may);
  return { must, may, fields: fieldsText(op, id, fields), events: meant, op, id: id ?? null, whole: !reading.broken };
}

/** A key's text; undefined, with the reason said, for what cannot be a key. */
function keyOf(key: Plain, must: Reason[]): string | undefined {
  if (key.kind === 'text' && isUtf8(key.bytes)) return key.bytes.toString('utf8');
  must.push({ code: 'bad_frame' });
  return undefined;
}

/** What is refused anywhere but in an event. */
function outside(value: Plain, level: number, must: Reason[], may: Reason[]): void {
  switch (value.kind) {
    case 'reserved':
    case 'extension': must.push({ code: 'bad_frame' }); break;
    // That the values are not plain ones, or that a field has the wrong type: both are said of it.
    case 'binary': must.push({ code: 'bad_frame' }, { code: 'bad_request' }); break;
    case 'float': if (!Number.isFinite(value.value)) must.push({ code: 'bad_frame' }, { code: 'bad_request' }); break;
    case 'text': if (!isUtf8(value.bytes)) must.push({ code: 'bad_frame' }); break;
    case 'array':
    case 'map':
      // How deep what is ignored may be is not said.
      if (level > levelsMax - 4) may.push({ code: 'bad_frame' });
      if (value.kind === 'array') for (const item of value.items) outside(item, level + 1, must, may);
      else {
        for (const entry of value.entries) {
          keyOf(entry.key, must);
          if (entry.value !== undefined) outside(entry.value, level + 1, must, may);
        }
      }
      break;
    default: break;
  }
}

function entriesOf(value: Plain, limits: JudgeLimits, must: Reason[], shape: Reason[], may: Reason[]): MeantEntry[] {
  if (value.kind !== 'array') {
    shape.push({ code: 'bad_request' });
    outside(value, 1, must, may);
    return [];
  }
  const { items } = value;
  if (items.length === 0) shape.push({ code: 'bad_request' });
  // Also of a count that the bytes do not keep.
  if (value.claim > BigInt(limits.events)) shape.push({ code: 'too_many_events' });
  const meant: MeantEntry[] = [];
  for (const [index, item] of items.entries()) {
    if (item.kind !== 'map') {
      shape.push({ code: 'bad_request', index });
      outside(item, 2, must, may);
      continue;
    }
    const entry = entryOf(item.entries, index, limits, must, shape, may);
    if (entry !== undefined) meant.push(entry);
  }
  return meant;
}

function entryOf(
  entries: Entries, index: number, limits: JudgeLimits, must: Reason[], shape: Reason[], may: Reason[],
): MeantEntry | undefined {
  const texts = new Map<string, Meaning>();
  let event: Plain | undefined;
  for (const { key, value } of entries) {
    const name = keyOf(key, must);
    if (value === undefined || name === undefined) continue;
    if (name === 'event') {
      event = value;
      eventFaults(value, index, must);
      // Of one that a later one replaces it is not said whether its type and size count.
      if (value.kind !== 'map') may.push({ code: 'invalid_event', index, path: '' });
      if (value.end - value.at > limits.eventBytes) may.push({ code: 'event_too_large', index });
      continue;
    }
    outside(value, 3, must, may);
    const meaning = meaningOf(value) ?? null;
    texts.set(name, meaning);
    if (['profile', 'id', 'traceparent'].includes(name) && meaning !== null && typeof meaning !== 'string') may.push({ code: 'bad_request', index });
  }
  const profile = texts.get('profile') ?? undefined;
  const id = texts.get('id') ?? undefined;
  const traceparent = texts.get('traceparent') ?? undefined;
  const before = shape.length;
  if (typeof profile !== 'string' || event === undefined) shape.push({ code: 'bad_request', index });
  if (event !== undefined && event.kind !== 'map') shape.push({ code: 'invalid_event', index, path: '' });
  if (event !== undefined && event.end - event.at > limits.eventBytes) shape.push({ code: 'event_too_large', index });
  for (const value of [id, traceparent]) if (value !== undefined && typeof value !== 'string') shape.push({ code: 'bad_request', index });
  if (typeof id === 'string' && (id === '' || Array.from(id).length > 128)) shape.push({ code: 'invalid_event', index });
  if (typeof traceparent === 'string' && !isTraceparent(traceparent)) {
    // The document shows version 00; the standard has others to come, which may be longer.
    const later = /^(?!00|ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]*)?$/.test(traceparent) && traceparent.length <= 128;
    (later ? may : shape).push({ code: 'invalid_event', index });
  }
  if (shape.length > before || typeof profile !== 'string' || event === undefined) return undefined;
  const meaning = meaningOf(event) ?? null;
  return {
    profile, event: meaning, eventText: recordText(meaning), bytes: event.end - event.at,
    id: typeof id === 'string' ? id : undefined, traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  };
}

function isTraceparent(text: string): boolean {
  return /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) && text.length === 55;
}

/** What is refused inside an event, each with its place. */
function eventFaults(event: Plain, index: number, must: Reason[]): void {
  let nodes = 0;
  const visit = (value: Plain, level: number, path: string): void => {
    nodes += 1;
    const invalid = (): void => { must.push({ code: 'invalid_event', index, path }); };
    if (nodes > nodesMax) {
      if (nodes === nodesMax + 1) invalid();
      return;
    }
    switch (value.kind) {
      case 'reserved': must.push({ code: 'bad_frame' }); break;
      case 'binary': invalid(); break;
      case 'extension': if (timestampText(value) === undefined) invalid(); break;
      case 'float': if (!Number.isFinite(value.value)) invalid(); break;
      case 'text': if (!isUtf8(value.bytes)) invalid(); break;
      case 'array':
        if (level > levelsMax) invalid();
        for (const [at, item] of value.items.entries()) visit(item, level + 1, `${path}/${at}`);
        break;
      case 'map':
        if (level > levelsMax) invalid();
        for (const { key, value: held } of value.entries) {
          if (key.kind !== 'text') must.push({ code: 'bad_frame' });
          else if (!isUtf8(key.bytes)) invalid();
          const step = key.kind === 'text' ? key.bytes.toString('utf8').split('~').join('~0').split('/').join('~1') : '';
          if (held !== undefined) visit(held, level + 1, `${path}/${step}`);
        }
        break;
      default: break;
    }
  };
  visit(event, 1, '');
}

function countOf(value: Meaning | undefined): number | undefined {
  if (!isFigure(value) || value.whole === undefined || value.whole < 0n || value.whole > countMax) return undefined;
  return Number(value.whole);
}

function requestFields(
  op: string, fields: ReadonlyMap<string, Meaning>, events: Plain | undefined, must: Reason[], may: Reason[],
): void {
  const bad = (): void => { must.push({ code: 'bad_request' }); };
  const optional = (name: string): Meaning | undefined => fields.get(name) ?? undefined;
  const optionalCount = (name: string, least: number, most: number): void => {
    const given = optional(name);
    const count = countOf(given);
    if (given !== undefined && (count === undefined || count < least || count > most)) bad();
  };
  switch (op) {
    case 'append':
      if (events === undefined) bad();
      optionalCount('dropped', 0, Number(countMax));
      break;
    case 'hello': {
      const version = fields.get('v');
      const client = optional('client');
      if (!isFigure(version)) bad();
      else if (version.whole !== 1n) {
        must.push({ code: 'unsupported_version' });
        if (version.whole === undefined || version.whole > countMax || version.whole < -countMax) may.push({ code: 'bad_request' });
      }
      if (client !== undefined && typeof client !== 'string') bad();
      break;
    }
    case 'status':
    case 'checkpoint': break;
    case 'prove':
      if ((countOf(fields.get('seq')) ?? 0) < 1) bad();
      break;
    case 'recent':
      optionalCount('limit', 1, 1000);
      optionalCount('before', 0, Number(countMax));
      break;
    case 'tail': optionalCount('from', 0, Number(countMax)); break;
    default: must.push({ code: 'unknown_op' });
  }
  if (op !== 'recent' && op !== 'tail') return;
  for (const name of filterNames) {
    const value = optional(name);
    if (value === undefined) continue;
    if (typeof value !== 'string') bad();
    else if (name === 'since' || name === 'until') {
      if (!isMoment(value)) bad();
    }
  }
}

const fieldNames: Readonly<Record<string, readonly string[]>> = {
  append: ['dropped'], hello: ['v', 'client'], status: [], checkpoint: [], prove: ['seq'], recent: ['limit', 'before', ...filterNames], tail: ['from', ...filterNames],
};

/** The fields that count, as one text: what a decoded request is compared by. */
function fieldsText(op: Meaning | undefined, id: number | undefined, fields: ReadonlyMap<string, Meaning>): string {
  if (typeof op !== 'string') return '';
  const counted = new Map<string, Meaning>();
  for (const name of Object.hasOwn(fieldNames, op) ? fieldNames[op] ?? [] : []) {
    const value = fields.get(name) ?? (name === 'dropped' ? zero : name === 'limit' ? hundred : undefined);
    if (value !== undefined) counted.set(name, value);
  }
  return `${op} ${id ?? ''} ${recordText(counted)}`;
}

const zero = { text: '0', whole: 0n, vague: false };
const hundred = { text: '100', whole: 100n, vague: false };
