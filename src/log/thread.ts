/**
 * The writer's thread: opens the log, then carries out orders one after the other until it is told to stop or the disk fails.
 * It may hang in a system call as long as a disk hangs; nobody else does. It has no event loop: a bell wakes it a turn earlier.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { realClock } from '../clock/clock.js';
import { type Disk, realDisk } from '../disk/disk.js';
import { announce } from './announce.js';
import { Inbox, Outbox } from './channel.js';
import { LogError, asLogError, isOutOfRoom, refused, tell } from './failure.js';
import { type Group, gather } from './group.js';
import { Holdings } from './holdings.js';
import { readIdentitySeed, readSalt } from './init.js';
import { DiskLadder } from './ladder.js';
import { LastWordsFile, lastWordsOf } from './last-words.js';
import { Lease } from './lease.js';
import { LineSlots } from './line-slots.js';
import type { AppendOrder, CommittedLines, Order, Report, Standing, ThreadStart } from './mailbox.js';
import { ObservedTime } from './observed.js';
import { orderNumbers, reportNumbers } from './numbers.js';
import { briskMs } from './pace.js';
import { Pulse, diskWithPulse } from './pulse.js';
import { openLog } from './recovery.js';
import { Reserve } from './reserve.js';
import { Retention } from './retention.js';
import { type Places, placesIn } from './segment.js';
import type { Commit } from './commit.js';
import { Watch } from './watch.js';
import { Writer } from './writer.js';

const lostSalt = 'keys/salt was gone or damaged at the start; a new one was made, and equal secrets have other masks from here on';

/** How often time alone is looked at. A fifth of a second: the head's second must not pass between two looks. */
const tickMs = 200;

class WriterThread {
  readonly #orders: Inbox<Order>;
  readonly #reports: Outbox<Report>;
  readonly #slots: LineSlots;
  readonly #start: ThreadStart;
  readonly #places: Places;
  readonly #lease: Lease;
  #watch: Watch | undefined;
  #lastWords: LastWordsFile | undefined;
  readonly #pulse: Pulse;
  readonly #disk: Disk;
  #writer: Writer | undefined;
  #commits: CommittedLines[] = [];
  #holdings: Holdings | undefined;
  #retention: Retention | undefined;
  #ladder: DiskLadder | undefined;
  #checkpoint: string | undefined;
  /** See `Report`; of what is not told of yet. */
  #wakeMs = 0;
  /** What was said of work that found no room, and nothing was written since. */
  #delay: string | undefined;

  constructor(start: ThreadStart) {
    this.#orders = new Inbox(start.port, start.orders, orderNumbers(start.bodies));
    this.#reports = new Outbox(start.port, start.reports, reportNumbers(start.lines.memory), start.wake);
    this.#slots = new LineSlots(start.lines);
    this.#start = start;
    this.#places = placesIn(start.state);
    this.#pulse = new Pulse(start.pulse);
    this.#disk = diskWithPulse(realDisk, this.#pulse);
    this.#lease = new Lease(this.#disk, realClock, this.#places.lease, new Int32Array(start.fence));
  }

  run(): void {
    try {
      this.#open();
    } catch (error) {
      this.#post({ kind: 'refused', error: tell(asLogError(error)) });
      return;
    }
    this.#live();
  }

