// Events from stdin, one JSON line each. Invariant: every line is recorded, refused and named by its number, or, where somebody
// stopped us or stdin failed, said not to have been read.
import { isUtf8 } from 'node:buffer';
import type { Client } from '../client/client.js';
import { ClientError } from '../client/client.js';
import { printable } from '../event/printable.js';
import { inputLines } from '../exchange/input-lines.js';
import type { InputLine } from '../exchange/input-lines.js';
import { rejectMessages } from '../exchange/rejects.js';
import { exitCodes } from './exit.js';
import { objectFrom } from './json-argument.js';
import { print, progress, say } from './terminal.js';

/** Events that wait for their ack at once, and bytes of their lines: the client holds 64 MiB, in a form that may be longer. */
const underWayMax = 4096;
const underWayBytesMax = 8 * 1024 * 1024;
/** Refused lines named one by one; beyond, they are counted. */
const namedMax = 20;
/** How often the progress line is renewed, events. */
const progressEvery = 1000;

export interface LineOptions {
  readonly profile: string;
  readonly traceparent: string | undefined;
}

/** Sends every line, keeps going past refusals, and says at the end what became of them; resolves with the exit status. */
export async function emitLines(client: Client, options: LineOptions): Promise<number> {
  const emission = new Emission(client, options);
  let last = 0;
  const stop = (signal: NodeJS.Signals): void => {
    say(`indelible: ${signal}: nothing is read behind line ${last}; what was sent is waited for`);
    emission.isCutShort = true;
    process.stdin.destroy();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    for await (const line of inputLines(process.stdin)) {
      if (emission.isCutShort) break;
      last = line.number;
      await emission.send(line);
    }
  } catch (error) {
    // It was we who ended the input.
    if (!emission.isCutShort) say(`indelible: stdin could not be read behind line ${last}: ${printable(messageOf(error))}`);
    emission.isCutShort = true;
  }
  return await emission.end();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Emission {
  /** Somebody stopped us, or stdin failed: lines may be left that nobody read. */
  isCutShort = false;
  readonly #client: Client;
  readonly #options: LineOptions;
  readonly #tally = { recorded: 0, refused: 0 };
  readonly #underWay = new Set<Promise<void>>();
  #bytes = 0;

  constructor(client: Client, options: LineOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Resolves when there is room for the next. */
  async send(line: InputLine): Promise<void> {
    const sent = this.#send(line);
    this.#bytes += line.bytes.length;
    this.#underWay.add(sent);
    void sent.finally(() => {
      this.#bytes -= line.bytes.length;
      this.#underWay.delete(sent);
    });
    while (this.#underWay.size >= underWayMax || this.#bytes > underWayBytesMax) await Promise.race(this.#underWay);
  }

  async end(): Promise<number> {
    await Promise.all(this.#underWay);
    progress('');
    const { refused } = this.#tally;
    if (refused > namedMax) say(`and ${refused - namedMax} more`);
    await print(JSON.stringify(this.#tally));
    return refused === 0 && !this.isCutShort ? exitCodes.ok : exitCodes.failed;
  }

  async #send({ number, kind, bytes }: InputLine): Promise<void> {
    try {
      if (kind === 'overlong') throw new Error(rejectMessages.overlong);
      if (!isUtf8(bytes)) throw new Error(rejectMessages.not_utf8);
      const text = bytes.toString('utf8');
      if (text.trim() === '') return;
      await this.#client.append(objectFrom(text, 'the line'), this.#options);
      // Once each, however often it was sent: every line has an id of its own.
      this.#tally.recorded += 1;
      if (this.#tally.recorded % progressEvery === 0) progress(`${this.#tally.recorded} recorded, ${this.#tally.refused} refused`);
    } catch (error) {
      this.#refuse(number, error);
    }
  }

  #refuse(number: number, error: unknown): void {
    this.#tally.refused += 1;
    if (this.#tally.refused > namedMax) return;
    const code = error instanceof ClientError ? `${error.code}: ` : '';
    progress('');
    say(`line ${number}: ${code}${printable(messageOf(error))}`);
  }
}
