// One `tail`: every durable record from some seq on, in order and without a hole, for as long as the client reads. What
// memory still has comes from there, what it lost comes from the disk; nothing is kept for a client that does not read.
import { inTime } from '../clock/in-time.js';
import type { RecordFilter } from '../wire/filter.js';
import type { Ring } from './ring.js';

/** Records taken in one turn, so that a tail with much to catch up on shares the thread. */
const turnRecordsMax = 256;

/** How long a client may take for what it was sent and keep its place among those that read files, ms. */
const placeMs = 1_000;

/** What a follower reads from and writes to. */
export interface FollowerParts {
  readonly ring: Ring;
  /** The newest durable record. */
  durable(): number;
  /** From the files; nothing if the connection closed before it came to that. */
  history(from: number): AsyncGenerator<{ readonly seq: number; readonly line: Buffer }>;
  /** Resolves at the next commit, or when the connection closes. */
  nextCommit(): Promise<void>;
  /** Sends a record, `line` being valid until it returns; false when the connection is full. */
  send(seq: number, line: Buffer): boolean;
  /** True when there is room again, false when the connection closed or took nothing for too long. */
  drained(): Promise<boolean>;
  isClosed(): boolean;
  /** So many records were looked at, of so many bytes; false when there is a while to wait now. */
  mayGoOn(records: number, bytes: number): boolean;
  /** Resolves when it is time for the next ones, and not before others had their turn. */
  turn(): Promise<void>;
}

/** Ends when the connection closes. Rejects if the log cannot be read. */
export async function follow(from: number, filter: RecordFilter, parts: FollowerParts): Promise<void> {
  let next = from;
  /** Looked at in this turn. */
  let records = 0;
  let bytes = 0;
  while (!parts.isClosed()) {
    if (next > parts.durable()) {
      await parts.nextCommit();
      continue;
    }
    const before = next;
    const { oldest } = parts.ring;
    const isHere = oldest !== undefined && next >= oldest;
    const isThere = await (isHere ? fromMemory() : fromFiles());
    if (!isThere) return;
    if (next === before && !parts.isClosed()) throw new Error(`record ${next} is in no segment any more`);
    endTurn();
    await parts.turn();
  }

  /** Takes one record; false when the client has to take something first. */
  function take(seq: number, line: Buffer): boolean {
    next = seq + 1;
    records += 1;
    bytes += line.length;
    return !filter.matches(line) || parts.send(seq, line);
  }

  /** False when there is a while to wait behind it. */
  function endTurn(): boolean {
    const mayGoOn = parts.mayGoOn(records, bytes);
    records = 0;
    bytes = 0;
    return mayGoOn;
  }

  /** One turn's worth. False: nobody is there any more. */
  async function fromMemory(): Promise<boolean> {
    return parts.ring.visit(next, turnRecordsMax, take) || parts.drained();
  }

  /** Up to the newest record of the moment, or until there is a while to wait: others want to read files, too. */
  async function fromFiles(): Promise<boolean> {
    for await (const { seq, line } of parts.history(next)) {
      if (parts.isClosed()) return false;
      const hasRoom = take(seq, line) || await inTime(parts.drained(), placeMs, 'late');
      if (hasRoom === 'late') return parts.drained();
      if (!hasRoom) return false;
      if (records < turnRecordsMax) continue;
      if (!endTurn()) return true;
      await parts.turn();
    }
    return true;
  }
}
