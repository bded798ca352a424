// The most memory that a daemon may take, from its configuration. The README states it in these words.
import { ringBytesMax } from '../../src/server/ring.js';
import { halfFramesMax } from '../../src/server/half-frame.js';
import { allUnsentBytesMax } from '../../src/server/outflow.js';
import { reservedClients } from '../../src/server/capacity.js';
import { waitingReplies } from '../../src/server/reply-order.js';

const kiB = 1024;
const miB = 1024 * kiB;

/**
 * Two threads of Node at rest, the ids of 131,072 events, encoders, batches, 32 readers of the disk, one answer to `recent`
 * with the records it looks at, and garbage not yet collected.
 */
export const atRestBytes = 512 * miB;
/** A connection: itself, what was read and not looked at, what little is on its way to it, its part of the queue's chunks. */
export const clientBytes = 192 * kiB;

/** What the bound is made from. */
export interface BoundInput {
  readonly clients: number;
  readonly frameBytes: number;
  readonly queueBytes: number;
}

/** Bytes. */
export function memoryBound({ clients, frameBytes, queueBytes }: BoundInput): number {
  const perClient = (clients + reservedClients) * clientBytes;
  const replies = allUnsentBytesMax + waitingReplies.allBytesMax;
  return atRestBytes + ringBytesMax + queueBytes + halfFramesMax * frameBytes + replies + perClient;
}
