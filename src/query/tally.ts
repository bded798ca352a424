// What a reading of the log saw and what it did not show. Invariant: every line read is counted, and every byte that was
// skipped is in one of the counts, so that silence about something means that it was not there.

/** Counts of one reading. */
export class Tally {
  /** Lines read and checked. */
  lines = 0;
  segments = 0;
  shown = 0;
  /** Lines that do not follow the line before them, among those read. */
  broken = 0;
  /** Lines that are no record, or that a filter could not read. */
  unreadable = 0;
  /** Records that the numbers or the head say should be there and are not. */
  missing = 0;
  /** Whole lines behind the durable head: not acknowledged, or not yet. */
  behindHead = 0;
  /** Bytes behind the last LF of the newest segment. */
  tornBytes = 0;
  /** Files that could not be read, or not to their end, by name with the reason: segments, and `retired.jsonl`. */
  readonly lost = new Map<string, string>();
  /** Without a head nobody knows which records were acknowledged. */
  headKnown = true;

  /** Whether all that was read is a chain without a hole, up to a head that says so. */
  get isSound(): boolean {
    return this.broken + this.unreadable + this.missing + this.lost.size === 0 && this.headKnown;
  }

  /** Notes that a file could not be read. What was noted of it first stays. */
  lose(name: string, reason: string): void {
    if (!this.lost.has(name)) this.lost.set(name, reason);
  }

  /** One line for a person. */
  get text(): string {
    const parts = [
      `checked ${this.lines} lines in ${this.segments} segments, shown ${this.shown}`, `broken ${this.broken}`,
      `not JSON ${this.unreadable}`, `torn tail ${this.tornBytes} bytes`,
    ];
    if (this.missing > 0) parts.push(`missing ${this.missing} records`);
    if (this.behindHead > 0) parts.push(`not acknowledged ${this.behindHead} lines, not shown`);
    if (!this.headKnown) parts.push('the log\'s head is missing or damaged, so nobody knows whether its end is');
    return parts.join(', ');
  }
}
