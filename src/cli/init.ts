// `indelible init`: makes a log before the daemon does, so that its name and the place of its key are chosen by a person; and
// with --successor the log that comes after one that cannot go on.
import { realpathSync } from 'node:fs';
import { Command, Option } from '@commander-js/extra-typings';
import { realClock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { readConfig, writerOptions } from '../config/config.js';
import { errorCode, realDisk } from '../disk/disk.js';
import { LockHeld, lockState } from '../disk/lock.js';
import { dieWith, tryLock } from '../kernel/native.js';
import { lockHolder } from '../kernel/proc.js';
import { LogError } from '../log/failure.js';
import { makeLog } from '../log/birth.js';
import type { Previous } from '../log/own.js';
import { isUnborn } from '../log/recovery.js';
import { placesIn } from '../log/segment.js';
import { messageWithAdvice } from './advice.js';
import { exitCodeOf, exitCodes } from './exit.js';
import { NotHandedOver, handOver, handedOver, tryKeyOut } from './hand-over.js';
import { BadSecret, preparedSecret } from './prepared-secret.js';
import { makeWay } from './successor.js';
import { complain, say } from './terminal.js';

const helpText = `
With --successor the log that is there, damaged or no longer to be trusted, moves to <state>/predecessor-<n>, where
"indelible verify --state-dir" goes on checking it with its own, old verification key: keep that one, too. A new log with a new
name and a new key takes its place, and its first record names the old one. Nothing is deleted. If it is interrupted, give the
same command again.

A credential "verification-secret" of systemd (LoadCredential=, LoadCredentialEncrypted=), base64 of 32 random bytes, is taken as the
secret of the key, which is then neither printed nor written.

Exit status: 0 made, 1 there is a log already, 2 wrong usage, 3 what is there is damaged, or no log to succeed, 4 held by a daemon,
5 the disk failed, or nobody took the key from stdout; then no log was made.

Examples:
  indelible init --origin audit.example.org/host-7 --key-out /media/usb/host-7.key
  indelible init --successor --key-out /media/usb/host-7-second.key`;

export function initCommand(): Command {
  return new Command('init')
    .summary('make a new log and print its verification key')
    .description('Makes a log in the state directory. Its verification key is printed once, or written to --key-out, and kept nowhere else.')
    .option('--origin <name>', 'the log\'s name, fixed for its life; default: <hostname>/<8 hex>')
    .option('--key-out <file>', 'write the verification key there; a file that exists is never overwritten')
    .option('--state-dir <dir>', 'where the log lives; default: INDELIBLE_STATE_DIR and its fallbacks')
    .option('--successor', 'put the log that is there aside and open one that names it')
    // How a daemon's first start calls it.
    .addOption(new Option('--parent <pid>', 'end with this process, which started it').hideHelp())
    .addHelpText('after', helpText)
    .action(async ({ origin, keyOut, stateDir, successor, parent }) => {
      if (parent !== undefined && !dieWith(Number(parent))) {
        say(`indelible: process ${parent}, which this was started by, has ended; nothing was made`);
        process.exitCode = exitCodes.failed;
        return;
      }
      const environment = {
        ...process.env,
        ...(origin === undefined ? {} : { INDELIBLE_ORIGIN: origin }),
        ...(stateDir === undefined ? {} : { INDELIBLE_STATE_DIR: stateDir }),
      };
      process.exitCode = await init(environment, keyOut, successor === true);
    });
}

async function init(environment: NodeJS.ProcessEnv, keyOut: string | undefined, isSuccessor: boolean): Promise<number> {
  const read = readConfig(environment);
  if (!read.ok) {
    for (const problem of read.problems) say(`indelible: ${problem}`);
    return exitCodes.usage;
  }
  const { config } = read;
  process.umask(0o077);
  try {
    if (!isSuccessor) {
      realDisk.makeDirectory(config.stateDirectory);
    } else if (realDisk.entry(config.stateDirectory) === undefined) {
      say(`indelible: there is no ${config.stateDirectory}, and so no log to succeed`);
      return exitCodes.unverifiable;
    }
    const state = realpathSync(config.stateDirectory);
    const lock = await lockState(state, { tryLock, lockHolder }, (reason) => { say(`indelible: the lock was lost: ${reason}`); });
    try {
      return isSuccessor ? succeed(config, state, keyOut) : begin(config, state, keyOut);
    } finally {
      await lock.release();
    }
  } catch (error) {
    return explain(error);
  }
}

function begin(config: Config, state: string, keyOut: string | undefined): number {
  if (!isUnborn(realDisk, placesIn(state))) {
    say(`indelible: there is a log in ${state} already; nothing was changed`);
    return exitCodes.failed;
  }
  make(config, state, keyOut, null, preparedSecret(process.env));
  return exitCodes.ok;
}

function succeed(config: Config, state: string, keyOut: string | undefined): number {
  // Before anything moves: a key that could not be handed over would stop the making behind it.
  const secret = preparedSecret(process.env);
  if (keyOut !== undefined && secret === undefined) tryKeyOut(keyOut, placesIn(state));
  const way = makeWay(realDisk, state, config.origin);
  if (way.kind === 'same_name') {
    say(`indelible: the old log is called ${config.origin}, too; give the new one another name with --origin. Nothing was changed`);
    return exitCodes.usage;
  }
  try {
    make(config, state, keyOut, way.previous, secret);
  } catch (error) {
    say(`indelible: the old log is in ${way.movedTo}, and the new one is not made yet: give the command again when this is mended:`);
    throw error;
  }
  say(`Its first record names ${way.previous.origin}, record ${way.previous.seq}, mac ${way.previous.mac}:`);
  say(way.from === 'head'
    ? '  the old sealed head says so. Its MAC was not checked here; indelible verify with the old key does that.'
    : '  the old log/head cannot be read, so this is the last whole line that was found. Nothing vouches for it: records may be missing behind it.');
  say(`The old log is in ${way.movedTo}. Check it with its old key: indelible verify --state-dir ${way.movedTo} --key OLD-KEY`);
  return exitCodes.ok;
}

function make(
  config: Config, state: string, keyOut: string | undefined, previous: Previous | null, secret: Buffer | undefined,
): void {
  const places = placesIn(state);
  let told = '';
  makeLog(realDisk, realClock, places, {
    origin: config.origin, options: writerOptions(config), previous, secret,
    handOver: (key) => { told = handOver(key, secret !== undefined, keyOut, places); },
  });
  handedOver(places);
  say(`made log ${config.origin} in ${state}`);
  say(told);
  say(`${places.logPub} is for auditors: with it alone they check signatures, with the key every line.`);
}

/** Refusals that say what to do themselves. */
const selfExplaining = new Set(['nothing_to_succeed', 'succession_unfinished', 'keys_damaged']);

function explain(error: unknown): number {
  if (error instanceof LockHeld) {
    say(`indelible: ${error.message}; stop that daemon first`);
    return exitCodes.held;
  }
  if (error instanceof LogError && error.code === 'refused') {
    const advice = selfExplaining.has(error.what) ? '' : '. See what is wrong with: indelible verify --key FILE';
    say(`indelible: ${error.message}; nothing was changed${advice}`);
    return exitCodes.unverifiable;
  }
  // Of the disk, which may be sound tomorrow; a daemon that let us make its log ends as we do.
  if (error instanceof LogError) {
    say(`indelible: ${messageWithAdvice(error)}`);
    return exitCodes.writeFailed;
  }
  if (error instanceof NotHandedOver) {
    say(`indelible: no log was made, for its verification key could not be handed over: ${error.message}`);
    return error.isMisnamed ? exitCodes.usage : exitCodes.writeFailed;
  }
  if (error instanceof BadSecret) {
    say(`indelible: ${error.message}; nothing was changed`);
    return exitCodes.usage;
  }
  if (errorCode(error) !== undefined) {
    say(`indelible: ${messageWithAdvice(error)}`);
    return exitCodeOf(error);
  }
  return complain(error);
}
