// What becomes of one append: limits, admission, doubles, the queue, and the answer when its fate is known.
//
// Before the writer reports it durable nothing has been promised; the ack is made in the same step as that report.
import type { Outcome } from '../log/appender.js';
import type { LogError } from '../log/failure.js';
import type { Log } from '../log/log.js';
import type { DurableLines } from '../log/durable.js';
import { ownBody } from '../log/own.js';
import type { Duplicate, ErrorReply, EventEntry, Reply, Request } from '../wire/message.js';
import type { AdmissionRules } from './admission.js';
import { admit } from './admission.js';
import type { Counters } from './counters.js';
import type { Fate, IdMemory } from './ids.js';
import { idKey } from './ids.js';
import type { RateLimiter } from './rate.js';
import type { Limits, ListenerConfig } from './settings.js';
import type { Peer, Source } from './source.js';

/** An append as it was decoded. */
export type AppendMessage = Extract<Request, { readonly op: 'append' }>;

/** Answers one request, once. */
export type Answer = (reply: Reply) => void;

/** When a full queue is worth another try: a few commits later. */
const overloadedRetryMs = 100;
/** When a full disk is: somebody has to make room. */
const diskFullRetryMs = 1000;

/** Copies of events that are not durable yet, waiting for the first one's fate, at most: each costs memory until then. */
const waitingMax = 65_536;

/** What the intake works with. */
export interface IntakeParts {
  readonly log: Log;
  readonly rules: AdmissionRules;
  readonly ids: IdMemory;
  readonly rates: RateLimiter;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly pid: number;
}

/** New events of one request, with the keys of their ids where they have any. */
interface Fresh {
  readonly entries: readonly EventEntry[];
  readonly bodies: readonly string[];
  readonly keys: readonly (string | undefined)[];
}

export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Takes one append; `answer` is called once, now or when its fate is known. Appends of one process keep their order. */
  append(message: AppendMessage, peer: Peer, listener: ListenerConfig, answer: Answer): void {
    const refuse = (error: Omit<ErrorReply, 'op' | 'id'>): void => { answer({ op: 'error', id: message.id, ...error }); };
    const { rates, rules, counters } = this.#parts;
    const ended = this.#endOfLog();
    if (ended !== undefined) {
      refuse(ended);
      return;
    }
    const admission = admit(rules, listener, peer.sourceText, message.events);
    if (!admission.ok) {
      const { code, message: text, index, path } = admission;
      refuse({ code, message: text, index, ...(path === undefined ? {} : { path }) });
      return;
    }
    const wait = rates.take(peer, listener.rate, message.events.length);
    if (wait !== undefined) {
      refuse({ code: 'rate_limited', message: `more than ${listener.rate} events per second from process ${peer.source.pid}`, retry_after_ms: wait });
      return;
    }
    const size = admission.bodies.reduce((sum, body) => sum + body.length, 0);
    const full = this.#whatIsFull(size, message.events.length);
    if (full !== undefined) {
      refuse({ code: 'overloaded', message: full, retry_after_ms: overloadedRetryMs });
      return;
    }
    counters.redacted += admission.masked;
    this.#enqueue(message, peer, admission.bodies, answer);
  }

  /** Records events that did not get in; `lost` is called if the log could not take that either. */
  recordGap(reason: string, count: number, of: Source, lost: () => void): void {
    const body = this.#gapBody(reason, count, of);
    this.#parts.log.append(this, { bodies: [body], settle: ({ kind }) => { if (kind === 'rejected') lost(); } });
  }

  #whatIsFull(size: number, events: number): string | undefined {
    const { log, limits, ids } = this.#parts;
    if (log.load.bytes + size > limits.queueBytes) {
      return `the queue has ${log.load.bytes} of ${limits.queueBytes} bytes, and no room for these ${size}`;
    }
    if (ids.waiting + events <= waitingMax) return undefined;
    return `${ids.waiting} copies of events wait already for the first ones to be durable; at most ${waitingMax} may`;
  }

  #endOfLog(): Omit<ErrorReply, 'op' | 'id'> | undefined {
    const { phase } = this.#parts.log;
    switch (phase.kind) {
      case 'open': return undefined;
      case 'failed': return failureReply(phase.error);
      case 'draining':
      case 'stopping':
      case 'stopped':
        return { code: 'shutting_down', message: 'the daemon is stopping; try the next one', retry_after_ms: diskFullRetryMs };
      default: return phase satisfies never;
    }
  }

  #enqueue(message: AppendMessage, peer: Peer, bodies: readonly string[], answer: Answer): void {
    const { log, counters } = this.#parts;
    const reply = new AppendReply(message.id, answer);
    const fresh = this.#withoutDoubles(message.events, peer.source, bodies, reply);
    if (fresh.bodies.length === 0) {
      reply.release();
      return;
    }
    // A producer's own losses go in front of the events that tell of them.
    const gap = message.dropped > 0 ? [this.#gapBody('client_dropped', message.dropped, peer.source)] : [];
    // Every process waits behind itself, over however many connections it sends.
    log.append(peer.process, {
      bodies: [...gap, ...fresh.bodies],
      settle: (outcome) => {
        if (outcome.kind === 'rejected') {
          this.#settleRejected(fresh, outcome, gap.length);
          reply.reject(outcome.error);
        } else {
          const first = outcome.lines.first + gap.length;
          for (const entry of fresh.entries) counters.accept(entry.profile);
          reply.recorded(outcome.lines, first, fresh.bodies.length);
          this.#rememberIds(fresh, outcome.lines, first);
        }
        reply.release();
      },
    });
  }

  #withoutDoubles(entries: readonly EventEntry[], source: Source, bodies: readonly string[], reply: AppendReply): Fresh {
    const { ids, counters } = this.#parts;
    if (entries.every((entry) => entry.id === undefined)) return { entries, bodies, keys: [] };
    const fresh = { entries: [] as EventEntry[], bodies: [] as string[], keys: [] as (string | undefined)[] };
    for (const [index, entry] of entries.entries()) {
      const key = entry.id === undefined ? undefined : idKey(source.listener, source.uid, entry.id);
      const known = key === undefined ? undefined : ids.lookup(key);
      if (known !== undefined) {
        counters.duplicates += 1;
        if (known.kind === 'durable') reply.duplicate(index, known.seq, known.mac);
        else ids.wait(known, reply.waitFor(index));
        continue;
      }
      if (key !== undefined) ids.expect(key);
      fresh.entries.push(entry);
      fresh.bodies.push(bodies[index] ?? '');
      fresh.keys.push(key);
    }
    return fresh;
  }

  /** What a failed write left of a request is durable: its ids are known, so that sending it again completes it. */
  #settleRejected(fresh: Fresh, { error, lines, written }: Extract<Outcome, { kind: 'rejected' }>, gapLines: number): void {
    for (const [index, key] of fresh.keys.entries()) {
      if (key === undefined) continue;
      const line = index + gapLines;
      const seq = (lines?.first ?? 0) + line;
      const isDurable = lines !== undefined && line < written;
      this.#parts.ids.settle(key, isDurable ? { kind: 'durable', seq, mac: lines.mac(seq) } : { kind: 'rejected', error });
    }
  }

  #rememberIds(fresh: Fresh, lines: DurableLines, first: number): void {
    for (const [index, key] of fresh.keys.entries()) {
      const seq = first + index;
      if (key !== undefined) this.#parts.ids.settle(key, { kind: 'durable', seq, mac: lines.mac(seq) });
    }
  }

  #gapBody(reason: string, count: number, of: Source): string {
    return ownBody('gap', { reason, count, of }, this.#parts.pid).toString('utf8');
  }
}

