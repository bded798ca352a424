// What a connection asks of the daemon around it; nothing else of the daemon is in its reach.
import type { SpareBuffers } from '../memory/spare-buffers.js';
import type { Reply, Request } from '../wire/message.js';
import type { Counters } from './counters.js';
import type { Intake } from './intake.js';
import type { ProofClient } from './proving.js';
import type { Limits } from './settings.js';
import type { Peer } from './source.js';
import type { Pool } from './pool.js';
import type { Creditors } from './reply-order.js';
import type { TailingParts } from './tailing.js';
import type { Turns } from './turns.js';

/** Requests whose answer is known at once. */
export type Question = Exclude<Request, { readonly op: 'append' | 'tail' | 'prove' | 'recent' }>;

export type RecentRequest = Extract<Request, { readonly op: 'recent' }>;

/** What a session asks of the daemon around it. */
export interface SessionParts {
  readonly intake: Intake;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly turns: Turns;
  /** Of all connections: memory for frames that come in pieces. */
  readonly frames: SpareBuffers;
  /** Of all connections: frames that they have begun. */
  readonly halfFrames: Pool;
  /** Of all connections: replies that they have not taken. */
  readonly unsent: Pool;
  /** What a tail needs besides the connection itself. */
  readonly tail: Omit<TailingParts, 'send' | 'drained'>;
  /** Those of all connections that are owed replies. */
  readonly creditors: Creditors;
  /** Answers that need no order. */
  answer(request: Question, peer: Peer): Reply;
  /** A search goes on over several turns; its reply may come behind others. */
  search(request: RecentRequest, gone: AbortSignal): Promise<Reply>;
  /** A proof takes its time; its reply may come behind others. */
  prove(id: number, seq: number, client: ProofClient): Promise<Reply>;
  mayRead(peer: Peer): boolean;
  /** For the process log: something about this client that an operator may want to know. */
  note(message: string, peer: Peer): void;
}
