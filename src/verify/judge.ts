/**
 * Judging a line that does not simply follow the one before it: is it a record of this log, out of its place, or no
 * record at all? Invariant: with the key only a good MAC makes a line believed; without it a line's own statement is
 * followed, and the walk remembers where it stood before, in case that line was put in by somebody.
 */
import { compareKeyNames, formatKeyName } from '../keys/name.js';
import type { KeyName } from '../keys/name.js';
import type { KeyWalker } from '../keys/schedule.js';
import type { Frame, Link } from '../log/record.js';
import type { Fault } from './finding.js';
import type { KeyTrail } from './trail.js';

/** What the line is judged against. */
export interface JudgeStanding extends Link {
  readonly open: boolean;
  readonly next: KeyName;
}

/** What came of it. */
export interface Judgement {
  /** The walk goes on from this line. */
  readonly accept: boolean;
  readonly faults: readonly Fault[];
  /** The key the line was proved with, when it is further on than expected. */
  readonly walker: KeyWalker | undefined;
  /** Not a damaged record but one that was here before: it stands for no missing one. */
  readonly repeated: boolean;
}

function refuse(fault: Fault, repeated = false): Judgement {
  return { accept: false, faults: [fault], walker: undefined, repeated };
}

function repeatedFault(frame: Frame, standing: JudgeStanding): Fault {
  return { code: 'seq_gap', message: `record ${frame.seq} stands again, or too late, behind record ${standing.seq}` };
}

function keyText(name: KeyName, open: boolean): string {
  return formatKeyName(name) + (open ? '+' : '');
}

/** What is wrong with the place of a line that goes forward; `reached` is up to where records are known to be bad or missing. */
function placeFaults(frame: Frame, standing: JudgeStanding, reached: number): Fault[] {
  const faults: Fault[] = [];
  const adjacent = frame.seq === standing.seq + 1;
  if (frame.seq > reached + 1) {
    const from = reached + 1;
    const message = from === frame.seq - 1 ? `record ${from} is missing` : `records ${from} to ${frame.seq - 1} are missing`;
    faults.push({ code: 'seq_gap', message });
  } else if (adjacent && frame.prev !== standing.mac) {
    faults.push({ code: 'broken_link', message: `record ${frame.seq} does not name the MAC of record ${standing.seq} before it` });
  }
  if (adjacent && compareKeyNames(frame.key, standing.next) !== 0) {
    const what = standing.open ? 'the commit before it was cut short or is mixed with another' : 'a commit before it is missing or was made up';
    faults.push({
      code: 'bad_key_order',
      message: `record ${frame.seq} is under key ${keyText(frame.key, frame.open)}, the next key is ${keyText(standing.next, false)}: ${what}`,
    });
  }
  return faults;
}

/** With the verification key. */
export function judgeWithKey(frame: Frame, standing: JudgeStanding, reached: number, trail: KeyTrail): Judgement {
  const claim = trail.judge(frame.key, frame.covered, frame.mac, frame.seq - standing.seq);
  switch (claim.kind) {
    case 'earlier':
      if (frame.seq <= standing.seq) return refuse(repeatedFault(frame, standing), true);
      return refuse({
        code: 'bad_key_order',
        message: `the record is under key ${keyText(frame.key, frame.open)}, which was gone when it was written; the next key is ${formatKeyName(standing.next)}`,
      });
    case 'too_far':
      return refuse({
        code: 'bad_key_order',
        message: `the record claims key ${keyText(frame.key, frame.open)}, further ahead of ${formatKeyName(standing.next)} than the records before it can account for`,
      });
    case 'bad_mac':
      return refuse({ code: 'bad_mac', message: `the MAC is not that of the line under key ${formatKeyName(frame.key)}` });
    case 'good':
      if (frame.seq <= standing.seq) return refuse(repeatedFault(frame, standing), true);
      return { accept: true, faults: placeFaults(frame, standing, reached), walker: claim.walker, repeated: false };
    default: {
      const never: never = claim;
      return never;
    }
  }
}

/** Without the key: by what the line says of its place. */
export function judgeByLinks(frame: Frame, standing: JudgeStanding, reached: number): Judgement {
  // One that names the record before it is that record's neighbour with a changed number, not an older one.
  if (frame.seq <= standing.seq) return refuse(repeatedFault(frame, standing), frame.prev !== standing.mac);
  const faults = placeFaults(frame, standing, reached);
  const { epoch, step } = standing.next;
  const steps = frame.key.epoch === epoch ? frame.key.step - step : frame.key.epoch - epoch + frame.key.step;
  const plausible = compareKeyNames(frame.key, standing.next) >= 0 && steps <= frame.seq - standing.seq;
  if (!plausible && !faults.some((fault) => fault.code === 'bad_key_order')) {
    faults.push({ code: 'bad_key_order', message: `record ${frame.seq} claims key ${keyText(frame.key, frame.open)}, which cannot stand there` });
  }
  return { accept: true, faults, walker: undefined, repeated: false };
}
