// What clients sent and what they were told, and whether a log keeps to it: acknowledged events are there exactly once, as
// they were acknowledged; others are absent or whole; nothing is there that nobody sent.
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { errorCode } from '../src/disk/disk.js';
import type { Reply } from '../src/wire/message.js';
import type { Recorded } from './daemon.js';
import { linesIn } from './daemon.js';

interface Event {
  readonly action: string;
  readonly detail: string;
}

interface Receipt {
  readonly seq: number;
  /** Known of the last event of a request and of duplicates. */
  readonly mac?: string;
}

/** An append on its way; `ids` are its events', in order. */
export interface Sent {
  readonly id: number;
  readonly ids: readonly string[];
  readonly request: object;
}

/** A daemon that lives may remove a segment between two looks; never this often. */
const looksMax = 5;

/** The lines of a log, and the first one's seq. */
function linesFrom(state: string): { readonly first: number; readonly lines: readonly string[] } {
  const isThere = readdirSync(state).includes('log') && readdirSync(join(state, 'log')).length > 0;
  for (let looks = 1; isThere; looks += 1) {
    try {
      const lines = linesIn(state);
      const [, first = '1'] = /^\{"seq":(\d+),/.exec(lines[0] ?? '') ?? [];
      return { first: Number(first), lines };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || looks === looksMax) throw error;
    }
  }
  return { first: 1, lines: [] };
}

export class Ledger {
  readonly #sent = new Map<string, Event>();
  readonly #acknowledged = new Map<string, Receipt>();
  /** By one id each; sent and not acknowledged. */
  readonly #open = new Map<string, Event>();
  #requests = 0;

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Events that were sent and never acknowledged. */
  get unacknowledged(): number {
    return this.#open.size;
  }

  /** A ledger of its own that begins where this one stands. */
  copy(): Ledger {
    const copy = new Ledger();
    for (const [id, event] of this.#sent) copy.#sent.set(id, event);
    for (const [id, receipt] of this.#acknowledged) copy.#acknowledged.set(id, receipt);
    for (const [id, event] of this.#open) copy.#open.set(id, event);
    copy.#requests = this.#requests;
    return copy;
  }

  /** A ledger that knows of these requests only, and has heard nothing of them. */
  only(requests: readonly Sent[]): Ledger {
    const few = new Ledger();
    for (const id of requests.flatMap(({ ids }) => ids)) {
      const event = this.#sent.get(id);
      if (event === undefined) throw new Error(`${id} was never sent`);
      few.#sent.set(id, event);
      few.#open.set(id, event);
    }
    few.#requests = this.#requests;
    return few;
  }

  /** A request of `count` new events with `bytes` of detail each. */
  append(count = 1, bytes = 20): Sent {
    const ids = Array.from({ length: count }, (_, index) => {
      const id = `${this.#requests}.${index}`;
      const event = { action: `act-${id}`, detail: `${id};`.repeat(Math.ceil(bytes / 4)).slice(0, bytes) };
      this.#sent.set(id, event);
      this.#open.set(id, event);
      return id;
    });
    return this.#request(ids);
  }

  /** Everything that was not acknowledged, again under its ids, in requests of one. */
  again(): Sent[] {
    return [...this.#open.keys()].map((id) => this.#request([id]));
  }

  /** Takes down an ack; other replies change nothing. Gives what is wrong with it. */
  settle(sent: Sent, reply: Reply): string[] {
    if (reply.op !== 'ack') return [];
    const problems: string[] = [];
    const duplicates = new Map((reply.duplicates ?? []).map(([index, seq, mac]) => [index, { seq, mac }]));
    if (reply.count + duplicates.size !== sent.ids.length) problems.push(`an ack speaks of ${reply.count + duplicates.size} of ${sent.ids.length} events`);
    let seq = reply.first ?? 0;
    const last = seq + reply.count - 1;
    for (const [index, id] of sent.ids.entries()) {
      const duplicate = duplicates.get(index);
      const receipt: Receipt = duplicate ?? { seq, ...(seq === last && reply.mac !== null ? { mac: reply.mac } : {}) };
      if (duplicate === undefined) seq += 1;
      const before = this.#acknowledged.get(id);
      if (before !== undefined && before.seq !== receipt.seq) problems.push(`${id} was acknowledged as ${before.seq} and as ${receipt.seq}`);
      this.#acknowledged.set(id, receipt);
      this.#open.delete(id);
    }
    return problems;
  }

  /** What a state directory lacks or has too much of. */
  check(state: string): string[] {
    const problems: string[] = [];
    const found = new Map<string, Recorded>();
    const { first, lines } = linesFrom(state);
    for (const [index, line] of lines.entries()) {
      let record: Recorded;
      try {
        record = JSON.parse(line) as Recorded;
      } catch {
        // What a crash or a fault left behind the last durable line; only the very end may be like this.
        if (index !== lines.length - 1) problems.push(`line ${first + index} is no JSON`);
        continue;
      }
      if (record.seq !== first + index) problems.push(`record ${record.seq} stands in place ${first + index}`);
      if (record.profile === 'indelible') continue;
      const event = record.id === undefined ? undefined : this.#sent.get(record.id);
      if (record.id === undefined || event === undefined) {
        problems.push(`record ${record.seq} was never sent`);
        continue;
      }
      if (found.has(record.id)) problems.push(`${record.id} is recorded twice`);
      if (!isDeepStrictEqual(record.event, event)) problems.push(`${record.id} is not what was sent`);
      found.set(record.id, record);
    }
    for (const [id, { seq, mac }] of this.#acknowledged) {
      const record = found.get(id);
      // Removed by retention, which `verify` answers for.
      if (seq < first) continue;
      if (record === undefined) problems.push(`${id} was acknowledged as record ${seq} and is lost`);
      else if (record.seq !== seq) problems.push(`${id} was acknowledged as record ${seq} and is ${record.seq}`);
      else if (mac !== undefined && mac !== record.mac) problems.push(`record ${seq} has another MAC than its ack`);
    }
    return problems;
  }

  #request(ids: readonly string[]): Sent {
    this.#requests += 1;
    const events = ids.map((id) => ({ profile: 'generic', event: this.#sent.get(id), id }));
    return { id: this.#requests, ids, request: { op: 'append', id: this.#requests, events } };
  }
}
