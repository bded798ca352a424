// One `tail`: every durable record from some seq on, in order and without a hole, for as long as the client reads. What
// memory still has comes from there, what it lost comes from the disk; nothing is kept for a client that does not read.
import type { RecordFilter } from '../wire/filter.js';
import type { RecordReply } from '../wire/message.js';
import type { Ring } from './ring.js';

/** Records taken from memory in one turn, so that a tail with much to catch up on shares the thread. */
const turnRecordsMax = 512;

/** What a follower reads from and writes to. */
export interface FollowerParts {
  readonly ring: Ring;
  /** The newest durable record. */
  durable(): number;
  /** From the files; nothing if the connection closed before it came to that. */
  history(from: number): AsyncGenerator<{ readonly seq: number; readonly line: Buffer }>;
  /** Resolves at the next commit, or when the connection closes. */
  nextCommit(): Promise<void>;
  /** Sends; false when the connection is full. */
  send(reply: RecordReply): boolean;
  /** True when there is room again, false when the connection closed or took nothing for too long. */
  drained(): Promise<boolean>;
  isClosed(): boolean;
}

/** Ends when the connection closes. Rejects if the log cannot be read. */
export async function follow(id: number, from: number, filter: RecordFilter, parts: FollowerParts): Promise<void> {
  let next = from;
  while (!parts.isClosed()) {
    if (next > parts.durable()) {
      await parts.nextCommit();
      continue;
    }
    const before = next;
    const { oldest } = parts.ring;
    const lines = oldest !== undefined && next >= oldest
      ? parts.ring.after(next, turnRecordsMax)
      : parts.history(next);
    for await (const { seq, line } of lines) {
      if (parts.isClosed()) return;
      next = seq + 1;
      const hasRoom = !filter.matches(line) || parts.send({ op: 'record', id, seq, line: line.toString('utf8') });
      if (!hasRoom && !(await parts.drained())) return;
    }
    if (next === before && !parts.isClosed()) throw new Error(`record ${next} is in no segment any more`);
    // Others have their turn; then it goes on from wherever the record now is.
    await new Promise(setImmediate);
  }
}
