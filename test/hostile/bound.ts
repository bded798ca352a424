// The most memory that a daemon may take, from its configuration. The README states it in these words.
import { ringBytesMax } from '../../src/server/ring.js';
import { halfFramesMax } from '../../src/server/half-frame.js';
import { allUnsentBytesMax } from '../../src/server/outflow.js';
import { reservedClients } from '../../src/server/capacity.js';
import { owedReplies, replyEventBytes } from '../../src/server/reply-order.js';

const kiB = 1024;
const miB = 1024 * kiB;

/**
 * Two threads of Node at rest, the ids of 131,072 events, encoders, batches, 32 readers of the disk, one answer to `recent`
 * with the records it looks at, and garbage not yet collected.
 */
export const atRestBytes = 512 * miB;
/**
 * A connection: itself, what was read and not looked at, what little is on its way to it, the least that it may be owed, its part
 * of the queue's chunks. Besides, the reply to one request more than it should be owed: see `replyEventBytes`.
 */
export const clientBytes = 200 * kiB;

/**
 * Frames that the text of one request's events may be as large as: six bytes for a control character, and as much again while it
 * grows.
 */
export const eventTextFrames = 12;

/** What the bound is made from. */
export interface BoundInput {
  readonly clients: number;
  readonly frameBytes: number;
  readonly queueBytes: number;
  /** Of one request. */
  readonly events: number;
}

/** Bytes. */
export function memoryBound({ clients, frameBytes, queueBytes, events }: BoundInput): number {
  const perClient = (clients + reservedClients) * (clientBytes + events * replyEventBytes);
  const replies = allUnsentBytesMax + owedReplies.bytesMax;
  return atRestBytes + ringBytesMax + queueBytes + (halfFramesMax + eventTextFrames) * frameBytes + replies + perClient;
}
