// What `status` says: where the log stands, how the daemon is, and what it has counted since it started.
import type { Log } from '../log/log.js';
import type { Status } from '../wire/message.js';
import type { Counters } from './counters.js';
import type { Ring } from './ring.js';

/** Whom and what is asked. */
export interface StatusParts {
  readonly log: Log;
  readonly counters: Counters;
  readonly ring: Ring;
  readonly origin: string;
  readonly sync: string;
  readonly headTs: string | null;
  /** Something is not as it should be, whatever the disk's room. */
  readonly isDegraded: boolean;
  readonly uptimeMs: number;
  readonly clients: number;
  readonly freeBytes: number | null;
}

/** `failed`: nothing is written any more. `degraded`: somebody should look, before or after it is. */
function stateOf({ log, isDegraded }: StatusParts): Status['state'] {
  if (log.phase.kind === 'failed') return 'failed';
  return isDegraded || log.level !== 'enough' ? 'degraded' : 'ready';
}

/** Counters and state. */
export function statusOf(parts: StatusParts): Status {
  const { log, counters, ring, origin, sync, headTs, uptimeMs, clients, freeBytes } = parts;
  const { seq, mac, epoch, step, sealedTo, segments, bytes } = log.standing;
  return {
    origin, head: { seq, mac, ts: headTs }, epoch, step, sealed_to: sealedTo, segments, bytes, sync, state: stateOf(parts),
    uptime_ms: Math.round(uptimeMs), clients, queue: { ...log.load },
    accepted: Object.fromEntries(counters.accepted), refused: Object.fromEntries(counters.refused),
    duplicates: counters.duplicates, redacted: counters.redacted,
    write_failures: counters.writeFailures, last_error: counters.lastError,
    recent: { size: ring.size, capacity: ring.capacity }, disk: { free_bytes: freeBytes },
    fsync_ms: { ...counters.syncPercentiles() },
  };
}
