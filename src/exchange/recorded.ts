/**
 * What earlier imports left in the log. The daemon remembers the newest ids only, and a file may have more lines than
 * that; so the log itself is read. Invariant: an id counts only in a record that follows the one before it and came
 * through the same listener from the same user, because whoever may append can write any id, and must not be able to
 * make an import leave lines out.
 */
import type { Disk } from '../disk/disk.js';
import { LogScan } from '../query/scan.js';
import type { Tally } from '../query/tally.js';
import { DigestTally } from './digest-tally.js';
import { parseImportId } from './import-id.js';

/** Who an import comes from, as the daemon knows it. */
export interface Importer {
  readonly listener: unknown;
  readonly uid: unknown;
}

const importTrace = Buffer.from('"id":"imp:');

interface Row {
  readonly id?: unknown;
  readonly source?: { readonly listener?: unknown; readonly uid?: unknown } | null;
}

/** Why the log could not be used, or the ids in it. */
export type Recorded =
  | { readonly kind: 'read'; readonly ids: DigestTally; readonly tally: Tally }
  | { readonly kind: 'another_log'; readonly origin: string }
  | { readonly kind: 'unreadable'; readonly cause: unknown };

/** Reads all ids of imports in the log of `origin` at a state directory. */
export function readRecorded(disk: Disk, stateDirectory: string, origin: string, importer: Importer): Recorded {
  try {
    const scan = new LogScan({
      disk, stateDirectory, order: 'oldest_first',
      filter: { examine: (line) => (line.includes(importTrace) ? 'match' : 'miss') },
    });
    if (scan.origin !== undefined && scan.origin !== origin) return { kind: 'another_log', origin: scan.origin };
    const ids = new DigestTally();
    for (const { bytes, fault } of scan.run()) {
      if (fault !== undefined) continue;
      const { id, source } = parse(bytes);
      const digest = parseImportId(id);
      if (digest !== undefined && source?.listener === importer.listener && source?.uid === importer.uid) ids.add(digest);
    }
    return { kind: 'read', ids, tally: scan.tally };
  } catch (cause) {
    return { kind: 'unreadable', cause };
  }
}

function parse(line: Buffer): Row {
  try {
    return JSON.parse(line.toString('utf8')) as Row;
  } catch {
    return {};
  }
}