/** What a client is told when the log did not take its events. */
function failureReply(error: LogError): Omit<ErrorReply, 'op' | 'id'> {
  switch (error.code) {
    case 'disk_full': return { code: 'disk_full', message: error.message, retry_after_ms: diskFullRetryMs };
    case 'write_failed': return { code: 'write_failed', message: error.message };
    case 'refused': return { code: 'shutting_down', message: error.message, retry_after_ms: diskFullRetryMs };
    default: return error.code satisfies never;
  }
}

/** An answer in the making: its own lines and every first copy it waits for must be settled before it leaves. */
class AppendReply {
  readonly #id: number;
  readonly #answer: Answer;
  readonly #duplicates: Duplicate[] = [];
  /** Its own lines count as one. */
  #unsettled = 1;
  #error: LogError | undefined;
  #ack = { first: null as number | null, count: 0, mac: null as string | null, ts: null as string | null };

  constructor(id: number, answer: Answer) {
    this.#id = id;
    this.#answer = answer;
  }

  duplicate(index: number, seq: number, mac: string): void {
    this.#duplicates.push([index, seq, mac]);
  }

  /** A copy of something that is not durable yet. */
  waitFor(index: number): (fate: Fate) => void {
    this.#unsettled += 1;
    return (fate) => {
      if (fate.kind === 'durable') this.duplicate(index, fate.seq, fate.mac);
      else this.reject(fate.error);
      this.release();
    };
  }

  recorded(lines: DurableLines, first: number, count: number): void {
    const last = first + count - 1;
    this.#ack = { first, count, mac: lines.mac(last), ts: lines.ts(last) };
  }

  reject(error: LogError): void {
    this.#error ??= error;
  }

  release(): void {
    this.#unsettled -= 1;
    if (this.#unsettled > 0) return;
    if (this.#error !== undefined) {
      this.#answer({ op: 'error', id: this.#id, ...failureReply(this.#error) });
      return;
    }
    const duplicates = this.#duplicates.sort((a, b) => a[0] - b[0]);
    this.#answer({ op: 'ack', id: this.#id, ...this.#ack, ...(duplicates.length === 0 ? {} : { duplicates }) });
  }
}
