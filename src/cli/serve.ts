// `indelible serve`: puts the daemon together, in the one place that knows all its parts, and takes it apart again.
//
// Start: configuration, lock, log, what memory needs of it, sockets. Stop: sockets, queue, last seal, lock.
import { randomUUID } from 'node:crypto';
import { Command } from '@commander-js/extra-typings';
import type { Logger } from 'pino';
import { realClock, timestamp } from '../clock/clock.js';
import { type Config, readConfig, writerOptions } from '../config/config.js';
import { readListenerDirectory } from '../config/listener-directory.js';
import { passedSockets } from '../config/passed.js';
import { freeBytesAt, realDisk } from '../disk/disk.js';
import { LockHeld, type StateLock, lockState } from '../disk/lock.js';
import { catalogue, profileNames } from '../event/catalogue.js';
import type { JsonObject } from '../event/json.js';
import { tryLock } from '../kernel/native.js';
import { bootId, lockHolder, openFilesMax } from '../kernel/proc.js';
import { LogError } from '../log/failure.js';
import { Log } from '../log/log.js';
import type { Opening } from '../log/mailbox.js';
import { Pulse } from '../log/pulse.js';
import { placesIn } from '../log/segment.js';
import { Redactor } from '../redact/redactor.js';
import { ListenError } from '../server/listener.js';
import type { ListenerConfig } from '../server/settings.js';
import { clientsThatFit, filesNeeded } from '../server/capacity.js';
import { refill } from '../server/refill.js';
import { Server } from '../server/server.js';
import { type Birthed, makeLogIfUnborn } from './born.js';
import { claimDirectory } from './claim.js';
import { exitCodeOf, exitCodes } from './exit.js';
import { openProcessLog } from './process-log.js';
import { Supervisor, managerVariables } from './supervisor.js';
import { version } from './version.js';

const lastWordsMs = 2_000; // that a writer that failed may take to leave word for the next start
const freeBytesEveryMs = 5_000; // between two looks at the free space

export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('run the daemon')
    .description('Listens on the socket, records what it is sent, and answers when it is durable. Configured by INDELIBLE_ variables.')
    .option('--key-out <file>', 'where a new log\'s verification key is written; a file that exists is never overwritten')
    .addHelpText('after', [
      '', 'Exit status: 0 clean stop, 2 bad configuration, 3 a log it will not extend or that was changed under it, 4 held by a live daemon,',
      '5 after a failed write or fsync, or a start that the disk failed.', '', 'Example:', '  INDELIBLE_STATE_DIR=/var/lib/indelible INDELIBLE_SYNC=group indelible serve',
    ].join('\n'));
  return command.action(async ({ keyOut }) => {
    // Not by leaving: on its way out Node takes its signal handlers down first, and a SIGTERM then would be the exit status.
    process.exit(await serve(process.env, keyOut));
  });
}

/** Runs until it is told to stop; resolves with the exit status. */
async function serve(environment: NodeJS.ProcessEnv, keyOut: string | undefined): Promise<number> {
  const read = readConfig(environment, passedSockets(environment, process.pid));
  if (!read.ok) {
    for (const problem of read.problems) process.stderr.write(`indelible: ${problem}\n`);
    return exitCodes.usage;
  }
  const { config } = read;
  const logger = openProcessLog(config.logLevel, environment);
  const pulse = new Pulse();
  const supervisor = new Supervisor({ environment, pid: process.pid, pulse, logger, monotonic: () => realClock.monotonic() });
  for (const name of managerVariables) Reflect.deleteProperty(environment, name);
  // Before anything is made: nothing of ours is for others, whatever umask we were started with.
  process.umask(0o077);
  try {
    const claim = claimDirectory(config.stateDirectory, logger);
    if (!claim.ok) return claim.exitCode;
    const { state } = claim;
    const birth = makeLogIfUnborn(state, config.origin, keyOut);
    if (birth.kind === 'failed') {
      logger.fatal(`no log could be made: ${birth.message}`);
      supervisor.say(`no log could be made: ${birth.message}`);
      return birth.exitCode;
    }
    sayKey(logger, birth, state);
    supervisor.say('opening the log');
    const daemon = await Daemon.start(config, state, logger, pulse);
    const unfollow = daemon.followListeners(config, state);
    // Only now: the record of this start is durable, and all sockets are open.
    supervisor.ready(() => daemon.status());
    try {
      return await daemon.run(supervisor);
    } finally {
      unfollow();
    }
  } catch (error) {
    return explain(error, logger, supervisor);
  } finally {
    supervisor.close();
  }
}

