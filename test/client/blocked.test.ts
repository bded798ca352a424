// A program that is busy for longer than it wanted to wait: what the daemon has said meanwhile lies in the socket, and counts.
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import type { Request } from '../../src/wire/message.js';
import { client, daemon } from './connected.js';

// Long enough for a request to be on its way before, however busy the machine is.
const timeoutMs = 1000;

/** The process does nothing until then, on the clock of `performance.now()`. */
function block(until: number): void {
  const ms = until - performance.now();
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The daemon answers the first such request at once, and then the process is blocked until its deadline is over. */
function blockBehind(op: Request['op']): void {
  const deadline = performance.now() + timeoutMs;
  daemon.instead = (request, say) => {
    if (request.op !== op) return false;
    daemon.instead = () => false;
    if (request.op === 'append') say(daemon.acknowledge(request));
    else if (request.op === 'status') say({ op: 'status', id: request.id, state: 'ready' });
    else return false;
    block(deadline + 20);
    return true;
  };
}

test('an append that was acknowledged meanwhile has its receipt', async () => {
  blockBehind('append');
  expect(await client.append({ action: 'a' }, { timeoutMs })).toMatchObject({ first: 1 });
});

test('a question that was answered meanwhile has its answer', async () => {
  const other = await connect({ socket: daemon.path, timeoutMs });
  blockBehind('status');
  expect(await other.status()).toMatchObject({ state: 'ready' });
  await other.close();
});

test('a connection that was welcomed meanwhile is there', async () => {
  const deadline = performance.now() + timeoutMs;
  daemon.instead = ({ op, id }, say) => {
    if (op !== 'hello') return false;
    const { frameBytes, events, eventBytes } = daemon.limits;
    say({
      op: 'welcome', id, v: 1, server: 'fake/1', origin: 'test/0', sync: 'line', source: {}, log_pub: [],
      max_frame_bytes: frameBytes, max_events: events, max_event_bytes: eventBytes,
    });
    block(deadline + 20);
    return true;
  };
  await (await connect({ socket: daemon.path, connectTimeoutMs: timeoutMs })).close();
});
