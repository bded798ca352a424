/**
 * What passes between the threads with every commit, as numbers: an order whose bodies lie in the memory for them, and a report
 * whose lines lie in the slots for them. See `Numbers`.
 */
import type { Numbers } from './channel.js';
import { DurableLines } from './durable.js';
import type { AppendOrder, CommittedLines, CommittedReport, Order, Report, Standing } from './mailbox.js';

/** Numbers beside an order's ends, a report's commits, and a commit's `ts` and ends. */
const orderHead = 6;
const reportHead = 10;
const commitHead = 7;

/** Writes numbers one behind the other. */
class Pen {
  readonly #place: Float64Array;
  #at = 0;

  constructor(place: Float64Array) {
    this.#place = place;
  }

  put(...numbers: number[]): void {
    this.all(numbers);
  }

  all(numbers: Iterable<number>): void {
    for (const number of numbers) {
      this.#place[this.#at] = number;
      this.#at += 1;
    }
  }

  /** Its length and its characters. */
  text(text: string): void {
    this.put(text.length);
    for (let i = 0; i < text.length; i += 1) this.put(text.charCodeAt(i));
  }
}

/** Reads them again. */
class Finger {
  readonly #place: Float64Array;
  #at = 0;

  constructor(place: Float64Array) {
    this.#place = place;
  }

  /** A whole number as such, where it fits: whoever counts by one that was kept with a fraction is slower for good. */
  take(): number {
    const number = this.#place[this.#at] ?? 0;
    this.#at += 1;
    const whole = number | 0;
    return whole === number ? whole : number;
  }

  all<Into extends number[] | Uint32Array>(into: Into): Into {
    for (let i = 0; i < into.length; i += 1) into[i] = this.take();
    return into;
  }

  text(): string {
    return String.fromCharCode(...this.all(new Array<number>(this.take()).fill(0)));
  }
}

/** Of orders whose bodies lie in `bodies`. */
export function orderNumbers(bodies: SharedArrayBuffer): Numbers<Order> {
  return {
    write(order, place) {
      if (order.kind !== 'append' || order.bytes.buffer !== bodies) return false;
      const { bytes, ends, requests, postedAt, isBrisk } = order;
      if (orderHead + ends.length + requests.length > place.length) return false;
      const pen = new Pen(place);
      pen.put(bytes.byteOffset, bytes.length, postedAt, Number(isBrisk), ends.length, requests.length);
      pen.all(ends);
      pen.all(requests);
      return true;
    },
    read(place): AppendOrder {
      const finger = new Finger(place);
      const bytes = new Uint8Array(bodies, finger.take(), finger.take());
      const postedAt = finger.take();
      const isBrisk = finger.take() === 1;
      const [ends, requests] = [new Uint32Array(finger.take()), new Uint32Array(finger.take())];
      return { kind: 'append', bytes, ends: finger.all(ends), requests: finger.all(requests), postedAt, isBrisk };
    },
  };
}

/** Of reports whose lines lie in `lines`. */
export function reportNumbers(lines: SharedArrayBuffer): Numbers<Report> {
  return {
    write(report, place) {
      if (report.kind !== 'committed' || report.slot === undefined) return false;
      const { commits, requests, standing, slot, wakeMs } = report;
      let length = reportHead;
      for (const { ts, bytes, ends } of commits) {
        if (bytes.buffer !== lines) return false;
        length += commitHead + ts.length + ends.length;
      }
      // Where the log stands is told by the last line, but for a report of a failure: then it may already stand further.
      if (length > place.length || lastOf(commits) !== standing.seq) return false;
      const pen = new Pen(place);
      const { seq, epoch, step, sealedTo, segments, bytes } = standing;
      pen.put(requests, slot, wakeMs, seq, epoch, step, sealedTo, segments, bytes, commits.length);
      for (const commit of commits) writeCommit(pen, commit);
      return true;
    },
    read(place): CommittedReport {
      const finger = new Finger(place);
      const [requests, slot, wakeMs] = [finger.take(), finger.take(), finger.take()];
      const [seq, epoch, step] = [finger.take(), finger.take(), finger.take()];
      const [sealedTo, segments, bytes] = [finger.take(), finger.take(), finger.take()];
      const commits: CommittedLines[] = [];
      for (let left = finger.take(); left > 0; left -= 1) commits.push(readCommit(finger, lines));
      const standing: Standing = { seq, mac: new DurableLines(commits).mac(seq), epoch, step, sealedTo, segments, bytes };
      return { kind: 'committed', commits, requests, standing, slot, wakeMs };
    },
  };
}

/** The last record of commits; 0 where there is none. */
function lastOf(commits: readonly CommittedLines[]): number {
  const last = commits.at(-1);
  return last === undefined ? 0 : last.first + last.ends.length - 1;
}

function writeCommit(pen: Pen, { first, ts, bytes, ends, syncMs, isRequest }: CommittedLines): void {
  pen.put(first, bytes.byteOffset, bytes.length, syncMs, Number(isRequest));
  pen.text(ts);
  pen.put(ends.length);
  pen.all(ends);
}

function readCommit(finger: Finger, lines: SharedArrayBuffer): CommittedLines {
  const first = finger.take();
  const bytes = new Uint8Array(lines, finger.take(), finger.take());
  const syncMs = finger.take();
  const isRequest = finger.take() === 1;
  const ts = finger.text();
  const ends = finger.all(new Array<number>(finger.take()).fill(0));
  return { first, ts, bytes, ends, syncMs, isRequest };
}
