/**
 * `indelible verify --proof`: one record, checked away from its log. Invariant: nothing taken from the record or the proof
 * reaches the terminal unescaped.
 */
import { cell, nameColumnsMax } from '../event/cell.js';
import { printable } from '../event/printable.js';
import type { ProofReport } from '../verify/proof.js';
import { checkProof, parseIdentity } from '../verify/proof.js';
import { readNamed, readNote } from './verdict.js';

/** The options of `verify` as far as they matter here. */
export interface ProofOptions {
  readonly proof?: string | undefined;
  readonly record?: string | undefined;
  readonly pub?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly key?: string | undefined;
  readonly receipts?: string | undefined;
  readonly fromCheckpoint?: string | undefined;
  readonly saveCheckpoint?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly json?: true | undefined;
}

/** What is to be printed and exited with, or what is wrong with the options. */
export type ProofOutcome =
  | { readonly kind: 'checked'; readonly exit: number; readonly text: string }
  | { readonly kind: 'wrong_usage'; readonly message: string };

/**
 * Checks a proof if one is asked for; undefined if not.
 * @throws UnusableInput for a `--checkpoint` that is none; Error for what cannot be read
 */
export function proofOutcome(options: ProofOptions): ProofOutcome | undefined {
  const { proof, record, pub, checkpoint } = options;
  if (proof === undefined && record === undefined) return undefined;
  if (proof === undefined || record === undefined || pub === undefined) {
    return wrong('a proof is checked with all of --proof, --record and --pub');
  }
  const ofTheLog = [
    ['--state-dir', options.stateDir], ['--key', options.key], ['--receipts', options.receipts],
    ['--from-checkpoint', options.fromCheckpoint], ['--save-checkpoint', options.saveCheckpoint],
  ] as const;
  for (const [name, value] of ofTheLog) {
    if (value !== undefined) return wrong(`--proof is checked without the log: ${name} does not belong to it`);
  }
  const proofText = readNamed('--proof', proof).toString('utf8');
  const line = readNamed('--record', record);
  const identity = parseIdentity(readNamed('--pub', pub).toString('utf8'));
  if (identity === undefined) return wrong(`--pub: ${printable(pub)} holds neither a log's public keys (log.pub) nor an identity vkey`);
  const report = checkProof({
    proof: proofText, record: line, identity,
    ...(checkpoint === undefined ? {} : { checkpoint: readNote('--checkpoint', checkpoint) }),
  });
  const text = options.json === true ? `${JSON.stringify(report)}\n` : reportText(report, record);
  return { kind: 'checked', exit: report.exit, text };
}

function wrong(message: string): ProofOutcome {
  return { kind: 'wrong_usage', message };
}

function reportText(report: ProofReport, path: string): string {
  const { record, checkpoint, findings } = report;
  const lines = [`${path}: ${report.proven ? 'proven' : 'NOT PROVEN'}`];
  if (record !== null) {
    const [profile, kind] = [record.profile, record.kind].map((name) => cell(name, nameColumnsMax));
    lines.push(`  record ${record.seq} of the log ${report.origin}: ${profile} ${kind}, ${record.ts}`);
  }
  if (record !== null && checkpoint !== null) {
    lines.push(`  under the checkpoint over records 1-${checkpoint.size}, root ${checkpoint.root}, signed by the identity key`);
    if (report.epoch_key !== null) {
      lines.push(`  note: ${report.epoch_key} says it signed the checkpoint, too: only with the log can that be checked`);
    }
    lines.push(report.identity_theft === 'excluded'
      ? '  note: the checkpoint kept elsewhere has the same root: no later thief of the identity key made this one'
      : '  note: that a thief of the identity key made this checkpoint is not excluded: one kept elsewhere would do that, or the log\'s seals');
    if (report.exit === 3) lines.push('  note: the checkpoint given is over another number of records: only with the log can the two be compared');
  }
  lines.push(...findings.map(({ code, message }) => `  ${code}: ${message}`));
  return lines.map((line) => `${printable(line)}\n`).join('');
}
