/**
 * The writer's thread: opens the log, then carries out orders one after the other until it is told to stop or the disk
 * fails. It may hang in a system call for as long as a disk hangs; nobody else does. It has no event loop: asleep between
 * two orders it is woken by a bell, which is a turn of a loop faster.
 */
import { isMainThread, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { realClock } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { errorCode, realDisk } from '../disk/disk.js';
import { Bell } from './bell.js';
import { LogError, refused } from './failure.js';
import { Holdings } from './holdings.js';
import { readIdentitySeed, readSalt } from './init.js';
import type { AppendOrder, CommittedLines, Order, Report, Standing, ThreadStart } from './mailbox.js';
import { ObservedTime } from './observed.js';
import { confirmPieces } from './quarantine.js';
import { Pulse, diskWithPulse } from './pulse.js';
import type { OpenedLog } from './recovery.js';
import { openLog } from './recovery.js';
import { Retention } from './retention.js';
import { placesIn } from './segment.js';
import type { Places } from './segment.js';
import { previousOf } from './successor.js';
import type { Commit } from './commit.js';
import { Writer } from './writer.js';

/** How often time alone is looked at. A fifth of a second: the head's second must not pass between two looks. */
const tickMs = 200;
/** One commit at most: what one fsync is asked to carry, so that an ack is never far away. */
const commitBytesMax = 4 * 1024 * 1024;

class WriterThread {
  readonly #port: MessagePort;
  readonly #orders: Bell;
  readonly #reports: Bell;
  readonly #start: ThreadStart;
  readonly #places: Places;
  readonly #fence: Int32Array;
  readonly #pulse: Pulse;
  readonly #disk: Disk;
  #writer: Writer | undefined;
  #commits: CommittedLines[] = [];
  #holdings: Holdings | undefined;
  #retention: Retention | undefined;
  #checkpoint: string | undefined;

  constructor(start: ThreadStart) {
    this.#port = start.port;
    this.#orders = new Bell(start.orders);
    this.#reports = new Bell(start.reports);
    this.#start = start;
    this.#places = placesIn(start.state);
    this.#fence = new Int32Array(start.fence);
    this.#pulse = new Pulse(start.pulse);
    this.#disk = diskWithPulse(realDisk, this.#pulse);
  }

  run(): void {
    try {
      this.#open();
    } catch (error) {
      const { code, what, message } = asLogError(error);
      this.#post({ kind: 'refused', code, finding: what, message });
      return;
    }
    this.#live();
  }

  /** Orders as they come, and what time makes due, until there is no writer any more. */
  #live(): void {
    let tickAt = realClock.monotonic() + tickMs;
    while (this.#writer !== undefined) {
      this.#pulse.beat();
      const { rung } = this.#orders;
      const order = this.#nextOrder();
      if (order !== undefined) this.#carryOut(order);
      const left = tickAt - realClock.monotonic();
      if (left <= 0) {
        this.#attempt((writer) => { writer.tick(); });
        this.#attempt((writer) => { this.#retention?.tick(writer); });
        tickAt = realClock.monotonic() + tickMs;
      } else if (order === undefined) {
        this.#orders.wait(rung, left);
      }
    }
  }

  #nextOrder(): Order | undefined {
    return receiveMessageOnPort(this.#port)?.message as Order | undefined;
  }

  #open(): void {
    const opened = openLog(this.#disk, realClock, this.#places);
    if (opened === 'absent') throw refused('log_missing', `there is no log in ${this.#start.state}`);
    const { state, clean, adopted, torn, unremoved } = opened;
    const salt = readSalt(this.#disk, this.#places);
    const writer = new Writer(this.#disk, realClock, this.#places, state, this.#start.options, {
      committed: (commit) => { this.#collect(commit); },
      delayed: (message) => { this.#post({ kind: 'delayed', message }); },
    });
    this.#writer = writer;
    this.#announce(writer, opened);
    const holdings = new Holdings(this.#disk, this.#places, writer.state.segment);
    this.#holdings = holdings;
    this.#retention = new Retention({
      disk: this.#disk, clock: realClock, places: this.#places, holdings, recorded: unremoved !== undefined,
      observed: new ObservedTime(
        this.#disk, realClock, this.#places.retention, readIdentitySeed(this.#disk, this.#places), this.#start.started.bootId,
      ),
      notice: (message) => { this.#post({ kind: 'noticed', message }); },
    });
    this.#checkpoint = writer.checkpoint;
    // Whoever watches reads these from the log, with all that was there before.
    this.#commits = [];
    this.#post({
      kind: 'opened', origin: state.origin, logPub: state.logPub, salt,
      standing: this.#standing(writer), checkpoint: this.#checkpoint, clean, adopted, torn: torn.length,
    });
  }

  /** Genesis or header if they are missing, what a crash left, and that we are here: in this order, before any event. */
  #announce(writer: Writer, found: OpenedLog): void {
    const { version, bootId, listeners } = this.#start.started;
    const { sync, headSync, sealMs, heartbeatMs } = this.#start.options;
    // Where an init ended between the segment and its first line, the genesis is written now.
    writer.begin(writer.state.last.seq === 0 ? previousOf(this.#disk, this.#places) : null);
    if (!found.clean) {
      writer.record('recovered', { head: found.head, adopted: found.adopted, torn: found.torn });
      // Named by a durable record now; a crash before this line is finished by the next start.
      confirmPieces(this.#disk, this.#places.quarantine, found.torn.map((piece) => piece.file));
    }
    const { last } = found.state;
    writer.record('started', {
      version, boot_id: bootId, sync, head_sync: headSync, seal_ms: sealMs, heartbeat_ms: heartbeatMs, listeners,
      clean: found.clean, after: last.seq === 0 ? { seq: 1, mac: writer.state.genesisMac } : last,
    });
  }

  /** Takes in what came during the last fsync too: that is what makes a group. */
  #carryOut(first: Order): void {
    const appends: AppendOrder[] = [];
    let next: Order | undefined = first;
    while (next?.kind === 'append') {
      appends.push(next);
      next = this.#nextOrder();
    }
    if (appends.length > 0) this.#append(appends);
    if (next?.kind === 'stop') this.#stop(next.reason);
  }

  #append(orders: readonly AppendOrder[]): void {
    const grouping = this.#start.options.sync === 'group';
    let group = new Group();
    const flush = (): void => {
      const { bodies, requests } = group;
      group = new Group();
      if (requests === 0) return;
      this.#attempt((writer) => { writer.append(bodies); }, requests);
      this.#attempt((writer) => { writer.settle(); });
    };
    for (const order of orders) {
      let line = 0;
      let from = 0;
      for (const requestEnd of order.requests) {
        // A step of the clock or a rotation that is still owed comes first, and moves the place that is measured.
        if (group.requests === 0) this.#attempt((writer) => { writer.prepare(); });
        for (; line < requestEnd; line += 1) {
          const to = order.ends[line] ?? from;
          group.add(order.bytes.subarray(from, to), this.#writer?.lineBytes(to - from, group.bodies.length + 1) ?? 0);
          from = to;
        }
        group.requests += 1;
        if (!grouping || this.#isFull(group)) flush();
      }
    }
    flush();
  }

  /** Whether a group ends a commit: too much for one fsync, or a segment or an epoch ends behind it. */
  #isFull(group: Group): boolean {
    const room = this.#writer?.room ?? { bytes: 0, records: 0 };
    return group.bytes >= Math.min(commitBytesMax, room.bytes) || group.bodies.length >= room.records;
  }

  /** To the last seal. A stop that found no room for it is no clean one: it says so, and the next start mends it. */
  #stop(reason: string): void {
    this.#attempt(() => { this.#retention?.stop(); });
    const isStopped = this.#attempt((writer) => { writer.stop(reason); });
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#attempt(() => { writer.close(); });
    this.#end();
    this.#post(isStopped ? { kind: 'stopped' } : { kind: 'failed', call: 'stop', message: 'no room for the last records of a clean stop' });
  }

  /** Runs one piece of work, reports what became durable, and says why if it did not come to its end; true if it did. */
  #attempt(work: (writer: Writer) => void, requests = 0): boolean {
    const writer = this.#writer;
    if (writer === undefined) return false;
    try {
      if (Atomics.load(this.#fence, 0) !== 0) throw new LogError('write_failed', 'lock', 'the lock on the state directory was lost');
      work(writer);
      this.#report(writer, requests);
      return true;
    } catch (error) {
      const failure = asLogError(error);
      if (failure.code === 'disk_full' && requests > 0) {
        const commits = this.#takeCommits();
        this.#post({ kind: 'rejected', commits, requests, standing: this.#standing(writer), message: failure.message }, buffersOf(commits));
        return false;
      }
      this.#report(writer, 0);
      if (failure.code === 'disk_full') {
        this.#post({ kind: 'delayed', message: failure.message });
        return false;
      }
      this.#end();
      this.#post({ kind: 'failed', call: failure.what, message: failure.message });
      return false;
    }
  }

  #end(): void {
    this.#writer = undefined;
  }

  #collect(commit: Commit): void {
    const { first, ts, bytes, ends, syncMs, isRequest } = commit;
    this.#commits.push({ first, ts, bytes, ends, syncMs, isRequest });
  }

  #takeCommits(): readonly CommittedLines[] {
    const commits = this.#commits;
    this.#commits = [];
    return commits;
  }

  #report(writer: Writer, requests: number): void {
    const standing = this.#standing(writer);
    const commits = this.#takeCommits();
    if (commits.length > 0 || requests > 0) this.#post({ kind: 'committed', commits, requests, standing }, buffersOf(commits));
    const { checkpoint } = writer;
    if (checkpoint === this.#checkpoint) return;
    this.#checkpoint = checkpoint;
    this.#post({ kind: 'sealed', checkpoint, standing });
  }

  #standing(writer: Writer): Standing {
    const { last, keys, sealed, segment } = writer.state;
    this.#holdings?.follow(segment);
    return {
      ...last, epoch: keys.name.epoch, step: keys.name.step, sealedTo: sealed?.size ?? 0,
      segments: this.#holdings?.count ?? 0, bytes: this.#holdings?.bytes ?? 0,
    };
  }

  #post(report: Report, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(report, transfer);
    this.#reports.ring();
  }
}

function buffersOf(commits: readonly CommittedLines[]): ArrayBuffer[] {
  return commits.flatMap(({ bytes, ends }) => [bytes.buffer, ends.buffer]);
}

/** Whole requests on their way to one commit. */
class Group {
  readonly bodies: Uint8Array[] = [];
  requests = 0;
  /** What they will take in the log. */
  bytes = 0;

  add(body: Uint8Array, lineBytes: number): void {
    this.bodies.push(body);
    this.bytes += lineBytes;
  }
}

/** What a file of the log opens as when somebody put something else in its place. */
const notAFile = new Set(['ELOOP', 'EISDIR', 'ENOTDIR', 'ENXIO', 'ESPIPE']);

function asLogError(error: unknown): LogError {
  if (error instanceof LogError) return error;
  if (notAFile.has(errorCode(error) ?? '')) return refused('not_a_file', `something else is in a file's place: ${String(error)}`);
  return new LogError('write_failed', 'internal', error instanceof Error ? (error.stack ?? error.message) : String(error), error);
}

if (!isMainThread) new WriterThread(workerData as ThreadStart).run();
