/**
 * The log as the rest of the daemon sees it: something to append to, to watch and to stop. Behind it is the writer's
 * thread; nothing here waits for a disk.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import { inTime } from '../clock/in-time.js';
import { Appender, type Waiter, noLines } from './appender.js';
import { Bell } from './bell.js';
import { Inbox, Outbox, shareChannel } from './channel.js';
import type { Body } from './bodies.js';
import { LogError, asTold, tell } from './failure.js';
import type { DiskLevel } from './ladder.js';
import type { Sender } from './lanes.js';
import { LineSlots } from './line-slots.js';
import type { CommittedLines, Opening, Order, Report, Standing, Start, ThreadStart } from './mailbox.js';
import { orderNumbers, reportNumbers } from './numbers.js';
import { briskMs, waitMs } from './pace.js';

/** Where a log is in its life. `failed` and `stopped` are ends. */
export type LogPhase =
  | { readonly kind: 'open' }
  | { readonly kind: 'draining'; readonly reason: string }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: LogError };

/** Who is told what; all of it synchronously and in order. */
export interface LogWatcher {
  /** Durable lines, the log's own among them, before their requests are settled. */
  committed(commits: readonly CommittedLines[]): void;
  /** Nothing is written any more; every request has been settled. */
  failed(error: LogError): void;
  /** Something that is due found no room. */
  delayed(message: string): void;
  /** The disk has less room, or more again. */
  levelled(level: DiskLevel, message: string): void;
  /** Somebody else changed the log's files. */
  alarmed(finding: string): void;
}

/** The thread's new objects are gone when their commit is: room for more of them would gain nothing. */
const youngMiB = 6;

const nobody: LogWatcher = {
  committed: () => undefined, failed: () => undefined, delayed: () => undefined, levelled: () => undefined,
  alarmed: () => undefined,
};

export class Log {
  readonly #orders: Outbox<Order>;
  readonly #reports: Inbox<Report>;
  readonly #slots: LineSlots;
  readonly #appender: Appender;
  readonly #fence: Int32Array;
  #watcher: LogWatcher | undefined;
  #phase: LogPhase = { kind: 'open' };
  #standing: Standing;
  #checkpoint: string | undefined;
  #level: DiskLevel = 'enough';
  #early: Report[] = [];
  #gone: Promise<void> = Promise.resolve();
  #whenStopped: (() => void) | undefined;
  #stopped: Promise<void> = Promise.resolve();
  #pumping = false;
  #noticed: (message: string) => void = () => undefined;

  private constructor(orders: Outbox<Order>, reports: Inbox<Report>, start: ThreadStart, opening: Opening) {
    this.#orders = orders;
    this.#reports = reports;
    this.#fence = new Int32Array(start.fence);
    this.#slots = new LineSlots(start.lines);
    this.#appender = new Appender(start.options.sync, (order) => { this.#orders.post(order); }, start.bodies);
    this.#standing = opening.standing;
    this.#checkpoint = opening.checkpoint;
  }

