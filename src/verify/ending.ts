/**
 * The end of the log, where a crash, a live daemon and a thief look alike at first sight. Invariant: whatever stands
 * at or before the sealed head must be whole; behind it, whole records and a torn rest are what a crash leaves; and a
 * head that moves while it is read is read again before anything is held against the log.
 */
import type { Disk } from '../disk/disk.js';
import { readHead } from '../log/head.js';
import type { HeadState } from '../log/head.js';
import type { Places } from '../log/segment.js';
import type { Facts } from './facts.js';
import type { Fault, Findings } from './finding.js';
import { SegmentsMoved } from './held.js';
import type { Passes, Tail } from './passes.js';
import type { SnapshotKeeper } from './keeper.js';
import type { Note } from './report.js';
import { compareHead, durableSeq, headMoves, sameHead } from './sealed-head.js';
import { checkCheckpointFile, checkStoredName, checkStoredStep, readSmall } from './state.js';
import type { StoredKey } from './state.js';
import type { Walk } from './walk.js';

/** Rounds after a head that moves. Each reads only what came since the last, so a few catch up with any daemon. */
const roundsMax = 16;

/** The head names a record that was walked and not kept, or can be read at last: the verification begins again from there. */
export class HeadMoved extends Error {
  readonly code = 'head_moved';

  constructor() {
    super('log/head did not stay what it was first, nor move on from there, each time that the log was read; verify again');
    this.name = 'HeadMoved';
  }
}

/** What the end is judged with. */
export interface EndingParts {
  readonly disk: Disk;
  readonly places: Places;
  readonly walk: Walk;
  readonly passes: Passes;
  readonly keeper: SnapshotKeeper;
  readonly facts: Facts;
  readonly findings: Findings;
  readonly notes: Note[];
  readonly retiredTo: number;
}

/** See the file's head. */
export class Ending {
  readonly #parts: EndingParts;
  /** The walk began behind this record. */
  readonly #begunBehind: number;

  constructor(parts: EndingParts) {
    this.#parts = parts;
    this.#begunBehind = parts.walk.seq;
  }

  /** Walks to the end, judges it, and returns the head it was judged by. @throws HeadMoved */
  walkToEnd(first: HeadState): HeadState {
    const { disk, places, walk, passes, keeper } = this.#parts;
    let head = first;
    let tail = passes.pass(durableSeq(head));
    let checkpoint = readSmall(disk, places.checkpoint);
    /** Retention took the segment that was being read: what was walked is judged by the head it was walked for. */
    let isOvertaken = false;
    for (let round = 1; ; round += 1) {
      const now = readHead(disk, places.head);
      if (head.state !== 'ok' && now.state === 'ok') throw new HeadMoved();
      // Not moved, or gone: this is the end. Moved, but only to what was walked already: judge by the newer one.
      const settled = sameHead(head, now) || now.state !== 'ok' || now.head.seq <= walk.seq;
      if (settled || isOvertaken || round === roundsMax) {
        if (settled) head = now;
        if (head.state === 'ok' && !keeper.covers(head.head.seq)) throw new HeadMoved();
        const faults = this.#headFaults(head);
        // A slot read while it is overwritten may look whole and be half of each: only bytes that stay are evidence.
        if (faults.length > 0 && round < roundsMax && headMoves(disk, places.head, head)) continue;
        if (!settled && faults.length === 0) {
          this.#parts.notes.push({ code: 'moving', message: `the log grew faster than it was read; checked up to record ${walk.seq}` });
          tail = undefined;
        }
        this.#conclude(head, faults, tail, settled);
        // One that is newer than what was walked says nothing about it.
        if (settled) this.#checkCheckpoint(checkpoint);
        return head;
      }
      keeper.expect(now.head.seq);
      try {
        tail = passes.pass(durableSeq(now));
      } catch (error) {
        if (!(error instanceof SegmentsMoved)) throw error;
        isOvertaken = true;
        continue;
      }
      head = now;
      checkpoint = readSmall(disk, places.checkpoint);
    }
  }

