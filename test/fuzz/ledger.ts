// What a daemon acknowledged, and whether the log holds just that. Invariant: of what was acknowledged every byte of the
// record's content is compared, also where something was masked, as far as it was not.
import type { Ack } from '../../src/wire/message.js';
import { expectedNames } from './expected.js';
import { recordText } from './meaning.js';
import type { Owed } from './judged-append.js';
import { assigned } from './shapes.js';

interface Entry {
  readonly owed: Owed;
  readonly number: number;
  readonly dropped: number;
}

/** An event that was said to be in the log already. */
interface Double {
  readonly seq: number;
  readonly mac: string;
  readonly id: string | undefined;
  readonly number: number;
}

const tailBytes = 148;
const mask = /\[redacted:[a-z0-9_.-]+:[0-9a-f]{8}\]/;
const assignedForms = [
  [assigned.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/],
  [assigned.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/],
] as const;

/** Takes acks while a daemon runs, and compares when it has stopped. */
export class Ledger {
  readonly #entries = new Map<number, Entry>();
  readonly #macs = new Map<number, string>();
  readonly #duplicates: Double[] = [];
  readonly #gaps = new Map<number, number>();

  /** Acknowledged events so far. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes the ack of one append; returns what is wrong with it. */
  take(ack: Ack, events: readonly Owed[], number: number, dropped: number): string | undefined {
    const doubled = new Map((ack.duplicates ?? []).map(([index, seq, mac]) => [index, { seq, mac }]));
    if (ack.count + doubled.size !== events.length) return `ack of ${ack.count} and ${doubled.size} of ${events.length} events`;
    let seq = ack.first ?? 0;
    if ((ack.first === null) !== (ack.count === 0)) return 'ack whose first and count contradict each other';
    for (const [index, owed] of events.entries()) {
      const double = doubled.get(index);
      if (double !== undefined) {
        this.#duplicates.push({ ...double, id: owed.entry.id, number });
        continue;
      }
      if (this.#entries.has(seq)) return `record ${seq} was acknowledged twice`;
      this.#entries.set(seq, { owed, number, dropped: 0 });
      seq += 1;
    }
    if (ack.count > 0 && ack.first !== null) {
      this.#macs.set(seq - 1, ack.mac ?? '');
      if (dropped > 0) this.#gaps.set(ack.first - 1, dropped);
    }
    return undefined;
  }

  /** What is wrong with the log; `spare`: so many records of clients may be there that nobody was told of. */
  compare(lines: readonly string[], spare: number, report: (number: number, what: string, line: string) => void): void {
    const idOf = new Map<number, string>();
    let clients = 0;
    for (const [at, line] of lines.entries()) {
      const seq = at + 1;
      if (!line.includes('"profile":"indelible"')) clients += 1;
      const id = /^.{60,140}?"kind":"(?:[^"\\]|\\.)*","id":("(?:[^"\\]|\\.)*"),/.exec(line)?.[1];
      if (id !== undefined) idOf.set(seq, id);
      const mac = this.#macs.get(seq);
      if (mac !== undefined && !line.endsWith(`,"mac":"${mac}"}`)) report(0, `record ${seq} has another MAC than was acknowledged`, line);
      const gap = this.#gaps.get(seq);
      if (gap !== undefined && !line.includes(`"kind":"gap"`)) report(0, `no gap record in front of ${seq + 1}`, line);
      if (gap !== undefined && !line.includes(`"event":{"reason":"client_dropped","count":${gap},`)) report(0, `the gap of ${gap} is another one`, line);
      const entry = this.#entries.get(seq);
      const wrong = entry === undefined ? undefined : difference(line, seq, entry.owed);
      if (entry !== undefined && wrong !== undefined) report(entry.number, wrong, line);
    }
    for (const seq of this.#entries.keys()) if (seq > lines.length) report(0, `acknowledged record ${seq} is not there`, '');
    for (const { seq, mac, id, number } of this.#duplicates) {
      const line = lines[seq - 1] ?? '';
      if (!line.endsWith(`,"mac":"${mac}"}`)) report(number, `a duplicate is said to be record ${seq}, which has another MAC`, line);
      if (id === undefined || JSON.parse(idOf.get(seq) ?? '""') !== id) report(number, `a duplicate is said to be record ${seq}, which has another id`, line);
    }
    if (clients > this.#entries.size + spare) report(0, `${clients} records of clients for ${this.#entries.size} acknowledged events and ${spare} of unknown fate`, '');
  }
}

/** What a record has otherwise than the event it was made of. */
function difference(line: string, seq: number, { entry, verdict }: Owed): string | undefined {
  if (verdict.ok === 'no') return 'recorded what must be refused';
  const start = /^\{"seq":(\d+),"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","key":"\d+\.\d+\+?",/.exec(line);
  if (start === null || Number(start[1]) !== seq) return 'the record does not begin as one';
  // Its end has a length in bytes, and is ASCII.
  const rest = line.slice(start[0].length, -tailBytes);
  const names = expectedNames(entry, verdict.kind);
  const eventAt = rest.indexOf(',"event":{', rest.indexOf('"source":{"listener":"default",'));
  const sourceAt = rest.lastIndexOf('"source":{"listener":"default",', eventAt);
  if (eventAt < 0 || sourceAt < 0) return 'the record has no source and event';
  const found = { names: rest.slice(0, sourceAt), event: rest.slice(eventAt + ',"event":'.length) };
  const masked = /,"redacted":\[(?:"(?:[^"\\]|\\.)*",?)+\]$/.exec(found.event);
  const text = recordText(verdict.event);
  if (masked === null) {
    if (found.names !== names) return `recorded under other names: ${names}`;
    return isSame(found.event, text) ? undefined : `recorded is not what was sent: ${text}`;
  }
  if (!isMaskOf(found.names, names)) return `masked under other names: ${names}`;
  const shown = found.event.slice(0, masked.index);
  if (!mask.test(shown)) return 'redacted lists something, and nothing is masked';
  return isMaskOf(shown, text) ? undefined : `masked is not what was sent: ${text}`;
}

/** Whether texts are the same where the daemon had nothing to choose. */
function isSame(recorded: string, expected: string): boolean {
  let rest = recorded;
  for (const part of expected.split(/(\\u0001assigned (?:id|time)\\u0001)/)) {
    const form = assignedForms.find(([name]) => part === JSON.stringify(name).slice(1, -1))?.[1];
    const length = form === undefined ? (rest.startsWith(part) ? part.length : -1) : (form.exec(rest)?.[0].length ?? -1);
    if (length < 0) return false;
    rest = rest.slice(length);
  }
  return rest === '';
}

/** Whether a text is another with parts of it masked: what is left stands in it, in order, from its beginning to its end. */
function isMaskOf(shown: string, sent: string): boolean {
  const parts = shown.split(mask);
  if (parts.length === 1 || sent.includes('assigned')) return parts.length > 1 || isSame(shown, sent);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const found = isLast ? sent.lastIndexOf(part) : sent.indexOf(part, at);
    if ((index === 0 && found !== 0) || (isLast && found + part.length !== sent.length)) return false;
    if (found < at) return false;
    at = found + part.length;
  }
  return true;
}
