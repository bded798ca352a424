/**
 * The report: what `verify` returns and `indelible verify --json` prints. Invariant: a verdict that was not checked is
 * `not_checked`, never `ok`, and `exit` is 0 only when something was checked and nothing was found.
 */
import type { Finding, Findings } from './finding.js';

/** `not_checked`: with what was given, or in the state found, this could not be told. */
export interface Verdict {
  readonly verdict: 'ok' | 'failed' | 'not_checked';
  /** One sentence in plain words. */
  readonly reason: string;
}

/** Worth knowing, and no finding: `torn` (a crash's end behind the head), `unacknowledged` (whole records behind the head)… */
export interface Note {
  readonly code: 'torn' | 'unacknowledged' | 'no_checkpoint_file' | 'retired_torn' | 'moving' | 'continues';
  readonly message: string;
}

/** Records up to `seq`, the last of them recorded no later than `time` (RFC 3339). */
export interface UpTo {
  readonly seq: number;
  readonly time: string;
}

/** Numbers. All are counts of records but `segments`, `epochs` and `bytes`. */
export interface Counts {
  /** Good records walked. */
  readonly records: number;
  readonly segments: number;
  /** Epochs whose seal was walked, retired ones not among them. */
  readonly epochs: number;
  readonly bytes: number;
  /** Records removed by retention whose headers and seals are there: "retired", never "ok". */
  readonly retired: number;
  /** Records before the checkpoint that the run resumed from; they rest on the earlier run. */
  readonly not_read: number;
  /** Records walked whose content nothing could prove with what was given. */
  readonly not_checked: number;
  readonly receipts: number;
  readonly receipts_found: number;
  /** Receipts of records that retention removed, that an earlier run had read, or that stand behind another format. */
  readonly receipts_not_read: number;
  /** Receipts that agree with a record which nothing could prove with what was given. */
  readonly receipts_not_checked: number;
  /** Findings, also those beyond the ones kept in `findings`. */
  readonly findings: number;
}

/**
 * The whole report. Stable: fields may be added, none changes its meaning while `version` is 1.
 *
 * - `verdicts`: integrity (is what is there unchanged), completeness (is anything missing), authenticity (did this
 *   log's daemon write it), freshness (is this the newest state, and was the daemon running).
 * - `findings`: the first 1000, each with `code`, `message` and, where known, `segment`, `line` (from 1), `offset`
 *   (bytes from the file's beginning) and `seq`. Strings may quote the log, unescaped but for JSON.
 * - `covered.seal`: up to where a signed seal of the log proves the records; `covered.checkpoint`: up to where the
 *   checkpoint from outside does. Records behind both rest on the keys of the host.
 * - `checkpoint`: the note of the newest good seal: keep it elsewhere, and resume from it. Null when there is none.
 * - `last`: the last good record; `head`: the sealed head as it was read; both null when there is none.
 * - `exit`: 0 intact, 1 tampered or lost, 3 could not be verified.
 */
export interface Report {
  readonly version: 1;
  readonly exit: 0 | 1 | 3;
  readonly origin: string | null;
  readonly checked_with: 'key' | 'key_beside_log' | 'public_key' | 'nothing';
  readonly verdicts: {
    readonly integrity: Verdict;
    readonly completeness: Verdict;
    readonly authenticity: Verdict;
    readonly freshness: Verdict;
  };
  readonly counts: Counts;
  readonly covered: { readonly seal: UpTo | null; readonly checkpoint: UpTo | null };
  readonly last: { readonly seq: number; readonly mac: string; readonly ts: string | null } | null;
  readonly head: {
    readonly seq: number;
    readonly mac: string;
    readonly segment: string;
    readonly bytes: number;
    readonly key: string;
  } | null;
  readonly checkpoint: string | null;
  readonly findings: readonly Finding[];
  readonly notes: readonly Note[];
}

/** What the verdicts are made of. */
export interface Outcome {
  readonly checkedWith: Report['checked_with'];
  readonly origin: string | null;
  readonly findings: Findings;
  readonly notes: readonly Note[];
  readonly counts: Omit<Counts, 'findings'>;
  readonly covered: Report['covered'];
  readonly last: Report['last'];
  readonly head: Report['head'];
  readonly checkpoint: Report['checkpoint'];
  /** That retention removed what is gone is more than a claim; true where nothing is. */
  readonly isRemovalProved: boolean;
  /** A checkpoint from outside was given. */
  readonly checkpointGiven: boolean;
  /** Whether all of the log was walked: else nothing is said of what it ends with. */
  readonly isEndReached: boolean;
}

/** Nothing was walked. */
export const noCounts: Omit<Counts, 'findings'> = {
  records: 0, segments: 0, epochs: 0, bytes: 0, retired: 0, not_read: 0, not_checked: 0,
  receipts: 0, receipts_found: 0, receipts_not_read: 0, receipts_not_checked: 0,
};

const ok = (reason: string): Verdict => ({ verdict: 'ok', reason });
const failed = (reason: string): Verdict => ({ verdict: 'failed', reason });
const notChecked = (reason: string): Verdict => ({ verdict: 'not_checked', reason });
const notRead = 'the log was not read to its end';

