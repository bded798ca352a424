// Attacks by speed: everything is well-formed, and there is too much of it.
import { recordsIn } from '../daemon.js';
import type { Flooded } from './flood.js';
import { answeredText, appends, flood, floods } from './floods.js';
import type { Attack, Happened, Target } from './scene.js';

const floodMs = 5000;
/** More than a slow disk gets through in that time: sockets hold so much that a short flood took a minute to be answered. */
const floodEvents = 1_000_000;
const modes = ['line', 'group'] as const;

function inWords({ sent, connections, replies }: Flooded): Happened {
  return { tried: `${sent} requests over ${connections} connections`, answered: answeredText(replies) };
}

/** Every frame that was sent is answered: nothing is dropped without a word. */
function complete({ sent, replies }: Flooded): string[] {
  const answers = Object.values(replies).reduce((sum, times) => sum + times, 0);
  return answers === sent ? [] : [`${sent} requests were sent and ${answers} answered`];
}

function flooding(name: string, sync: string, processes: number, connections: number, events: number): Attack {
  return {
    name: `${name}, ${sync}`, flood: { processes, events }, env: { INDELIBLE_SYNC: sync },
    run: async ({ daemon, scale }: Target) => {
      const requests = appends(events === 1 ? 200 : 2, events);
      const enough = floodEvents * scale / events / processes;
      const sum = await floods(processes, { socket: daemon.socket, connections, ms: floodMs * scale, enough, requests });
      return { ...inWords(sum), problems: complete(sum) };
    },
  };
}

const speed: readonly Attack[] = modes.flatMap((sync) => [
  ...[1, 4, 64].map((connections) => flooding(`flood over ${connections}`, sync, 1, connections, 1)),
  flooding('flood of 4 processes over 16 each', sync, 4, 16, 1),
  flooding('flood of large requests over 4', sync, 1, 4, sync === 'line' ? 64 : 1024),
]);

const unread: Attack = {
  name: 'acks that nobody reads', env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale, status }) => {
    const connections = Math.max(4, Math.round(64 * scale));
    const sum = await flood({ socket: daemon.socket, connections, ms: 60_000, requests: appends(200, 1), reads: false });
    const { refused } = await status();
    const dropped = refused['slow_consumer'] ?? 0;
    return {
      tried: `${sum.sent} requests over ${connections} connections`, answered: `${dropped} closed with slow_consumer`,
      problems: dropped === connections ? [] : [`${dropped} of ${connections} were closed with slow_consumer`],
    };
  },
};

const storm: Attack = {
  name: 'reconnect storm', flood: { processes: 2, events: 1 }, env: { INDELIBLE_SYNC: 'group' },
  run: async ({ daemon, scale }) => {
    const ms = floodMs * scale;
    const sum = await floods(2, { socket: daemon.socket, connections: 32, ms, requests: appends(1, 1), reconnects: true });
    return { tried: `${sum.connections} connections, one append each, left at once`, answered: 'nobody waits for it' };
  },
};

/** The quiet client keeps below it, alone. */
const ratePerSecond = 500;
const eventsEach = 20;

/** What was refused, by process, as clients counted it and as the log has it. */
const rate: Attack = (() => {
  let refusedEvents = 0;
  return {
    name: `rate of ${ratePerSecond} a second`, env: { INDELIBLE_SYNC: 'group', INDELIBLE_RATE: String(ratePerSecond) },
    run: async ({ daemon, scale }: Target) => {
      const ms = floodMs * scale;
      const sum = await floods(3, { socket: daemon.socket, connections: 8, ms, requests: appends(50, eventsEach) });
      refusedEvents = (sum.replies['rate_limited'] ?? 0) * eventsEach;
      return { ...inWords(sum), problems: [...complete(sum), ...(refusedEvents > 0 ? [] : ['nothing was held back'])] };
    },
    after: (state: string) => {
      const gaps = recordsIn(state).filter(({ profile, kind }) => profile === 'indelible' && kind === 'gap');
      const limited = gaps.filter(({ event }) => event['reason'] === 'rate_limited');
      const recorded = limited.reduce((sum, { event }) => sum + Number(event['count']), 0);
      return recorded === refusedEvents ? [] : [`${refusedEvents} events were held back, and the gaps say ${recorded}`];
    },
  };
})();

export const floodAttacks: readonly Attack[] = [...speed, unread, storm, rate];
