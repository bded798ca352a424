/**
 * What verification says is wrong, in words an operator can act on. Invariant: a code never changes its meaning, since
 * programs read codes and people read messages; every finding is counted, even when too many are found to be kept.
 */

/** What a code means for the verdict: the log is not what was acknowledged, it could not be told, or it is worth knowing. */
export type Weight = 'tampered' | 'unverifiable' | 'notice';

interface Meaning {
  readonly weight: Weight;
  readonly means: string;
  readonly todo: string;
}

const restoreAdvice = 'keep the directory as it is, compare with a backup, and find out who could write to it';
const stateAdvice = 'keep the directory as it is and do not start the daemon on it; only a successor log can go on from here';

/** Every code there is: what it means, and what to do. */
export const findingTable = {
  bad_line: { weight: 'tampered', means: 'a line is not a record as the daemon writes them', todo: restoreAdvice },
  overlong_line: { weight: 'tampered', means: 'a line is longer than any record may be', todo: restoreAdvice },
  seq_gap: { weight: 'tampered', means: 'records are missing, repeated or out of order', todo: restoreAdvice },
  broken_link: { weight: 'tampered', means: 'a record does not name the one before it', todo: restoreAdvice },
  bad_mac: { weight: 'tampered', means: 'a record was changed, or was not written by the daemon', todo: restoreAdvice },
  bad_key_order: { weight: 'tampered', means: 'a record claims a key that cannot stand in its place', todo: restoreAdvice },
  bad_genesis: { weight: 'tampered', means: 'the first record is not what begins this log', todo: restoreAdvice },
  bad_header: { weight: 'tampered', means: 'a segment header does not say what the log before it says', todo: restoreAdvice },
  bad_seal: { weight: 'tampered', means: 'a seal does not say what the log before it says', todo: restoreAdvice },
  bad_signature: { weight: 'tampered', means: 'a seal or checkpoint lacks a good signature', todo: restoreAdvice },
  root_mismatch: { weight: 'tampered', means: 'records were changed since a seal was made over them', todo: restoreAdvice },
  epoch_gap: { weight: 'tampered', means: 'the seal of an epoch is missing', todo: restoreAdvice },
  missing_segment: { weight: 'tampered', means: 'a whole segment is missing or empty', todo: restoreAdvice },
  segment_unsealed: { weight: 'tampered', means: 'a closed segment does not end with a seal', todo: restoreAdvice },
  segment_name: { weight: 'tampered', means: 'a segment holds other records than its name says', todo: restoreAdvice },
  segment_not_a_file: { weight: 'tampered', means: 'something else than a file has a segment\'s name', todo: restoreAdvice },
  segment_hard_linked: {
    weight: 'tampered', means: 'a segment has a second name, under which it can be written to',
    todo: 'find the other name (find -samefile) and remove it; for a backup made of hard links, give --hard-links',
  },
  head_missing: { weight: 'tampered', means: 'the sealed head is gone', todo: stateAdvice },
  head_malformed: { weight: 'tampered', means: 'the sealed head is damaged', todo: stateAdvice },
  head_forged: { weight: 'tampered', means: 'the sealed head was not written by the daemon', todo: stateAdvice },
  head_mismatch: { weight: 'tampered', means: 'the sealed head and the log say different things', todo: stateAdvice },
  log_truncated: { weight: 'tampered', means: 'acknowledged records are missing at the end', todo: stateAdvice },
  key_file_ahead: { weight: 'tampered', means: 'the host\'s key was used for records the log no longer has', todo: stateAdvice },
  key_file_forged: { weight: 'tampered', means: 'the host\'s key is not the one that its name stands for', todo: stateAdvice },
  checkpoint_mismatch: { weight: 'tampered', means: 'the log does not extend a checkpoint', todo: 'compare with whoever else holds a checkpoint' },
  checkpoint_malformed: { weight: 'tampered', means: 'a checkpoint is damaged or not signed by this log', todo: 'get the checkpoint again from where it was kept' },
  log_pub_mismatch: { weight: 'tampered', means: 'the file log.pub and the log do not belong together', todo: 'use the log.pub that was handed out when the log was begun' },
  wrong_key: { weight: 'tampered', means: 'another log, or a replaced one', todo: 'check which key belongs to this log; if it is the right one, the log was replaced' },
  retired_malformed: { weight: 'tampered', means: 'retired.jsonl does not hold what was removed by retention', todo: restoreAdvice },
  retired_gap: { weight: 'tampered', means: 'a removed segment left no header or seals behind', todo: restoreAdvice },
  removal_not_recorded: { weight: 'tampered', means: 'a segment was removed, and the log does not say that the daemon did it', todo: restoreAdvice },
  retired_not_allowed: { weight: 'tampered', means: 'a segment was removed that its header did not allow to go', todo: restoreAdvice },
  receipt_missing: { weight: 'tampered', means: 'a record that a producer holds a receipt for is not in the log', todo: restoreAdvice },
  receipt_mismatch: { weight: 'tampered', means: 'another record stands where a producer\'s receipt points', todo: restoreAdvice },
  link_wrong: { weight: 'tampered', means: 'log/audit.jsonl does not lead to this log', todo: 'remove it; the daemon makes it again' },
  silence: { weight: 'notice', means: 'nothing was recorded for longer than the heartbeat allows', todo: 'find out whether the daemon was stopped' },
  unknown_format: { weight: 'unverifiable', means: 'the log is of a format this version does not know', todo: 'use the version that wrote it' },
  unreadable: { weight: 'unverifiable', means: 'a file could not be read', todo: 'see what the message names; what may not be read takes a user who may read the state directory' },
  no_log: { weight: 'unverifiable', means: 'there is no log here', todo: 'name the state directory with --state-dir' },
  nothing_recorded: { weight: 'unverifiable', means: 'the log was begun and nothing was recorded yet', todo: 'verify again later' },
  no_key: { weight: 'unverifiable', means: 'there is nothing to verify with', todo: 'give the verification key with --key, or the public key with --pub' },
  nothing_checked: { weight: 'unverifiable', means: 'nothing in the log could be checked', todo: 'verify with the key, or after the first seal' },
  resumed_unchecked: { weight: 'unverifiable', means: 'what was to be checked lies before the checkpoint that the run resumed from', todo: 'verify without --from-checkpoint' },
  retired_unchecked: { weight: 'unverifiable', means: 'what was to be checked was removed by retention', todo: 'use a newer checkpoint or receipts' },
} as const satisfies Readonly<Record<string, Meaning>>;

