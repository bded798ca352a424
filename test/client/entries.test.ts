// Events on their way into a request: what the caller gave, with what the client adds, no more than the daemon takes.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../src/client/client.js';
import { Daemon } from './daemon.js';

let daemon: Daemon;
let client: Client;

beforeEach(async () => {
  daemon = await new Daemon().start();
  daemon.limits.eventBytes = 20_000;
  client = await connect({ socket: daemon.path });
});

afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await daemon.end();
});

/** To the compiler any event goes. */
function anything(event: object): { readonly action: string } {
  return event as { readonly action: string };
}

function events(): unknown[] {
  return daemon.records.map(({ entry }) => entry.event);
}

class Told {
  readonly action = 'told';
  readonly inner = 1;
  toJSON(): unknown { return { action: this.action, outcome: 'denied' }; }
}

describe('defaults', () => {
  test('stand where the event says undefined, and give way to null', async () => {
    const child = client.child({ fields: { actor: 'agent', session_id: 's' } });
    await child.append(anything({ action: 'a', actor: undefined, session_id: null }));
    expect(events()).toEqual([{ actor: 'agent', session_id: null, action: 'a' }]);
  });

  test('that are undefined leave those of the parent', async () => {
    await client.child({ fields: { actor: 'agent' } }).child({ fields: { actor: undefined, resource: 'r' } }).append({ action: 'a' });
    expect(events()).toEqual([{ actor: 'agent', resource: 'r', action: 'a' }]);
  });

  test('are added to what an event says of itself: by its toJSON, as a Map', async () => {
    const child = client.child({ fields: { actor: 'agent' } });
    await child.append([anything(new Told()), anything(new Map([['action', 'map']]))]);
    expect(events()).toEqual([{ actor: 'agent', action: 'told', outcome: 'denied' }, { actor: 'agent', action: 'map' }]);
  });

  test('that cannot be read are refused by `connect` and `child`', async () => {
    const fields = { get actor(): string { throw new Error('mine'); } };
    const refused = { name: 'ClientError', code: 'bad_request', path: '/actor', message: 'mine' };
    await expect(connect({ socket: daemon.path, defaults: fields })).rejects.toMatchObject(refused);
    expect(() => client.child({ fields })).toThrow(expect.objectContaining(refused));
  });
});

describe('an event\'s own code', () => {
  test('may append and emit while the event is encoded', async () => {
    const within: Promise<unknown>[] = [];
    const masked = { toJSON() {
      client.emit({ action: 'shown' });
      within.push(client.append({ action: 'shown, too' }));
      return '***';
    } };
    await client.append({ action: 'outer', detail: masked });
    await Promise.all(within);
    expect(events()).toEqual([{ action: 'shown' }, { action: 'shown, too' }, { action: 'outer', detail: '***' }]);
  });

  test('that says something else each time costs its neighbours nothing', async () => {
    let times = 0;
    const memo = { action: 'memo', get detail() { return times++ === 0 ? undefined : 'loaded'; } };
    await Promise.all([client.append({ action: 'before' }), client.append(memo), client.append({ action: 'after' })]);
    expect(events()).toEqual([{ action: 'before' }, { action: 'memo' }, { action: 'after' }]);
  });

  test('that throws names the place', async () => {
    const event = { action: 'a', detail: { get a(): unknown { throw new Error('mine'); } } };
    await expect(client.append([{ action: 'a' }, event])).rejects.toMatchObject({ code: 'invalid_event', index: 1, path: '/detail/a', message: 'mine' });
  });
});

describe('what the daemon would never take is refused at once', () => {
  test.each([
    ['event_too_large', { action: 'a', detail: 'x'.repeat(20_001) }, { index: 0 }],
    ['invalid_event', { action: 'a', detail: Array.from({ length: 10_000 }, () => 0) }, { index: 0 }],
    ['too_many_events', Array.from({ length: 65 }, () => ({ action: 'a' })), {}],
    ['frame_too_large', Array.from({ length: 20 }, () => ({ action: 'x'.repeat(9000) })), {}],
  ])('%s', async (code, given, more) => {
    // Nobody is there to ask.
    await daemon.stop();
    await expect(client.append(given)).rejects.toMatchObject({ code, ...more });
  });

  test('and so is what the client itself would never hold', async () => {
    const small = await connect({ socket: daemon.path, bounds: { appendEvents: 2, appendBytes: 100 } });
    const three = [{ action: 'a' }, { action: 'b' }, { action: 'c' }];
    await expect(small.append(three)).rejects.toMatchObject({ code: 'too_many_events' });
    await expect(small.append({ action: 'x'.repeat(200) })).rejects.toMatchObject({ code: 'frame_too_large' });
    await small.close();
  });
});
