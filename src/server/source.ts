// Who speaks: what the daemon knows of a connection and the client cannot say. Fixed when the connection is accepted;
// nothing in a payload ever changes it.
import type { Socket } from 'node:net';
import { peerCredentials, peerGroups } from '../kernel/native.js';
import { processStart } from '../kernel/proc.js';
import { idScope } from './ids.js';
import { sourcePiece } from './admission.js';
import type { ListenerConfig, ReaderPolicy } from './settings.js';

/** The record's `source`, keys in this order. */
export interface Source {
  readonly listener: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Ticks since boot; where /proc can be read. */
  readonly start?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A connection's other end. */
export interface Peer {
  readonly source: Source;
  /** `source` as it stands in every one of its records. */
  readonly sourceText: string;
  /** The piece of their bodies that says so. */
  readonly sourcePiece: Buffer;
  /** What the ids of its events are unique in. */
  readonly idScope: string;
  /** Names the process for limits: one that forks or reconnects stays the same only as far as the kernel says so. */
  readonly process: string;
  readonly groups: ReadonlySet<number>;
}

/** Asks the kernel. MUST be called in the connection callback: afterwards the descriptor may be gone. @throws KernelError */
export function identifyPeer(socket: Socket, listener: ListenerConfig): Peer {
  const { pid, uid, gid } = peerCredentials(socket);
  const start = processStart(pid);
  const labels = Object.keys(listener.labels).length === 0 ? undefined : listener.labels;
  const source: Source = {
    listener: listener.name, pid, uid, gid,
    ...(start === undefined ? {} : { start }), ...(labels === undefined ? {} : { labels }),
  };
  const sourceText = JSON.stringify(source);
  return {
    source,
    sourceText,
    sourcePiece: sourcePiece(sourceText),
    idScope: idScope(listener.name, uid),
    process: `${listener.name} ${uid} ${pid} ${start ?? ''}`,
    groups: new Set([gid, ...peerGroups(socket)]),
  };
}

/** Whether a peer may read: root, the daemon's own user, and the readers' groups. */
export function mayRead({ source, groups }: Peer, { ownUid, gids }: ReaderPolicy): boolean {
  return source.uid === 0 || source.uid === ownUid || [...groups].some((gid) => gids.has(gid));
}
