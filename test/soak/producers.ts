/** Clients that record: many at once, one by one and in batches, some of it twice, through whatever befalls the daemon. */
import type { Client } from '../../src/client/client.js';
import { connect } from '../../src/client/client.js';
import type { Random } from '../random.js';
import type { Book } from './book.js';
import type { Made } from './events.js';
import { makeEvent } from './events.js';

/** How one goes about it: appends under way, events in one at most, the longest pause behind each, ms. */
interface Style {
  readonly underWay: number;
  readonly eventsMax: number;
  readonly pauseMsMax: number;
  /** Connects anew for each append. */
  readonly isFleeting?: boolean;
}

const styles: readonly Style[] = [
  { underWay: 12, eventsMax: 1, pauseMsMax: 30 }, { underWay: 4, eventsMax: 6, pauseMsMax: 60 },
  { underWay: 2, eventsMax: 64, pauseMsMax: 200 },
  { underWay: 1, eventsMax: 1, pauseMsMax: 5 }, { underWay: 2, eventsMax: 2, pauseMsMax: 300, isFleeting: true },
];

/** Of the appends so many are sent a second time when they are acknowledged. */
const againShare = 0.03;
/** Longer than any trouble lasts; whoever is not answered by then was forgotten. */
const timeoutMs = 600_000;

export interface Load {
  readonly socket: string;
  readonly book: Book;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Runs until it is told to end and everything is answered. */
export async function produce(load: Load): Promise<void> {
  await Promise.all(styles.map((style, number) => produceOne(load, style, number)));
}

async function produceOne(load: Load, style: Style, number: number): Promise<void> {
  const open = (): Promise<Client> => connect({ socket: load.socket, client: `soak/${number}`, timeoutMs, connectTimeoutMs: timeoutMs });
  const shared = style.isFleeting === true ? undefined : await open();
  let count = 0;
  const loop = async (): Promise<void> => {
    while (!load.signal.aborted) {
      count += 1;
      const id = `${number}.${count}`;
      const client = shared ?? await open();
      await appendOnce(load, client, id, load.random.whole(1, style.eventsMax));
      if (shared === undefined) await client.close();
      await new Promise((resolve) => { setTimeout(resolve, load.random.whole(0, style.pauseMsMax)); });
    }
  };
  await Promise.all(Array.from({ length: style.underWay }, loop));
  await shared?.close();
}

async function appendOnce({ book, random }: Load, client: Client, id: string, count: number): Promise<void> {
  const first = makeEvent(random, id);
  // A request is of one profile here; the profiles take turns.
  const events: readonly Made[] = [first, ...Array.from({ length: count - 1 }, () => sameProfile(random, first, id))];
  const ids = count === 1 ? [id] : events.map((_, index) => `${id}.${index}`);
  book.send(ids, events);
  const bodies = events.map(({ event }) => event);
  const options = { id, profile: first.profile };
  book.take(ids, await client.append<string>(bodies, options));
  if (random.chance(againShare)) book.take(ids, await client.append<string>(bodies, options));
}

function sameProfile(random: Random, { profile }: Made, id: string): Made {
  for (;;) {
    const made = makeEvent(random, id);
    if (made.profile === profile) return made;
  }
}
