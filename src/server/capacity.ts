// How many connections there may be: as many as configured, and as many as the kernel gives descriptors for. Beyond, Node
// drops connections without a word, and the log could not open its next segment; so it never comes to that.
import type { Socket } from 'node:net';
import { encodeReply } from '../wire/reply.js';

/** Connections beyond the limit for root and the daemon's own user. */
export const reservedClients = 16;
/** Files the daemon has open besides its clients and listeners, amply: the log, keys, Node's own, and the reserved clients. */
export const filesBeside = 64;

/** Descriptors that so many clients may need. */
export function filesNeeded(clients: number, listeners: number): number {
  return clients + listeners + filesBeside;
}

/** How many of the configured clients fit under a limit on open files; at least one. */
export function clientsThatFit(clients: number, listeners: number, filesMax: number): number {
  return Math.max(1, Math.min(clients, filesMax - filesNeeded(0, listeners)));
}

/** Says why and hangs up, whether it is read or not: a connection that is not served must cost nothing. */
export function turnAway(socket: Socket, message: string): void {
  socket.on('error', () => { socket.destroy(); });
  socket.write(encodeReply({ op: 'error', id: null, code: 'overloaded', message, retry_after_ms: 1000 }));
  socket.destroySoon();
}
