// One `tail`: every durable record from some seq on, in order and without a hole, for as long as the client reads. What
// memory still has comes from there, what it lost comes from the disk; nothing is kept for a client that does not read.
import type { RecordFilter } from '../wire/filter.js';
import type { Ring } from './ring.js';

/** Records taken in one turn, so that a tail with much to catch up on shares the thread. */
const turnRecordsMax = 256;

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
  /** So many records were looked at. Resolves when it is time for the next ones: others have their turn. */
  turn(records: number): Promise<void>;
}

/** Ends when the connection closes. Rejects if the log cannot be read. */
export async function follow(from: number, filter: RecordFilter, parts: FollowerParts): Promise<void> {
  let next = from;
  while (!parts.isClosed()) {
    if (next > parts.durable()) {
      await parts.nextCommit();
      continue;
    }
    const before = next;
    const { oldest } = parts.ring;
    const isHere = oldest !== undefined && next >= oldest;
    const mayGoOn = await (isHere ? fromMemory() : fromFiles());
    if (!mayGoOn) return;
    if (next === before && !parts.isClosed()) throw new Error(`record ${next} is in no segment any more`);
  }

  /** Takes one record; false when the client has to take something first. */
  function take(seq: number, line: Buffer): boolean {
    next = seq + 1;
    return !filter.matches(line) || parts.send(seq, line);
  }

  /** One turn's worth. False: it is over. */
  async function fromMemory(): Promise<boolean> {
    const before = next;
    if (!parts.ring.visit(next, turnRecordsMax, take) && !(await parts.drained())) return false;
    await parts.turn(next - before);
    return true;
  }

  /** Up to the newest record of the moment. False: it is over. */
  async function fromFiles(): Promise<boolean> {
    let looked = 0;
    for await (const { seq, line } of parts.history(next)) {
      if (parts.isClosed()) return false;
      if (!take(seq, line) && !(await parts.drained())) return false;
      looked += 1;
      if (looked % turnRecordsMax === 0) await parts.turn(turnRecordsMax);
    }
    await parts.turn(looked % turnRecordsMax);
    return true;
  }
}
