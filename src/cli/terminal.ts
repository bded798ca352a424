// How the commands speak: data on stdout, everything else on stderr, colours for people only. A reader that goes away
// (`| head`) ends the command quietly, because that is what it asked for.
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { ClientError } from '../client/client.js';
import { errorCode } from '../disk/disk.js';
import { printable } from '../event/printable.js';
import { exitCodes } from './exit.js';

/**
 * Ends the process when what it prints cannot be: without a word when nobody reads it, or else saying why and with the
 * status `exit`. MUST be called before anything is printed.
 */
export function quietOnClosedPipe(exit: number): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A verdict that was reached stays the exit status.
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCodes.ok);
    say(`indelible: stdout could not be written: ${error.message}`);
    process.exit(exit);
  });
}

/** Prints one line of data; resolves when there is room for the next. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

/** Characters that are printed before more of the same turn is waited for. */
const togetherMax = 64 * 1024;

/** Prints lines of data that may come many at once: those of one turn of the event loop together. */
export class Printer {
  readonly #out: Writable;
  #text = '';
  #isDue = false;
  #drained: Promise<unknown> | undefined;

  constructor(out: Writable = process.stdout) {
    this.#out = out;
  }

  /** Resolves when there is room for the next line. `flush` MUST follow behind the last one. */
  async print(line: string): Promise<void> {
    this.#text += `${line}\n`;
    if (this.#text.length >= togetherMax) {
      await this.flush();
    } else if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(() => {
        this.#isDue = false;
        void this.flush();
      });
    }
  }

  /** Prints what is there; resolves when there is room for more. */
  async flush(): Promise<void> {
    while (this.#drained !== undefined) await this.#drained;
    const text = this.#text;
    this.#text = '';
    if (text === '' || this.#out.write(text)) return;
    this.#drained = once(this.#out, 'drain').finally(() => { this.#drained = undefined; });
    await this.#drained;
  }
}

/** Says something to the person. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A line that the next one replaces; only where somebody watches. */
export function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
}

/** Whether stdout is a terminal that wants colours. */
export function wantsColour(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

/** How wide the terminal is now, in characters; undefined where stdout is none. */
export function columns(): number | undefined {
  return process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;
}

const colours = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof colours;
export type Paint = (colour: Colour, text: string) => string;

/** Wraps text in a colour, or leaves it alone. */
export function painter(on: boolean): Paint {
  return (colour, text) => (on ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text);
}

/** What went wrong, for a person; returns the exit status. */
export function complain(error: unknown): number {
  const code = error instanceof ClientError ? `${error.code}: ` : '';
  say(`indelible: ${code}${printable(reasonOf(error))}`);
  return exitCodes.failed;
}

const isItRunning = 'Is the daemon running, and INDELIBLE_SOCKET the one it has?';

/** Why there is no daemon to talk to, and what to do; of any other error, what it says of itself. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof ClientError) || (error.code !== 'not_connected' && error.code !== 'timeout')) return error.message;
  const cause = rootOf(error);
  // It spoke to us once, or let us in and never did.
  if (cause instanceof ClientError) return `${cause.message}. How the daemon is, says: indelible doctor`;
  const socket = 'address' in cause ? String(cause.address) : '';
  switch (errorCode(cause)) {
    case 'ENOENT': return `there is no socket ${socket}. ${isItRunning}`;
    case 'ECONNREFUSED':
      if (isOtherThanSocket(socket)) return `${socket} is no socket: name the daemon's with --socket, or in INDELIBLE_SOCKET`;
      return `nobody listens at ${socket}. ${isItRunning}`;
    case 'EACCES': case 'EPERM':
      return `this user may not connect to ${socket} (${errorCode(cause) ?? ''}): who may is said by mode and group of the socket and of the directories above it`;
    default: return error.message;
  }
}

/** The kernel refuses a connection to a file of any other kind as it does where nobody listens. */
function isOtherThanSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() === false;
}

/** What is behind an error, and behind that. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
