/**
 * RFC 6962's audit paths: that one leaf is in a tree, shown by the hashes beside its way to the root. Invariant: sizes and
 * indexes go up to 2^53 - 1, so there is no arithmetic on 32 bits here.
 */
import { hashBytes } from '../keys/hash.js';
import { nodeHash } from './merkle.js';

/** Leaves `begin` .. `end - 1`. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** A path's hashes at most: one for each bit of a size. */
export const pathHashesMax = 53;

/**
 * What stands beside the way from leaf `index` to the root of `size` leaves, from the leaf up: PATH(index, D[size]) of
 * RFC 6962, section 2.1.1, as ranges of leaves. `index` MUST be below `size`.
 */
export function siblingRanges(index: number, size: number): readonly LeafRange[] {
  const fromRoot: LeafRange[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + largestPowerBelow(end - begin);
    if (index < middle) {
      fromRoot.push({ begin: middle, end });
      end = middle;
    } else {
      fromRoot.push({ begin, end: middle });
      begin = middle;
    }
  }
  return fromRoot.reverse();
}

function largestPowerBelow(leaves: number): number {
  let power = 1;
  while (power * 2 < leaves) power *= 2;
  return power;
}

/**
 * The root of the tree of `size` leaves in which `leaf` is the hash at `index` and `path` leads up from it (RFC 9162,
 * section 2.1.3.2); undefined if no such tree has a path of this length.
 */
export function rootFromPath(leaf: Buffer, index: number, size: number, path: readonly Uint8Array[]): Buffer | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  let root = leaf;
  let at = index;
  let last = size - 1;
  for (const hash of path) {
    if (last === 0 || hash.length !== hashBytes) return undefined;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(hash, root);
      while (at % 2 === 0 && at > 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      root = nodeHash(root, hash);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : undefined;
}