  /** Orders as they come, and what time makes due, until there is no writer any more. */
  #live(): void {
    let tickAt = realClock.monotonic() + tickMs;
    let isBrisk = false;
    let hasSlept = false;
    while (this.#writer !== undefined) {
      this.#pulse.beat();
      const order = this.#orders.next();
      if (hasSlept && order?.kind === 'append') this.#wakeMs = realClock.monotonic() - order.postedAt;
      hasSlept = false;
      if (order !== undefined) this.#carryOut(order);
      isBrisk = order === undefined ? isBrisk : order.kind === 'append' && order.isBrisk;
      const left = tickAt - realClock.monotonic();
      if (left <= 0) {
        this.#attempt(() => { this.#watch?.tick(); });
        this.#attempt((writer) => { writer.tick(); });
        this.#attempt((writer) => { this.#retention?.tick(writer); });
        this.#attempt((writer) => { this.#ladder?.tick(writer); });
        tickAt = realClock.monotonic() + tickMs;
      } else if (order === undefined && isBrisk) {
        isBrisk = this.#orders.spin(briskMs);
      } else if (order === undefined) {
        this.#orders.wait(left);
        hasSlept = true;
      }
    }
  }

  #open(): void {
    const reserve = new Reserve(this.#disk, this.#places.reserve);
    const opened = reserve.giveTo(() => openLog(this.#disk, realClock, this.#places));
    if (opened === 'absent') throw refused('log_missing', `there is no log in ${this.#start.state}`);
    const { state, clean, adopted, torn, unremoved } = opened;
    const { salt, wasLost } = reserve.giveTo(() => readSalt(this.#disk, this.#places));
    const writer = new Writer(this.#disk, realClock, this.#places, state, this.#start.options, {
      memory: (bytes) => this.#slots.room(bytes),
      committed: (commit) => { this.#collect(commit); },
      delayed: (message) => { this.#post({ kind: 'delayed', message }); },
      beforeWrite: () => {
        this.#lease.check();
        this.#watch?.beforeWrite();
      },
      afterSync: () => { this.#lease.check(); },
    });
    this.#writer = writer;
    const identitySeed = readIdentitySeed(this.#disk, this.#places);
    const notice = (message: string): void => { this.#post({ kind: 'noticed', message }); };
    this.#lastWords = new LastWordsFile(this.#disk, this.#places.lastWords, identitySeed);
    announce(writer, opened, {
      disk: this.#disk, places: this.#places, reserve, start: this.#start, lastWords: this.#lastWords, notice,
    });
    this.#watch = new Watch({
      disk: this.#disk, clock: realClock, places: this.#places, mustBeOurs: () => { this.#lease.look(); },
      alarm: (finding) => { this.#post({ kind: 'alarm', finding }); },
    }, writer, wasLost ? [lostSalt] : []);
    this.#ladder = new DiskLadder({
      disk: this.#disk, clock: realClock, state: this.#start.state, reserve, lowBytes: this.#start.diskLowBytes,
      stepped: (level, message) => { this.#post({ kind: 'level', level, message }); }, notice,
    });
    this.#ladder.begin(writer);
    const holdings = new Holdings(this.#disk, this.#places, writer.state.segment);
    this.#holdings = holdings;
    this.#retention = new Retention({
      disk: this.#disk, clock: realClock, places: this.#places, holdings, recorded: unremoved !== undefined,
      observed: new ObservedTime(this.#disk, realClock, this.#places.retention, identitySeed, this.#start.started.bootId), notice,
    });
    this.#checkpoint = writer.checkpoint;
    // Whoever watches reads these from the log, with all that was there before.
    this.#slots.release(this.#takeCommits().slot);
    this.#post({
      // The salt alone: with a piece of a pool, a message would carry along all that lies in the pool.
      kind: 'opened', origin: state.origin, logPub: state.logPub, salt: Uint8Array.from(salt),
      standing: this.#standing(writer), checkpoint: this.#checkpoint, clean, adopted, torn: torn.length,
    });
  }

  /** Takes in what came during the last fsync too: that is what makes a group. */
  #carryOut(first: Order): void {
    const appends: AppendOrder[] = [];
    let next: Order | undefined = first;
    while (next?.kind === 'append') {
      appends.push(next);
      next = this.#orders.next();
    }
    if (appends.length > 0) this.#append(appends);
    if (next?.kind === 'stop') this.#stop(next.reason);
  }

  #append(orders: readonly AppendOrder[]): void {
    gather(orders, this.#start.options.sync, {
      // A step of the clock or a rotation may still be owed.
      prepare: () => { if (this.#ladder?.isFull !== true) this.#attempt((writer) => { writer.prepare(); }); },
      room: () => this.#writer?.room,
      lineBytes: (bodyBytes, ahead) => this.#writer?.lineBytes(bodyBytes, ahead) ?? 0,
      write: (group) => {
        const isWritten = this.#attempt((writer) => {
          this.#ladder?.admit(writer);
          writer.append(group.bodies);
        }, group);
        if (isWritten) this.#attempt((writer) => { writer.settle(); });
      },
    });
  }

  /** To the last seal. A stop that found no room for it is no clean one: it says so, and the next start mends it. */
  #stop(reason: string): void {
    this.#attempt(() => { this.#retention?.stop(); });
    const stop = (): boolean => this.#attempt((writer) => { writer.stop(reason); });
    // A disk that is full only now has its reserve to give.
    const isStopped = stop() || (this.#ladder?.isFull === true && stop());
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#attempt(() => { writer.close(); });
    this.#end();
    const noRoom = new LogError('write_failed', 'stop', 'no room for the last records of a clean stop');
    this.#post(isStopped ? { kind: 'stopped' } : { kind: 'failed', error: tell(noRoom) });
  }

  /** Runs one piece of work, reports what became durable, and says why if it did not come to its end; true if it did. */
  #attempt(work: (writer: Writer) => void, group?: Group): boolean {
    const writer = this.#writer;
    if (writer === undefined) return false;
    try {
      this.#lease.check();
      work(writer);
      this.#report(writer, group?.requests.length ?? 0);
      return true;
    } catch (error) {
      const failure = asLogError(error);
      if (failure.code === 'disk_full') this.#putOff(writer, failure, group);
      else this.#fail(writer, failure);
      return false;
    }
  }

  /** There was no room: whoever waits is told, and the reserve gives what it has. */
  #putOff(writer: Writer, failure: LogError, group?: Group): void {
    const { message } = failure;
    if (group !== undefined) {
      this.#reject(writer, group, message);
    } else {
      this.#report(writer, 0);
      // At every tick the same would be said again.
      if (message !== this.#delay) this.#post({ kind: 'delayed', message });
      this.#delay = message;
    }
    if (!isOutOfRoom(failure) || this.#ladder?.isFull !== false) return;
    this.#attempt((one) => { this.#ladder?.fall(one, failure.cause); });
  }

  #reject(writer: Writer, group: Group, message: string): void {
    const taken = this.#takeCommits();
    const parts = group.part(taken.commits);
    const requests = group.requests.length - parts.whole;
    this.#post({ kind: 'rejected', ...taken, ...parts, requests, standing: this.#standing(writer), message });
  }

  /** The end, which the next start records where it can. */
  #fail(writer: Writer, failure: LogError): void {
    this.#report(writer, 0);
    this.#end();
    this.#post({ kind: 'failed', error: { ...tell(failure), code: failure.code === 'tampered' ? 'tampered' : 'write_failed' } });
    try {
      // Where another daemon writes, nothing of ours may be left.
      if (failure.what === 'lock' || this.#watch?.isHome !== true) return;
      this.#lastWords?.leave(lastWordsOf(failure));
    } catch (error) {
      this.#post({ kind: 'noticed', message: `the next start will not know how this run ended: ${String(error)}` });
    }
  }

  #end(): void {
    this.#writer = undefined;
  }

  #collect(commit: Commit): void {
    const { first, ts, bytes, ends, syncMs, isRequest } = commit;
    this.#commits.push({ first, ts, bytes, ends, syncMs, isRequest });
  }

  #takeCommits(): { readonly commits: readonly CommittedLines[]; readonly slot: number | undefined } {
    const commits = this.#commits;
    this.#commits = [];
    return { commits, slot: this.#slots.take() };
  }

  #report(writer: Writer, requests: number): void {
    const standing = this.#standing(writer);
    if (this.#commits.length > 0) this.#delay = undefined;
    if (this.#commits.length > 0 || requests > 0) {
      const wakeMs = this.#wakeMs;
      this.#wakeMs = 0;
      this.#post({ kind: 'committed', ...this.#takeCommits(), requests, standing, wakeMs });
    }
    const { checkpoint } = writer;
    if (checkpoint === this.#checkpoint) return;
    this.#checkpoint = checkpoint;
    this.#post({ kind: 'sealed', checkpoint, standing });
  }

  #standing(writer: Writer): Standing {
    const { last, keys, sealed, segment } = writer.state;
    this.#holdings?.follow(segment);
    return {
      seq: last.seq, mac: last.mac, epoch: keys.name.epoch, step: keys.name.step, sealedTo: sealed?.size ?? 0,
      segments: this.#holdings?.count ?? 0, bytes: this.#holdings?.bytes ?? 0,
    };
  }

  #post(report: Report): void {
    this.#reports.post(report);
  }
}

if (!isMainThread) new WriterThread(workerData as ThreadStart).run();
