/**
 * The log that comes after one that cannot go on: what was there moves to `predecessor-<n>/`, a state directory of its own,
 * and the new log's genesis names it. Nothing is deleted. Invariant: the old keys move last, so that a move that did not come
 * to its end shows, and neither the old log nor a new one is begun before it has.
 */
import { join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { readIdentity } from '../keys/store.js';
import { originForm } from '../keys/verification.js';
import { readLinesBackward } from './backward.js';
import { readFirstLine } from './first-line.js';
import { decodeHead } from './head.js';
import type { Previous } from './own.js';
import { parseFrame } from './record.js';
import type { Places } from './segment.js';
import { listSegments, placesIn } from './segment.js';

const predecessorForm = /^predecessor-([1-9]\d{0,8})$/;

/** Where the old log's things are, or where they go. */
export interface Predecessor {
  readonly places: Places;
  /** Whether all of it is there. */
  readonly isMoved: boolean;
}

/** The newest predecessor in a state directory, whether its move came to its end or not; undefined if there never was one. */
export function newestPredecessor(disk: Disk, state: string): Predecessor | undefined {
  const numbers = disk.list(state).map((name) => Number(predecessorForm.exec(name)?.[1] ?? 0));
  const newest = Math.max(0, ...numbers);
  if (newest === 0) return undefined;
  const places = placesIn(join(state, `predecessor-${newest}`));
  // Its keys may have been taken away since: a log/ there and another one here say as well that the move is over.
  const isOver = disk.entry(places.log) !== undefined && listSegments(disk, placesIn(state).log).length > 0;
  return { places, isMoved: isOver || disk.entry(places.keys) !== undefined };
}

/** The one that is still being moved, or else the next. */
export function nextPredecessor(disk: Disk, state: string): Places {
  const newest = newestPredecessor(disk, state);
  if (newest === undefined) return placesIn(join(state, 'predecessor-1'));
  if (!newest.isMoved) return newest.places;
  const number = Number(/\d+$/.exec(newest.places.state)?.[0]);
  return placesIn(join(state, `predecessor-${number + 1}`));
}

/** How far an old log went, and who says so: its sealed head, or only its last whole line. */
export interface LastWord {
  readonly previous: Previous;
  readonly from: 'head' | 'line';
}

/** What can be said of the end of a log, however damaged, nothing of it checked; undefined if neither head nor line is there. */
export function lastWordOf(disk: Disk, places: Places): LastWord | undefined {
  const slot = disk.entry(places.head)?.kind === 'file' ? disk.read(places.head) : undefined;
  const head = slot === undefined ? undefined : decodeHead(slot);
  if (head !== undefined && head.seq > 0 && originForm.test(head.origin)) {
    return { previous: { origin: head.origin, seq: head.seq, mac: head.mac }, from: 'head' };
  }
  for (const segment of [...listSegments(disk, places.log)].reverse()) {
    if (disk.entry(segment.path)?.kind !== 'file') continue;
    const file = disk.open(segment.path, 'read');
    try {
      for (const line of readLinesBackward(disk, file, disk.size(file))) {
        const frame = line.kind === 'line' ? parseFrame(line.bytes) : undefined;
        const origin = frame === undefined ? undefined : readFirstLine(disk, segment)?.origin ?? originIn(disk, places);
        if (frame !== undefined && origin !== undefined) return { previous: { origin, seq: frame.seq, mac: frame.mac }, from: 'line' };
      }
    } finally {
      disk.close(file);
    }
  }
  return undefined;
}

function originIn(disk: Disk, places: Places): string | undefined {
  const origin = disk.entry(places.identity)?.kind === 'file' ? readIdentity(disk, places.identity)?.origin : undefined;
  return origin !== undefined && originForm.test(origin) ? origin : undefined;
}

/** What the genesis of the log in a state directory has to name: the newest predecessor's end, null if there is none. */
export function previousOf(disk: Disk, places: Places): Previous | null {
  const predecessor = newestPredecessor(disk, places.state);
  return predecessor === undefined ? null : lastWordOf(disk, predecessor.places)?.previous ?? null;
}

/**
 * Moves the old log's things from `places` to `to`, as many as are still there; what was moved before a crash stays where it
 * is. Listeners stay: they belong to the daemon and not to the log. All of it is on the disk when this returns.
 */
export function moveAside(disk: Disk, places: Places, to: Places): void {
  disk.makeDirectory(to.state);
  disk.syncDirectory(places.state);
  const moves = [
    [places.log, to.log], [places.checkpoint, to.checkpoint], [places.logPub, to.logPub], [places.quarantine, to.quarantine],
    [places.retention, to.retention], [places.lastWords, to.lastWords],
  ] as const;
  for (const [from, target] of moves) if (disk.entry(from) !== undefined) disk.rename(from, target);
  // MUST be on the disk before the keys move: their place says that everything else has come to its own.
  disk.syncDirectory(to.state);
  disk.syncDirectory(places.state);
  if (disk.entry(places.keys) !== undefined) disk.rename(places.keys, to.keys);
  else disk.makeDirectory(to.keys);
  disk.syncDirectory(to.state);
  disk.syncDirectory(places.state);
}
