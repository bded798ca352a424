/**
 * Opening a log: whatever a crash left is mended, whatever is not a crash is refused. Afterwards the state is what an
 * undisturbed writer would have, and everything it stands on is on the disk.
 */
import { epochKeyName } from '../checkpoint/seal.js';
import { signerFrom, verifierOf } from '../checkpoint/signer.js';
import type { Clock } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';
import { copySpan, removeIfThere, replaceFile } from '../disk/write.js';
import { KeyWalker } from '../keys/schedule.js';
import type { Identity, StoredKeys } from '../keys/store.js';
import { KeyFile, readIdentity } from '../keys/store.js';
import { Anchor } from './anchor.js';
import { readCheckpoint } from './checkpoint-file.js';
import { refused } from './failure.js';
import type { ReadHead } from './head.js';
import { decodeHead, forgetHead } from './head.js';
import { checkInventory } from './inventory.js';
import type { TornPiece } from './own.js';
import { confirmPieces, keepPiece, unnamedPieces, worthKeeping } from './quarantine.js';
import type { Link } from './record.js';
import { findRetiredEnd } from './retired-file.js';
import type { Newborn } from './scan.js';
import { Scanner } from './scan.js';
import type { Scanned } from './scanned.js';
import type { Places, SegmentFile } from './segment.js';
import { listSegments } from './segment.js';
import type { Predecessor } from './successor.js';
import { newestPredecessor } from './successor.js';
import type { LogState, OpenEpoch } from './state.js';

/** What a start found. */
export interface OpenedLog {
  readonly state: LogState;
  /** The last thing before was a stop that came to its end, or the log's birth. */
  readonly clean: boolean;
  /** What the head said. */
  readonly head: Link;
  /** Whole lines behind it. */
  readonly adopted: number;
  /** What was cut off, now in quarantine, to be named by `recovered` and then confirmed. */
  readonly torn: readonly TornPiece[];
  /** The oldest segment, if the log says that it is removed and its file is still there; retention goes on with it. */
  readonly unremoved: SegmentFile | undefined;
}

/**
 * Whether a log may be made here: there is none, nor keys that ever wrote a record. An init that did not come to its
 * end counts as none. @throws LogError `refused` where something says that there was a log, or one is being succeeded
 */
export function isUnborn(disk: Disk, places: Places): boolean {
  // log/ is the first that moves to a predecessor: where it has segments nothing has moved, or all has.
  if (listSegments(disk, places.log).length > 0) return false;
  const predecessor = newestPredecessor(disk, places.state);
  if (predecessor?.isMoved === false) throw unfinished(predecessor);
  const stored = readKeys(disk, places, false);
  if (stored !== undefined && stored.name.epoch + stored.name.step > 0) return false;
  checkNothingWasHere(disk, places);
  if (predecessor !== undefined) throw unfinished(predecessor);
  return true;
}

function unfinished({ places }: Predecessor): Error {
  return refused('succession_unfinished',
    `the old log moves to ${places.state}, and the new one is not made yet: give "indelible init --successor" again`);
}

/**
 * Reads and mends. `absent`: there is no log here, nor keys that ever wrote a record; one may be made.
 * @throws LogError `refused` with what was found, for a log that MUST NOT be extended
 */
export function openLog(disk: Disk, clock: Clock, places: Places): OpenedLog | 'absent' {
  if (isUnborn(disk, places)) return 'absent';
  const segments = listSegments(disk, places.log);
  const stored = readKeys(disk, places, segments.length > 0);
  const headSlot = disk.read(places.head);
  if (stored === undefined) throw refused('keys_missing', 'there are segments in log/ and no keys/current');
  if (segments.length === 0) throw refused('log_missing', `keys/current stands at record ${stored.seq}, and log/ has no segment`);
  if (headSlot === undefined) throw refused('head_missing', 'log/head is missing');
  const head = decodeHead(headSlot);
  if (head === undefined) throw refused('head_malformed', 'log/head is damaged');
  const identity = readIdentity(disk, places.identity);
  if (identity?.origin !== head.origin) throw refused('identity_mismatch', `keys/identity is not that of ${head.origin}`);

  checkInventory(disk, places, segments);
  const keys = new KeyWalker(stored.name, stored.step, stored.nextEpoch);
  // The walker has its own copies and wipes them as it goes; these would outlive it.
  stored.step.fill(0);
  stored.nextEpoch.fill(0);
  const scanner = new Scanner(disk, head, stored, keys, head.seq === 0 ? newborn(identity, stored) : undefined);
  const scanned = scanner.scan(segmentsFromHead(segments, head));
  // It is checked, and the log goes on from there: in memory it would outlast the file.
  forgetHead(headSlot);
  head.headMac.fill(0);
  return mend(disk, clock, places, { head, identity, stored, keys, scanned, segments });
}

