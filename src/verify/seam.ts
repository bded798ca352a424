/**
 * The seam between two segments: everything a walk carries over it. A header states it, a walk from before arrives at
 * it. Invariant: plain text and numbers, so that two seams are the same exactly if they read the same.
 */
import { parseVkey } from '../checkpoint/note.js';
import type { Verifier } from '../checkpoint/note.js';
import { Frontier } from '../checkpoint/merkle.js';
import type { Disk } from '../disk/disk.js';
import { readFirstFrame } from '../log/first-line.js';
import { parseHeader } from '../log/own.js';
import type { Link } from '../log/record.js';
import type { SegmentFile } from '../log/segment.js';

/** `seq` and `mac` are those of the seal in front of it. */
export interface Seam extends Link {
  /** The epoch that begins behind it, and the vkey that will sign it. */
  readonly epoch: number;
  readonly vkey: string;
  /** MAC of record 1. */
  readonly genesis: string;
  /** The compact range over records 1 to `seq`, base64, tallest subtree first. */
  readonly frontier: readonly string[];
}

/** The tree at a seam. Throws for one that no tree made. */
export function treeAt(seam: Seam): Frontier {
  const tree = Frontier.parse(seam.seq, seam.frontier);
  if (tree === undefined) throw new Error(`no tree of ${seam.seq} records has this compact range`);
  return tree;
}

/** Who signs the epoch behind a seam. */
export function verifierAt(seam: Seam): Verifier {
  const verifier = parseVkey(seam.vkey);
  if (verifier === undefined) throw new Error('a seam without a vkey');
  return verifier;
}

export function sameSeam(a: Seam, b: Seam): boolean {
  return a.seq === b.seq && a.mac === b.mac && a.epoch === b.epoch && a.vkey === b.vkey && a.genesis === b.genesis &&
    a.frontier.join() === b.frontier.join();
}

/**
 * What a segment's header says stood before it; undefined if the file does not begin with one that fits its name.
 * Nothing of it may be believed before a walk from before has arrived at the same, or a root from outside holds it.
 */
export function statedSeam(disk: Disk, segment: SegmentFile): Seam | undefined {
  const frame = readFirstFrame(disk, segment.path);
  const header = frame === undefined ? undefined : parseHeader(frame.body);
  if (frame === undefined || header === undefined) return undefined;
  // Every epoch before it took one record at least: keys are not derived for a name that cannot be.
  const isPossible = frame.key.epoch < frame.seq && frame.key.step === 0;
  const fits = frame.seq === segment.first && header.tree_size === frame.seq - 1 && isPossible;
  if (!fits) return undefined;
  return {
    seq: frame.seq - 1, mac: frame.prev, epoch: frame.key.epoch, vkey: header.epoch_vkey, genesis: header.genesis,
    frontier: header.frontier,
  };
}