  /**
   * Opens the log; resolves when `started` is durable. `noticed` is told what a person should know, from the opening on.
   * @throws LogError `refused` or `write_failed`
   */
  static open(start: Start, noticed: (message: string) => void): Promise<{ readonly log: Log; readonly opening: Opening }> {
    const { port1: near, port2: far } = new MessageChannel();
    const { port1: woken, port2: wake } = new MessageChannel();
    const shared: ThreadStart = {
      ...start, fence: Bell.share(), port: far, wake,
      orders: shareChannel(), bodies: Appender.share(), reports: shareChannel(), lines: LineSlots.share(),
    };
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: shared, transferList: [far, wake], stdin: false, resourceLimits: { maxYoungGenerationSizeMb: youngMiB },
    });
    const orders = new Outbox(near, shared.orders, orderNumbers(shared.bodies));
    const reports = new Inbox(near, shared.reports, reportNumbers(shared.lines.memory));
    return new Promise((resolve, reject) => {
      let log: Log | undefined;
      const early: Report[] = [];
      const fail = (error: unknown): void => {
        // What became durable before is no failure.
        takeAll();
        const failure = error instanceof LogError ? error : new LogError('write_failed', 'thread', `the writer's thread died: ${String(error)}`, error);
        if (log === undefined) reject(failure);
        else log.#take({ kind: 'failed', error: tell(failure) });
      };
      worker.on('error', fail);
      const gone = new Promise<void>((done) => { worker.once('exit', () => { done(); }); });
      worker.on('exit', (code) => { if (code !== 0) fail(new Error(`exit code ${code}`)); });
      const take = (report: Report): void => {
        if (log !== undefined) {
          log.#take(report);
        } else if (report.kind === 'opened') {
          log = new Log(orders, reports, shared, report);
          log.#noticed = noticed;
          log.#gone = gone;
          log.#early = early;
          resolve({ log, opening: report });
        } else if (report.kind === 'refused') {
          reject(asTold(report.error));
        } else if (report.kind === 'noticed') {
          noticed(report.message);
        } else {
          early.push(report);
        }
      };
      const takeAll = (): void => {
        reports.turnAway();
        reports.each(take);
      };
      woken.on('message', takeAll);
    });
  }

  get phase(): LogPhase {
    return this.#phase;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** The newest signed checkpoint that may be shown. */
  get checkpoint(): string | undefined {
    return this.#checkpoint;
  }

  /** How much room the disk has. */
  get level(): DiskLevel {
    return this.#level;
  }

  /** What was taken in and is not settled. */
  get load(): { readonly bytes: number; readonly events: number } {
    return this.#appender.load;
  }

  /** The same of one process, bytes. */
  loadOf(process: string): number {
    return this.#appender.loadOf(process);
  }

  /** Names the watcher, once; it hears of everything since the log was opened. */
  watch(watcher: LogWatcher): void {
    this.#watcher = watcher;
    const early = this.#early;
    this.#early = [];
    for (const report of early) this.#take(report);
  }

  /** Takes a request in; it is handed over at the end of this turn of the event loop, with the others of the turn. */
  append(sender: Sender, bodies: readonly Body[], waiter: Waiter): void {
    if (this.#phase.kind !== 'open') {
      const error = this.#phase.kind === 'failed' ? this.#phase.error : new LogError('refused', 'stopping', 'the log is being closed');
      waiter.settle({ kind: 'rejected', error, first: 0, written: 0, lines: noLines });
      return;
    }
    this.#appender.enqueue(sender, bodies, waiter);
    this.#appender.pumpEarly();
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      // Cleared before the pump and not behind it: what is taken in while it runs sees to a turn of its own.
      this.#pumping = false;
      this.#pump();
    });
  }

  /** The sender's connection is closed; what it sent is still written. */
  close(sender: Sender): void {
    this.#appender.close(sender);
  }

  /** The lock is lost: nothing may be written from here on, whatever is queued. */
  fence(): void {
    Atomics.store(this.#fence, 0, 1);
  }

  /** Writes everything that was taken in, `stopped` and the last seal. Resolves when it is done or the log has failed. */
  stop(reason: string): Promise<void> {
    if (this.#phase.kind !== 'open') return this.#stopped;
    this.#phase = { kind: 'draining', reason };
    // Nobody watched: a start that failed between log and sockets. Reports kept for a watcher would be kept forever.
    if (this.#watcher === undefined) this.watch(nobody);
    this.#stopped = new Promise((resolve) => { this.#whenStopped = resolve; });
    this.#stopWhenEmpty();
    return this.#stopped;
  }

  /**
   * Resolves when the writer's thread is gone and has left what it could for the next start; or after `patienceMs`, because a
   * disk that hangs may keep it for ever.
   */
  gone(patienceMs: number): Promise<void> {
    return inTime(this.#gone, patienceMs, undefined);
  }

  #stopWhenEmpty(): void {
    if (this.#phase.kind !== 'draining' || this.#appender.load.events > 0) return;
    const { reason } = this.#phase;
    this.#phase = { kind: 'stopping' };
    this.#orders.post({ kind: 'stop', reason });
  }

  /**
   * Hands over what waits. For a lone request this thread waits a moment with it: there is nothing better to do, and its
   * client has the ack a turn of the event loop earlier; so it does where the writer's thread would not get a core else. A disk
   * that takes longer than the moment is heard of as usual. For a brisk request nobody even sleeps.
   */
  #pump(): void {
    this.#appender.pump();
    const { pace } = this.#appender;
    const isHere = pace === 'brisk' && this.#reports.spin(briskMs);
    if (!isHere && (pace === undefined || !this.#reports.wait(waitMs))) return;
    this.#reports.each((report) => { this.#take(report); });
  }

  #take(report: Report): void {
    if (this.#watcher === undefined && report.kind !== 'noticed') {
      this.#early.push(report);
      return;
    }
    switch (report.kind) {
      case 'committed':
        this.#standing = report.standing;
        if (report.commits.length > 0) this.#watcher?.committed(report.commits);
        this.#appender.committed(report.commits, report.requests, report.wakeMs);
        this.#slots.release(report.slot);
        this.#stopWhenEmpty();
        return;
      case 'rejected':
        this.#standing = report.standing;
        if (report.commits.length > 0) this.#watcher?.committed(report.commits);
        if (report.whole > 0) this.#appender.committed(report.commits.slice(0, report.wholeCommits), report.whole);
        this.#appender.rejected(
          report.commits.slice(report.wholeCommits), report.requests, new LogError('disk_full', 'write', report.message));
        this.#slots.release(report.slot);
        // Said when it was found; every client that tries again need not be.
        if (this.#level !== 'full') this.#watcher?.delayed(report.message);
        this.#stopWhenEmpty();
        return;
      case 'delayed':
        this.#watcher?.delayed(report.message);
        return;
      case 'level':
        this.#level = report.level;
        this.#watcher?.levelled(report.level, report.message);
        return;
      case 'alarm':
        this.#watcher?.alarmed(report.finding);
        return;
      case 'sealed':
        this.#standing = report.standing;
        this.#checkpoint = report.checkpoint ?? this.#checkpoint;
        return;
      case 'failed':
        this.#fail(asTold(report.error));
        return;
      case 'stopped':
        this.#phase = { kind: 'stopped' };
        this.#whenStopped?.();
        return;
      case 'noticed':
        this.#noticed(report.message);
        return;
      case 'opened':
      case 'refused':
        return;
      default:
        report satisfies never;
    }
  }

  #fail(error: LogError): void {
    if (this.#phase.kind === 'failed' || this.#phase.kind === 'stopped') return;
    this.#phase = { kind: 'failed', error };
    this.#appender.failed(error);
    this.#watcher?.failed(error);
    this.#whenStopped?.();
  }
}