/** `verify` needs nothing of what is lost, and may well say that all is intact: nobody shall take that for a contradiction. */
const damagedKeysAdvice = 'keys/current is damaged: this host\'s keys are lost, and nothing else could extend the log. The log itself may ' +
  'be whole, which "indelible verify --key FILE" tells. A new log that names this one is opened by "indelible init --successor"';

function readKeys(disk: Disk, places: Places, logIsThere: boolean): StoredKeys | undefined {
  const read = KeyFile.read(disk, places.currentKeys);
  switch (read.state) {
    case 'ok': return read.keys;
    case 'absent': return undefined;
    case 'unknown_version': throw refused('keys_version', 'keys/current was written by a newer version; it is left as it is');
    case 'damaged': throw refused('keys_damaged', logIsThere ? damagedKeysAdvice : 'keys/current is damaged, and log/ has no segment');
  }
}

/** An unfinished init leaves no trace of records. Anything that does was a log, and a new one must not take its place. */
function checkNothingWasHere(disk: Disk, places: Places): void {
  const headSlot = disk.read(places.head);
  const head = headSlot === undefined ? undefined : decodeHead(headSlot);
  if (headSlot !== undefined && head?.seq !== 0) throw refused('log_missing', 'log/head is there, but log/ has no segment');
  for (const trace of [places.checkpoint, places.retired]) {
    if (disk.entry(trace) !== undefined) throw refused('log_missing', `${trace} is there, but log/ has no segment`);
  }
}

function newborn(identity: Identity, stored: StoredKeys): Newborn {
  const signer = signerFrom(epochKeyName(identity.origin, 0), stored.signer);
  return { logPub: [signerFrom(identity.origin, identity.seed).vkey, signer.vkey], verifier: verifierOf(signer) };
}

/** The head's segment and the one that a crash in the middle of a rotation may have left behind it. */
function segmentsFromHead(segments: readonly SegmentFile[], head: ReadHead): readonly SegmentFile[] {
  const at = head.seq === 0 ? 0 : segments.findIndex((segment) => segment.name === head.segment);
  if (at < 0) throw refused('segment_missing', `log/head names ${head.segment}, which is not there`);
  const from = segments.slice(at);
  if (from.length > (head.seq === 0 ? 1 : 2)) {
    throw refused('head_rolled_back', `log/head names ${head.segment || 'no segment'}, and ${from.length - 1} newer ones are there`);
  }
  return from;
}

interface Found {
  readonly head: ReadHead;
  readonly identity: Identity;
  readonly stored: StoredKeys;
  readonly keys: KeyWalker;
  readonly scanned: Scanned;
  readonly segments: readonly SegmentFile[];
}

function mend(disk: Disk, clock: Clock, places: Places, found: Found): OpenedLog {
  const { head, scanned } = found;
  const state = stateFrom(disk, places, found);
  const unremoved = openRemoval(disk, places, found);
  // After a failed fsync the kernel may hold pages as clean that the disk lacks. Only writing them again makes an
  // fsync speak of these bytes, so nothing behind the head counts before that.
  for (const { segment, from, until } of scanned.adopted) writeAgain(disk, segment, from, until);
  // In this order: copy, sync, cut. A crash before the cut finds the bytes in the log, one behind it in quarantine.
  if (scanned.torn !== undefined) {
    const { segment, validBytes, fileBytes } = scanned.torn;
    cutTail(disk, places, segment, validBytes, fileBytes, scanned.last.seq + 1);
  }
  // An empty segment, too: the crash may have come between its making and the sync of its name.
  const isEmpty = scanned.segment.bytes === 0;
  if (scanned.adopted.length > 0 || scanned.torn !== undefined || isEmpty) disk.syncDirectory(places.log);
  confirmPieces(disk, places.quarantine, scanned.namedPieces);
  // A seal that is durable outranks the stored epoch: its key must be gone before anything else is written. A head that
  // tells of the seal does not say that the keys were synced behind it.
  const isKeyBehindSeal = state.keys.name.epoch > found.stored.name.epoch;
  if (isKeyBehindSeal || (scanned.endsInSeal && scanned.adoptedLines > 0)) {
    const anchor = new Anchor(disk, clock, places);
    try {
      anchor.move(anchor.prepare(state), true);
    } finally {
      anchor.close();
    }
  }
  if (scanned.seal !== undefined && disk.read(places.checkpoint)?.toString('utf8') !== scanned.seal.checkpoint) {
    replaceFile(disk, places.checkpoint, Buffer.from(scanned.seal.checkpoint));
  }
  const torn = unnamedPieces(disk, places.quarantine);
  const stopped = scanned.kindBefore === 'stopped' && scanned.endsInSeal;
  const atKey = found.stored.seq === scanned.last.seq;
  const clean = torn.length === 0 && scanned.adoptedLines === 0 && atKey && !isEmpty && (stopped || scanned.last.seq === 1);
  return {
    state, clean, head: { seq: head.seq, mac: head.mac }, adopted: scanned.adoptedLines, torn,
    unremoved: unremoved === undefined ? undefined : finishRemoval(disk, places, head, unremoved),
  };
}

