// Bodies of whole requests, gathered for one commit.
import type { Room } from './schedule.js';

/** What one fsync is asked to carry at most, so that an ack is never far away; one request may be more. */
const commitBytesMax = 4 * 1024 * 1024;
const commitLinesMax = 512;

export class Group {
  readonly bodies: Uint8Array[] = [];
  requests = 0;
  /** What they will take in the log. */
  bytes = 0;

  add(body: Uint8Array, lineBytes: number): void {
    this.bodies.push(body);
    this.bytes += lineBytes;
  }

  /** Whether a request of so many bodies may come along. Few lines do not wait for very many that came behind them. */
  takes(bodies: number): boolean {
    return this.requests === 0 || this.bodies.length + bodies <= commitLinesMax;
  }

  /** Whether it ends a commit: too much for one fsync, or a segment or an epoch ends behind it. */
  isFull(room: Room = { bytes: 0, records: 0 }): boolean {
    return this.bytes >= Math.min(commitBytesMax, room.bytes) || this.bodies.length >= Math.min(commitLinesMax, room.records);
  }
}
