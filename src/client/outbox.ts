// All appends of one client and its children: bounded, each with its deadline. Invariant: nobody waits for one beyond its
// deadline, or a microsecond longer for each that waits; and never more is held than the bounds say.
import { performance } from 'node:perf_hooks';
import { Deadline } from './deadline.js';
import { durationMs } from './duration.js';
import { ClientError, frameTooLarge, refusal, tooManyEvents } from './error.js';
import type { Entries, Pending, Receipt } from './pending.js';
import { Sender } from './sender.js';

/** How much may be held, waiting and in flight together. */
export interface OutboxBounds {
  /** Events of `append`, and their encoded bytes; beyond them an append is refused with `overloaded`. */
  readonly appendEvents: number;
  readonly appendBytes: number;
  /** Events of `emit`, and their encoded bytes; beyond them they are dropped and counted. */
  readonly emitEvents: number;
  readonly emitBytes: number;
}

/** Bounds as they are given: what is absent or undefined keeps its default. */
export type OutboxGiven = { readonly [name in keyof OutboxBounds]?: number | undefined };

const boundNames = ['appendEvents', 'appendBytes', 'emitEvents', 'emitBytes'] as const satisfies readonly (keyof OutboxBounds)[];
const defaultBounds: OutboxBounds = {
  appendEvents: 100_000, appendBytes: 64 * 1024 * 1024, emitEvents: 10_000, emitBytes: 8 * 1024 * 1024,
};

/** `given`, and the default of what is absent. Throws ClientError `bad_request` for what is no number: it would bound nothing. */
export function boundsOf(given: OutboxGiven = {}): OutboxBounds {
  const bounds = { ...defaultBounds };
  for (const name of boundNames) {
    const bound: unknown = given[name] ?? bounds[name];
    if (typeof bound !== 'number' || Number.isNaN(bound)) throw new ClientError('bad_request', `bounds.${name} is ${String(bound)}; give a number`);
    bounds[name] = bound;
  }
  return bounds;
}

// How many appends are looked at for their deadlines, at most.
const looksPerMs = 1000;

// What is held of one kind.
class Held {
  events = 0;
  bytes = 0;
  change(sign: 1 | -1, { count, bytes }: Entries): void {
    this.events += sign * count;
    this.bytes += sign * bytes.length;
  }
}

/** Takes appends in, watches their deadlines and says when nothing is outstanding. */
export class Outbox {
  readonly sender: Sender;
  readonly #bounds: OutboxBounds;
  readonly #changed: () => void;
  // Waited for, in the order they came in, so the first is the oldest.
  readonly #outstanding = new Set<Pending>();
  readonly #emitted = new Set<Pending>();
  // One listener for each signal, however many appends it ends: of eleven Node says that they leak.
  readonly #bySignal = new Map<AbortSignal, { readonly appends: Set<Pending>; readonly abort: () => void }>();
  readonly #signals = new WeakMap<Pending, AbortSignal>();
  readonly #held = { append: new Held(), emit: new Held() };
  #waiters: { readonly order: number; readonly done: () => void }[] = [];
  #order = 0;
  #lookedAt = 0;
  #watch: { readonly timer: Deadline; readonly at: number } | undefined = undefined;