/**
 * The removal that a crash left open: the newest `segment_removed` that was read names the oldest segment there is. Only such
 * a record counts, one of the log's own that the scan has checked; never a client's event of that name. Should it lie
 * further back than the scan reads, then retention chooses the segment again, and a second record says the same.
 */
function openRemoval(disk: Disk, places: Places, { scanned, segments }: Found): SegmentFile | undefined {
  const [oldest, second] = segments;
  const record = scanned.removed.at(-1);
  if (oldest === undefined || second === undefined) return undefined;
  if (record?.segment !== oldest.name || record.last + 1 !== second.first) return undefined;
  // What stands for the segment was synced before the record was written; where it is not, a hand was at work.
  findRetiredEnd(disk, places, second);
  return oldest;
}

/** Takes the file away, now that the record is durable; returns it if it is still there. */
function finishRemoval(disk: Disk, places: Places, head: ReadHead, oldest: SegmentFile): SegmentFile | undefined {
  // A head that still names it must move on first, and that takes a durable record behind it.
  if (head.segment === oldest.name) return oldest;
  try {
    removeIfThere(disk, oldest.path);
  } catch (error) {
    // A file that will not go is no reason to record nothing.
    if (errorCode(error) === undefined) throw error;
    return oldest;
  }
  disk.syncDirectory(places.log);
  return undefined;
}

function stateFrom(disk: Disk, places: Places, { head, identity, stored, keys, scanned }: Found): LogState {
  const signer = identitySigner(identity, scanned);
  return {
    origin: head.origin,
    logPub: scanned.logPub,
    identity: signer,
    genesisMac: scanned.genesisMac,
    last: scanned.last,
    openCommit: scanned.lastOpen,
    keys,
    tree: scanned.tree,
    segment: scanned.segment,
    epoch: openEpoch(head.origin, stored, keys, scanned),
    // Where what was read holds no seal, the last line of the segment before it is the newest, and its note is in the file.
    sealed: scanned.seal ?? readCheckpoint(disk, places.checkpoint, verifierOf(signer), scanned.segment.first - 2),
  };
}

function identitySigner(identity: Identity, scanned: Scanned): LogState['identity'] {
  const signer = signerFrom(identity.origin, identity.seed);
  if (signer.vkey === scanned.logPub[0]) return signer;
  throw refused('identity_mismatch', 'keys/identity is not the key that the log names as its identity');
}

/** The signing key of the epoch the log is in: the stored one, or the next one if a durable seal ended the stored one's. */
function openEpoch(origin: string, stored: StoredKeys, keys: KeyWalker, scanned: Scanned): OpenEpoch {
  const sealedSince = keys.name.epoch > stored.name.epoch;
  const seed = sealedSince ? stored.nextSigner : stored.signer;
  // The seal it signed is durable: it must never sign again.
  if (sealedSince) stored.signer.fill(0);
  const signer = seed === null ? undefined : signerFrom(epochKeyName(origin, keys.name.epoch), seed);
  if (seed === null || signer?.vkey !== scanned.verifier.vkey) {
    throw refused('signing_key_mismatch', `keys/current does not hold the key that signs epoch ${keys.name.epoch}`);
  }
  const nextSeed = sealedSince ? null : stored.nextSigner;
  return { first: scanned.epochFirst, dirty: scanned.epochDirty, signer, nextSeed };
}

function writeAgain(disk: Disk, segment: SegmentFile, from: number, until: number): void {
  const file = disk.open(segment.path, 'update');
  try {
    copySpan(disk, file, file, from, until);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
}

function cutTail(disk: Disk, places: Places, segment: SegmentFile, validBytes: number, fileBytes: number, seq: number): void {
  disk.makeDirectory(places.quarantine);
  const file = disk.open(segment.path, 'update');
  try {
    keepPiece(disk, places.quarantine, seq, worthKeeping(disk, file, validBytes, fileBytes));
    disk.truncate(file, validBytes);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
}
