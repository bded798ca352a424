/**
 * The one writer. Everything that reaches the log goes through `#commit`, in this order and no other:
 *
 *   make the lines and what stands behind them · write the lines · fsync the log · forget their key ·
 *   write the head · write the key file · only then tell anyone
 *
 * All that can be is made before the disk is waited for: behind such a wait no cache holds anything of ours, and the same takes
 * longer. In `line` mode the lines of a few requests are a commit each, and head and key file follow behind the last of them.
 * Synchronous, so that the order on the page is the order on the disk. It runs on a thread of its own.
 */
import { join } from 'node:path';
import { generateSeed } from '../checkpoint/signer.js';
import { type Clock, timestamp } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { Anchor, type PreparedHead } from './anchor.js';
import { AuditLink } from './audit-link.js';
import { CheckpointFile } from './checkpoint-file.js';
import { CommitBuilder, aheadMax } from './commit.js';
import type { Ahead, Commit, CommitOptions, Pending, WriterEvents, WriterOptions } from './commit.js';
import { isPutOff, shortageOr, writeFailed } from './failure.js';
import { OpenFile } from './open-file.js';
import { lineBytes } from './record.js';
import { type OwnEvents, type OwnKind, type Previous, formatVersion, ownBody } from './own.js';
import { type Room, Schedule } from './schedule.js';
import { headerOf, sealOf } from './sealing.js';
import { type Places, segmentName } from './segment.js';
import { type LogState, type OpenSegment, behind } from './state.js';

export class Writer {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #options: WriterOptions;
  readonly #events: WriterEvents;
  readonly anchor: Anchor;
  readonly link: AuditLink;
  readonly #schedule: Schedule;
  readonly #builder: CommitBuilder;
  #segmentFile: OpenFile | undefined;
  #state: LogState;
  /** Durable, and nobody knows: head and key file are still behind. */
  #untold: Commit[] = [];
  readonly #checkpointFile: CheckpointFile;

  constructor(disk: Disk, clock: Clock, places: Places, state: LogState, options: WriterOptions, events: WriterEvents) {
    this.#disk = disk;
    this.#clock = clock;
    this.#places = places;
    this.#state = state;
    this.#options = options;
    this.#events = events;
    this.#builder = new CommitBuilder((bytes) => events.memory?.(bytes));
    this.anchor = new Anchor(disk, clock, places);
    this.link = new AuditLink(disk, places.link, (message) => { events.delayed(message); });
    this.#checkpointFile = new CheckpointFile(disk, places.checkpoint, state.sealed?.checkpoint);
    this.#segmentFile = state.segment === undefined ? undefined : OpenFile.open(disk, join(places.log, state.segment.name));
    this.#schedule = new Schedule(clock, options);
  }