/** Stable names of findings. */
export type FindingCode = keyof typeof findingTable;

/** Where something was found. `line` counts from 1, `offset` is in bytes from the file's beginning. */
export interface Place {
  readonly segment?: string;
  readonly line?: number;
  readonly offset?: number;
  readonly seq?: number;
}

/** Where a line lies. */
export interface LinePlace {
  readonly segment: string;
  /** The segment's first record, as its name says. */
  readonly first: number;
  /** From 1. */
  readonly line: number;
  readonly offset: number;
  /** The offset behind its LF. */
  readonly end: number;
}

/** A line's place without what only the walk needs. */
export function where(place: LinePlace): Place {
  return { segment: place.segment, line: place.line, offset: place.offset };
}

/** One thing that is wrong, and where. The message may quote the log: show it only through `printable`. */
export interface Finding extends Place {
  readonly code: FindingCode;
  readonly message: string;
}

/** What is wrong, before it is known where. */
export interface Fault {
  readonly code: FindingCode;
  readonly message: string;
}

/** Findings kept with their text: an attacker who spoils every line must not fill the memory of whoever looks. */
export const findingsKeptMax = 1000;

/** Collects findings: the first `findingsKeptMax` whole, all of them by number. */
export class Findings {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();
  #total = 0;

  add(code: FindingCode, message: string, place: Place = {}): Finding {
    const finding = { code, message, ...place };
    this.#total += 1;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (this.#kept.length < findingsKeptMax) this.#kept.push(finding);
    return finding;
  }

  /** Takes back what `add` returned: it is none after all. */
  takeBack(finding: Finding): void {
    const count = (this.#counts.get(finding.code) ?? 0) - 1;
    this.#total -= 1;
    if (count > 0) this.#counts.set(finding.code, count);
    else this.#counts.delete(finding.code);
    const index = this.#kept.indexOf(finding);
    if (index >= 0) this.#kept.splice(index, 1);
  }

  get kept(): readonly Finding[] {
    return this.#kept;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether any of these was found. */
  has(...codes: readonly FindingCode[]): boolean {
    return codes.some((code) => this.#counts.has(code));
  }

  /** Whether anything else than these was found. */
  hasBesides(...codes: readonly FindingCode[]): boolean {
    return [...this.#counts.keys()].some((code) => !codes.includes(code));
  }

  /** How many of this weight were found. */
  number(weight: Weight): number {
    return [...this.#counts].reduce((sum, [code, count]) => (findingTable[code].weight === weight ? sum + count : sum), 0);
  }

  /** Whether anything of this weight was found. */
  weighs(weight: Weight): boolean {
    return this.number(weight) > 0;
  }
}
