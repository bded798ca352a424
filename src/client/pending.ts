// An append between its call and its receipt. Invariant: it is settled once, and with the receipt only when the daemon
// has acknowledged every one of its events.
import type { Ack, Duplicate, ErrorReply } from '../wire/message.js';
import { ClientError } from './error.js';

/** What a producer keeps: its events are durable, and in the log for good. */
export interface Receipt {
  /** Sequence number of the first new record, null when all events were recorded before. */
  readonly first: number | null;
  /** New records: `first` .. `first+count-1`, contiguous. */
  readonly count: number;
  /**
   * MAC of record `seq`, 64 lower hex digits: the pair `{seq, mac}` is what `indelible verify --receipts` checks.
   * Appends of one moment travel in one request, and the daemon gives one MAC for all: that of the last record, which
   * by the chain also fixes every record before it. So `seq` may lie behind `first+count-1`. Null when count is 0.
   */
  readonly mac: string | null;
  readonly seq: number | null;
  /** Time of record `seq`, RFC 3339 in UTC; null when count is 0. */
  readonly ts: string | null;
  /** Events recorded before, by their place among this caller's own. */
  readonly duplicates: readonly Duplicate[];
}

/** Events as they are sent, and sent again. */
export interface Entries {
  readonly bytes: Buffer;
  readonly count: number;
  /** Whether the client made up their ids, so that nobody can have recorded them before. */
  readonly areNew: boolean;
}

/** One call of `append` or `emit`. */
export interface Pending {
  /** Place among all appends of this client. */
  readonly order: number;
  readonly entries: Entries;
  /** When it is given up, on the clock of `performance.now()`. */
  readonly deadline: number;
  state: 'waiting' | 'flying' | 'settled';
  /** Whether it ever left, so that only the daemon knows whether it was recorded. */
  sent: boolean;
  /**
   * What the daemon answered last, where that was "later" and every request with it was answered so.
   */
  refusal: ErrorReply | undefined;
  /** Whether its deadline has passed and nobody waits; where its request is not answered, it is not sent again. */
  isOverdue: boolean;
  /** Whether a request with it was not answered, or with "later": it may have been recorded by it. */
  isDoubtful: boolean;
  /** Whether something of it may be in the log without a receipt, as far as requests are concerned that came back. */
  mayBeRecorded: boolean;
  /** It MUST NOT be in a request of more events, but its own: one of that size was refused, and it may be the reason. */
  eventsMax: number;
  /** The losses that are told in its request, and in no other. */
  notice: Notice | undefined;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: ClientError) => void;
}

/** A number of lost events that is on its way with these appends. */
export interface Notice {
  readonly count: number;
  readonly appends: readonly Pending[];
  /** Those of them that are new with this notice: where they are recorded, so is it. */
  readonly witnesses: ReadonlySet<Pending>;
  /** Appends of it that are not settled. */
  open: number;
}

/**
 * Each append's own receipt out of the acknowledgement of the request they shared, in their order.
 * Throws ClientError `protocol` when the numbers cannot be true.
 */
export function receiptsOf(ack: Ack, appends: readonly Pending[]): Receipt[] {
  const sorted = sortDuplicates(ack, appends);
  let fresh = 0;
  for (const [i, append] of appends.entries()) fresh += append.entries.count - (sorted?.[i]?.length ?? 0);
  if (ack.count !== fresh || (ack.count > 0 && (ack.first === null || ack.mac === null))) {
    throw untrue(`an ack of ${ack.count} records for ${fresh} new events`);
  }
  const end = ack.first === null ? null : ack.first + ack.count - 1;
  let next = ack.first ?? 0;
  return appends.map((append, i) => {
    const duplicates = sorted?.[i] ?? noDuplicates;
    const count = append.entries.count - duplicates.length;
    if (count === 0) return { first: null, count, mac: null, seq: null, ts: null, duplicates };
    const first = next;
    next += count;
    return { first, count, mac: ack.mac, seq: end, ts: ack.ts, duplicates };
  });
}

function untrue(message: string): ClientError {
  return new ClientError('protocol', message, { mayBeRecorded: true });
}

const noDuplicates: readonly Duplicate[] = [];

// The duplicates of each append, their index counted from its own first event.
function sortDuplicates(ack: Ack, appends: readonly Pending[]): Duplicate[][] | undefined {
  if (ack.duplicates === undefined || ack.duplicates.length === 0) return undefined;
  if (new Set(ack.duplicates.map(([index]) => index)).size < ack.duplicates.length) {
    throw untrue('an ack that names a duplicate twice');
  }
  const sorted: Duplicate[][] = appends.map(() => []);
  for (const [index, seq, mac] of ack.duplicates) {
    const place = placeOf(index, appends);
    if (place === undefined) throw untrue(`a duplicate at ${index}, where no event was`);
    sorted[place.append]?.push([place.index, seq, mac]);
  }
  return sorted;
}

/** Which append event `index` of a request is from, and its place there. */
export function placeOf(index: number, appends: readonly Pending[]): { append: number; index: number } | undefined {
  let start = 0;
  for (const [append, { entries: { count } }] of appends.entries()) {
    if (index >= start && index < start + count) return { append, index: index - start };
    start += count;
  }
  return undefined;
}
