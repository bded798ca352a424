// `indelible init`: makes a log before the daemon does, so that its name and the place of its key are chosen by a person.
import { realpathSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { realClock } from '../clock/clock.js';
import { readConfig, writerOptions } from '../config/config.js';
import { errorCode, realDisk } from '../disk/disk.js';
import { LockHeld, lockState } from '../disk/lock.js';
import { createFile, replaceFile } from '../disk/write.js';
import { tryLock } from '../kernel/native.js';
import { lockHolder } from '../kernel/proc.js';
import { LogError } from '../log/failure.js';
import { makeLog } from '../log/birth.js';
import { isUnborn } from '../log/recovery.js';
import type { Places } from '../log/segment.js';
import { placesIn } from '../log/segment.js';
import { exitCodes } from './exit.js';
import { complain, say } from './terminal.js';

export function initCommand(): Command {
  return new Command('init')
    .summary('make a new log and print its verification key')
    .description('Makes a log in the state directory. Its verification key is printed once, or written to --key-out, and kept nowhere else.')
    .option('--origin <name>', 'the log\'s name, fixed for its life; default: <hostname>/<8 hex>')
    .option('--key-out <file>', 'write the verification key there; a file that exists is never overwritten')
    .option('--state-dir <dir>', 'where the log lives; default: INDELIBLE_STATE_DIR and its fallbacks')
    .addHelpText('after', '\nExit status: 0 made, 1 there is a log already, 2 wrong usage, 3 what is there is damaged, 4 held by a daemon.\n\n' +
      'Example:\n  indelible init --origin audit.example.org/host-7 --key-out /media/usb/host-7.key')
    .action(async ({ origin, keyOut, stateDir }) => {
      const environment = {
        ...process.env,
        ...(origin === undefined ? {} : { INDELIBLE_ORIGIN: origin }),
        ...(stateDir === undefined ? {} : { INDELIBLE_STATE_DIR: stateDir }),
      };
      process.exitCode = await init(environment, keyOut);
    });
}

async function init(environment: NodeJS.ProcessEnv, keyOut: string | undefined): Promise<number> {
  const read = readConfig(environment);
  if (!read.ok) {
    for (const problem of read.problems) say(`indelible: ${problem}`);
    return exitCodes.usage;
  }
  const { config } = read;
  process.umask(0o077);
  try {
    realDisk.makeDirectory(config.stateDirectory);
    const state = realpathSync(config.stateDirectory);
    const lock = await lockState(state, { tryLock, lockHolder }, (reason) => { say(`indelible: the lock was lost: ${reason}`); });
    try {
      const places = placesIn(state);
      if (!isUnborn(realDisk, places)) {
        say(`indelible: there is a log in ${state} already; nothing was changed`);
        return exitCodes.failed;
      }
      makeLog(realDisk, realClock, places, {
        origin: config.origin, options: writerOptions(config), previous: null,
        handOver: (key) => { handOver(key, keyOut, places); },
      });
      say(`made log ${config.origin} in ${state}`);
      say(keyOut === undefined
        ? 'Above is its verification key: keep it away from this host, it is not stored anywhere.'
        : `Its verification key is in ${keyOut}: move it off this host.`);
      say(`${places.logPub} is for auditors: with it alone they check signatures, with the key every line.`);
      return exitCodes.ok;
    } finally {
      await lock.release();
    }
  } catch (error) {
    return explain(error);
  }
}

function handOver(key: string, keyOut: string | undefined, places: Places): void {
  if (keyOut === undefined) process.stdout.write(`${key}\n`);
  // What lies there can only be the key of an init that never finished.
  else if (keyOut === places.verificationKey) replaceFile(realDisk, keyOut, Buffer.from(`${key}\n`));
  else createFile(realDisk, keyOut, Buffer.from(`${key}\n`));
}

function explain(error: unknown): number {
  if (error instanceof LockHeld) {
    say(`indelible: ${error.message}; stop that daemon first`);
    return exitCodes.held;
  }
  if (error instanceof LogError && error.code === 'refused') {
    say(`indelible: ${error.message}; nothing was changed. See what is wrong with: indelible verify --key FILE`);
    return exitCodes.unverifiable;
  }
  if (errorCode(error) !== undefined) {
    const advice = errorCode(error) === 'EEXIST' ? ': a verification key is never written over another file; name a new one' : '';
    say(`indelible: ${error instanceof Error ? error.message : String(error)}${advice}`);
    return exitCodes.usage;
  }
  return complain(error);
}
