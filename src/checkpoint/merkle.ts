/**
 * RFC 6962's Merkle tree over the log's lines, SHA-256, held as a compact range: the roots of the full subtrees that
 * make up the tree, tallest first. That is all that is needed to go on, and 53 hashes at most.
 */
import { createHash } from 'node:crypto';
import { decodeBase64 } from '../keys/base64.js';
import { hashBytes, sha256, sha256Into } from '../keys/hash.js';

/** Prefix and line must lie together for that one call. Lines longer than this take the long way round. */
const scratchBytes = 64 * 1024;
const leaf = Buffer.alloc(scratchBytes);
const leafPrefix = leaf.subarray(0, 1);

/** SHA-256(0x00 || line), the line without its LF. */
export function leafHash(line: Uint8Array): Buffer {
  if (line.length >= scratchBytes) return createHash('sha256').update(leafPrefix).update(line).digest();
  leaf.set(line, 1);
  return sha256(leaf.subarray(0, 1 + line.length));
}

/** As `leafHash`, of the line of `bytes` that stands in `prefixed` behind one byte, which is lent to the hash and given back. */
export function leafHashInPlace(prefixed: Buffer, bytes: number): Buffer {
  const lent = prefixed[0] ?? 0;
  prefixed[0] = 0x00;
  const hash = sha256(prefixed.subarray(0, 1 + bytes));
  prefixed[0] = lent;
  return hash;
}

const pair = Buffer.alloc(1 + 2 * hashBytes, 0x01);

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + hashBytes);
  return sha256(pair);
}

/** The root of the tree without leaves: SHA-256 of nothing. */
const emptyRoot: Buffer = createHash('sha256').digest();

/** How many full subtrees a tree of `size` leaves has: the ones in its binary number. */
export function frontierLength(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** A growing tree. */
export class Frontier {
  #size: number;
  readonly #nodes: Buffer[];

  private constructor(size: number, nodes: Buffer[]) {
    this.#size = size;
    this.#nodes = nodes;
  }

  static empty(): Frontier {
    return new Frontier(0, []);
  }

  /** From a size and its subtree roots, tallest first; undefined if their number does not fit the size. */
  static from(size: number, nodes: readonly Uint8Array[]): Frontier | undefined {
    if (nodes.length !== frontierLength(size) || nodes.some((node) => node.length !== hashBytes)) return undefined;
    return new Frontier(size, nodes.map((node) => Buffer.from(node)));
  }

  /** The inverse of `texts`; undefined for what no tree of `size` leaves has. */
  static parse(size: number, texts: readonly string[]): Frontier | undefined {
    return Frontier.from(size, texts.map((text) => decodeBase64(text) ?? Buffer.alloc(0)));
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** The full subtrees' roots, tallest first. */
  get nodes(): readonly Buffer[] {
    return this.#nodes;
  }

  /** The same in base64, as a header has them. */
  get texts(): readonly string[] {
    return this.#nodes.map((node) => node.toString('base64'));
  }

  /** Adds one leaf hash: as many merges as the old size's binary number ends in ones. */
  append(hash: Buffer): void {
    let node = hash;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#nodes.pop();
      if (left === undefined) throw new Error('a frontier lost a subtree: its size and nodes disagree');
      node = nodeHash(left, node);
    }
    this.#nodes.push(node);
    this.#size += 1;
  }

  /** The tree's root: the subtrees folded from the smallest up. */
  root(): Buffer {
    const smallest = this.#nodes.at(-1);
    if (smallest === undefined) return emptyRoot;
    const right = 1 + hashBytes;
    pair.set(smallest, right);
    for (let i = this.#nodes.length - 2; i >= 0; i -= 1) {
      pair.set(this.#nodes[i] ?? emptyRoot, 1);
      sha256Into(pair, pair, right);
    }
    return Buffer.from(pair.subarray(right));
  }

  copy(): Frontier {
    return new Frontier(this.#size, [...this.#nodes]);
  }
}