/** Puts the report together. */
export function makeReport(outcome: Outcome): Report {
  const { findings, counts } = outcome;
  const checked = counts.records > counts.not_checked;
  if (!checked && !findings.weighs('tampered') && !findings.weighs('unverifiable')) {
    findings.add('nothing_checked', 'no record could be checked with what was given');
  }
  const tampered = findings.weighs('tampered');
  return {
    version: 1,
    exit: tampered ? 1 : findings.weighs('unverifiable') ? 3 : 0,
    origin: outcome.origin,
    checked_with: outcome.checkedWith,
    verdicts: {
      integrity: integrity(outcome, checked),
      completeness: completeness(outcome, checked),
      authenticity: authenticity(outcome, checked),
      freshness: freshness(outcome),
    },
    counts: { ...counts, findings: findings.total },
    covered: outcome.covered,
    last: outcome.last,
    head: outcome.head,
    checkpoint: outcome.checkpoint,
    findings: findings.kept,
    notes: outcome.notes,
  };
}

function integrity({ findings, counts }: Outcome, checked: boolean): Verdict {
  const damaged = findings.has(
    'bad_line', 'overlong_line', 'seq_gap', 'broken_link', 'bad_mac', 'bad_key_order', 'bad_genesis', 'bad_header', 'bad_seal',
    'bad_signature', 'root_mismatch', 'epoch_gap', 'segment_unsealed', 'segment_name', 'segment_not_a_file', 'segment_hard_linked', 'missing_segment',
    'head_malformed', 'head_forged', 'head_mismatch', 'retired_malformed', 'retired_gap', 'log_pub_mismatch', 'link_wrong',
  );
  if (damaged) return failed('what is stored is not what was recorded');
  if (!checked) return notChecked('no record could be checked');
  const rest = counts.not_checked > 0 ? `; ${counts.not_checked} ${counts.not_checked === 1 ? 'was' : 'were'} not checked` : '';
  const before = counts.not_read > 0 ? `; ${counts.not_read} before them rest on the earlier run` : '';
  return ok(`${counts.records - counts.not_checked} records are as they were recorded${rest}${before}`);
}

function completeness(outcome: Outcome, checked: boolean): Verdict {
  const { findings, covered } = outcome;
  const lost = findings.has(
    'seq_gap', 'epoch_gap', 'missing_segment', 'log_truncated', 'head_missing', 'head_malformed', 'head_forged', 'head_mismatch',
    'key_file_ahead', 'key_file_forged', 'checkpoint_mismatch', 'receipt_missing', 'receipt_mismatch', 'retired_gap', 'retired_not_allowed', 'removal_not_recorded', 'retired_malformed', 'bad_line',
    'overlong_line', 'bad_mac', 'root_mismatch', 'bad_key_order', 'broken_link', 'segment_not_a_file',
  );
  if (lost) return failed('records are missing, or were replaced');
  if (!checked) return notChecked('no record could be checked');
  const { retired } = outcome.counts;
  if (!outcome.isRemovalProved) return notChecked(`that records 1-${retired} were removed by retention was not proved with what was given`);
  const from = retired > 0 ? `from record ${retired + 1} ` : '';
  if (covered.checkpoint !== null) return ok(`complete ${from}up to record ${covered.checkpoint.seq}, by the checkpoint`);
  if (!outcome.isEndReached) return notChecked(notRead);
  if (outcome.checkedWith === 'public_key') return notChecked('without the verification key, only a checkpoint kept elsewhere can tell');
  return ok('the log reaches its sealed head');
}

function authenticity({ findings, checkedWith, covered, isEndReached }: Outcome, checked: boolean): Verdict {
  if (findings.has('bad_mac', 'bad_signature', 'head_forged', 'bad_key_order', 'log_pub_mismatch', 'bad_genesis', 'checkpoint_malformed')) {
    return failed('not everything was written by this log\'s daemon');
  }
  if (findings.has('wrong_key')) return failed('the log and the keys that were given do not belong together');
  if (!checked) return notChecked('no record could be checked');
  if (!isEndReached) return notChecked(notRead);
  switch (checkedWith) {
    case 'key': return ok('every record was written with the key of this log');
    case 'key_beside_log': return notChecked('the key lies beside the log');
    case 'public_key': return covered.seal === null ? notChecked('there is no seal yet') : ok(`signed up to record ${covered.seal.seq}, the last seal`);
    case 'nothing': return notChecked('there was nothing to check with');
    default: {
      const never: never = checkedWith;
      return never;
    }
  }
}

function freshness({ findings, covered, counts, checkpointGiven }: Outcome): Verdict {
  const silent = findings.has('silence') ? '; there were silences longer than the heartbeat allows' : '';
  if (findings.has('checkpoint_mismatch', 'receipt_missing', 'receipt_mismatch', 'log_truncated', 'key_file_ahead', 'key_file_forged')) {
    return failed(`the log is not the one that was seen before, or ends earlier${silent}`);
  }
  if (covered.checkpoint !== null) return ok(`not older than the checkpoint of ${covered.checkpoint.time}${silent}`);
  if (counts.receipts > 0 && counts.receipts === counts.receipts_found) return ok(`not older than the newest of ${counts.receipts} receipts${silent}`);
  if (checkpointGiven || counts.receipts > 0) return notChecked(`what was given could not be checked${silent}`);
  return notChecked(`only a checkpoint or receipts kept elsewhere can tell${silent}`);
}
