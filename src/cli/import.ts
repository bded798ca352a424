/**
 * `indelible import`: another system's file into the log, through the daemon. Invariant: what it counts as recorded is
 * durable, and every line that it could not take is kept or named with its number and reason.
 */
// Not the log's door, which follows no links: what a person names on a command line may be a link.
import { closeSync, constants, existsSync, fstatSync, fsyncSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { Command, Option } from '@commander-js/extra-typings';
import type { Client } from '../client/client.js';
import { realClock } from '../clock/clock.js';
import { realDisk } from '../disk/disk.js';
import { printable } from '../event/printable.js';
import { DigestTally } from '../exchange/digest-tally.js';
import type { ImportReport } from '../exchange/import.js';
import { Import } from '../exchange/import.js';
import { readRecorded } from '../exchange/recorded.js';
import type { Reject } from '../exchange/rejects.js';
import { formatReject } from '../exchange/rejects.js';
import { parseHmacKey } from '../exchange/signature.js';
import { SourceFile } from '../exchange/source-file.js';
import type { Source } from '../exchange/source.js';
import { sourceNamed, sourceNames } from '../exchange/source.js';
import { ProgressBar } from '../verify/progress.js';
import { stateDirectory } from '../wire/place.js';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';
import { print, say } from './terminal.js';
import { forOption, readNamed } from './verdict.js';

/** Rejected lines named one by one when there is no file for them; beyond, they are counted. */
const namedMax = 20;

const helpText = `
Every line is recorded under an id made from its content, so a second import of the same file adds nothing, also after
one that was cut short. For that the log in --state-dir is read; where it cannot be, only the newest 65,536 ids are
known, which is the daemon's own memory. Lines that are identical are recorded once each.

Two objects fused into one line are both recorded; of a torn object or NUL bytes with another behind it, the other. Torn
and other unusable pieces go to --rejects, a new file of JSON lines {"line","offset","reason","message","raw"}. CR LF and a byte
order mark are accepted. Integers keep all digits up to 64 bits, and keys their order; a float such as 1.0 is recorded as 1.

With --hmac-key the signatures of tryaudex are checked, and the result is recorded; a line whose signature is wrong is
recorded all the same. The key file holds 64 hex digits, or else the key's own bytes.

Exit status: 0 all is recorded, 1 something was rejected or has a wrong signature, or the daemon could not go on,
2 wrong usage.

Example:
  indelible import --from tryaudex --hmac-key audit.key --rejects rejects.jsonl audit.jsonl`;

/** The command, to be added to the program. */
export function importCommand(): Command<[string]> {
  const command = new Command('import')
    .summary('record another system\'s audit file')
    .description('Records each event of a file, through the daemon, once.')
    .argument('<file>', 'JSON lines, as the system wrote them')
    .addOption(new Option('--from <system>', 'the system that wrote it').choices(sourceNames).makeOptionMandatory())
    .option('--rejects <file>', 'a new file for the lines that cannot be recorded')
    .option('--hmac-key <file>', 'checks the signatures of tryaudex')
    .option('--socket <path>', 'the daemon\'s socket')
    .option('--state-dir <dir>', 'the daemon\'s state directory; without it, where the daemon would find its own')
    .addHelpText('after', helpText);
  command.action(async (path, options) => {
    let plan: Plan | string;
    try {
      plan = planOf(path, options);
    } catch (error) {
      plan = error instanceof Error ? error.message : String(error);
    }
    if (typeof plan === 'string') {
      say(`indelible: ${printable(plan)}`);
      process.exitCode = exitCodes.usage;
      return;
    }
    const { file } = plan;
    const ready = plan;
    try {
      await withClient(options, (client) => importFile(client, ready));
    } finally {
      closeSync(file);
    }
  });
  // Its options are its own; whoever puts the program together needs to know only that it is a command.
  return command;
}

interface Plan {
  readonly source: Source;
  readonly path: string;
  readonly file: number;
  readonly key: Buffer | undefined;
  readonly rejects: string | undefined;
  readonly stateDirectory: string | undefined;
}

interface Given {
  readonly from: string;
  readonly rejects?: string | undefined;
  readonly hmacKey?: string | undefined;
  readonly stateDir?: string | undefined;
}

/** What is to be done, or what is wrong with what was typed. @throws Error of the filesystem */
function planOf(path: string, { from, rejects, hmacKey, stateDir }: Given): Plan | string {
  const source = sourceNamed(from);
  if (source === undefined) return `--from: no system is called ${from}`;
  if (hmacKey !== undefined && !source.signed) return `--hmac-key: ${from} does not sign its lines`;
  // An earlier import's rejects are nobody's to overwrite.
  if (rejects !== undefined && existsSync(rejects)) return `--rejects: ${rejects} exists already; name a new file`;
  // Now, and not at the first rejected line, when half of the file is recorded.
  if (rejects !== undefined) forOption('--rejects', () => { tryToMake(rejects); });
  const key = hmacKey === undefined ? undefined : parseHmacKey(readNamed('--hmac-key', hmacKey));
  if (key?.length === 0) return `--hmac-key: ${hmacKey ?? ''} is empty`;
  // NONBLOCK: of a FIFO nobody may ever write to the other end, and no signal ends the wait for one that does.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // It is read more than once.
  if (!fstatSync(file).isFile()) {
    closeSync(file);
    return `${path} is no regular file`;
  }
  return { source, path, file, key, rejects, stateDirectory: stateDir ?? stateDirectory(process.env) };
}

/** Makes a file and takes it away again. @throws Node's error */
function tryToMake(path: string): void {
  closeSync(openSync(path, 'wx', 0o600));
  unlinkSync(path);
}

async function importFile(client: Client, plan: Plan): Promise<number> {
  const { source, path, file, key } = plan;
  const bar = process.stderr.isTTY ? new ProgressBar((text) => { process.stderr.write(text); }, realClock) : undefined;
  const rejects = new RejectFile(plan.rejects);
  let report: ImportReport;
  try {
    report = await new Import({
      source, file: new SourceFile(realDisk, file, path), client, key, recorded: recordedIn(plan.stateDirectory, client),
      onReject: (reject) => { rejects.add(reject); },
      onProgress: (done, total) => { bar?.update(done, total); },
    }).run();
  } catch (error) {
    say('indelible: the import was cut short; what was recorded stays, and importing the file again adds the rest');
    throw error;
  } finally {
    bar?.clear();
    rejects.close();
  }
  sayReport(report, plan);
  const { counts, ...rest } = report;
  await print(JSON.stringify({ ...rest, ...counts, signatures: report.signatures ?? null }));
  return counts.rejected === 0 && report.suspect.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function sayReport({ counts, signatures, suspect }: ImportReport, { source, rejects }: Plan): void {
  if (counts.crlf > 0) say(`indelible: ${counts.crlf} lines ended in CR LF`);
  if (counts.fused > 0) say(`indelible: ${counts.fused} lines held more than one object`);
  if (counts.torn > 0) say(`indelible: ${counts.torn} objects were torn`);
  if (counts.rejected > 0) say(`indelible: ${counts.rejected} rejected${rejects === undefined ? '; --rejects would keep them' : `, see ${rejects}`}`);
  if (source.signed && signatures === undefined) say('indelible: signatures were not checked, that takes --hmac-key');
  if (suspect.length > 0) say(`indelible: signatures are not valid in lines ${suspect.join(', ')}`);
}

/** The ids that are in the log already, as far as it can be read. */
function recordedIn(directory: string | undefined, client: Client): DigestTally {
  const { origin, source } = client.welcome;
  const importer = { listener: source['listener'], uid: source['uid'] };
  const found = directory === undefined ? undefined : readRecorded(realDisk, directory, origin, importer);
  if (found?.kind === 'read' && found.tally.segments > 0) {
    if (!found.tally.isSound) say(`indelible: the log in ${directory ?? ''} has faults, see "indelible query": ${found.tally.text}`);
    return found.ids;
  }
  const why = found?.kind === 'another_log' ? `${directory ?? ''} is that of another log, ${found.origin}` : 'its files cannot be read';
  say(`indelible: whether this was imported before is known for the newest 65,536 ids only: ${printable(why)}; see --state-dir`);
  return new DigestTally();
}

/** Where rejected lines go: a file, made for the first one, or a few lines to the person. */
class RejectFile {
  readonly #path: string | undefined;
  #file: number | undefined;
  #named = 0;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  add(reject: Reject): void {
    if (this.#path !== undefined) {
      this.#file ??= openSync(this.#path, 'wx', 0o600);
      // Behind what is there, and all of it: one call of the system may take less and give no reason.
      writeFileSync(this.#file, `${formatReject(reject)}\n`);
      return;
    }
    this.#named += 1;
    if (this.#named <= namedMax) say(`line ${reject.line}: ${reject.reason}: ${printable(reject.message)}`);
    else if (this.#named === namedMax + 1) say('and more');
  }

  close(): void {
    if (this.#file === undefined) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}