  /** The segment that is written to. */
  get segmentFile(): OpenFile | undefined { return this.#segmentFile; }

  /** What is durable now. */
  get state(): LogState { return this.#state; }

  /**
   * Makes sure that a segment is open and begins with its header, or with the log's genesis.
   * @throws LogError
   */
  begin(previous: Previous | null = null): void {
    if (this.#state.segment === undefined) this.#createSegment();
    this.#ensureFirstLine(previous);
    this.link.point(this.#open().segment.name);
  }

  /**
   * Records whole requests' bodies, which no other line comes between. In `line` mode each line is a commit of its own;
   * where the disk is full in the middle, those before it were told of as committed. `settle` comes behind it.
   * @throws LogError
   */
  append(bodies: readonly Uint8Array[]): void {
    this.prepare();
    const commits = this.#options.sync === 'group' ? [bodies] : bodies.map((body) => [body]);
    for (let at = 0; at < commits.length; at += aheadMax) this.#commit(commits.slice(at, at + aheadMax), { isRequest: true });
  }

  /** What is due between two requests: rotation or a seal. Nobody's ack depends on it. @throws LogError */
  settle(): void {
    this.#ensureFirstLine();
    this.link.point(this.#open().segment.name);
    if (this.#schedule.mustRotate(this.#state)) this.#rotate();
    else if (this.#schedule.mustSeal(this.#state)) this.seal();
  }

  /** What fits before the open segment is closed and the open epoch sealed. */
  get room(): Room {
    return this.#schedule.room(this.#state);
  }

  /** What a body will be as the line `ahead` places behind the last durable one, bytes, its commit going on behind it. */
  lineBytes(bodyBytes: number, ahead: number): number {
    return lineBytes(this.#state.last.seq + ahead, this.#state.keys.name, bodyBytes);
  }

  /** Records one of the log's own events, as a commit of its own. @throws LogError */
  record<Kind extends OwnKind>(kind: Kind, event: OwnEvents[Kind]): void {
    this.prepare();
    this.#commit([[ownBody(kind, event, this.#options.pid)]]);
  }

  /** What time alone makes due: a seal, a heartbeat, a rotation by age, the sync of head and keys. @throws LogError */
  tick(): void {
    // First: what finds no room must not keep them from the disk.
    this.#guard('head', () => { this.anchor.syncIfDue(); });
    this.#noteClockStep();
    this.settle();
  }

  /** Returns when head and keys are on the disk as they stand. @throws LogError */
  secure(): void {
    this.#guard('head', () => { this.anchor.sync(); });
  }

  /** Says why it ends, seals and closes. @throws LogError */
  stop(reason: string): void {
    this.record('stopped', { reason });
    this.seal();
  }

  /** Syncs head and keys and lets go of the files. The log can be opened again from what is there. @throws LogError */
  close(): void {
    this.#guard('head', () => { this.anchor.close(); });
    this.#segmentFile?.close();
  }

  /** Ends the epoch: both notes, the next epoch's keys, the checkpoint. @throws LogError */
  seal(): void {
    this.#ensureFirstLine();
    this.#checkpointFile.settle();
    const { epoch } = this.#state;
    // The next epoch's signing key MUST be on the disk before a seal names it: a durable seal whose key is lost could
    // never be followed by another. One that an earlier attempt left there is used again.
    const nextSeed = epoch.nextSeed ?? generateSeed();
    this.#state = { ...this.#state, epoch: { ...epoch, nextSeed } };
    this.#guard('keys', () => {
      this.anchor.storeKeys(this.#state);
      this.anchor.syncKeys();
    });
    const ts = timestamp(this.#schedule.now());
    const { event, sealsInto } = sealOf(this.#state, nextSeed, ts);
    this.#commit([[ownBody('seal', event, this.#options.pid)]], { sealsInto, ts });
    this.#schedule.sealed();
    // Both notes are signed: this key must never sign again, and who takes the memory from here on must not find it.
    epoch.signer.seed.fill(0);
    this.#state = { ...this.#state, sealed: { size: event.size, checkpoint: event.checkpoint } };
    // Behind the keys: a checkpoint that is out while the old epoch's key is still here could be signed twice.
    this.#checkpointFile.offer(event.checkpoint);
  }

  /** The checkpoint that may be shown: its file is in place. */
  get checkpoint(): string | undefined {
    return this.#checkpointFile.shown;
  }

  /** Commits one behind the other, which everybody hears of together. @throws LogError */
  #commit(commits: readonly (readonly Uint8Array[])[], options: CommitOptions = {}): void {
    const { sealsInto, ts = timestamp(this.#schedule.now()), isRequest = false } = options;
    const ahead: Ahead[] = [];
    try {
      let state = this.#state;
      for (const bodies of commits) {
        const pending = this.#builder.build(state.last, state.keys, state.tree, ts, bodies);
        state = behind(state, pending, sealsInto);
        ahead.push({ pending, state });
      }
      const head = this.anchor.prepare(state);
      for (const made of ahead) this.#write(made, isRequest);
      this.#tell(head, sealsInto !== undefined);
    } catch (error) {
      // Other lines will have these keys.
      for (const made of ahead) if (made.state !== this.#state) made.state.keys.forget();
      // Of every other failure nobody knows what the disk holds.
      if (isPutOff(error) && this.#untold.length > 0) this.#tell(this.anchor.prepare(this.#state), false);
      throw error;
    }
  }

  /** To the log alone. `#tell` MUST follow before anybody hears of it. */
  #write({ pending, state }: Ahead, isRequest: boolean): void {
    const syncMs = this.#makeDurable(pending);

    // ==== durable ====
    // Before anybody hears of it: from here on not even we can write these lines differently.
    this.#state.keys.forget();
    this.#state = state;
    this.#guard('head', () => { this.anchor.syncIfDue(); });
    this.#untold.push({ ...pending, syncMs, isRequest });
  }

  /** Returns what the fsync took, ms. */
  #makeDurable(pending: Pending): number {
    const { segment, file } = this.#open();
    this.#events.beforeWrite?.();
    file.write(pending.bytes, segment.bytes);
    const before = this.#clock.monotonic();
    // No ack, no head, no key may move before this returns: the kernel has the bytes, the disk may not.
    file.sync();
    const syncMs = this.#clock.monotonic() - before;
    this.#events.afterSync?.();
    return syncMs;
  }

  /** Head and key file go along with what was written, and whoever waits hears of it. */
  #tell(head: PreparedHead, isSeal: boolean): void {
    this.#guard('head', () => { this.anchor.move(head, isSeal || this.#options.headSync === 'always'); });
    const commits = this.#untold;
    this.#untold = [];
    for (const commit of commits) this.#events.committed(commit);
  }

  /** What must be done before the next request, so that `room` speaks of where it will go. @throws LogError */
  prepare(): void {
    this.#ensureFirstLine();
    this.#noteClockStep();
    // A rotation that found no room is still to be done; nothing may be written behind a segment's last seal before.
    if (this.#schedule.mustRotate(this.#state)) this.#rotate();
  }

  #rotate(): void {
    // The last line of a closed segment is a seal; one that is there already is enough.
    if (this.#state.epoch.first !== this.#state.last.seq + 1) this.seal();
    this.#checkpointFile.settle();
    this.#createSegment();
    this.#ensureFirstLine();
  }

  #createSegment(): void {
    const first = this.#state.last.seq + 1;
    const name = segmentName(first);
    const file = OpenFile.create(this.#disk, join(this.#places.log, name));
    this.#segmentFile?.close();
    this.#segmentFile = file;
    this.#state = { ...this.#state, segment: { name, first, bytes: 0, openedMs: this.#schedule.now() } };
  }

  /** A segment that was made and has no line yet gets its first one before anything else is written into it. */
  #ensureFirstLine(previous: Previous | null = null): void {
    if (this.#state.segment?.bytes !== 0) return;
    try {
      // The name MUST be durable before the first ack of a line in it: fdatasync of a file does not cover its name.
      this.#disk.syncDirectory(this.#places.log);
    } catch (error) {
      throw shortageOr(error, 'fsync', `no room for the name of ${this.#state.segment.name}`);
    }
    this.#writeFirstLine(this.#state.segment, previous);
    this.link.point(this.#state.segment.name);
  }

  #writeFirstLine(segment: OpenSegment, previous: Previous | null): void {
    const { origin, logPub, last } = this.#state;
    const { retain, pid } = this.#options;
    const openedMs = this.#schedule.now();
    const ts = timestamp(openedMs);
    this.#state = { ...this.#state, segment: { ...segment, openedMs } };
    if (last.seq === 0) {
      const genesis = { format: formatVersion, origin, log_pub: logPub, retain, created: ts, previous } as const;
      this.#commit([[ownBody('genesis', genesis, pid)]], { ts });
      this.#state = { ...this.#state, genesisMac: this.#state.last.mac };
      return;
    }
    this.#commit([[ownBody('segment', headerOf(this.#state, retain), pid)]], { ts });
    // A header is not something that happened: it alone makes no seal due.
    this.#state = { ...this.#state, epoch: { ...this.#state.epoch, dirty: false } };
  }

  #noteClockStep(): void {
    // Between the lines of a commit, or before a segment's first one, it waits.
    if (this.#state.openCommit || (this.#state.segment?.bytes ?? 0) === 0) return;
    const delta = this.#schedule.clockStep();
    if (delta !== undefined) this.#commit([[ownBody('clock_stepped', { delta_ms: delta }, this.#options.pid)]]);
  }

  #open(): { readonly segment: OpenSegment; readonly file: OpenFile } {
    const [{ segment }, file] = [this.#state, this.#segmentFile];
    if (segment === undefined || file === undefined) throw new Error('no segment is open: begin() comes first');
    return { segment, file };
  }

  /** A call of the disk whose failure nobody can repair in this process. */
  #guard(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      throw writeFailed(what, error);
    }
  }
}