/** Says what stopped a start, and what to do. */
function explain(error: unknown, logger: Logger, supervisor: Supervisor): number {
  const end = (exitCode: number, message: string, fields: object = {}): number => {
    logger.fatal(fields, message);
    supervisor.say(message);
    return exitCode;
  };
  if (error instanceof LockHeld || (error instanceof ListenError && error.code === 'held')) {
    return end(exitCodes.held, `${error.message}; stop that daemon first, or give this one another state directory and socket`);
  }
  if (error instanceof ListenError) {
    // Without a cause it is the name itself: too long, or of something that is no socket.
    return end(error.cause === undefined ? exitCodes.usage : exitCodeOf(error.cause), error.message);
  }
  if (error instanceof LogError && error.code === 'refused') {
    const message = `this log will not be extended: ${error.message}. Nothing was changed.${adviceFor(error.what)}`;
    return end(exitCodes.unverifiable, message, { finding: error.what });
  }
  const message = error instanceof Error ? error.message : String(error);
  return end(exitCodes.writeFailed, `cannot start: ${message}`, { err: error });
}

/** Findings that say what to do themselves, and are nothing that anybody did to the log. */
const selfExplaining = new Set(['succession_unfinished', 'keys_version', 'keys_damaged', 'unknown_format']);

function adviceFor(finding: string): string {
  if (selfExplaining.has(finding)) return '';
  return ' See what is wrong with: indelible verify --key FILE. When that is understood, a new log that names this one is opened by:' +
    ' indelible init --successor';
}

/** How often the directory of listeners is read again; SIGHUP reads it at once. */
const listenersEveryMs = 1_000;

class Daemon {
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
      const { log, opening } = await Log.open({
        state, options: writerOptions(config), diskLowBytes: config.diskLowBytes, pulse: pulse.shared,
        started: { version, bootId: bootId(), listeners: config.listeners.map(({ name }) => name) },
      }, (message) => { logger.warn(message); });
      onLost = (reason) => {
        // First: a log line may wait for whoever reads it, and meanwhile somebody else may be writing here.
        log.fence();
        logger.fatal(`the lock on ${state} was lost: ${reason}; nothing more is written`);
      };
      sayOpened(logger, opening, state);
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

  status(): JsonObject {
    return this.#server.status();
  }

  /** Until a signal or the end of the log. */
  async run(supervisor: Supervisor): Promise<number> {
    const signal = new Promise<NodeJS.Signals>((resolve) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, resolve);
    });
    const reason = await Promise.race([signal, this.#failure.then(() => undefined)]);
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

function sayKey(logger: Logger, birth: Birthed, state: string): void {
  if (birth.kind === 'made' && birth.keyWrittenTo === undefined) {
    logger.warn(birth.said.replaceAll('\n', '; '));
  } else if (birth.kind === 'made') {
    logger.warn({ key: birth.keyWrittenTo },
      `a new log was made; its verification key is in ${birth.keyWrittenTo}: move it off this host, it is what the log is checked with`);
  } else if (realDisk.entry(placesIn(state).verificationKey) !== undefined) {
    logger.warn('the verification key still lies in keys/verification.key beside the log: move it off this host');
  }
}

function sayOpened(logger: Logger, opening: Opening, state: string): void {
  const { origin, standing, clean, adopted, torn } = opening;
  if (!clean) logger.warn({ adopted, torn }, 'the last run ended in a crash; everything acknowledged is there');
  logger.info({ origin, state, seq: standing.seq }, 'log open');
}
