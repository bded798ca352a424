// The end of all connections: each may take what it is owed, and nobody holds a stop up for long.
import type { Session } from './session.js';

/** How long a stop waits for clients to take their last acks. */
const farewellMs = 5_000;
const lookEveryMs = 10;

/** Until the last client has taken what it is owed, or long enough. */
export function farewell(sessions: ReadonlySet<Session>): Promise<void> {
  if (sessions.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      for (const session of sessions) session.destroy();
      clearInterval(look);
      resolve();
    }, farewellMs);
    const look = setInterval(() => {
      if (sessions.size > 0) return;
      clearInterval(look);
      clearTimeout(deadline);
      resolve();
    }, lookEveryMs);
  });
}
