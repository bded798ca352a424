// An append between its call and its receipt. Invariant: it is settled once, and with the receipt only when the daemon
// has acknowledged every one of its events.
import type { Ack, Duplicate } from '../wire/message.js';
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

/** One call of `append` or `emit`. */
export interface Pending {
  /** Place among all appends of this client. */
  readonly order: number;
  /** The encoded entries, as they are sent and sent again. */
  readonly entries: Buffer;
  readonly count: number;
  /** When it is given up, on the clock of `performance.now()`. */
  readonly deadline: number;
  state: 'open' | 'settled';
  /** Whether it ever left, so that only the daemon knows whether it was recorded. */
  sent: boolean;
  /** MUST NOT share a request: the one it was in was refused, and this event may be the reason. */
  alone: boolean;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: ClientError) => void;
}

/**
 * Each append's own receipt out of the acknowledgement of the request they shared, in their order.
 * Throws ClientError `protocol` when the numbers cannot be true. `gap` says that the daemon had a loss to record.
 */
export function receiptsOf(ack: Ack, appends: readonly Pending[], gap: boolean): Receipt[] {
  const sorted = sortDuplicates(ack, appends);
  let fresh = 0;
  for (const [i, append] of appends.entries()) fresh += append.count - (sorted?.[i]?.length ?? 0);
  // A daemon may count the record of the loss in front of the events, or not.
  const ahead = ack.count - fresh;
  if (ahead < 0 || ahead > (gap ? 1 : 0) || (ack.count > 0 && (ack.first === null || ack.mac === null))) {
    throw new ClientError('protocol', `an ack of ${ack.count} records for ${fresh} new events`);
  }
  const end = ack.first === null ? null : ack.first + ack.count - 1;
  let next = (ack.first ?? 0) + ahead;
  return appends.map((append, i) => {
    const duplicates = sorted?.[i] ?? noDuplicates;
    const count = append.count - duplicates.length;
    if (count === 0) return { first: null, count, mac: null, seq: null, ts: null, duplicates };
    const first = next;
    next += count;
    return { first, count, mac: ack.mac, seq: end, ts: ack.ts, duplicates };
  });
}

const noDuplicates: readonly Duplicate[] = [];

// The duplicates of each append, their index counted from its own first event.
function sortDuplicates(ack: Ack, appends: readonly Pending[]): Duplicate[][] | undefined {
  if (ack.duplicates === undefined || ack.duplicates.length === 0) return undefined;
  const sorted: Duplicate[][] = appends.map(() => []);
  for (const [index, seq, mac] of ack.duplicates) {
    const place = placeOf(index, appends);
    if (place === undefined) throw new ClientError('protocol', `a duplicate at ${index}, where no event was`);
    sorted[place.append]?.push([place.index, seq, mac]);
  }
  return sorted;
}

/** Which append event `index` of a request is from, and its place there. */
export function placeOf(index: number, appends: readonly Pending[]): { append: number; index: number } | undefined {
  let start = 0;
  for (const [append, { count }] of appends.entries()) {
    if (index >= start && index < start + count) return { append, index: index - start };
    start += count;
  }
  return undefined;
}
