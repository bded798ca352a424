/**
 * Which of a report's words are false alarms, about a log that nobody touched. Invariant: `tampered` always is one;
 * `could not verify` is one as soon as there is something to verify; a silence is one unless it is known to be true.
 */
import { linesIn } from '../daemon.js';
import type { Finding } from '../../src/verify/finding.js';
import type { Report } from '../../src/verify/report.js';

/** A pause between two neighbouring records of a log. */
export interface Pause {
  /** Times of the two records, ms since 1970. */
  readonly from: number;
  readonly to: number;
}

/** Whether the daemon was really silent then. */
export type Silences = (pause: Pause) => boolean;

/** What is known about the log. */
export interface Known {
  /** The daemon has listened once, so there are records. */
  readonly hasListened: boolean;
  /** There has been a seal, so that the public key suffices to check something. */
  readonly isSealed: boolean;
  readonly silences: Silences;
  readonly state: string;
}

/** The alarms in a report, in words; none if it is as it should be. */
export function judge(report: Report, known: Known): string[] {
  const { exit, findings, counts } = report;
  const alarms = findings.flatMap((finding) => (isJust(finding, report, known) ? [] : [`exit ${exit}, ${describe(finding)}`]));
  if (exit !== 0 && findings.length === 0) alarms.push(`exit ${exit} without a finding`);
  const told = counts.receipts_found + counts.receipts_not_read + counts.receipts_not_checked;
  if (alarms.length === 0 && exit !== 3 && counts.receipts !== told) {
    alarms.push(`exit ${exit}, ${counts.receipts} receipts were given, ${counts.receipts_found} found, ${counts.receipts_not_read} retired`);
  }
  return alarms;
}

function isJust(finding: Finding, report: Report, known: Known): boolean {
  switch (finding.code) {
    case 'silence': return finding.seq !== undefined && known.silences(pauseBehind(known.state, finding.seq));
    case 'no_log':
    case 'nothing_recorded': return !known.hasListened;
    // By the public key nothing can be checked before the first seal; by the key, everything.
    case 'nothing_checked': return report.checked_with === 'public_key' && !known.isSealed && report.covered.seal === null;
    // Neither proved nor missing: retention removed what they speak of.
    case 'retired_unchecked': return report.counts.retired > 0;
    default: return false;
  }
}

function describe({ code, message, segment, line, offset, seq }: Finding): string {
  return `${code} (${segment ?? '-'}, line ${line ?? '-'}, byte ${offset ?? '-'}, record ${seq ?? '-'}): ${message}`;
}

/** When a record was made, ms since 1970. */
export interface Moment {
  readonly seq: number;
  readonly ms: number;
}

/** The times of all records, oldest first. */
export function momentsIn(state: string): Moment[] {
  return linesIn(state).map((line) => {
    const { seq, ts } = JSON.parse(line) as { readonly seq: number; readonly ts: string };
    return { seq, ms: Date.parse(ts) };
  });
}

/** The pause behind a record, read from the log and not from what verification made of it. */
function pauseBehind(state: string, seq: number): Pause {
  const moments = momentsIn(state);
  const at = moments.findIndex((moment) => moment.seq === seq);
  return { from: moments[at]?.ms ?? Number.NaN, to: moments[at + 1]?.ms ?? Number.NaN };
}
