/**
 * That a record is under a checkpoint, shown from the log's files without the tree in memory and without reading all of
 * them: each segment's header has the subtrees of everything before it. What a segment is read for is read in one go,
 * a piece at a time, so that the thread that asks has room for others.
 *
 * Left of the record everything comes from its own segment: the subtrees beside the way to a leaf are just the frontier
 * of the leaves before it, of which the header has the beginning. So no record that is still there needs a segment that was
 * removed. Right of it a subtree is what the last header inside it says of its beginning, and the lines from there on.
 *
 * Invariant: no proof is given away that does not lead to the checkpoint's root.
 */
import { Frontier, frontierLength, leafHash } from '../checkpoint/merkle.js';
import { rootFromPath, siblingRanges } from '../checkpoint/proof.js';
import type { LeafRange } from '../checkpoint/proof.js';
import { openCheckpoint } from '../checkpoint/seal.js';
import { errorCode, realDisk } from '../disk/disk.js';
import { readSegment } from './history.js';
import { parseHeader } from './own.js';
import { parseFrame } from './record.js';
import { listSegments } from './segment.js';
import type { SegmentFile } from './segment.js';

/** A proof that was checked. */
export interface InclusionProof {
  /** The record as it stands in the log, without its LF. */
  readonly line: Buffer;
  /** Its leaf: seq - 1. */
  readonly index: number;
  /** Records that the checkpoint covers. */
  readonly size: number;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Buffer[];
  /** The checkpoint. */
  readonly note: string;
}

/** What came of asking for one. */
export type Proved =
  | { readonly kind: 'proved'; readonly proof: InclusionProof }
  /** The checkpoint covers records 1 to `size` only. */
  | { readonly kind: 'not_covered'; readonly size: number }
  /** The record's segment was removed; `first` is the first record that is still there. */
  | { readonly kind: 'removed'; readonly first: number }
  /** What lies on the disk is not what was sealed. */
  | { readonly kind: 'mismatch'; readonly reason: string }
  | { readonly kind: 'aborted' };

/** Read and hashed in one turn of the event loop: what others wait for a proof at a time, well below a millisecond. */
const pieceBytes = 64 * 1024;
/** Segments may be removed between the look at the directory and the reading; then the directory is looked at again. */
const triesMax = 3;

/**
 * Proves record `seq`, from 1, to be under the checkpoint `note`, whose signatures are not looked at. Rejects if a file
 * cannot be read.
 */
export async function proveRecord(logDirectory: string, seq: number, note: string, signal?: AbortSignal): Promise<Proved> {
  const checkpoint = openCheckpoint(note, []);
  if (checkpoint === undefined) return { kind: 'mismatch', reason: 'the checkpoint is not a signed checkpoint note' };
  const { size, root } = checkpoint;
  if (seq > size) return { kind: 'not_covered', size };
  for (let tries = 1; ; tries += 1) {
    const segments = listSegments(realDisk, logDirectory);
    const oldest = segments[0];
    if (oldest === undefined) return { kind: 'mismatch', reason: 'there is no segment' };
    if (oldest.first > seq) return { kind: 'removed', first: oldest.first };
    try {
      const path = await new PathReader(segments, seq - 1, size).read(signal);
      if (signal?.aborted === true) return { kind: 'aborted' };
      if (typeof path === 'string') return { kind: 'mismatch', reason: path };
      const { line, hashes } = path;
      if (rootFromPath(leafHash(line), seq - 1, size, hashes)?.equals(root) !== true) {
        return { kind: 'mismatch', reason: `records 1 to ${size} do not have the root that was signed` };
      }
      return { kind: 'proved', proof: { line, index: seq - 1, size, hashes, note } };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || tries === triesMax) throw error;
    }
  }
}

/** A piece of the tree that one segment gives: leaves `begin` .. `end - 1`, of which those before `from` are in its header. */
interface Piece extends LeafRange {
  readonly from: number;
  /** The tree over the piece alone; undefined until its segment is reached. */
  tree: Frontier | undefined;
}

/** Reads one path. Each instance reads once. */
class PathReader {
  readonly #segments: readonly SegmentFile[];
  readonly #index: number;
  readonly #ranges: readonly LeafRange[];
  /** Left of the leaf, then right of it, from left to right; each is in one segment from its `from` on. */
  readonly #left: Piece;
  readonly #right: readonly Piece[];
  #line: Buffer | undefined;

