// What comes before the log that succeeds another: finding out what there is to succeed, and putting it aside. A command
// that was interrupted is finished by giving it again, so each step asks what is there and not what was done.
import type { Disk } from '../disk/disk.js';
import { LogError, refused } from '../log/failure.js';
import type { Previous } from '../log/own.js';
import { isUnborn } from '../log/recovery.js';
import { placesIn } from '../log/segment.js';
import type { LastWord } from '../log/successor.js';
import { lastWordOf, moveAside, newestPredecessor, nextPredecessor } from '../log/successor.js';

/** The way is free for a new log, or its name is the old one's. */
export type Way =
  | { readonly kind: 'free'; readonly previous: Previous; readonly from: LastWord['from']; readonly movedTo: string }
  | { readonly kind: 'same_name' };

/**
 * Moves the log in `state` aside, or goes on where that was interrupted. `origin` is the new log's name. The caller holds the
 * lock.
 * @throws LogError `refused` if there is nothing to succeed, and then nothing was moved
 */
export function makeWay(disk: Disk, state: string, origin: string): Way {
  const places = placesIn(state);
  const isUnderWay = isSuccessionUnfinished(disk, state);
  const newest = newestPredecessor(disk, state);
  const to = isUnderWay && newest !== undefined ? newest.places : nextPredecessor(disk, state);
  const word = lastWordOf(disk, disk.entry(to.log) === undefined ? places : to);
  if (word === undefined) {
    throw refused('nothing_to_succeed',
      `neither log/head nor a whole line in ${state} says what the old log was called and how far it went, and a successor has to name it: ` +
      'put back what a backup has of log/, or move all of it away and make a log of its own with "indelible init"');
  }
  const { previous, from } = word;
  if (previous.seq <= 1) throw refused('nothing_to_succeed', `the log in ${state} holds nothing but its first record: there is nothing to succeed`);
  if (previous.origin === origin) return { kind: 'same_name' };
  // What lies in its place otherwise is a new log's unfinished beginning, and is begun anew.
  if (!isUnderWay || newest?.isMoved !== true) moveAside(disk, places, to);
  return { kind: 'free', previous, from, movedTo: to.state };
}

/** @throws LogError `refused` if there is no log and never was */
function isSuccessionUnfinished(disk: Disk, state: string): boolean {
  try {
    if (!isUnborn(disk, placesIn(state))) return false;
  } catch (error) {
    // Damage is what a successor is for.
    if (error instanceof LogError && error.code === 'refused') return error.what === 'succession_unfinished';
    throw error;
  }
  throw refused('nothing_to_succeed', `there is no log in ${state} to succeed; a first one is made by "indelible init" without --successor`);
}
