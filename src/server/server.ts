// The daemon's front: accepts connections, knows who they are, answers what needs no order, and lets everything that
// was accepted be finished when it stops.
import type { Socket } from 'node:net';
import type { Clock } from '../clock/clock.js';
import type { JsonObject } from '../event/json.js';
import { readHistory } from '../log/history.js';
import type { Log } from '../log/log.js';
import type { Opening } from '../log/mailbox.js';
import { proveRecord } from '../log/prover.js';
import { SpareBuffers } from '../memory/spare-buffers.js';
import type { Reply, Status } from '../wire/message.js';
import { protocolVersion } from '../wire/message.js';
import type { AdmissionRules } from './admission.js';
import { TurnedAway, reservedClients } from './capacity.js';
import { Counters } from './counters.js';
import { Courtesy } from './courtesy.js';
import { Doorkeeper } from './doorkeeper.js';
import { Doors } from './doors.js';
import { farewell } from './farewell.js';
import { IdMemory } from './ids.js';
import { halfFramesMax, spareFrameBytes } from './half-frame.js';
import { Intake } from './intake.js';
import type { MirroredRecord } from './mirror.js';
import { mirrored } from './mirror.js';
import { allUnsentBytesMax } from './outflow.js';
import { Pool } from './pool.js';
import { Proving, nothingSealed } from './proving.js';
import { RateLimiter } from './rate.js';
import { Readers, readersMax } from './readers.js';
import { Creditors } from './reply-order.js';
import { Ring } from './ring.js';
import { Searching } from './searching.js';
import { Session } from './session.js';
import type { Question, SessionParts } from './session-parts.js';
import type { Limits, ListenerConfig, ReaderPolicy } from './settings.js';
import type { Peer } from './source.js';
import { statusOf } from './status.js';
import { identifyPeer, mayRead } from './source.js';
import { Turns } from './turns.js';

/** How often refused events become `gap` records. */
const gapEveryMs = 60_000;

export interface ServerOptions {
  /** Name and version, for `welcome`. */
  readonly server: string;
  readonly sync: string;
  readonly logDirectory: string;
  readonly listeners: readonly ListenerConfig[];
  readonly limits: Limits;
  readonly readers: ReaderPolicy;
  readonly recent: number;
  readonly pid: number;
}

/** Names of the listeners that came and went. */
export interface ChangedNames {
  readonly opened: readonly string[];
  readonly closed: readonly string[];
}

/** What the server tells whoever runs it. */
export interface ServerWatcher {
  note(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** The log's files are not what they should be. */
  alarm(message: string): void;
  /** The log takes nothing any more; every waiting append was answered. */
  failed(call: string, message: string): void;
  freeBytes(): number | null;
  /** A durable record, for the process log; absent when nobody wants to know. */
  readonly mirror?: (record: MirroredRecord) => void;
}

export class Server {
  readonly #log: Log;
  readonly #opening: Opening;
  readonly #options: ServerOptions;
  readonly #watcher: ServerWatcher;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #counters = new Counters();
  readonly #rates: RateLimiter;
  readonly #intake: Intake;
  readonly #sessions = new Set<Session>();
  readonly #onCommit = new Set<() => void>();
  readonly #doors: Doors;
  readonly #proving: Proving;
  #doorkeeper: Doorkeeper | undefined;
  readonly #searching: Searching;
  readonly #turns = new Turns();
  readonly #turnedAway = new TurnedAway();
  readonly #readers = new Readers(readersMax);
  readonly #frames = new SpareBuffers(spareFrameBytes);
  readonly #halfFrames: Pool;
  readonly #unsent: Pool;
  readonly #creditors = new Creditors();
  #sessionParts: SessionParts | undefined;
  #gapTimer: NodeJS.Timeout | undefined;
  #headTs: string | null = null;
  /** Something found no room and nothing was written since. */
  #isDegraded = false;
  /** Somebody else changed what is ours, in the life of this daemon. */
  #isMeddledWith = false;

