// What becomes of one append: limits, admission, doubles, the queue, and the answer when its fate is known.
//
// Before the writer reports it durable nothing has been promised; the ack is made in the same step as that report.
import type { Body } from '../log/bodies.js';
import { bodyLength } from '../log/bodies.js';
import type { Sender } from '../log/lanes.js';
import { queueCost } from '../log/lanes.js';
import type { Log } from '../log/log.js';
import { ownBody } from '../log/own.js';
import type { ErrorReply, EventEntry, Request } from '../wire/message.js';
import type { Admission, AdmissionRules } from './admission.js';
import { admit } from './admission.js';
import type { Counters } from './counters.js';
import { diskFullRetryMs, failureReply } from './failure-reply.js';
import type { IdMemory } from './ids.js';
import { copiesWaitingMax, noId } from './ids.js';
import type { Answer } from './pending-append.js';
import { PendingAppend } from './pending-append.js';
import type { RateLimiter } from './rate.js';
import type { Limits, ListenerConfig } from './settings.js';
import { isWithinShare } from './shares.js';
import type { Peer, Source } from './source.js';

/** An append as it was decoded. */
export type AppendMessage = Extract<Request, { readonly op: 'append' }>;

/** An error reply to be. */
type Refusal = Omit<ErrorReply, 'op' | 'id'>;

/** When a full queue is worth another try: a few commits later. */
const overloadedRetryMs = 100;

/** Who sends what the daemon records of its own accord. */
const ourselves: Sender = { process: 'self' };

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

export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Takes one append; `place` is answered once, now or when its fate is known. Appends of one connection keep their order. */
  append(message: AppendMessage, peer: Peer, listener: ListenerConfig, place: Answer): void {
    const taken = this.#take(message, peer, listener);
    if ('code' in taken) place.answer({ op: 'error', id: message.id, ...taken });
    else this.#enqueue(message, peer, taken.bodies, place);
  }

  /** The connection is closed; what it sent is still recorded. */
  gone(peer: Peer): void {
    this.#parts.log.close(peer);
  }

  /** Records events that did not get in; `lost` is called if the log could not take that either. */
  recordGap(reason: string, count: number, of: Source, lost: () => void): void {
    const body = this.#gapBody(reason, count, of);
    this.#parts.log.append(ourselves, [body], { settle: ({ kind }) => { if (kind === 'rejected') lost(); } });
  }

  /** Records that somebody else changed what is ours; tried again until the log takes it, or takes nothing any more. */
  recordTampering(finding: string): void {
    const { log, pid } = this.#parts;
    const body = ownBody('tamper_detected', { finding }, pid).toString('utf8');
    log.append(ourselves, [body], {
      settle: (outcome) => {
        if (outcome.kind !== 'rejected' || outcome.error.code !== 'disk_full') return;
        setTimeout(() => { this.recordTampering(finding); }, diskFullRetryMs).unref();
      },
    });
  }

  /** What of it is to be recorded, or why nothing is. */
  #take({ events }: AppendMessage, peer: Peer, listener: ListenerConfig): Extract<Admission, { readonly ok: true }> | Refusal {
    const { rates, rules, counters } = this.#parts;
    const ended = this.#endOfLog();
    if (ended !== undefined) return ended;
    const admission = admit(rules, listener, peer.sourcePiece, events);
    if (!admission.ok) {
      const { code, message, index, path } = admission;
      return { code, message, index, ...(path === undefined ? {} : { path }) };
    }
    const wait = rates.take(peer, listener.rate, events.length);
    if (wait !== undefined) {
      return { code: 'rate_limited', message: `more than ${listener.rate} events per second from process ${peer.source.pid}`, retry_after_ms: wait };
    }
    let size = 0;
    for (const body of admission.bodies) size += bodyLength(body);
    const full = this.#whatIsFull(size, events.length, peer.process);
    if (full !== undefined) return { code: 'overloaded', message: full, retry_after_ms: overloadedRetryMs };
    counters.redacted += admission.masked;
    return admission;
  }

  /** No process fills the queue alone: each may have as much of it as it leaves free for others. */
  #whatIsFull(size: number, events: number, process: string): string | undefined {
    const { log, limits, ids } = this.#parts;
    const [own, taken, cost] = [log.loadOf(process), log.load.bytes, queueCost(size, events)];
    // One request fits an empty queue, whatever its size: to try it again later would not help it.
    if (taken > 0 && !isWithinShare(own, cost, taken, limits.queueBytes)) {
      return `${taken} of the queue's ${limits.queueBytes} bytes are taken, ${own} by this process: no room for ${cost} more`;
    }
    if (ids.hasRoom(process, events)) return undefined;
    return `${ids.waiting} copies of events wait already; at most ${copiesWaitingMax} may, and no process fills that alone`;
  }

  #endOfLog(): Refusal | undefined {
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

  #enqueue(message: AppendMessage, peer: Peer, bodies: readonly Body[], place: Answer): void {
    const append = new PendingAppend(message.id, peer.process, place, this.#parts);
    const fresh = this.#withoutDoubles(message.events, peer, bodies, append);
    if (fresh.length === 0) {
      append.release();
      return;
    }
    // A producer's own losses go in front of the events that tell of them.
    append.gapLines = message.dropped > 0 ? 1 : 0;
    const lines = message.dropped > 0 ? [this.#gapBody('client_dropped', message.dropped, peer.source), ...fresh] : fresh;
    this.#parts.log.append(peer, lines, append);
  }

  /** The bodies that are new; `append` knows of them, and of the others where the first copies are. */
  #withoutDoubles(entries: readonly EventEntry[], peer: Peer, bodies: readonly Body[], append: PendingAppend): readonly Body[] {
    const { ids, counters } = this.#parts;
    const doubles: number[] = [];
    for (const [index, { id, profile }] of entries.entries()) {
      const known = id === undefined ? noId : ids.lookup(peer.idScope, id);
      if (known === noId) {
        append.expect(profile, id === undefined ? noId : ids.expect(peer.idScope, id));
        continue;
      }
      counters.duplicates += 1;
      doubles.push(index);
      const seq = ids.seq(known);
      if (seq > 0) append.duplicate(index, seq, ids.mac(known));
      else ids.wait(known, peer.process, append.waitFor(index));
    }
    if (doubles.length === 0) return bodies;
    const left = new Set(doubles);
    return bodies.filter((_, index) => !left.has(index));
  }

  #gapBody(reason: string, count: number, of: Source): string {
    return ownBody('gap', { reason, count, of }, this.#parts.pid).toString('utf8');
  }
}
