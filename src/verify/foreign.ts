/**
 * Genesis and headers that name a format this version does not read. Invariant: such a name makes no finding milder before
 * the line is proved to be what the daemon wrote: with the key by its MAC, without it by a signed root over it, and that
 * only where nothing else is wrong, since behind a fault anybody may have signed.
 */
import type { Frame } from '../log/record.js';
import type { Fault, Finding, Findings, Place } from './finding.js';
import { foreignFormat } from './landmark.js';

/** A genesis or header that is good and names another format: not tampered, but for another version to read. */
export class ForeignFormat extends Error {
  readonly code = 'unknown_format';
  readonly format: number;
  /** The record that names it: what stands before is judged. */
  readonly seq: number;

  constructor(format: number, seq: number) {
    super(`from record ${seq} on the log is of format ${format}`);
    this.name = 'ForeignFormat';
    this.format = format;
    this.seq = seq;
  }
}

/** A line in the tree that names another format, and the findings that it is until it is proved. */
interface Claim {
  readonly format: number;
  readonly seq: number;
  readonly findings: readonly Finding[];
}

/** See the file's head. */
export class ForeignClaims {
  readonly #findings: Findings;
  readonly #withKey: boolean;
  #claim: Claim | undefined;
  /** A format that something named which nothing has proved. */
  #named: number | undefined;

  /** `withKey`: every line shown has a good MAC. */
  constructor(findings: Findings, withKey: boolean) {
    this.#findings = findings;
    this.#withKey = withKey;
  }

  /** A format this version does not read, which a genesis or header named that nothing has proved. */
  get named(): number | undefined { return this.#named; }

  /** Says what is wrong with a genesis or header that is in the tree, if that is known. @throws ForeignFormat */
  judge(frame: Frame, faults: readonly Fault[], place: Place, inTree: boolean): void {
    const format = faults.length === 0 ? undefined : foreignFormat(frame.body);
    if (format !== undefined && this.#withKey) throw new ForeignFormat(format, frame.seq);
    const findings = faults.map((fault) => this.#findings.add(fault.code, fault.message, place));
    if (format === undefined) return;
    this.#named ??= format;
    if (inTree) this.#claim ??= { format, seq: frame.seq, findings };
  }

  /** A line was refused that may name a format of its own. */
  refused(frame: Frame): void {
    this.#named ??= foreignFormat(frame.body);
  }

  /**
   * A good seal's root is that of the tree. Whatever puts another tree in its place is a finding, too: where there is no other,
   * the claim stands in this one. @throws ForeignFormat
   */
  prove(): void {
    const claim = this.#claim;
    if (claim === undefined || this.#findings.number('tampered') > claim.findings.length) return;
    for (const finding of claim.findings) this.#findings.takeBack(finding);
    throw new ForeignFormat(claim.format, claim.seq);
  }
}
