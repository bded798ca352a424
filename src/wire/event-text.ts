// The JSON text of a request's events, written while they are scanned. One sheet for all requests: whoever has a view of it is
// done with it before the next request is scanned, because bodies are copied by then.
import type { JsonText } from '../event/pass.js';
import { JsonSheet } from '../event/sheet.js';

const sheet = new JsonSheet();

/** Above, the native check is faster than a loop, in spite of the view it needs. */
const asciiLoopBytes = 256;

/** What the scan writes, by where it stands in the payload: of what is not an event's, or an event too large, nothing. */
export class EventText {
  /** Up to where in the payload values are written. */
  #until = -1;

  constructor() {
    forgetText();
  }

  /** An event begins; what stands in the payload behind `until` is not written. Returns where its text begins. */
  begin(until: number): number {
    this.#until = until;
    return sheet.end;
  }

  end(): void {
    this.#until = -1;
  }

  /** The text that was written since then, if that can be looked at. */
  since(from: number): JsonText | undefined {
    return sheet.since(from);
  }

  /** Each writes what the scan passes at `at`. */
  mark(at: number, byte: number): void {
    if (at <= this.#until) sheet.mark(byte);
  }

  integer(at: number, value: number): void {
    if (at <= this.#until) sheet.integer(value);
  }

  plain(at: number, text: string): void {
    if (at <= this.#until) sheet.plain(text);
  }

  time(at: number, text: string): void {
    if (at <= this.#until) sheet.time(text);
  }

  /** A string; returns whether all of it is ASCII, false also where that was not looked at. */
  string(bytes: Buffer, from: number, to: number): boolean {
    if (to <= this.#until) return sheet.text(bytes, from, to);
    if (to - from > asciiLoopBytes) return false;
    let at = from;
    while (at < to && (bytes[at] ?? 0x80) < 0x80) at += 1;
    return at === to;
  }
}

/** Nobody has a view of the text any more. */
export function forgetText(): void {
  sheet.clear();
}
