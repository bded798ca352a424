/**
 * The report in words. Invariant: every text that may come from the log goes through `printable`, so that a forged
 * record cannot write "intact" over the verdict.
 */
import { printable } from '../event/printable.js';
import { findingTable } from './finding.js';
import type { Finding } from './finding.js';
import type { Report, Verdict } from './report.js';

/** Findings shown; all of them are in the JSON report. */
const shownMax = 50;

const headlines: Readonly<Record<Report['exit'], string>> = {
  0: 'intact',
  1: 'TAMPERED WITH OR LOST',
  3: 'could not be verified',
};

const verdictWords: Readonly<Record<Verdict['verdict'], string>> = { ok: 'ok', failed: 'FAILED', not_checked: 'not checked' };

function place(finding: Finding): string {
  const parts = [
    finding.segment,
    finding.line === undefined ? undefined : `line ${finding.line}`,
    finding.offset === undefined ? undefined : `byte ${finding.offset}`,
    finding.seq === undefined ? undefined : `record ${finding.seq}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** What rests on what, in numbers. */
function residual(report: Report): readonly string[] {
  const { counts, covered, last, checked_with: with_ } = report;
  if (last === null || counts.records === 0) return [];
  const lines: string[] = [];
  const range = (from: number, to: number): string => (from === to ? `record ${from}` : `records ${from}-${to}`);
  const first = counts.retired + counts.not_read + 1;
  if (counts.retired > 0) lines.push(`${range(1, counts.retired)} were removed by retention: their headers and seals are there, their content is not`);
  if (counts.not_read > 0) lines.push(`${range(counts.retired + 1, first - 1)} were not read again: they rest on the earlier run`);
  const covers = (seq: number): string => (first === seq ? 'is' : 'are');
  let from = first;
  if (covered.checkpoint !== null) {
    lines.push(`${range(first, covered.checkpoint.seq)} ${covers(covered.checkpoint.seq)} covered by the checkpoint of ${covered.checkpoint.time}`);
    from = covered.checkpoint.seq + 1;
  } else if (with_ === 'public_key' && covered.seal !== null) {
    lines.push(`${range(first, covered.seal.seq)} ${covers(covered.seal.seq)} covered by the seal of ${covered.seal.time}`);
    from = covered.seal.seq + 1;
  }
  if (from > last.seq) return lines;
  const rest = `${range(from, last.seq)} ${from === last.seq ? 'rests' : 'rest'}`;
  lines.push(with_ === 'public_key'
    ? `${range(from, last.seq)} ${from === last.seq ? 'was' : 'were'} not checked: that takes the verification key, or the next seal`
    : `${rest} on this host's keys: a checkpoint kept elsewhere would cover them`);
  return lines;
}

function receiptsLine({ receipts, receipts_found: found, receipts_not_checked: unproved }: Report['counts']): string {
  const rest = unproved === 0 ? '' : `; ${unproved} ${unproved === 1 ? 'agrees' : 'agree'} with records behind the last seal, which prove nothing without the verification key`;
  return `${found} of ${receipts} receipts are in the log${rest}`;
}

function verdictLines({ verdicts }: Report): readonly string[] {
  return Object.entries(verdicts).map(([name, { verdict, reason }]) => `  ${name.padEnd(13)} ${verdictWords[verdict].padEnd(12)} ${reason}`);
}

function findingLines(report: Report): readonly string[] {
  const shown = report.findings.slice(0, shownMax);
  const lines = shown.map((finding) => `  ${finding.code}${place(finding)}: ${finding.message}`);
  const more = report.counts.findings - shown.length;
  if (more > 0) lines.push(`  and ${more} more`);
  const codes = [...new Set(report.findings.map((finding) => finding.code))];
  const todo = new Set(codes.map((code) => findingTable[code].todo));
  return lines.length === 0 ? [] : ['', 'Findings:', ...lines, '', 'What to do:', ...[...todo].map((text) => `  ${text}`)];
}

/** The whole report as lines, each ended by LF. */
export function reportText(report: Report, stateDirectory: string): string {
  const { counts } = report;
  const lines = [
    `${stateDirectory}: ${headlines[report.exit]}`,
    ...(report.origin === null ? [] : [`  log ${report.origin}: ${counts.records} records, ${counts.segments} segments, ${counts.epochs} seals, ${counts.bytes} bytes`]),
    '',
    ...verdictLines(report),
    '',
    ...residual(report).map((line) => `  ${line}`),
    ...(counts.receipts > 0 ? [`  ${receiptsLine(counts)}`] : []),
    ...report.notes.map((note) => `  note: ${note.message}`),
    ...(report.checked_with === 'key_beside_log' ? ['  note: the verification key lies beside the log; move it off this host'] : []),
    ...findingLines(report),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('').replace(/\n{3,}/g, '\n\n');
}
