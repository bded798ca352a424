/**
 * Giving a new log's verification key away: printed, or written where somebody named a file. Invariant: a file that is there is
 * left alone, unless it is empty or holds the key of an init of this very directory that never came to its end. Which keys
 * those are, `keys/handed-over` says by their hashes, until a log is made: a kill in a first start needs nobody's help.
 */
import { fstatSync, fsyncSync, readlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, realDisk } from '../disk/disk.js';
import { createFile, removeIfThere, replaceFile } from '../disk/write.js';
import { pipeState } from '../kernel/native.js';
import { sha256Hex } from '../keys/hash.js';
import type { Places } from '../log/segment.js';
import { exitCodeOf, exitCodes } from './exit.js';

const stdout = 1;
/** /dev/null, as a device. */
const nullDevice = 0x103;
/** Whoever reads our stdout may take this long to read the key, ms: it may be an ssh that asks for a password. */
const takenMs = 120_000;
const lookEveryMs = 20;
/** A key's line at most, bytes: its origin has 150. */
const keyBytesMax = 512;

/** The key cannot be where it was to go, so nobody would have it. */
export class NotHandedOver extends Error {
  /** Whether another place would help; or else what failed may work the next time. */
  readonly isMisnamed: boolean;

  constructor(message: string, isMisnamed: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'NotHandedOver';
    this.isMisnamed = isMisnamed;
  }
}

/**
 * Hands the key over, durably: printed, or written to `keyOut`, unless its owner has it, who prepared its secret. Returns what
 * to tell the person. @throws NotHandedOver, also where a file is somebody else's
 */
export function handOver(key: string, isPrepared: boolean, keyOut: string | undefined, places: Places): string {
  if (isPrepared) {
    // The secret, which its owner has, stands behind the last colon.
    const words = key.slice(0, key.lastIndexOf(':') + 1);
    return `Its verification key is the secret that was prepared for it, behind these words, in one line: ${words}`;
  }
  if (keyOut === undefined) return print(`${key}\n`);
  try {
    write(Buffer.from(`${key}\n`), keyOut, places);
  } catch (error) {
    throw inKeyOut(keyOut, error);
  }
  return `Its verification key is in ${keyOut}: move it off this host.`;
}

/** Whether the key could be written to `keyOut`, found out without writing it. @throws NotHandedOver */
export function tryKeyOut(keyOut: string, places: Places): void {
  // Inside the directory an older one is written over.
  if (keyOut !== places.verificationKey && realDisk.entry(keyOut) !== undefined) throw inKeyOut(keyOut, { code: 'EEXIST' });
  const trial = `${keyOut}.tmp`;
  try {
    removeIfThere(realDisk, trial);
    createFile(realDisk, trial, Buffer.alloc(keyBytesMax));
    removeIfThere(realDisk, trial);
  } catch (error) {
    throw inKeyOut(keyOut, error);
  }
}

function inKeyOut(keyOut: string, error: unknown): NotHandedOver {
  const code = errorCode(error);
  const why = code === 'EEXIST' ? 'it is there already, and a verification key is never written over another file'
    : code === 'ENOENT' ? `there is no directory ${dirname(keyOut)}`
      : error instanceof Error ? error.message : String(error);
  const isMisnamed = exitCodeOf(error) === exitCodes.usage;
  return new NotHandedOver(`${keyOut} cannot be made: ${why}${isMisnamed ? '; name another file with --key-out' : ''}`, isMisnamed, error);
}

/** Synchronously, and until it is taken: what comes next MUST NOT be made while nobody has the key. */
function print(text: string): string {
  const kind = fstatSync(stdout);
  // Also what Node opens where stdout was closed.
  if (kind.isCharacterDevice() && kind.rdev === nullDevice) throw new NotHandedOver('stdout is /dev/null: name a file with --key-out', true);
  try {
    printWhole(Buffer.from(text));
    if (kind.isFIFO()) waitUntilTaken();
    if (!kind.isFile()) return 'Above is its verification key: keep it away from this host, it is not stored anywhere.';
    // As durable as where a person writes it down.
    fsyncSync(stdout);
  } catch (error) {
    if (error instanceof NotHandedOver) throw error;
    throw new NotHandedOver(`stdout did not take it: ${error instanceof Error ? error.message : String(error)}`, false, error);
  }
  return `Its verification key is in ${readlinkSync(`/proc/self/fd/${stdout}`)}: move it off this host.`;
}

function printWhole(bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(stdout, bytes, written);
    } catch (error) {
      // A terminal that another program left so; it has room soon.
      if (errorCode(error) !== 'EAGAIN') throw error;
      pause();
    }
  }
}

/** A pipe takes a key for a reader that never reads, such as an ssh that cannot connect. */
function waitUntilTaken(): void {
  for (let looks = takenMs / lookEveryMs; looks > 0; looks -= 1) {
    const state = pipeState(stdout);
    if (state === 'taken') return;
    if (state === 'abandoned') throw new NotHandedOver('who was to read it from stdout ended without reading it', false);
    pause();
  }
  throw new NotHandedOver(`nobody read it from stdout within ${takenMs / 1000} s`, false);
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookEveryMs);
}

function write(bytes: Buffer, keyOut: string, places: Places): void {
  // Inside the directory only an init of this directory can have put it there.
  if (keyOut === places.verificationKey) {
    replaceFile(realDisk, keyOut, bytes);
    return;
  }
  const before = realDisk.read(noteIn(places))?.toString('latin1') ?? '';
  // First: what is not noted here and lies there would stand in the way of every later start.
  replaceFile(realDisk, noteIn(places), Buffer.from(`${before}${sha256Hex(bytes)}\n`));
  if (isLeftBehind(keyOut, before)) replaceFile(realDisk, keyOut, bytes);
  else createFile(realDisk, keyOut, bytes);
}

/** The log is made: its key is nothing that may be written over any more. */
export function handedOver(places: Places): void {
  removeIfThere(realDisk, noteIn(places));
}

function noteIn(places: Places): string {
  return join(places.keys, 'handed-over');
}

/** Whether a file was begun or written by an init that noted its key in `before`. */
function isLeftBehind(path: string, before: string): boolean {
  if (before === '') return false;
  const there = realDisk.read(path);
  // Nothing but zeros is what a loss of power leaves of a file that was not synced.
  return there !== undefined && (there.every((byte) => byte === 0) || before.split('\n').includes(sha256Hex(there)));
}
