/**
 * A producer that is a process of its own: `node pump.js CLIENT SOCKET RECEIPTS EVENTS_PER_SECOND`. CLIENT is the module
 * of the built client; it sends no more than so many events a second, as fast as it is answered with 0. It writes a
 * receipt for each acknowledgement before it sends more, survives the daemon's restarts as any client does, and ends on
 * SIGTERM.
 */
import { openSync, writeSync } from 'node:fs';

const [, , module = '', socket = '', path = '', rate = '0'] = process.argv;
const eventsPerRequest = 128;
const underWay = 8;
const pauseMs = rate === '0' ? 0 : 1000 * eventsPerRequest * underWay / Number(rate);

const { connect } = await import(module) as typeof import('../../src/client/client.js');
const client = await connect({ socket, timeoutMs: 600_000 });
const file = openSync(path, 'a');
let count = 0;

async function pump(): Promise<void> {
  for (;;) {
    count += 1;
    const name = `n${count}`;
    const events = Array.from({ length: eventsPerRequest }, () => ({ action: name, outcome: 'success' as const, detail: 'x'.repeat(40) }));
    const { seq, mac, duplicates } = await client.append(events);
    // After a daemon's death, what it had recorded and not acknowledged any more is acknowledged to the second sending.
    const receipts = [...duplicates.map(([, at, of]) => ({ seq: at, mac: of })), ...(mac === null ? [] : [{ seq, mac }])];
    writeSync(file, receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
    if (pauseMs > 0) await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
  }
}

process.once('SIGTERM', () => { process.exit(0); });
await Promise.all(Array.from({ length: underWay }, pump));
