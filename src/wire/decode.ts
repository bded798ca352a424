// One payload of a client as a typed request, or the error that answers it. The attacker is whoever may connect.
// Invariant: it never throws, whatever the bytes, and what it hands on is what was sent; an error echoes the request's
// `id` whenever that can be found, also behind the part that is broken.
import type { JsonValue } from '../event/json.js';
import { isMoment } from '../event/moment.js';
import { structsAsMaps } from '../event/violation.js';
import { type EntryLimits, type Refusal, frameRefusal, readEntries } from './entry.js';
import { exactValue } from './exact.js';
import {
  type ErrorCode, type EventEntry, type Filters, type Request,
  filterNames, protocolVersion, recentLimitMax,
} from './message.js';
import { salvage } from './salvage.js';
import { StrictScan } from './strict.js';

/** An `error` reply to be: `id` and `op` as far as they could be found. */
export interface WireFailure {
  readonly id: number | null;
  readonly op: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
  readonly index?: number;
  readonly path?: string;
  readonly retry_after_ms?: number;
}

export type Decoded =
  | { readonly ok: true; readonly request: Request }
  | { readonly ok: false; readonly error: WireFailure };

/** Decodes one payload. `limits.events` counts the events of a request, `limits.eventBytes` one event's bytes. */
export function decodeRequest(payload: Buffer, limits: EntryLimits): Decoded {
  let fields = readFields(payload, limits);
  // Read as an append's, as nearly all are: `op` may stand behind `events`, which any other request has for nothing.
  const op = 'code' in fields ? salvage(payload).op : fields.op;
  if (op !== 'append' && ('code' in fields || fields.events !== undefined)) fields = readFields(payload, undefined);
  const request = 'code' in fields ? fields : requestOf(fields);
  if (!('code' in request)) return { ok: true, request };
  // Read anew, leniently: what broke the request may stand in front of its id.
  return { ok: false, error: { ...salvage(payload), ...request } };
}

// The map's fields as they came; of a key that comes twice the last counts. What every append has is by name, for speed.
interface Fields {
  op: JsonValue | undefined;
  id: JsonValue | undefined;
  events: readonly EventEntry[] | undefined;
  scalars: Map<string, JsonValue> | undefined;
}

const scalarNames: ReadonlySet<string> =
  new Set(['dropped', 'v', 'client', 'limit', 'before', 'from', 'seq', ...filterNames]);

const noScalars: ReadonlyMap<string, JsonValue> = new Map();

// Without `limits` it is no append, and `events` is ignored like any field that it does not have.
function readFields(payload: Buffer, limits: EntryLimits | undefined): Fields | Refusal {
  const scan = new StrictScan(payload);
  const size = scan.mapSize();
  if (size < 0) {
    const hint = scan.arraySize() < 0 ? '' : `: ${structsAsMaps}`;
    return { code: 'bad_frame', message: `the payload is not a map${hint}` };
  }
  const fields: Fields = { op: undefined, id: undefined, events: undefined, scalars: undefined };
  for (let i = 0; i < size; i++) {
    const length = scan.key();
    if (length < 0) return frameRefusal(scan.fault);
    const start = scan.at;
    if (limits !== undefined && scan.passed('events', length)) {
      const entries = readEntries(payload, scan, limits);
      if ('code' in entries) return entries;
      fields.events = entries;
    } else if (scan.passed('op', length)) {
      if (!scan.value(1)) return frameRefusal(scan.fault);
      // Nearly every op, and then not made anew: a string of six bytes, spelled the short way.
      fields.op = payload[start] === 0xa6 && scan.passed('append', 6) ? 'append' : exactValue(payload, start);
    } else if (scan.passed('id', length)) {
      if (!scan.value(1)) return frameRefusal(scan.fault);
      fields.id = exactValue(payload, start);
    } else {
      if (!scan.value(1)) return frameRefusal(scan.fault);
      const name = payload.toString('latin1', start - length, start);
      if (scalarNames.has(name)) (fields.scalars ??= new Map<string, JsonValue>()).set(name, exactValue(payload, start));
    }
  }
  return scan.done ? fields : { code: 'bad_frame', message: 'bytes behind the map' };
}

function requestOf(fields: Fields): Request | Refusal {
  const { op, id, scalars = noScalars } = fields;
  if (typeof op !== 'string') return badRequest('op must be a string');
  if (!isCount(id)) return badRequest('id must be an integer from 0 to 2^53-1');
  switch (op) {
    case 'append': return appendOf(id, fields.events, scalars);
    case 'hello': return helloOf(id, scalars);
    case 'status':
    case 'checkpoint': return { op, id };
    case 'recent': return recentOf(id, scalars);
    case 'tail': return tailOf(id, scalars);
    case 'prove': {
      const seq = scalars.get('seq');
      return isCount(seq) && seq > 0 ? { op, id, seq } : badRequest('seq must be an integer from 1 to 2^53-1');
    }
    default: return { code: 'unknown_op', message: `unknown op ${JSON.stringify(op.slice(0, 64))}` };
  }
}

function appendOf(id: number, events: Fields['events'], scalars: ReadonlyMap<string, JsonValue>): Request | Refusal {
  const dropped = scalars.get('dropped') ?? 0;
  if (events === undefined) return badRequest('events is missing');
  if (!isCount(dropped)) return badRequest('dropped must be an integer from 0 to 2^53-1');
  return { op: 'append', id, events, dropped };
}

function helloOf(id: number, scalars: ReadonlyMap<string, JsonValue>): Request | Refusal {
  const version = scalars.get('v');
  const client = scalars.get('client') ?? undefined;
  if (typeof version !== 'number') return badRequest('v must be a number');
  if (version !== protocolVersion) {
    return { code: 'unsupported_version', message: `version ${version}; this daemon speaks ${protocolVersion}` };
  }
  if (client !== undefined && typeof client !== 'string') return badRequest('client must be a string');
  return { op: 'hello', id, v: version, client };
}

function recentOf(id: number, scalars: ReadonlyMap<string, JsonValue>): Request | Refusal {
  const limit = scalars.get('limit') ?? 100;
  const before = scalars.get('before') ?? undefined;
  if (!isCount(limit) || limit < 1 || limit > recentLimitMax) {
    return badRequest(`limit must be an integer from 1 to ${recentLimitMax}`);
  }
  if (before !== undefined && !isCount(before)) return badRequest('before must be an integer from 0 to 2^53-1');
  const filters = filtersOf(scalars);
  return 'refused' in filters ? filters.refused : { op: 'recent', id, limit, before, filters: filters.filters };
}

function tailOf(id: number, scalars: ReadonlyMap<string, JsonValue>): Request | Refusal {
  const from = scalars.get('from') ?? undefined;
  if (from !== undefined && !isCount(from)) return badRequest('from must be an integer from 0 to 2^53-1');
  const filters = filtersOf(scalars);
  return 'refused' in filters ? filters.refused : { op: 'tail', id, from, filters: filters.filters };
}

type FiltersOrRefusal = { readonly filters: Filters } | { readonly refused: Refusal };

function filtersOf(scalars: ReadonlyMap<string, JsonValue>): FiltersOrRefusal {
  const filters: { -readonly [name in keyof Filters]: string } = {};
  for (const name of filterNames) {
    const value = scalars.get(name) ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string') return { refused: badRequest(`${name} must be a string`) };
    if ((name === 'since' || name === 'until') && !isMoment(value)) {
      return { refused: badRequest(`${name} must be a time as in RFC 3339`) };
    }
    filters[name] = value;
  }
  return { filters };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function badRequest(message: string): Refusal {
  return { code: 'bad_request', message };
}
