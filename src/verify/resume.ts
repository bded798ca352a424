/**
 * Going on where an earlier run ended: at the segment that holds the last record of the checkpoint which that run left.
 * Invariant: the header it begins at is believed for one reason only, that the tree over it has the checkpoint's root.
 * The segments before it are not read again, but they must be there.
 */
import type { Disk } from '../disk/disk.js';
import { lastSeqOf } from '../log/inventory.js';
import { notOverlong, readLines } from '../log/lines.js';
import { parseSegmentRemoved } from '../log/own.js';
import { parseFrame } from '../log/record.js';
import type { SegmentFile } from '../log/segment.js';
import type { Findings } from './finding.js';
import { SegmentsMoved, openListed } from './held.js';
import type { Seam } from './seam.js';
import { statedSeam } from './seam.js';

/** A seal's line at the least: two notes and what is around them. An epoch without its seal there cannot be. */
const sealBytesMin = 600;

/** More epochs than a log of so many bytes can have. */
export function epochsIn(bytes: number): number {
  return Math.ceil(bytes / sealBytesMin);
}

/** Where to begin, and the segments from there on. */
export interface Resumption {
  readonly seam: Seam;
  readonly segments: readonly SegmentFile[];
}

/** What a resumed run must cover. */
export interface ResumeFrom {
  /** Records of the checkpoint. */
  readonly size: number;
  /** The last record that retention removed: the log tells of that behind the beginning, or everything is read. */
  readonly retiredTo: number;
  readonly epochsMax: number;
}

/** Where a run from a checkpoint begins; undefined where that is the log's beginning, or no better. */
export function resumeAt(disk: Disk, segments: readonly SegmentFile[], from: ResumeFrom): Resumption | undefined {
  const { size, retiredTo, epochsMax } = from;
  const holds = segments.findLastIndex((segment) => segment.first <= size);
  const tells = retiredTo === 0 ? segments.length : segments.findLastIndex((segment) => tellsOfRemoval(disk, segment, retiredTo));
  const at = Math.min(holds, tells);
  const segment = segments[at];
  if (at < 1 || segment === undefined || disk.entry(segment.path)?.kind !== 'file') return undefined;
  const seam = statedSeam(disk, segment);
  return seam === undefined || seam.epoch > epochsMax ? undefined : { seam, segments: segments.slice(at) };
}

/** Whether a segment has a record that says so; whether that is true, the walk will find, since it begins here then. */
function tellsOfRemoval(disk: Disk, segment: SegmentFile, retiredTo: number): boolean {
  if (disk.entry(segment.path)?.kind !== 'file') return false;
  const file = openListed(disk, segment);
  try {
    for (const line of readLines(disk, file, notOverlong)) {
      if (!line.bytes.includes(removalMark)) continue;
      const frame = parseFrame(line.bytes);
      if (frame !== undefined && parseSegmentRemoved(frame.body)?.last === retiredTo) return true;
    }
    return false;
  } finally {
    disk.close(file);
  }
}

const removalMark = Buffer.from('"kind":"segment_removed"');

/** Looks at the ends of the segments that are passed over: which of them is gone, shows there. @throws SegmentsMoved */
export function checkPassedOver(
  disk: Disk, segments: readonly SegmentFile[], upTo: SegmentFile | undefined, findings: Findings,
): void {
  const passed = segments.filter((segment) => segment.first < (upTo?.first ?? 0));
  for (const [index, segment] of passed.entries()) {
    const next = passed[index + 1] ?? upTo;
    const kind = disk.entry(segment.path)?.kind;
    if (kind === undefined) throw new SegmentsMoved(segment.name);
    const last = kind === 'file' ? lastSeqOf(disk, segment) : undefined;
    if (last === undefined) {
      findings.add('bad_line', `${segment.name} does not end in a record`, { segment: segment.name });
    } else if (next !== undefined && next.first !== last + 1) {
      const message = `${segment.name} ends with record ${last}, and the next segment is ${next.name}`;
      findings.add('missing_segment', message, { segment: segment.name, seq: last + 1 });
    }
  }
}
