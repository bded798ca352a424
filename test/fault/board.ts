// The board that the shim maps: which call is to go wrong and how, how many calls there were, and which. Its layout is the
// struct of that name in shim.c; both sides see a change at once, because the file is one page cache.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/**
 * Kinds of calls, as bits. `grow` is a write behind a file's end, which needs room; `write` any other to a file. `look` is
 * the opening of a file to read it; `open` any other, of directories, too.
 */
export const classes = {
  write: 1, sync: 2, open: 4, rename: 8, unlink: 16, truncate: 32, mkdir: 64, link: 128, meta: 256, socket: 512, list: 1024,
  grow: 2048, look: 4096,
} as const;
export type CallClass = keyof typeof classes;
export const everyClass = Object.keys(classes) as CallClass[];

const modes = { killBefore: 1, killAfter: 2, fail: 3, short: 4, drop: 5, stopAfter: 6 } as const;

export interface Rule {
  readonly classes: readonly CallClass[];
  /** The first of these calls that goes wrong, from 1. */
  readonly at: number;
  /** How many of them do. */
  readonly times: number;
  readonly mode: keyof typeof modes;
  readonly errno?: number;
  /** A kill in a child of the daemon takes the daemon with it. */
  readonly withParent?: boolean;
  /** Only paths with this in them count, at most 47 bytes. */
  readonly part?: string;
}

/** `times` of a rule that holds until it is taken back. */
export const forEver = 0xffff_ffff;

/** A call that the shim saw. `path` is relative to the state directory. */
export interface Call {
  readonly process: 'serve' | 'init';
  readonly class: CallClass;
  readonly name: string;
  readonly path: string;
}

const rulesAt = 16;
const partBytes = 48;
const ruleBytes = 9 * 4 + partBytes;
const rulesMax = 2;
const firedAt = rulesAt + rulesMax * ruleBytes;
const firedBytes = 256;
const traceAt = firedAt + firedBytes;
const entryBytes = 128;
const entriesMax = 8192;
const boardBytes = traceAt + entryBytes * entriesMax;
const tracingAt = 4;
const entriesAt = 8;

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

export class Board {
  readonly path: string;
  readonly #file: number;

  /** Makes the file; what was there is overwritten. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'w+');
    this.clear();
  }

  /** As new: no rule, no counts, no process. The daemon that maps it MUST be gone. */
  clear(): void {
    const empty = Buffer.alloc(boardBytes);
    writeSync(this.#file, empty, 0, boardBytes, 0);
  }

  /** Arms up to two rules; of those that strike at the same call the first counts. */
  arm(...rules: readonly Rule[]): void {
    if (rules.length > rulesMax) throw new Error(`the board holds ${rulesMax} rules`);
    for (let index = rules.length - 1; index >= 0; index -= 1) {
      const rule = rules[index];
      if (rule === undefined) continue;
      const bytes = Buffer.alloc(ruleBytes);
      const mask = rule.classes.reduce((bits, name) => bits | classes[name], 0);
      const fields = [mask, rule.at, rule.times, modes[rule.mode], rule.errno ?? 0, rule.withParent === true ? 1 : 0];
      for (const [field, value] of fields.entries()) bytes.writeUInt32LE(value, 4 + field * 4);
      if (bytes.write(rule.part ?? '', 36) >= partBytes) throw new Error(`${rule.part ?? ''} is too long`);
      const position = rulesAt + index * ruleBytes;
      writeSync(this.#file, bytes, 4, ruleBytes - 4, position + 4);
      // Last: from here on it counts.
      this.#write(position, 1);
    }
  }

  disarm(): void {
    for (let index = 0; index < rulesMax; index += 1) this.#write(rulesAt + index * ruleBytes, 0);
  }

  /** Forgets what went wrong so far. */
  forget(): void {
    this.disarm();
    writeSync(this.#file, Buffer.alloc(firedBytes), 0, firedBytes, firedAt);
  }

  trace(): void {
    this.#write(tracingAt, 1);
  }

  /** The calls since `trace`, oldest first. */
  calls(): Call[] {
    const count = this.#read(entriesAt);
    if (count > entriesMax) throw new Error(`${count} calls are more than the board holds`);
    const bytes = Buffer.alloc(count * entryBytes);
    readSync(this.#file, bytes, 0, bytes.length, traceAt);
    const entry = (index: number): Buffer => bytes.subarray(index * entryBytes, (index + 1) * entryBytes);
    const texts = Array.from({ length: count }, (_, index) => textOf(entry(index)));
    // An empty one is being written by a daemon that runs.
    return texts.filter((text) => text !== '').map((text) => {
      const [process = '', bit = '', name = '', ...path] = text.split(' ');
      const found = everyClass.find((one) => classes[one] === Number(bit));
      if (found === undefined) throw new Error(`the shim traced a call of no class: ${name}`);
      return { process: process === 'serve' ? 'serve' : 'init', class: found, name, path: path.join(' ') };
    });
  }

  /** How often a rule struck. */
  struck(rule = 0): number {
    return this.#read(rulesAt + rule * ruleBytes + 32);
  }

  /** `name path` of the first call that went wrong; undefined if none did. */
  get first(): { readonly name: string; readonly path: string } | undefined {
    const bytes = Buffer.alloc(firedBytes);
    readSync(this.#file, bytes, 0, firedBytes, firedAt);
    const [name = '', ...path] = textOf(bytes).split(' ');
    return name === '' ? undefined : { name, path: path.join(' ') };
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(at: number): number {
    const bytes = Buffer.alloc(4);
    readSync(this.#file, bytes, 0, 4, at);
    return bytes.readUInt32LE(0);
  }

  #write(at: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    writeSync(this.#file, bytes, 0, 4, at);
  }
}

/** What a path below the state directory is for, whatever its number or temporary name. */
export function roleOf(path: string): string {
  const name = path.replace(/\.tmp$/, '');
  if (/^log\/\d{20}\.jsonl$/.test(name)) return 'segment';
  if (name.startsWith('quarantine/')) return 'quarantine/*';
  // The socket is bound under a hidden name and then moved into its place.
  if (name === 's' || name.startsWith('.')) return name === '.' ? 'state' : 'socket';
  return name;
}
