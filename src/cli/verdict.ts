/**
 * How `verify` ends: with a verdict that is printed, or with a sentence that says why there is none. Invariant: nothing
 * but a verdict of `verify` itself exits as "tampered", and a full disk or a closed pipe never turns one verdict into another.
 */
// Not the log's door, which follows no links: what a person names on a command line may be a link or a pipe.
import { readFileSync } from 'node:fs';
import { errorCode } from '../disk/disk.js';
import { printable } from '../event/printable.js';
import { UnusableInput, isCheckpointNote } from '../verify/outside.js';
import { exitCodes } from './exit.js';

/** What was typed cannot be used; the message says what and where. */
export class WrongUsage extends Error {}

/** Does something for an option; what goes wrong names it. */
export function forOption<T>(option: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new Error(`${option}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** A file that was named on the command line, `-` being stdin. */
export function readNamed(option: string, path: string): Buffer {
  return forOption(option, () => {
    try {
      return readFileSync(path === '-' ? 0 : path);
    } catch (error) {
      // Node names a file that it cannot open, and none that it cannot read.
      if (!(error instanceof Error) || 'path' in error) throw error;
      throw new Error(`${path === '-' ? 'stdin' : path}: ${error.message}`, { cause: error });
    }
  });
}

/** A signed checkpoint that was named on the command line. @throws WrongUsage for what is none */
export function readNote(option: string, path: string): string {
  const note = readNamed(option, path).toString('utf8');
  if (isCheckpointNote(note)) return note;
  throw new WrongUsage(`${option}: ${path} is not a signed checkpoint note, as "indelible checkpoint" prints it`);
}

/** Prints a verdict; the process will exit with its status. A reader that went away has what it wanted. */
export async function giveVerdict(text: string, exit: number): Promise<void> {
  // Before anything is printed: whoever reads half of it and goes away ends the process with this status.
  process.exitCode = exit;
  // What else goes wrong is told here and not as for other commands. The same error comes to the callback.
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => undefined);
  const error = await new Promise<Error | null | undefined>((resolve) => { process.stdout.write(text, resolve); });
  if (error === null || error === undefined || errorCode(error) === 'EPIPE') return;
  if (exit === exitCodes.ok) process.exitCode = exitCodes.unverifiable;
  process.stderr.write(`indelible verify: the verdict could not be printed: ${printable(error.message)}; its exit status would be ${exit}\n`);
}

/** Says why there is no verdict, and gives the exit status. */
export function sayWhyNone(error: unknown): number {
  process.stderr.write(`indelible verify: ${printable(error instanceof Error ? error.message : String(error))}\n`);
  return error instanceof WrongUsage || error instanceof UnusableInput ? exitCodes.usage : exitCodes.unverifiable;
}