  /** The key that was stored before the walk began; `epochKey`: E(0), with the verification key. */
  checkStored(stored: StoredKey | undefined, epochKey: Uint8Array | undefined): void {
    if (stored === undefined) return;
    const { walk } = this.#parts;
    const ahead = checkStoredName(stored, walk.next);
    // Behind damage the end is not known, and what is missing there has been said.
    const isEndKnown = walk.reached === walk.seq;
    // A verification key that no line bears out says nothing of this one.
    const isStepKnown = epochKey !== undefined && walk.evidence && ahead === undefined;
    const fault = isStepKnown ? checkStoredStep(stored, epochKey, walk.reached) : isEndKnown ? ahead : undefined;
    if (fault !== undefined) this.#add([fault], {});
  }

  #add(faults: readonly Fault[], place: { readonly seq?: number }): void {
    for (const fault of faults) this.#parts.findings.add(fault.code, fault.message, place);
  }

  #headFaults(state: HeadState): readonly Fault[] {
    const { walk, keeper, facts, retiredTo } = this.#parts;
    switch (state.state) {
      case 'absent': return [{ code: 'head_missing', message: 'log/head, which says how far the log is durable, is gone' }];
      case 'malformed': return [{ code: 'head_malformed', message: 'log/head is damaged' }];
      case 'ok': break;
      default: {
        const never: never = state;
        return never;
      }
    }
    const { head } = state;
    const here = keeper.at(head.seq);
    if (here !== undefined) return compareHead(head, here, facts.origin);
    if (head.seq > walk.reached) {
      const what = `the head vouches for record ${head.seq}, the log ends with record ${walk.seq}`;
      return [{ code: 'log_truncated', message: `${what}: ${head.seq - walk.seq} acknowledged records are gone, or the head is forged` }];
    }
    const where = head.seq <= retiredTo ? 'was removed by retention'
      : head.seq < this.#begunBehind ? 'is older than the checkpoint that the run resumed from, which no crash can do' : 'is damaged or not in the log';
    return [{ code: 'head_mismatch', message: `record ${head.seq}, which the head names, ${where}` }];
  }

  #conclude(state: HeadState, faults: readonly Fault[], tail: Tail | undefined, settled: boolean): void {
    const { walk, passes, notes } = this.#parts;
    const headSeq = durableSeq(state);
    this.#add(faults, Number.isFinite(headSeq) ? { seq: headSeq } : {});
    if (tail !== undefined) {
      if (tail.torn) {
        const message = `${tail.segment} ends from byte ${tail.offset} on in what a crash leaves; it was never acknowledged`;
        notes.push({ code: 'torn', message });
      } else passes.pass(Number.POSITIVE_INFINITY);
    }
    if (!settled || headSeq >= walk.seq) return;
    const seal = walk.chain.newest.find(({ seq }) => seq > headSeq && seq < walk.seq);
    if (seal !== undefined) {
      const message = `the head names record ${headSeq} and is older than the seal at record ${seal.seq}, which no crash can do`;
      this.#add([{ code: 'head_mismatch', message }], { seq: headSeq });
    }
    notes.push({ code: 'unacknowledged', message: `${walk.seq - headSeq} whole records stand behind the head: they are about to be acknowledged, or a crash came before that` });
  }

  #checkCheckpoint(text: string | null | undefined): void {
    const { walk, facts, notes } = this.#parts;
    if (text === undefined) {
      notes.push({ code: 'no_checkpoint_file', message: 'there is no file checkpoint in the state directory' });
      return;
    }
    const fault = checkCheckpointFile(text, walk.chain.newest, facts);
    // When the end is damaged the newest seal may be what is damaged, and that has been said.
    if (fault?.code === 'checkpoint_mismatch' && walk.reached > walk.seq) return;
    if (fault !== undefined) this.#add([fault], {});
  }
}