  /** `changed` is called when the outbox becomes empty, and when it does not stay so. */
  constructor(bounds: OutboxBounds, changed: () => void) {
    this.#bounds = bounds;
    this.#changed = changed;
    this.sender = new Sender((append) => { this.#settled(append); });
  }

  /** Appends that are neither settled nor beyond their deadline. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** A promise of the receipt. Throws ClientError when there is no room: `overloaded` if there may be some later. */
  append(entries: Entries, timeoutMs: number, signal: AbortSignal | undefined): Promise<Receipt> {
    const { events, bytes } = this.#held.append;
    const deadline = performance.now() + durationMs('timeoutMs', timeoutMs);
    const { appendEvents: eventsMax, appendBytes: bytesMax } = this.#bounds;
    // "Later" would be no answer to what never fits.
    if (entries.count > eventsMax) throw tooManyEvents(entries.count, eventsMax);
    if (entries.bytes.length > bytesMax) throw frameTooLarge(entries.bytes.length, bytesMax);
    if (events + entries.count > eventsMax || bytes + entries.bytes.length > bytesMax) {
      throw new ClientError('overloaded', `${events} events of ${bytes} bytes are waiting already`);
    }
    if (signal?.aborted === true) throw new ClientError('aborted', 'aborted: it was not sent', { cause: signal.reason });
    // Before it is taken in: what is no signal throws.
    const bySignal = signal === undefined ? undefined : this.#listen(signal);
    return new Promise<Receipt>((resolve, reject) => {
      const append = this.#take(entries, deadline, resolve, reject);
      this.#held.append.change(1, entries);
      if (signal === undefined) return;
      this.#signals.set(append, signal);
      bySignal?.add(append);
    });
  }

  /** Takes one event in, or counts it as dropped. */
  emit(entries: Entries, timeoutMs: number): void {
    const { events, bytes } = this.#held.emit;
    if (events + 1 > this.#bounds.emitEvents || bytes + entries.bytes.length > this.#bounds.emitBytes) {
      this.sender.losses.add(1);
      return;
    }
    const append = this.#take(entries, performance.now() + timeoutMs, () => undefined, () => { this.sender.losses.add(1); });
    this.#emitted.add(append);
    this.#held.emit.change(1, entries);
  }

  /** Resolves when all that was taken in so far is settled, or beyond its deadline. */
  flush(): Promise<void> {
    if (this.#outstanding.size === 0) return Promise.resolve();
    return new Promise((done) => { this.#waiters.push({ order: this.#order, done }); });
  }

  /** Settles all that is left: it was `closed`. */
  close(): void {
    this.sender.close();
    this.#watch?.timer.clear();
    for (const append of [...this.#outstanding, ...this.#emitted]) {
      this.sender.settle(append, given('closed', 'the client was closed', append, this.sender.lastError));
    }
  }

  #take(
    entries: Entries, deadline: number, resolve: (receipt: Receipt) => void, reject: (error: ClientError) => void,
  ): Pending {
    const append: Pending = {
      order: this.#order++, entries, deadline, state: 'waiting', sent: false, refusal: undefined, isOverdue: false, isDoubtful: false, mayBeRecorded: false,
      eventsMax: Infinity, notice: undefined, resolve, reject,
    };
    this.#outstanding.add(append);
    if (this.#outstanding.size === 1) this.#changed();
    if (this.#watch === undefined || deadline < this.#watch.at) this.#watchUntil(deadline);
    this.sender.add(append);
    return append;
  }

  // The appends that the signal ends.
  #listen(signal: AbortSignal): Set<Pending> {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) return known.appends;
    const appends = new Set<Pending>();
    const abort = (): void => { for (const one of [...appends]) this.sender.settle(one, given('aborted', 'aborted', one, signal.reason)); };
    signal.addEventListener('abort', abort, { once: true });
    this.#bySignal.set(signal, { appends, abort });
    return appends;
  }

  // A signal may outlive many appends; none of them may stay hanging on it.
  #unlisten(append: Pending): void {
    const signal = this.#signals.get(append);
    const known = signal === undefined ? undefined : this.#bySignal.get(signal);
    if (signal === undefined || known === undefined) return;
    known.appends.delete(append);
    if (known.appends.size > 0) return;
    this.#bySignal.delete(signal);
    signal.removeEventListener('abort', known.abort);
  }

  #settled(append: Pending): void {
    this.#unlisten(append);
    (this.#emitted.delete(append) ? this.#held.emit : this.#held.append).change(-1, append.entries);
    this.#waitedFor(append);
  }

  #waitedFor(append: Pending): void {
    if (!this.#outstanding.delete(append)) return;
    if (this.#waiters.length > 0) this.#wake();
    if (this.#outstanding.size === 0) this.#changed();
  }

  #wake(): void {
    const [oldest] = this.#outstanding;
    const reached = oldest?.order ?? Infinity;
    const ready = this.#waiters.filter(({ order }) => order <= reached);
    this.#waiters = this.#waiters.filter(({ order }) => order > reached);
    for (const { done } of ready) done();
  }

  // One timer for all: it is set for the earliest deadline and looks for the next one when it goes off. That looks at each, so
  // it is not done again at once where very many wait.
  #watchUntil(deadline: number): void {
    this.#watch?.timer.clear();
    const at = Math.max(deadline, this.#lookedAt + this.#outstanding.size / looksPerMs);
    const timer = new Deadline(Math.max(0, Math.ceil(at - performance.now())), () => { this.#expire(); });
    this.#watch = { timer: timer.unref(), at };
  }

  #expire(): void {
    this.#watch = undefined;
    const now = performance.now();
    this.#lookedAt = now;
    let next = Infinity;
    for (const append of this.#outstanding) {
      if (append.deadline > now) next = Math.min(next, append.deadline);
      // Recorded or lost? The daemon will say, and nobody waits for it: it is not counted before.
      else if (append.sent && this.#emitted.has(append)) {
        append.isOverdue = true;
        this.#waitedFor(append);
      } else this.sender.settle(append, given('timeout', 'the deadline passed', append, this.sender.lastError));
    }
    if (next < Infinity) this.#watchUntil(next);
  }
}

/**
 * Who gave up on what was refused again and again is told why it was; of what is under way nobody knows yet. `cause` is what
 * ended the last connection, where none was there since, or what the caller's signal says.
 */
function given(code: 'timeout' | 'aborted' | 'closed', why: string, append: Pending, cause: unknown): ClientError {
  const mayBeRecorded = append.state === 'flying' || append.mayBeRecorded;
  if (append.state === 'waiting' && append.refusal !== undefined) {
    if (code === 'timeout') return refusal(append.refusal, { mayBeRecorded });
    return new ClientError(code, `${why}: it was refused: ${append.refusal.message}`, { mayBeRecorded, cause });
  }
  const fate = mayBeRecorded ? 'it was sent, so the event may or may not have been recorded'
    : append.sent ? 'it is not recorded' : 'it was not sent';
  const reason = cause instanceof ClientError ? ` (${cause.message})` : '';
  return new ClientError(code, `${why}: ${fate}${reason}`, { mayBeRecorded, cause });
}
