/**
 * Lines that are durable, as the writer's thread handed them over: looked into only where somebody asks.
 */
import { copyMacBytes, macChars } from '../chain/link.js';
import type { CommittedLines } from './mailbox.js';

/** Behind every line's MAC: `"}` and LF. */
const afterMacBytes = 3;

interface CommitText extends Pick<CommittedLines, 'first' | 'ts' | 'ends'> {
  readonly text: Buffer;
}

/** The lines of commits that follow each other. */
export class DurableLines {
  readonly #commits: readonly CommitText[];
  /** The first record's seq, and that behind the last one; both 0 where there are no lines. */
  readonly first: number;
  readonly end: number;

  constructor(commits: readonly CommittedLines[]) {
    this.#commits = commits.map((commit) => ({ first: commit.first, ts: commit.ts, ends: commit.ends, text: textOf(commit) }));
    const last = commits.at(-1);
    this.first = commits[0]?.first ?? 0;
    this.end = last === undefined ? 0 : last.first + last.ends.length;
  }

  /** The record's MAC, 64 lower hex. */
  mac(seq: number): string {
    const { first, ends, text } = this.#commitOf(seq);
    const end = ends[seq - first] ?? 0;
    return text.toString('latin1', end - afterMacBytes - macChars, end - afterMacBytes);
  }

  /** Writes the record's MAC at `at`, 32 bytes. */
  copyMac(seq: number, to: Uint8Array, at: number): void {
    const { first, ends, text } = this.#commitOf(seq);
    copyMacBytes(text, (ends[seq - first] ?? 0) - afterMacBytes - macChars, to, at);
  }

  /** The record's `ts`. */
  ts(seq: number): string {
    return this.#commitOf(seq).ts;
  }

  #commitOf(seq: number): CommitText {
    for (let i = this.#commits.length - 1; i >= 0; i -= 1) {
      const commit = this.#commits[i];
      if (commit !== undefined && seq >= commit.first && seq < commit.first + commit.ends.length) return commit;
    }
    throw new Error(`record ${seq} is not among the lines the writer answered for`);
  }
}

function textOf(commit: Pick<CommittedLines, 'bytes'>): Buffer {
  return Buffer.from(commit.bytes.buffer, commit.bytes.byteOffset, commit.bytes.byteLength);
}

/** The lines of a commit, each without its LF, sharing the commit's memory. */
export function* linesOf(commit: Pick<CommittedLines, 'first' | 'bytes' | 'ends'>): Generator<{ readonly seq: number; readonly line: Buffer }> {
  const text = textOf(commit);
  let from = 0;
  let seq = commit.first;
  for (const end of commit.ends) {
    yield { seq, line: text.subarray(from, end - 1) };
    from = end;
    seq += 1;
  }
}
