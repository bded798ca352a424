// The SDK in a program that has nothing else to do: so many events, one `append` for each, so many of them waiting at once.
// Run with one JSON argument; prints one JSON line.
import { connect } from '../../src/client/client.js';
import { event } from './event.js';

export interface SdkOrder {
  readonly socket: string;
  readonly events: number;
  readonly waiting: number;
}

export interface SdkResult {
  /** Microseconds of this program's CPU for each event, from the append to its receipt. */
  readonly cpuPerEvent: number;
}

const { socket, events, waiting } = JSON.parse(process.argv[2] ?? '{}') as SdkOrder;
const client = await connect({ socket, profile: 'x0x.exec' });

async function appendAll(count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await client.append(event);
    }
  };
  await Promise.all(Array.from({ length: waiting }, one));
}

// Compiled first.
await appendAll(events / 2);
const before = process.cpuUsage();
await appendAll(events);
const { user, system } = process.cpuUsage(before);
await client.close();
process.stdout.write(`${JSON.stringify({ cpuPerEvent: (user + system) / events } satisfies SdkResult)}\n`);
