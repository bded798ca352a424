// `indelible serve`: configuration, state directory, a log where there is none, and then the daemon, until it is told to stop.
import { Command } from '@commander-js/extra-typings';
import type { Logger } from 'pino';
import { realClock } from '../clock/clock.js';
import { readConfig } from '../config/config.js';
import { passedSockets } from '../config/passed.js';
import { realDisk } from '../disk/disk.js';
import { LockHeld } from '../disk/lock.js';
import { LogError } from '../log/failure.js';
import { Pulse } from '../log/pulse.js';
import { placesIn } from '../log/segment.js';
import { ListenError } from '../server/listener.js';
import { messageWithAdvice, systemCodeOf } from './advice.js';
import { type Birthed, makeLogIfUnborn } from './born.js';
import { claimDirectory } from './claim.js';
import { Daemon } from './daemon.js';
import { exitCodeOf, exitCodes } from './exit.js';
import { openProcessLog } from './process-log.js';
import { StopRequest } from './stop-request.js';
import { Supervisor, managerVariables } from './supervisor.js';

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
  const request = new StopRequest();
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
    if (await request.isMade()) {
      sayKey(logger, birth, state);
      logger.info('stopped before the log was opened');
      return exitCodes.ok;
    }
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
      return await daemon.run(supervisor, request);
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
  return end(exitCodes.writeFailed, `cannot start: ${messageWithAdvice(error)}`, { err: error, errno: systemCodeOf(error) });
}

/** Findings that say what to do themselves, and are nothing that anybody did to the log. */
const selfExplaining = new Set(['succession_unfinished', 'keys_version', 'keys_damaged', 'unknown_format']);

function adviceFor(finding: string): string {
  if (selfExplaining.has(finding)) return '';
  return ' See what is wrong with: indelible verify --key FILE. When that is understood, a new log that names this one is opened by:' +
    ' indelible init --successor';
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
