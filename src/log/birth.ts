/**
 * A whole new log: keys, name and genesis, synced, ready to be opened. It runs in a process that ends right afterwards,
 * because the verification key passes through its memory, and the daemon's memory is what a thief will read.
 */
import type { Clock } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { createLog } from './init.js';
import type { Previous } from './own.js';
import type { Places } from './segment.js';
import type { WriterOptions } from './commit.js';
import { Writer } from './writer.js';

/** Whose log it is and how it is written. */
export interface Birth {
  readonly origin: string;
  readonly options: WriterOptions;
  /** The log that this one continues. */
  readonly previous: Previous | null;
  /** Gets the verification key before anything depends on it. */
  readonly handOver: (verificationKey: string) => void;
  /** R, where it was prepared elsewhere; wiped. */
  readonly secret?: Buffer | undefined;
}

/** Makes the log. The caller holds the lock and has made sure that there is none. */
export function makeLog(disk: Disk, clock: Clock, places: Places, birth: Birth): void {
  const state = createLog(disk, places, birth.origin, birth.handOver, birth.secret);
  const writer = new Writer(disk, clock, places, state, birth.options, { committed: () => undefined, delayed: () => undefined });
  writer.begin(birth.previous);
  writer.close();
}
