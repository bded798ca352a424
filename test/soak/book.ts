/**
 * What was sent, acknowledged and read back while a log goes on for a long time. Invariant: of what the log still holds, and of
 * what nobody has read yet, everything stands here; what was acknowledged, read, found right and since removed by
 * retention is forgotten, so that the book does not grow.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Receipt } from '../../src/client/client.js';
import type { Recorded } from '../daemon.js';
import type { Made } from './events.js';

interface Page extends Made {
  acknowledged?: number;
  read?: number;
}

/** Problems kept in words; there may be more. */
const problemsMax = 20;

/** See the file's head. */
export class Book {
  readonly problems: string[] = [];
  /** Problems, also those that were not kept. */
  wrong = 0;
  /** Events acknowledged; of these, such as had been sent again on purpose, and such as a lost connection had sent again. */
  acknowledged = 0;
  duplicates = 0;
  read = 0;
  /** Records that retention took before they were read. */
  unread = 0;
  newest = 0;
  readonly #pages = new Map<string, Page>();
  #next = 1;

  /** Events that are about to be sent, under these ids. */
  send(ids: readonly string[], events: readonly Made[]): void {
    for (const [index, id] of ids.entries()) {
      const made = events[index];
      if (made === undefined || this.#pages.has(id)) throw new Error(`${id} is an event's already`);
      this.#pages.set(id, { ...made });
    }
  }

  /** An acknowledgement, for the first time or again: the same record MUST be named each time. */
  take(ids: readonly string[], { first, count, duplicates }: Receipt): void {
    const before = new Map(duplicates.map(([index, seq]) => [index, seq]));
    if (count + before.size !== ids.length) this.#say(`a receipt speaks of ${count + before.size} of ${ids.length} events`);
    let next = first ?? 0;
    for (const [index, id] of ids.entries()) {
      const page = this.#pages.get(id);
      const seq = before.get(index) ?? next++;
      if (before.has(index)) this.duplicates += 1;
      if (page === undefined) continue;
      if (page.acknowledged === undefined) this.acknowledged += 1;
      else if (page.acknowledged !== seq) this.#say(`${id} was acknowledged as ${page.acknowledged} and as ${seq}`);
      page.acknowledged = seq;
      if (page.read !== undefined && page.read !== seq) this.#say(`${id} was acknowledged as ${seq} and is record ${page.read}`);
      this.newest = Math.max(this.newest, seq);
    }
  }

  /** The next record that a follower was given. */
  follow(seq: number, line: string): void {
    if (seq < this.#next) this.#say(`record ${seq} was given behind record ${this.#next - 1}`);
    this.unread += Math.max(0, seq - this.#next);
    this.#next = seq + 1;
    this.read += 1;
    this.#compare(seq, line, (page) => {
      if (page.read !== undefined) this.#say(`record ${seq} is also record ${page.read}`);
      page.read = seq;
    });
  }

  /** The first record that no follower was given yet. */
  get next(): number {
    return this.#next;
  }

  /** Forgets what is settled and stands before the log's first record. */
  retire(first: number): void {
    const settled = Math.min(first, this.#next);
    for (const [id, { acknowledged = settled }] of this.#pages) if (acknowledged < settled) this.#pages.delete(id);
  }

  /** The log as it is at the end, its first record being `first`: all that was acknowledged is there once. */
  check(first: number, lines: readonly string[]): void {
    const found = new Map<Page, number>();
    for (const [index, line] of lines.entries()) {
      this.#compare(first + index, line, (page) => {
        if (found.has(page)) this.#say(`record ${first + index} is also record ${found.get(page) ?? 0}`);
        found.set(page, first + index);
      });
    }
    for (const [id, page] of this.#pages) {
      const { acknowledged: seq } = page;
      if (seq === undefined) this.#say(`${id} was never answered`);
      else if (seq >= first && found.get(page) !== seq) this.#say(`${id} was acknowledged as record ${seq} and is ${found.get(page) ?? 'lost'}`);
    }
  }

  #compare(seq: number, line: string, settle: (page: Page) => void): void {
    const record = JSON.parse(line) as Recorded;
    if (record.seq !== seq) this.#say(`record ${record.seq} stands in place ${seq}`);
    if (record.profile === 'indelible') return;
    const page = record.id === undefined ? undefined : this.#pages.get(record.id);
    if (page === undefined) {
      this.#say(`record ${seq}, ${record.id ?? 'without an id'}, was never sent, or is recorded twice`);
      return;
    }
    settle(page);
    const { event, profile, secret } = page;
    if (record.profile !== profile) this.#say(`record ${seq} has another profile than was sent`);
    if (secret !== undefined) {
      if (line.includes(secret) || !line.includes('[redacted:')) this.#say(`record ${seq} shows a secret`);
    } else if (!Object.entries(event).every(([name, value]) => isDeepStrictEqual(record.event[name], value))) {
      this.#say(`record ${seq} is not what was sent`);
    }
  }

  #say(problem: string): void {
    this.wrong += 1;
    if (this.problems.length < problemsMax) this.problems.push(problem);
  }
}
