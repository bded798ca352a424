// How many connections there may be: as many as configured, and as many as the kernel gives descriptors for. Beyond, Node
// drops connections without a word, and the log could not open its next segment; so it never comes to that.
import type { Socket } from 'node:net';
import { encodeReply } from '../wire/reply.js';

/** Connections beyond the limit for root and the daemon's own user. */
export const reservedClients = 16;
/** Files open besides clients and listeners, amply: the log, keys, Node's own, reserved clients, those turned away. */
const filesBeside = 192;

/** Descriptors that so many clients may need. */
export function filesNeeded(clients: number, listeners: number): number {
  return clients + listeners + filesBeside;
}

/** How many of the configured clients fit under a limit on open files; at least one. */
export function clientsThatFit(clients: number, listeners: number, filesMax: number): number {
  return Math.max(1, Math.min(clients, filesMax - filesNeeded(0, listeners)));
}

/** Turned away, and not gone yet; more than these are closed at once. */
const turnedAwayMax = 64;
/** How long one of them may take to read why, ms. */
const turnedAwayMs = 1_000;

/** Connections that are not served. */
export class TurnedAway {
  #waiting = 0;

  /**
   * Says why and hangs up. What the client sends meanwhile is thrown away: left unread, it would turn our words into a
   * broken pipe.
   */
  add(socket: Socket, message: string): void {
    socket.on('error', () => { socket.destroy(); });
    const reply = encodeReply({ op: 'error', id: null, code: 'overloaded', message, retry_after_ms: 1000 });
    if (this.#waiting >= turnedAwayMax) {
      socket.write(reply);
      socket.destroySoon();
      return;
    }
    this.#waiting += 1;
    const tooLong = setTimeout(() => { socket.destroy(); }, turnedAwayMs);
    socket.on('close', () => {
      this.#waiting -= 1;
      clearTimeout(tooLong);
    });
    socket.resume();
    socket.end(reply);
  }
}