  constructor(segments: readonly SegmentFile[], index: number, size: number) {
    this.#segments = segments;
    this.#index = index;
    this.#ranges = siblingRanges(index, size);
    this.#left = this.#piece({ begin: 0, end: index }, index);
    this.#right = this.#ranges.filter(({ begin }) => begin > index).map((range) => this.#piece(range, range.end - 1));
  }

  /** The line and its path; else why there is none. */
  async read(signal: AbortSignal | undefined): Promise<{ readonly line: Buffer; readonly hashes: readonly Buffer[] } | string> {
    for (const [at, segment] of this.#segments.entries()) {
      const start = segment.first - 1;
      const end = (this.#segments[at + 1]?.first ?? Number.POSITIVE_INFINITY) - 1;
      const isIn = (leaf: number): boolean => leaf >= start && leaf < end;
      const pieces = [this.#left, ...this.#right].filter((piece) => isIn(piece.from));
      const until = Math.max(isIn(this.#index) ? this.#index + 1 : 0, ...pieces.map((piece) => piece.end));
      if (until <= start) continue;
      const fault = await this.#readSegment(segment, pieces, until, signal);
      if (fault !== undefined) return fault;
    }
    return this.#path();
  }

  /** The newest header behind the range's first leaf and not behind `until` has its beginning; else all of it is read. */
  #piece({ begin, end }: LeafRange, until: number): Piece {
    const inside = this.#segments.findLast(({ first }) => first - 1 > begin && first - 1 <= until);
    return { begin, end, from: inside === undefined ? begin : inside.first - 1, tree: undefined };
  }

  /** Returns why the segment is not what it should be, if it is not. */
  async #readSegment(
    segment: SegmentFile, pieces: readonly Piece[], until: number, signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    let leaf = segment.first - 1;
    let next = 0;
    for await (const { seq, line } of readSegment(segment.path, pieceBytes)) {
      if (signal?.aborted === true) return 'nobody waits for it any more';
      if (seq !== leaf + 1) return `${segment.name} has record ${seq} where record ${leaf + 1} should be`;
      if (leaf === segment.first - 1 && !startTrees(segment, line, pieces)) return `${segment.name} does not begin with its header`;
      if (leaf === this.#index) this.#line = Buffer.from(line);
      while (leaf >= (pieces[next]?.end ?? Number.POSITIVE_INFINITY)) next += 1;
      const piece = pieces[next];
      if (piece !== undefined && leaf >= piece.from) piece.tree?.append(leafHash(line));
      leaf += 1;
      if (leaf >= until) return undefined;
    }
    return `${segment.name} ends before record ${until}`;
  }

  /** The pieces' roots in the order of the path. */
  #path(): { readonly line: Buffer; readonly hashes: readonly Buffer[] } | string {
    const line = this.#line;
    if (line === undefined) return `record ${this.#index + 1} is in no segment`;
    const left = [...(this.#left.tree?.nodes ?? [])];
    const right = this.#right.map(({ tree }) => tree?.root());
    const hashes = this.#ranges.map(({ begin: from }) => (from > this.#index ? right.shift() : left.pop()));
    const found = hashes.filter((hash) => hash !== undefined);
    return found.length === hashes.length ? { line, hashes: found } : `a part of records 1 to ${this.#index + 1} is in no segment`;
  }
}

/** Starts the trees of a segment's pieces, with what its header has of them. */
function startTrees(segment: SegmentFile, firstLine: Buffer, pieces: readonly Piece[]): boolean {
  const start = segment.first - 1;
  const frame = parseFrame(firstLine);
  const header = frame === undefined ? undefined : parseHeader(frame.body);
  for (const piece of pieces) {
    if (piece.from === piece.begin) piece.tree = Frontier.empty();
    else {
      const covered = start - piece.begin;
      if (header?.tree_size !== start) return false;
      // The range begins where a subtree of its size may, so its leaves before the header are subtrees of their own.
      piece.tree = Frontier.from(covered, header.tree.nodes.slice(-frontierLength(covered)));
    }
  }
  return true;
}
