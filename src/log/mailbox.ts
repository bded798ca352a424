/**
 * What passes between the writer's thread and the rest of the program: orders one way, reports the other, each way
 * in the order they were posted. Bodies lie in memory that both threads see, but for those of orders that join a batch, which are
 * copied; lines do, too.
 */
import type { MessagePort } from 'node:worker_threads';
import type { DiskLevel } from './ladder.js';
import type { SharedChannel } from './channel.js';
import type { ToldError } from './failure.js';
import type { SharedSlots } from './line-slots.js';
import type { WriterOptions } from './commit.js';

/** What the thread is started with. */
export interface ThreadStart {
  readonly state: string;
  readonly options: WriterOptions;
  /** Below so many free bytes the disk is low. */
  readonly diskLowBytes: number;
  readonly started: { readonly version: string; readonly bootId: string; readonly listeners: readonly string[] };
  /** One Int32: not 0 when the lock was lost and nothing may be written any more. */
  readonly fence: SharedArrayBuffer;
  /** A Pulse's: the thread moves it as long as it gets on. */
  readonly pulse?: SharedArrayBuffer | undefined;
  /** For orders and reports that do not go as numbers, see channel.ts. */
  readonly port: MessagePort;
  readonly orders: SharedChannel;
  /** The bodies in them. */
  readonly bodies: SharedArrayBuffer;
  readonly reports: SharedChannel;
  /** The lines in them. */
  readonly lines: SharedSlots;
  /** Wakes the other side's event loop for reports. */
  readonly wake: MessagePort;
}

/** What whoever opens a log says. */
export type Start = Pick<ThreadStart, 'state' | 'options' | 'diskLowBytes' | 'started' | 'pulse'>;

/** Bodies of whole requests, back to back. */
export interface AppendOrder {
  readonly kind: 'append';
  /**
   * Shared with the other thread, which leaves it alone until every request in it is answered; an order that joins a batch
   * carries a copy.
   */
  readonly bytes: Uint8Array;
  /** Where each body ends in `bytes`. */
  readonly ends: Uint32Array;
  /** How many bodies there are up to the end of each request. */
  readonly requests: Uint32Array;
  /** When it was posted, ms of the monotonic clock. */
  readonly postedAt: number;
  /** The next order will come as soon as this one is answered. */
  readonly isBrisk: boolean;
}

export type Order = AppendOrder | { readonly kind: 'stop'; readonly reason: string };

/** Lines that are durable. */
export interface CommittedLines {
  /** Whether these are a request's lines, and not the log's own. */
  readonly isRequest: boolean;
  readonly first: number;
  readonly ts: string;
  /** Lent: behind the report they are written over. */
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  readonly syncMs: number;
}

/** Where the log stands, for `status`. */
export interface Standing {
  readonly seq: number;
  readonly mac: string;
  readonly epoch: number;
  readonly step: number;
  readonly sealedTo: number;
  readonly segments: number;
  /** Of all segments together. */
  readonly bytes: number;
}

/** What the log turned out to be at start. */
export interface Opening {
  readonly kind: 'opened';
  readonly origin: string;
  readonly logPub: readonly [string, string];
  /** This log's salt for what is masked in events. */
  readonly salt: Uint8Array;
  readonly standing: Standing;
  readonly checkpoint: string | undefined;
  readonly clean: boolean;
  readonly adopted: number;
  readonly torn: number;
}

/** Lines became durable. */
export interface CommittedReport {
  readonly kind: 'committed';
  readonly commits: readonly CommittedLines[];
  /** How many of the oldest unanswered requests are complete with it. */
  readonly requests: number;
  /** Where the log stands behind the last of them. */
  readonly standing: Standing;
  /** To be given back when the commits were looked at. */
  readonly slot: number | undefined;
  /** How long after its order the thread was awake, ms; 0 where it was already. */
  readonly wakeMs: number;
}

export type Report =
  | Opening
  /** The log MUST NOT be extended, or could not be made. */
  | { readonly kind: 'refused'; readonly error: ToldError }
  | CommittedReport
  /**
   * Durable, as far as `commits` go: the oldest `whole` requests are complete with the first `wholeCommits` of them. No more of
   * the next `requests` will be written; the other commits are what was, a prefix of the first of them.
   */
  | {
      readonly kind: 'rejected'; readonly commits: readonly CommittedLines[]; readonly whole: number; readonly wholeCommits: number;
      readonly requests: number; readonly standing: Standing; readonly slot: number | undefined; readonly message: string;
    }
  /** Something that was due found no room; it is tried again. */
  | { readonly kind: 'delayed'; readonly message: string }
  /** The disk has less room, or more again. */
  | { readonly kind: 'level'; readonly level: DiskLevel; readonly message: string }
  /** Somebody else changed what is ours; the log says so, or will. */
  | { readonly kind: 'alarm'; readonly finding: string }
  /** Something that a person should know of, for the process log. */
  | { readonly kind: 'noticed'; readonly message: string }
  | { readonly kind: 'sealed'; readonly checkpoint: string | undefined; readonly standing: Standing }
  /** The end: nothing is written any more. */
  | { readonly kind: 'failed'; readonly error: ToldError }
  | { readonly kind: 'stopped' };
