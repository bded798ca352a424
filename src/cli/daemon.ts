/**
 * The running daemon: lock, log, memory and sockets, put together in the one place that knows all its parts, and taken apart
 * again in the order that loses nothing: sockets, queue, last seal, lock.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { realClock, timestamp } from '../clock/clock.js';
import { type Config, writerOptions } from '../config/config.js';
import { readListenerDirectory } from '../config/listener-directory.js';
import { freeBytesAt } from '../disk/disk.js';
import { type StateLock, lockState } from '../disk/lock.js';
import { catalogue, profileNames } from '../event/catalogue.js';
import { tryLock } from '../kernel/native.js';
import { bootId, lockHolder, openFilesMax } from '../kernel/proc.js';
import { Log } from '../log/log.js';
import type { Opening } from '../log/mailbox.js';
import type { Pulse } from '../log/pulse.js';
import { placesIn } from '../log/segment.js';
import { Redactor } from '../redact/redactor.js';
import type { ListenerConfig } from '../server/settings.js';
import { clientsThatFit, filesNeeded } from '../server/capacity.js';
import { refill } from '../server/refill.js';
import { Server } from '../server/server.js';
import type { Status } from '../wire/message.js';
import { exitCodes } from './exit.js';
import type { StopRequest } from './stop-request.js';
import type { Supervisor } from './supervisor.js';
import { version } from './version.js';

const lastWordsMs = 2_000; // that a writer that failed may take to leave word for the next start
const freeBytesEveryMs = 5_000; // between two looks at the free space
const listenersEveryMs = 1_000; // between two looks at the directory of listeners; SIGHUP reads it at once

export class Daemon {
  readonly #log: Log;
  readonly #server: Server;
  readonly #lock: StateLock;
  readonly #logger: Logger;
  readonly #failure: Promise<void>;
  readonly #freeBytes: NodeJS.Timeout;

  private constructor(
    log: Log, server: Server, lock: StateLock, logger: Logger, failure: Promise<void>, freeBytes: NodeJS.Timeout,
  ) {
    this.#log = log;
    this.#server = server;
    this.#lock = lock;
    this.#logger = logger;
    this.#failure = failure;
    this.#freeBytes = freeBytes;
  }

  static async start(config: Config, state: string, logger: Logger, pulse: Pulse): Promise<Daemon> {
    let onLost = (reason: string): void => { logger.fatal(`lock lost before the log was open: ${reason}`); };
    const lock = await lockState(state, { tryLock, lockHolder }, (reason) => { onLost(reason); });
    try {
      // What is wrong with them is said when they are opened.
      const { listeners: added } = readListenerDirectory(state, config.listenerDefaults, profileNames, config.listeners);
      const { log, opening } = await Log.open({
        state, options: writerOptions(config), diskLowBytes: config.diskLowBytes, pulse: pulse.shared,
        started: { version, bootId: bootId(), listeners: [...config.listeners, ...added].map(({ name }) => name) },
      }, (message) => { logger.warn(message); });
      onLost = (reason) => {
        // First: a log line may wait for whoever reads it, and meanwhile somebody else may be writing here.
        log.fence();
        logger.fatal(`the lock on ${state} was lost: ${reason}; nothing more is written`);
      };
      sayOpened(logger, opening, state, config);
      return await Daemon.#open(config, state, logger, log, opening, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  static async #open(
    config: Config, state: string, logger: Logger, log: Log, opening: Opening, lock: StateLock,
  ): Promise<Daemon> {
    let failed: () => void = () => undefined;
    const failure = new Promise<void>((resolve) => { failed = resolve; });
    let free = await freeBytesAt(state);
    let isAsking = false;
    const freeBytes = setInterval(() => {
      if (isAsking) return;
      isAsking = true;
      void freeBytesAt(state).then((bytes) => {
        free = bytes;
        isAsking = false;
      });
    }, freeBytesEveryMs);
    const places = placesIn(state);
    const rules = {
      catalogue: catalogue({ unknownKinds: config.unknownKinds, now: () => timestamp(realClock.wall()), uuid: randomUUID }),
      redactor: config.redact ? new Redactor(opening.salt) : undefined,
    };
    const server = new Server(log, opening, rules, realClock, {
      server: `indelible/${version}`, sync: config.sync, logDirectory: places.log, listeners: config.listeners,
      limits: { ...config.limits, clients: clientsUnderLimit(config, logger) },
      readers: { ownUid: process.getuid?.() ?? 0, gids: config.readerGids },
      recent: config.recent, pid: process.pid,
    }, {
      note: (message, fields) => { logger.warn(fields, message); },
      alarm: (message) => { logger.error(message); },
      failed: (call, message) => {
        logger.fatal({ call }, `the log takes nothing any more: ${message}`);
        failed();
      },
      freeBytes: () => free,
      ...(config.mirror ? { mirror: (record) => { logger.info(record, 'recorded'); } } : {}),
    });
    try {
      const untrusted = await refill(places.log, opening.standing.seq, server.ring, server.ids);
      if (untrusted !== undefined) {
        logger.error({ segment: untrusted }, `${untrusted} is not what it was when it was closed: run indelible verify; memory holds only what is newer`);
      }
      await server.open();
    } catch (error) {
      clearInterval(freeBytes);
      await log.stop('start failed');
      throw error;
    }
    for (const { name, path } of config.listeners) logger.info({ listener: name, path }, 'listening');
    return new Daemon(log, server, lock, logger, failure, freeBytes);
  }

  /** Keeps the added listeners those of the state directory, until the returned function is called. */
  followListeners(config: Config, state: string): () => void {
    let lastProblems = '';
    let current: readonly ListenerConfig[] = [];
    const read = (): void => {
      const { listenerDefaults, listeners: fixed } = config;
      const { listeners, problems } = readListenerDirectory(state, listenerDefaults, profileNames, fixed, current);
      // Said once, and again when it changes.
      if (problems.join() !== lastProblems) for (const problem of problems) this.#logger.warn(problem);
      lastProblems = problems.join();
      current = listeners;
      this.#server.change(listeners).then(({ opened, closed }) => {
        for (const listener of opened) this.#logger.info({ listener }, 'listening');
        for (const listener of closed) this.#logger.info({ listener }, 'no longer listening');
      }, (error: unknown) => { this.#logger.error({ err: error }, 'the listeners could not be changed'); });
    };
    read();
    const timer = setInterval(read, listenersEveryMs);
    process.on('SIGHUP', read);
    return () => {
      clearInterval(timer);
      process.off('SIGHUP', read);
    };
  }

  status(): Status {
    return this.#server.status();
  }

  /** Until it is asked to stop, or the end of the log. */
  async run(supervisor: Supervisor, request: StopRequest): Promise<number> {
    const reason = await Promise.race([request.signal, this.#failure.then(() => undefined)]);
    if (reason !== undefined) {
      supervisor.stopping(reason);
      this.#logger.info(`stopping: ${reason}`);
      await this.#server.stop(reason);
    }
    const { phase } = this.#log;
    if (phase.kind === 'failed') {
      supervisor.stopping(`the log takes nothing any more: ${phase.error.message}`);
      await this.#server.stop('the log has failed');
      await this.#log.gone(lastWordsMs);
    }
    clearInterval(this.#freeBytes);
    await this.#lock.release().catch((error: unknown) => { this.#logger.warn(`the lock was not released: ${String(error)}`); });
    if (phase.kind === 'failed') return phase.error.code === 'tampered' ? exitCodes.unverifiable : exitCodes.writeFailed;
    this.#logger.info('stopped');
    return exitCodes.ok;
  }
}

/** The configured number of clients, or as many as there may be open files for. */
function clientsUnderLimit({ limits: { clients }, listeners }: Config, logger: Logger): number {
  const filesMax = openFilesMax();
  const fit = clientsThatFit(clients, listeners.length, filesMax);
  if (fit < clients) {
    logger.warn(`at most ${fit} of ${clients} clients are taken: ${filesMax} files may be open; ` +
      `raise the limit (LimitNOFILE=${filesNeeded(clients, listeners.length)} in the unit), or lower INDELIBLE_MAX_CLIENTS`);
  }
  return fit;
}

function sayOpened(logger: Logger, opening: Opening, state: string, { origin: named, isOriginNamed }: Config): void {
  const { origin, standing, clean, adopted, torn } = opening;
  if (!clean) logger.warn({ adopted, torn }, 'the last run ended in a crash; everything acknowledged is there');
  if (isOriginNamed && named !== origin) {
    logger.warn(`INDELIBLE_ORIGIN is ${named}, but this log was made as ${origin} and keeps that name: leave the variable out, or name it so`);
  }
  logger.info({ origin, state, seq: standing.seq }, 'log open');
}
