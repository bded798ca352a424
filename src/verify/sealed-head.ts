/**
 * The sealed head against the log. Invariant: all seven fields and, with the key, the MAC must fit one record of the
 * log; a key name that does not follow from the log is a finding and nothing is ever derived from it.
 */
import { macMatches } from '../chain/link.js';
import type { Disk } from '../disk/disk.js';
import { compareKeyNames, formatKeyName } from '../keys/name.js';
import { headReads, pauseForHead, readHead } from '../log/head.js';
import type { HeadState, ReadHead } from '../log/head.js';
import type { Fault } from './finding.js';
import type { Snapshot } from './snapshot.js';

/** The record up to which the log is durable; Infinity where the head says nothing: then everything must be whole. */
export function durableSeq(state: HeadState): number {
  return state.state === 'ok' ? state.head.seq : Number.POSITIVE_INFINITY;
}

/** Whether two reads of the head saw the same. */
export function sameHead(a: HeadState, b: HeadState): boolean {
  if (a.state !== 'ok' || b.state !== 'ok') return a.state === b.state;
  return a.head.headMac.equals(b.head.headMac) && a.head.covered.equals(b.head.covered);
}

/** Whether the head moves on within a moment, so that what was read of it may have been half of two. */
export function headMoves(disk: Disk, path: string, from: HeadState): boolean {
  for (let tries = 1; tries <= headReads.max; tries += 1) {
    if (!sameHead(from, readHead(disk, path))) return true;
    pauseForHead();
  }
  return false;
}

/** What is wrong with a head whose record was walked; `here` is what the log looks like behind that record. */
export function compareHead(head: ReadHead, here: Snapshot, origin: string): readonly Fault[] {
  const faults: Fault[] = [];
  const differs = (what: string, inHead: string | number, inLog: string | number): void => {
    if (inHead === inLog) return;
    faults.push({ code: 'head_mismatch', message: `the head says ${what} ${inHead}, the log ${inLog}` });
  };
  differs('origin', head.origin, origin);
  differs('mac', head.mac, here.mac);
  differs('segment', head.segment || '(none)', here.segment || '(none)');
  differs('bytes', head.bytes, here.bytes);
  if (here.tree !== undefined) differs('root', head.root.toString('base64'), here.tree.root().toString('base64'));
  if (here.open) faults.push({ code: 'head_mismatch', message: `the head names record ${here.seq}, which is in the middle of a commit` });
  if (compareKeyNames(head.key, here.next) !== 0) {
    faults.push({ code: 'head_mismatch', message: `the head's key ${formatKeyName(head.key)} does not follow from the log: that is ${formatKeyName(here.next)}` });
  } else if (here.step !== undefined && !macMatches(here.step, head.covered, head.headMac)) {
    faults.push({ code: 'head_forged', message: 'the head\'s MAC is not that of the daemon' });
  }
  return faults;
}
