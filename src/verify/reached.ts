/**
 * How far a verification came, made into its report. Invariant: only what was walked is counted, wherever it ended.
 */
import { formatKeyName } from '../keys/name.js';
import type { HeadState } from '../log/head.js';
import type { Facts } from './facts.js';
import type { Findings } from './finding.js';
import type { Witness } from './identify.js';
import type { Ledger } from './ledger.js';
import type { OutsideCheckpoints } from './outside.js';
import type { Passes } from './passes.js';
import type { ReceiptBook } from './receipts.js';
import { makeReport, noCounts } from './report.js';
import type { Note, Report } from './report.js';
import type { Walk } from './walk.js';

/** What there is when it ends. What is undefined was not reached. */
export interface Reached {
  readonly facts: Facts | undefined;
  readonly findings: Findings;
  readonly notes: readonly Note[];
  readonly head: HeadState;
  readonly walk: Walk | undefined;
  readonly ledger: Ledger | undefined;
  readonly passes: Passes | undefined;
  readonly receipts: ReceiptBook;
  readonly receiptsUnread: number;
  readonly checkpoints: OutsideCheckpoints;
  readonly retiredTo: number;
  /** Seals that stand for removed records. */
  readonly sealsRetired: number;
  readonly resumedBehind: number | undefined;
  /** Whether all of the log was walked. */
  readonly isEndReached: boolean;
}

function checkedWith({ key, pub }: Witness): Report['checked_with'] {
  if (key !== undefined) return key.besideLog ? 'key_beside_log' : 'key';
  return pub === undefined ? 'nothing' : 'public_key';
}

/** The report of a verification with `witness`. */
export function reportOf(witness: Witness, reached: Reached): Report {
  const { walk, ledger, passes, receipts, checkpoints, retiredTo, resumedBehind } = reached;
  const seal = ledger?.goodSeal;
  const head = reached.head.state === 'ok' ? reached.head.head : undefined;
  return makeReport({
    checkedWith: checkedWith(witness),
    origin: reached.facts?.origin ?? null,
    findings: reached.findings,
    notes: reached.notes,
    counts: {
      ...noCounts,
      records: walk?.records ?? 0,
      segments: passes?.segments ?? 0,
      epochs: (walk?.chain.sealed ?? 0) - reached.sealsRetired,
      bytes: passes?.bytes ?? 0,
      retired: retiredTo,
      not_read: resumedBehind === undefined ? 0 : resumedBehind - retiredTo,
      not_checked: witness.key === undefined && walk !== undefined ? walk.records - (ledger?.proven ?? 0) : 0,
      receipts: receipts.count,
      receipts_found: witness.key === undefined ? receipts.proved : receipts.matched,
      receipts_not_read: reached.receiptsUnread,
      receipts_not_checked: witness.key === undefined ? receipts.matched - receipts.proved : 0,
    },
    covered: {
      seal: seal === undefined ? null : { seq: seal.size, time: seal.ts },
      checkpoint: checkpoints.covered ?? null,
    },
    last: walk === undefined || walk.seq === 0 ? null : { seq: walk.seq, mac: walk.mac, ts: walk.ts ?? null },
    head: head === undefined ? null : {
      seq: head.seq, mac: head.mac, segment: head.segment, bytes: head.bytes, key: formatKeyName(head.key),
    },
    checkpoint: seal?.checkpoint ?? null,
    isRemovalProved: witness.key !== undefined || (ledger?.removedForSure ?? 0) >= retiredTo,
    checkpointGiven: checkpoints.sizes.length > 0,
    isEndReached: reached.isEndReached,
  });
}
