// What the two sides say to each other: the words of PROTOCOL.md as types. Invariant: names here are names on the wire.
import type { JsonMap, JsonObject } from '../event/json.js';
import type { JsonText } from '../event/pass.js';

/** The protocol's version, as `hello` and `welcome` carry it. */
export const protocolVersion = 1;
/** Records of one `recent` reply, at most. */
export const recentLimitMax = 1000;
/** Levels of maps and arrays in an event, at most; the event's own map is the first. */
export const depthMax = 32;
/** Characters (code points) of an event's `id`, at most. */
export const eventIdCharsMax = 128;

/** Why a request was refused. */
export type ErrorCode =
  | 'bad_frame' | 'frame_too_large' | 'unsupported_version' | 'unknown_op' | 'bad_request'
  | 'invalid_event' | 'event_too_large' | 'too_many_events' | 'forbidden' | 'rate_limited' | 'overloaded'
  | 'disk_full' | 'write_failed' | 'slow_consumer' | 'shutting_down' | 'internal';

/** Fields that `recent` and `tail` can be narrowed by; `since` is inclusive and `until` exclusive, both RFC 3339. */
export const filterNames = [
  'profile', 'kind', 'category', 'outcome', 'session_id', 'provider', 'tenant_id', 'instance_id', 'vm_name',
  'agent_id', 'request_id', 'principal', 'since', 'until',
] as const;
export type FilterName = (typeof filterNames)[number];
/** What they must be; undefined is as good as absent. */
export type Filters = Readonly<Partial<Record<FilterName, string | undefined>>>;

/** One event of an append; what it holds is read before the next request is. */
export interface EventEntry {
  readonly profile: string;
  readonly id: string | undefined;
  readonly traceparent: string | undefined;
  /** The event's size as MessagePack. */
  readonly bytes: number;
  /** Its JSON text; undefined where a map in it may have a key twice, the last of which counts, or behind a mebibyte of text. */
  readonly json: JsonText | undefined;
  /** Its value, made anew for whoever asks. */
  readonly event: JsonObject | JsonMap;
}

/** What a client asks; `id` is its own number for the request, echoed in every reply to it. */
export type Request =
  | { readonly op: 'hello'; readonly id: number; readonly v: number; readonly client: string | undefined }
  | { readonly op: 'append'; readonly id: number; readonly events: readonly EventEntry[]; readonly dropped: number }
  | { readonly op: 'status'; readonly id: number }
  | {
      readonly op: 'recent'; readonly id: number; readonly limit: number;
      readonly before: number | undefined; readonly filters: Filters;
    }
  | { readonly op: 'tail'; readonly id: number; readonly from: number | undefined; readonly filters: Filters }
  | { readonly op: 'checkpoint'; readonly id: number }
  | { readonly op: 'prove'; readonly id: number; readonly seq: number };

/** The answer to `hello`: whose log this is, who the daemon takes the client for, and the limits in force. */
export interface Welcome {
  readonly op: 'welcome';
  readonly id: number;
  readonly v: number;
  /** The daemon's name and version. */
  readonly server: string;
  readonly origin: string;
  readonly sync: string;
  /** Bytes of a request's payload, at most. */
  readonly max_frame_bytes: number;
  /** Events of one append, at most. */
  readonly max_events: number;
  /** MessagePack bytes of one event, at most. */
  readonly max_event_bytes: number;
  /** The `source` that this connection's records will carry. */
  readonly source: JsonObject;
  /** The identity vkey and the epoch-0 vkey. */
  readonly log_pub: readonly string[];
}

/** `[index, seq, mac]`: the event at `index` of the request was recorded before, as record `seq` with this MAC. */
export type Duplicate = readonly [index: number, seq: number, mac: string];

/** New records `first` .. `first+count-1` are durable; `mac` is the last one's. With count 0 the others are null. */
export interface Ack {
  readonly op: 'ack';
  readonly id: number;
  readonly first: number | null;
  readonly count: number;
  /** 64 lower hex digits. */
  readonly mac: string | null;
  /** The last record's time, RFC 3339 in UTC with milliseconds. */
  readonly ts: string | null;
  readonly duplicates?: readonly Duplicate[];
}

/** A request was refused, or with `id` null a frame that could not be read. */
export interface ErrorReply {
  readonly op: 'error';
  readonly id: number | null;
  readonly code: ErrorCode;
  readonly message: string;
  /** Which event of the append. */
  readonly index?: number;
  /** JSON pointer into that event. */
  readonly path?: string;
  readonly retry_after_ms?: number;
}

/** The daemon's counters and state, as `status` says them. Times in milliseconds, sizes in bytes. */
export interface Status {
  readonly origin: string;
  /** The last durable record. */
  readonly head: { readonly seq: number; readonly mac: string; readonly ts: string | null };
  readonly epoch: number;
  readonly step: number;
  /** Records that a signed checkpoint covers. */
  readonly sealed_to: number;
  readonly segments: number;
  readonly bytes: number;
  readonly sync: string;
  readonly state: 'ready' | 'degraded' | 'failed';
  readonly uptime_ms: number;
  readonly clients: number;
  readonly queue: { readonly events: number; readonly bytes: number };
  readonly accepted: Readonly<Record<string, number>>;
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly duplicates: number;
  readonly redacted: number;
  readonly write_failures: number;
  readonly last_error: string | null;
  readonly recent: { readonly size: number; readonly capacity: number };
  readonly disk: { readonly free_bytes: number | null };
  readonly fsync_ms: { readonly p50: number; readonly p99: number };
}

/** A `Status` as it came: nothing of it is checked, and a daemon of another version says more or less. */
export interface StatusReply extends JsonObject {
  readonly op: 'status';
  readonly id: number;
}

/** Raw record lines without their LF, newest first; `total` counts the matches in memory. */
export interface RecordsReply {
  readonly op: 'records';
  readonly id: number;
  readonly records: readonly string[];
  readonly total: number;
}

/** One durable record of a `tail`; `line` without its LF. */
export interface RecordReply {
  readonly op: 'record';
  readonly id: number;
  readonly seq: number;
  readonly line: string;
}

/** The newest signed checkpoint, a C2SP signed note. */
export interface CheckpointReply {
  readonly op: 'checkpoint';
  readonly id: number;
  readonly note: string;
}

/** That record `index + 1` is in the tree of `size` records which `note` signs; `hashes` are base64. */
export interface ProofReply {
  readonly op: 'proof';
  readonly id: number;
  readonly line: string;
  readonly index: number;
  readonly size: number;
  readonly hashes: readonly string[];
  readonly note: string;
}

/** What the daemon says; `op` names the kind of reply. */
export type Reply =
  | Welcome | Ack | ErrorReply | StatusReply | RecordsReply | RecordReply | CheckpointReply | ProofReply;
