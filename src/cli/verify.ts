/**
 * `indelible verify`: what the library found, said to people or to programs. Invariant: nothing taken from the log
 * reaches the terminal unescaped, and the exit status is the report's own.
 */
// Not the log's door, which follows no links: what a person names may be a link or a pipe.
import { closeSync, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { realClock } from '../clock/clock.js';
import { realDisk } from '../disk/disk.js';
import { replaceFile } from '../disk/write.js';
import { printable } from '../event/printable.js';
import { parseVerificationKey } from '../keys/verification.js';
import type { VerificationKey } from '../keys/verification.js';
import type { LogPub } from '../log/own.js';
import { placesIn } from '../log/segment.js';
import { lookAheadOnThreads } from '../verify/ahead.js';
import { parseLogPub } from '../verify/facts.js';
import { ProgressBar } from '../verify/progress.js';
import { receiptsIn } from '../verify/receipts-file.js';
import type { Report } from '../verify/report.js';
import { reportText } from '../verify/report-text.js';
import { readSmall } from '../verify/state.js';
import { verify } from '../verify/verify.js';
import type { VerifyOptions } from '../verify/verify.js';
import { stateDirectory } from '../wire/place.js';
import { exitCodes } from './exit.js';
import { proofOutcome } from './proof-check.js';
import { WrongUsage, forOption, giveVerdict, readNamed, readNote, sayWhyNone } from './verdict.js';

const helpText = `
Examples:
  indelible verify --state-dir /var/lib/indelible --key /media/usb/indelible.key --checkpoint kept-elsewhere.txt
  indelible verify --key /media/usb/indelible.key --from-checkpoint last.txt --save-checkpoint last.txt
  indelible verify --proof record-7.tlog-proof --record record-7.json --pub log.pub

Without --key and --pub, the key in the state directory is used if it is still there: good for a first look, and
worth nothing against someone who took the host.

With --proof one record is checked, anywhere, without the log: its line, the proof that "indelible prove" printed, and the
log's public keys (log.pub, or only its first line). A --checkpoint over just as many records, kept elsewhere, excludes
that a later thief of the identity key made the proof's.

Exit status:
  0  intact; with --proof: proven
  1  tampered with, or something is lost; with --proof: not proven, the proof or the record malformed among it
  2  wrong usage
  3  could not be verified (no log, no key, something unreadable, no room to print); with --proof: proven, but --checkpoint is over another size`;

/** The options as commander hands them over. */
interface Given {
  readonly stateDir?: string | undefined;
  readonly key?: string | undefined;
  readonly pub?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly fromCheckpoint?: string | undefined;
  readonly saveCheckpoint?: string | undefined;
  readonly receipts?: string | undefined;
  readonly hardLinks?: true | undefined;
  readonly proof?: string | undefined;
  readonly record?: string | undefined;
  readonly json?: true | undefined;
  readonly progress: boolean;
}

/**
 * A checkpoint to compare with; undefined where it is the very file that this run is to save and no earlier one has: the first
 * of many runs with the same command line. That there was none is said.
 */
function readCheckpoint(option: string, path: string | undefined, saved: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (path === saved && forOption(option, () => realDisk.entry(path)) === undefined) {
    process.stderr.write(`indelible verify: there is no ${path} yet: this is the first run that saves one, and nothing is compared with it\n`);
    return undefined;
  }
  return readNote(option, path);
}

function readKey(path: string): VerificationKey {
  const key = parseVerificationKey(readNamed('--key', path).toString('utf8'));
  if (key === undefined) throw new WrongUsage(`--key: ${path} does not hold a verification key (one line, indelible-verification-key:v1:…)`);
  return key;
}

function readPub(path: string): LogPub {
  const pub = parseLogPub(readNamed('--pub', path).toString('utf8'));
  if (pub === undefined) throw new WrongUsage(`--pub: ${path} does not hold a log's public keys (two lines, as in log.pub)`);
  return pub;
}

/** What to check with: what was named, else the key that lies beside the log, if that is there. */
function keyFor(given: Given, directory: string): VerifyOptions['key'] {
  if (given.key === undefined && given.pub !== undefined) return undefined;
  const beside = keyBeside(placesIn(directory).verificationKey);
  if (given.key === undefined) return beside === undefined ? undefined : { key: beside, besideLog: true };
  const key = readKey(given.key);
  // Whoever could write the log could have it, by whatever way the auditor came to his.
  const isInside = given.key !== '-' && !relative(directory, resolve(given.key)).startsWith('..');
  return { key, besideLog: isInside || beside?.secret.equals(key.secret) === true };
}

/** Nobody named it: where it is no good the log is looked at without it, and what can be said of that log is in the report. */
function keyBeside(path: string): VerificationKey | undefined {
  let why: string;
  try {
    const text = readSmall(realDisk, path);
    if (text === undefined) return undefined;
    const key = text === null ? undefined : parseVerificationKey(text);
    if (key !== undefined) return key;
    why = `${path} does not hold one`;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  process.stderr.write(`indelible verify: the key beside the log is not used: ${printable(why)}\n`);
  return undefined;
}

function check(given: Given, directory: string): Report {
  const key = keyFor(given, directory);
  const bar = given.progress && process.stderr.isTTY
    ? new ProgressBar((text) => { process.stderr.write(text); }, realClock)
    : undefined;
  const { receipts } = given;
  const checkpoint = readCheckpoint('--checkpoint', given.checkpoint, given.saveCheckpoint);
  const fromCheckpoint = readCheckpoint('--from-checkpoint', given.fromCheckpoint, given.saveCheckpoint);
  const file = receipts === undefined ? undefined : forOption('--receipts', () => openSync(receipts, 'r'));
  try {
    return verify({
      disk: realDisk,
      stateDirectory: directory,
      ...(key === undefined ? {} : { key }),
      ...(given.pub === undefined ? {} : { pub: readPub(given.pub) }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(fromCheckpoint === undefined ? {} : { fromCheckpoint }),
      hardLinksAllowed: given.hardLinks === true,
      lookAhead: lookAheadOnThreads(availableParallelism()),
      ...(file === undefined ? {} : { receipts: receiptsIn(realDisk, file, receipts ?? '') }),
      ...(bar === undefined ? {} : { onProgress: (done: number, total: number) => { bar.update(done, total); } }),
    });
  } finally {
    bar?.clear();
    if (file !== undefined) closeSync(file);
  }
}

async function run(given: Given): Promise<void> {
  const proof = proofOutcome(given);
  if (proof?.kind === 'wrong_usage') throw new WrongUsage(proof.message);
  if (proof !== undefined) {
    await giveVerdict(proof.text, proof.exit);
    return;
  }
  const directory = given.stateDir ?? stateDirectory(process.env);
  if (directory === undefined) {
    throw new WrongUsage('no state directory: give --state-dir, or set INDELIBLE_STATE_DIR, XDG_STATE_HOME or HOME');
  }
  const report = check(given, directory);
  await giveVerdict(given.json === true ? `${JSON.stringify(report)}\n` : reportText(report, directory), report.exit);
  const { saveCheckpoint } = given;
  if (saveCheckpoint !== undefined) forOption('--save-checkpoint', () => { keepCheckpoint(report, saveCheckpoint); });
}

/**
 * Only what an intact log ends with is worth resuming from. What was kept before and has been removed by retention since cannot
 * be compared any more, today or ever: that was said, and the next run has a newer one.
 */
function keepCheckpoint({ checkpoint, counts, findings }: Report, path: string): void {
  const isIntact = findings.length === counts.findings && findings.every(({ code }) => code === 'retired_unchecked');
  if (!isIntact || checkpoint === null) {
    const why = isIntact ? 'there is no seal yet' : 'the log is not known to be intact';
    process.stderr.write(`indelible verify: no checkpoint was saved: ${why}\n`);
    return;
  }
  replaceFile(realDisk, path, Buffer.from(checkpoint));
}

/** The command, to be added to the program. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .summary('check that the log is intact')
    .description('Checks that the log is intact, complete and its daemon\'s own. Reads only; safe while the daemon writes.')
    .option('--state-dir <dir>', 'the state directory to check; without it, where the daemon would find its own')
    .option('--key <file>', 'the verification key, from wherever it is kept')
    .option('--pub <file>', 'the log\'s public keys: checks signatures, and without the key nothing else')
    .option('--checkpoint <note>', 'a checkpoint kept elsewhere, a file or - for stdin: the log must extend it')
    .option('--from-checkpoint <note>', 'the checkpoint that an earlier run saved: what it had read is not read again')
    .option('--save-checkpoint <file>', 'if what there is of the log is intact, keep its newest checkpoint there')
    .option('--receipts <file>', 'receipts a producer kept, JSON lines {"seq","mac"}: each must be in the log')
    .option('--hard-links', 'segments may have other names: the directory is a backup made of hard links')
    .option('--proof <file>', 'a proof that one record is in the log, from "indelible prove"; with --record and --pub')
    .option('--record <file>', 'the record that the proof is of: its one line')
    .option('--json', 'print the whole report as one line of JSON')
    .option('--progress', 'show progress on a terminal when it takes long', true)
    .option('--no-progress', 'never show progress')
    .addHelpText('after', helpText)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage));
  return command.action(async (given) => {
    try {
      await run(given);
    } catch (error) {
      process.exitCode = sayWhyNone(error);
    }
  });
}
