/**
 * Giving a new log's verification key away: printed, or written where somebody named a file. Invariant: a file that is there is
 * left alone, unless it is empty or holds the key of an init of this very directory that never came to its end. Which keys
 * those are, `keys/handed-over` says by their hashes, until a log is made: a kill in a first start needs nobody's help.
 */
import { createHash } from 'node:crypto';
import { fstatSync, fsyncSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../disk/disk.js';
import { createFile, removeIfThere, replaceFile } from '../disk/write.js';
import type { Places } from '../log/segment.js';

/**
 * Hands the key over, durably: printed, or written to `keyOut`, unless its owner has it, who prepared its secret. Returns what
 * to tell the person. @throws EEXIST where a file is somebody else's
 */
export function handOver(key: string, isPrepared: boolean, keyOut: string | undefined, places: Places): string {
  if (isPrepared) {
    // The secret, which its owner has, stands behind the last colon.
    const words = key.slice(0, key.lastIndexOf(':') + 1);
    return `Its verification key is the secret that was prepared for it, behind these words, in one line: ${words}`;
  }
  if (keyOut === undefined) return print(`${key}\n`);
  write(Buffer.from(`${key}\n`), keyOut, places);
  return `Its verification key is in ${keyOut}: move it off this host.`;
}

function print(text: string): string {
  process.stdout.write(text);
  if (!fstatSync(1).isFile()) return 'Above is its verification key: keep it away from this host, it is not stored anywhere.';
  // As durable as where a person writes it down.
  fsyncSync(1);
  return `Its verification key is in ${readlinkSync('/proc/self/fd/1')}: move it off this host.`;
}

function write(bytes: Buffer, keyOut: string, places: Places): void {
  // Inside the directory only an init of this directory can have put it there.
  if (keyOut === places.verificationKey) {
    replaceFile(realDisk, keyOut, bytes);
    return;
  }
  const before = realDisk.read(noteIn(places))?.toString('latin1') ?? '';
  // First: what is not noted here and lies there would stand in the way of every later start.
  replaceFile(realDisk, noteIn(places), Buffer.from(`${before}${hashOf(bytes)}\n`));
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

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether a file was begun or written by an init that noted its key in `before`. */
function isLeftBehind(path: string, before: string): boolean {
  if (before === '') return false;
  const there = realDisk.read(path);
  // Nothing but zeros is what a loss of power leaves of a file that was not synced.
  return there !== undefined && (there.every((byte) => byte === 0) || before.split('\n').includes(hashOf(there)));
}
