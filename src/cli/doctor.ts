// `indelible doctor`: whether daemon, log and host are as they should be, and what to do where they are not.
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { realClock } from '../clock/clock.js';
import type { Checked, Report, Result } from '../doctor/check.js';
import { checkNames, encodeReport } from '../doctor/check.js';
import { examine } from '../doctor/doctor.js';
import { RealHost } from '../doctor/host.js';
import type { Wanted } from '../doctor/subject.js';
import { openClient } from '../doctor/talk.js';
import { checkedSocketPath, socketPath, stateDirectory } from '../wire/place.js';
import { exitCodes } from './exit.js';
import type { Colour, Paint } from './terminal.js';
import { painter, print, say, wantsColour } from './terminal.js';
import { version } from './version.js';

const helpText = `
Every check is one of: ok; warn, worth doing something about; fail, not as it must be; skip, not checked, with the reason.
Nothing is written but the canary: one event of profile generic, action doctor.canary. Any user may run it; what this user
may not look at is skipped. Root sees everything.

With --json one line: {"version":1,"checks":[{"check","result","found","todo"}...],"exit":0}. "todo" is null where nothing
is to be done. The checks are, always all and in this order:
  ${checkNames.slice(0, 11).join(' ')}
  ${checkNames.slice(11).join(' ')}

Exit status: 0 nothing failed, 1 something did, 2 wrong usage; 143 it could not end by itself, for a disk hangs, as its
report then says.

Examples:
  sudo indelible doctor --state-dir /var/lib/indelible --socket /run/indelible/indelible.sock
  indelible doctor --json --no-canary | jq -r '.checks[] | select(.result != "ok") | .check'`;

interface Options {
  readonly stateDir?: string | undefined;
  readonly socket?: string | undefined;
  readonly json?: true | undefined;
  readonly canary: boolean;
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('check daemon, log and host')
    .description('Checks whether daemon, log and host are as they should be, and says what to do where they are not.')
    .option('--state-dir <dir>', 'the state directory; without it, where the daemon would find its own')
    .option('--socket <path>', 'the daemon\'s socket')
    .option('--json', 'as one line of JSON')
    .option('--no-canary', 'record nothing, so do not try whether recording works')
    .addHelpText('after', helpText);
  return command.action(async (options) => {
    const wanted = wantedBy(options);
    if (typeof wanted === 'string') {
      say(`indelible: ${wanted}`);
      process.exitCode = exitCodes.usage;
      return;
    }
    const host = new RealHost();
    const report = await examine({ host, clock: realClock, open: openClient(version), wanted, version, canary: options.canary });
    if (options.json === true) await print(encodeReport(report));
    else for (const line of describe(report, painter(wantsColour()), widthOfTerminal())) await print(line);
    process.exitCode = report.exit === 0 ? exitCodes.ok : exitCodes.failed;
    if (host.isStuck) await endStuck();
  });
}

/** A thread of Node's waits for a disk and cannot be called back: only a signal ends this process, once all is printed. */
async function endStuck(): Promise<void> {
  await new Promise<void>((resolve) => { process.stdout.write('', () => { resolve(); }); });
  process.kill(process.pid, 'SIGTERM');
}

/** What to examine, or what is wrong with how it was asked for. */
function wantedBy({ stateDir, socket }: Options): Wanted | string {
  const environment = process.env;
  const state = stateDir ?? stateDirectory(environment);
  if (state === undefined || state === '') return 'no state directory: name it with --state-dir';
  const directory = resolve(state);
  try {
    const named = { ...environment, INDELIBLE_STATE_DIR: directory };
    const place = socket === undefined ? socketPath(named) : checkedSocketPath(socket);
    if (place === undefined || place === '') return 'no socket: name it with --socket';
    return { stateDirectory: directory, socket: resolve(place), environment };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const colours: Readonly<Record<Result, Colour>> = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' };
const resultWidth = 6;
const nameWidth = Math.max(...checkNames.map((name) => name.length)) + 2;
const widthMin = 60;
const widthMax = 100;

function widthOfTerminal(): number {
  const columns = process.stdout.isTTY ? process.stdout.columns : widthMax;
  return Math.min(widthMax, Math.max(widthMin, columns));
}

function describe(report: Report, paint: Paint, width: number): readonly string[] {
  const counts = (['ok', 'warn', 'fail', 'skip'] as const)
    .map((result) => `${report.checks.filter((one) => one.result === result).length} ${result}`);
  return [...report.checks.flatMap((one) => describeOne(one, paint, width)), '', counts.join(', ')];
}

function describeOne({ check, result, found, todo }: Checked, paint: Paint, width: number): readonly string[] {
  const indent = ' '.repeat(resultWidth + nameWidth);
  const text = wrapped(found, width - indent.length);
  const label = paint(colours[result], result.padEnd(resultWidth)) + check.padEnd(nameWidth);
  const lines = text.map((line, i) => (i === 0 ? label : indent) + line);
  if (todo === undefined) return lines;
  const advice = wrapped(`-> ${todo.say}${todo.run === undefined ? '' : ':'}`, width - indent.length).map((line) => indent + line);
  // A command is never broken, so that it can be copied.
  return [...lines, ...advice, ...(todo.run === undefined ? [] : [`${indent}   ${paint('bold', todo.run)}`])];
}

/** Broken between words; a word that is longer than a line stands alone. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
