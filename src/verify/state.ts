/**
 * The other files of the state directory against the log: `log.pub`, `checkpoint`, `audit.jsonl`, `keys/current`.
 * Invariant: none of them is believed; each may be absent, since an auditor is often given the log alone, but one that
 * is there and says something else than the log is somebody's doing.
 */
import { parseVkey } from '../checkpoint/note.js';
import { openCheckpoint } from '../checkpoint/seal.js';
import type { Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';
import type { KeyName } from '../keys/name.js';
import { compareKeyNames, formatKeyName } from '../keys/name.js';
import { KeyWalker } from '../keys/schedule.js';
import { KeyFile } from '../keys/store.js';
import { listSegments, segmentName } from '../log/segment.js';
import type { Places } from '../log/segment.js';
import type { SeenSeal } from './epochs.js';
import { formatLogPub } from './facts.js';
import type { Facts } from './facts.js';
import type { Fault } from './finding.js';
import { advance, stepsMax } from './trail.js';

/** Small files: what is longer is none of them. */
const smallFileBytesMax = 64 * 1024;
const keyReadsMax = 5;
const compareBytes = 1024 * 1024;
/** What a copied segment begins with, however short it was cut. */
const copyStartForm = /^\{"seq":([1-9]\d{0,15}),/;
const copyStartBytes = 32;

/** A small file's text; undefined if there is none; null if it is no file of that kind. */
export function readSmall(disk: Disk, path: string): string | null | undefined {
  const entry = disk.entry(path);
  if (entry === undefined) return undefined;
  if (entry.kind !== 'file' || entry.bytes > smallFileBytesMax) return null;
  return disk.read(path)?.toString('utf8');
}

/** Whether keys beyond the first, or a checkpoint, or retired segments say that there was a log; then its absence is a loss. */
export function tellsOfALog(disk: Disk, places: Places, stored: StoredKey | undefined): boolean {
  if (stored !== undefined && stored.name.epoch + stored.name.step > 0) return true;
  return disk.entry(places.checkpoint) !== undefined || disk.entry(places.retired) !== undefined;
}

/** `log.pub` of the state directory against the log's own. */
export function checkLogPub(disk: Disk, places: Places, facts: Facts): Fault | undefined {
  const text = readSmall(disk, places.logPub);
  if (text === undefined || text === formatLogPub(facts.logPub)) return undefined;
  return { code: 'log_pub_mismatch', message: 'the file log.pub does not hold this log\'s public keys' };
}

/** The file `checkpoint`: the newest seal's, or the one's before it, which a crash may leave. */
export function checkCheckpointFile(text: string | null, seals: readonly SeenSeal[], facts: Facts): Fault | undefined {
  const opened = text === null ? undefined : openCheckpoint(text, [facts.identity]);
  if (text === null || opened === undefined) {
    return { code: 'checkpoint_malformed', message: 'the file checkpoint is damaged or not signed by this log' };
  }
  const seal = seals.find((candidate) => candidate.size === opened.size && candidate.root === opened.root.toString('base64'));
  if (opened.origin !== facts.origin || seal === undefined) {
    return { code: 'checkpoint_mismatch', message: `the file checkpoint, over ${opened.size} records, is not that of the newest seal or the one before` };
  }
  const signer = seal.vkey === undefined ? undefined : parseVkey(seal.vkey);
  if (signer === undefined || openCheckpoint(text, [facts.identity, signer]) !== undefined) return undefined;
  return { code: 'checkpoint_malformed', message: 'the file checkpoint is not signed by the key of its epoch' };
}

/** What the key file says of the key of the next commit. */
export interface StoredKey {
  readonly name: KeyName;
  readonly step: Buffer;
}

/** The key file's key, if it is there and whole. */
export function readStoredKey(disk: Disk, places: Places): StoredKey | undefined {
  for (let tries = 0; tries < keyReadsMax; tries += 1) {
    try {
      const entry = disk.entry(places.currentKeys);
      if (entry?.kind !== 'file' || entry.bytes > smallFileBytesMax) return undefined;
      // It is overwritten in place, so a reader may see half of each.
      const read = KeyFile.read(disk, places.currentKeys);
      if (read.state === 'ok') {
        const { name, step, nextEpoch, signer, nextSigner } = read.keys;
        for (const unwanted of [nextEpoch, signer, nextSigner]) unwanted?.fill(0);
        return { name, step };
      }
      if (read.state !== 'damaged') return undefined;
    } catch (error) {
      // The keys are nobody's business but the daemon's: who may read the log may often not read them, and whatever else stands
      // in their place is no reason not to check the log.
      if (errorCode(error) === undefined) throw error;
      return undefined;
    }
  }
  return undefined;
}

/** The stored key's name against the end of the log: one further ahead has signed records that are gone. */
export function checkStoredName({ name }: StoredKey, next: KeyName): Fault | undefined {
  if (compareKeyNames(name, next) <= 0) return undefined;
  return {
    code: 'key_file_ahead',
    message: `the host's key stands at ${formatKeyName(name)}, the log ends where it should stand at ${formatKeyName(next)}: what lay between is gone`,
  };
}

/**
 * The stored key against the one that its name, not beyond the log's end, stands for: a log that was cut back needs a key
 * file of then, and who has only a later key must call that by the earlier name. `records`: how many the log has.
 */
export function checkStoredStep({ name, step }: StoredKey, epochKey: Uint8Array, records: number): Fault | undefined {
  const walker = KeyWalker.atStart(epochKey);
  // Every step takes a record: a name that the log cannot account for is not derived.
  const isPossible = name.epoch + name.step <= records && name.step <= stepsMax;
  if (isPossible) advance(walker, name);
  const fits = isPossible && walker.step.equals(step);
  walker.forget();
  step.fill(0);
  if (fits) return undefined;
  return { code: 'key_file_forged', message: `the host's key is not the one that its name, ${formatKeyName(name)}, stands for` };
}

/** `audit.jsonl`: a link to the newest segment (or the one before it), or what a copying tool makes of one. */
export function checkLink(disk: Disk, places: Places): Fault | undefined {
  const entry = disk.entry(places.link);
  if (entry === undefined) return undefined;
  const wrong = (message: string): Fault => ({ code: 'link_wrong', message });
  switch (entry.kind) {
    case 'link': return checkTarget(disk, places, disk.linkTarget(places.link));
    case 'file': break;
    case 'directory':
    case 'other': return wrong('audit.jsonl is neither a link nor a file');
    default: {
      const never: never = entry.kind;
      return never;
    }
  }
  if (entry.bytes <= segmentName(1).length) return checkTarget(disk, places, disk.read(places.link)?.toString('latin1') ?? '');
  return checkCopy(disk, places) ? undefined : wrong('audit.jsonl is a file of its own and does not hold what the segment holds');
}

function checkTarget(disk: Disk, places: Places, target: string): Fault | undefined {
  // Listed after the link was read: a rotation makes the segment first and moves the link then.
  const newest = listSegments(disk, places.log).slice(-2).map((segment) => segment.name);
  if (newest.includes(target)) return undefined;
  return { code: 'link_wrong', message: 'audit.jsonl does not lead to the newest segment of this log' };
}

/** A copy made through the link: the same bytes as the newest segment, or the one before it, as far as both go. */
function checkCopy(disk: Disk, places: Places): boolean {
  const copy = disk.open(places.link, 'read');
  try {
    const start = Buffer.alloc(copyStartBytes);
    const first = copyStartForm.exec(start.toString('latin1', 0, disk.readAt(copy, start, 0)))?.[1];
    const newest = listSegments(disk, places.log).slice(-2);
    const path = newest.find((segment) => segment.first === Number(first))?.path;
    if (path === undefined || disk.entry(path)?.kind !== 'file') return false;
    const segment = disk.open(path, 'read');
    try {
      return agree(disk, copy, segment);
    } finally {
      disk.close(segment);
    }
  } finally {
    disk.close(copy);
  }
}

function agree(disk: Disk, a: number, b: number): boolean {
  const left = Buffer.alloc(compareBytes);
  const right = Buffer.alloc(compareBytes);
  for (let at = 0; ;) {
    const both = Math.min(disk.readAt(a, left, at), disk.readAt(b, right, at));
    if (both === 0) return true;
    if (left.compare(right, 0, both, 0, both) !== 0) return false;
    at += both;
  }
}