  /** The ring for `recent` and the memory of ids, both filled from the log before the first connection. */
  readonly ring: Ring;
  readonly ids = new IdMemory();

  constructor(log: Log, opening: Opening, rules: AdmissionRules, clock: Clock, options: ServerOptions, watcher: ServerWatcher) {
    this.#log = log;
    this.#opening = opening;
    this.#options = options;
    this.#watcher = watcher;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.ring = new Ring(options.recent);
    this.#searching = new Searching(this.ring);
    this.#rates = new RateLimiter(clock, () => { this.#recordGaps(); });
    this.#halfFrames = new Pool(clock, halfFramesMax * options.limits.frameBytes);
    this.#unsent = new Pool(clock, allUnsentBytesMax);
    this.#doors = new Doors((socket, config) => { this.#accept(socket, config); });
    const { limits, pid, logDirectory } = options;
    this.#intake = new Intake({ log, rules, ids: this.ids, rates: this.#rates, counters: this.#counters, limits, pid });
    this.#proving = new Proving({
      checkpoint: () => log.checkpoint, durable: () => log.standing.seq, alarm: (message) => { watcher.alarm(message); },
      prove: (seq, note, signal) => proveRecord(logDirectory, seq, note, signal),
    });
  }

  /** Opens the sockets, all or none. @throws ListenError */
  async open(): Promise<void> {
    this.#headTs = this.ring.newestTs;
    this.#watchLog();
    await this.#doors.open(this.#options.listeners);
    this.#gapTimer = setInterval(() => { this.#recordGaps(); }, gapEveryMs);
    this.#doorkeeper = new Doorkeeper(this.#doors, (finding) => {
      this.#alarm(finding);
      this.#intake.recordTampering(finding);
    });
  }

  /**
   * Makes the added listeners those of `wanted`; connections of one that is gone are ended, with what they are owed.
   * Returns the names opened and closed.
   */
  async change(wanted: readonly ListenerConfig[]): Promise<ChangedNames> {
    const { opened, closed, failed } = await this.#doors.change(wanted);
    for (const session of this.#sessions) if (closed.includes(session.listener)) session.finish();
    for (const { config: { name }, why } of failed) {
      this.#watcher.note(`listener ${name} could not be opened, and is tried again: ${why}`, { listener: name });
    }
    return { opened: opened.map(({ name }) => name), closed: closed.map(({ name }) => name) };
  }

  /** No new connections, nothing new taken in; what was taken in is written and answered. Of a failed log everybody was told. */
  async stop(reason: string): Promise<void> {
    this.#doorkeeper?.close();
    await this.#doors.close();
    clearInterval(this.#gapTimer);
    this.#proving.close();
    this.#recordGaps();
    await this.#log.stop(reason);
    for (const session of this.#sessions) session.finish();
    await farewell(this.#sessions);
  }

  #watchLog(): void {
    this.#log.watch({
      committed: (commits) => {
        this.#isDegraded = false;
        for (const commit of commits) {
          this.ring.add(commit);
          this.#counters.synced(commit.syncMs);
          this.#headTs = commit.ts;
          if (this.#watcher.mirror !== undefined) mirrored(commit).forEach(this.#watcher.mirror);
        }
        for (const wake of this.#onCommit) wake();
      },
      failed: (error) => {
        this.#counters.writeFailures += 1;
        this.#counters.lastError = error.message;
        this.#watcher.failed(error.what, error.message);
      },
      delayed: (message) => {
        this.#isDegraded = true;
        this.#counters.writeFailures += 1;
        this.#counters.lastError = message;
        this.#watcher.note(message, {});
      },
      levelled: (level, message) => {
        if (level !== 'enough') this.#counters.lastError = message;
        this.#watcher.note(message, { disk: level });
      },
      alarmed: (finding) => { this.#alarm(finding); },
    });
  }

  /** Somebody else's hand: mended or not, somebody should look. */
  #alarm(finding: string): void {
    this.#isMeddledWith = true;
    this.#counters.lastError = finding;
    this.#watcher.alarm(finding);
  }

  #accept(socket: Socket, config: ListenerConfig): void {
    let peer: Peer;
    try {
      peer = identifyPeer(socket, config);
    } catch (error) {
      // Whom the kernel does not name, nobody can answer for.
      this.#watcher.note(`a connection without credentials was closed: ${String(error)}`, { listener: config.name });
      this.#counters.refuse('forbidden');
      socket.destroy();
      return;
    }
    // Whoever has to look after the daemon still gets in when everybody else is shut out.
    const reserve = peer.source.uid === 0 || peer.source.uid === this.#options.readers.ownUid ? reservedClients : 0;
    if (this.#sessions.size >= this.#options.limits.clients + reserve) {
      this.#counters.refuse('overloaded');
      this.#turnedAway.add(socket, `${this.#sessions.size} clients are connected already`);
      return;
    }
    const session = new Session(socket, peer, config, this.#sessionParts ??= this.#makeSessionParts());
    this.#sessions.add(session);
    socket.on('close', () => { this.#sessions.delete(session); });
  }

  #makeSessionParts(): SessionParts {
    return {
      intake: this.#intake, counters: this.#counters, limits: this.#options.limits,
      turns: this.#turns, creditors: this.#creditors, frames: this.#frames, halfFrames: this.#halfFrames, unsent: this.#unsent,
      tail: {
        ring: this.ring, courtesy: new Courtesy(() => this.#log.load.events > 0),
        durable: () => this.#log.standing.seq,
        history: (from, isWanted) => this.#readers.read(
          () => readHistory(this.#options.logDirectory, from, () => this.#log.standing.seq), isWanted),
        onCommit: (wake) => {
          this.#onCommit.add(wake);
          return () => { this.#onCommit.delete(wake); };
        },
      },
      answer: (request, peer) => this.#answer(request, peer),
      search: (request, gone) => this.#searching.ask(request, gone),
      prove: (id, seq, client) => this.#proving.ask(id, seq, client),
      mayRead: (peer) => mayRead(peer, this.#options.readers),
      note: (message, peer) => { this.#watcher.note(message, { source: peer.source }); },
    };
  }

  #answer(request: Question, peer: Peer): Reply {
    const { id } = request;
    switch (request.op) {
      case 'hello': return this.#welcome(id, peer);
      case 'status': return { op: 'status', id, ...this.status() };
      case 'checkpoint': {
        const note = this.#log.checkpoint;
        if (note !== undefined) return { op: 'checkpoint', id, note };
        return { op: 'error', id, code: 'bad_request', message: nothingSealed };
      }
      default: return request satisfies never;
    }
  }

  #welcome(id: number, peer: Peer): Reply {
    const { server, sync, limits } = this.#options;
    const { origin, logPub } = this.#opening;
    // As it stands in this connection's records.
    const source = JSON.parse(peer.sourceText) as JsonObject;
    return {
      op: 'welcome', id, v: protocolVersion, server, origin, sync, max_frame_bytes: limits.frameBytes, max_events: limits.events,
      max_event_bytes: limits.eventBytes, source, log_pub: logPub,
    };
  }

  /** Counters and state. */
  status(): Status {
    const { origin } = this.#opening;
    return statusOf({
      log: this.#log, counters: this.#counters, ring: this.ring, origin, sync: this.#options.sync, headTs: this.#headTs,
      isDegraded: this.#isDegraded || this.#isMeddledWith,
      uptimeMs: this.#clock.monotonic() - this.#startedAt, clients: this.#sessions.size,
      freeBytes: this.#watcher.freeBytes(),
    });
  }

  #recordGaps(): void {
    for (const { source, count, giveBack } of this.#rates.heldBack()) this.#intake.recordGap('rate_limited', count, source, giveBack);
  }
}
