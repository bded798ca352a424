// The first client starts the daemon; who it is, the kernel says; and systemd hears that it is ready when it is.
import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import { recordsIn } from '../daemon.js';
import { Machine, service, socket, state } from './machine.js';

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.boot();
  const { code, stdout, stderr } = await machine.install();
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('0 fail')]);
  await machine.sh('useradd --system alice; useradd --system bob; usermod -aG indelible alice');
}, 300_000);
afterAll(() => machine.end());
afterEach(async () => { await machine.sh('rm -f /run/disk/*'); });

describe('the socket', () => {
  test('is there without a daemon; its first client starts one, and is acknowledged', async () => {
    await machine.sh(`systemctl stop ${service}`);
    const { ino } = statSync(machine.path(socket));
    expect(await machine.show(service, 'ActiveState')).toBe('inactive');
    const emitted = await machine.as('alice', ['indelible', 'emit', '--action', 'first']);
    expect(emitted).toMatchObject({ code: 0, stderr: '' });
    const { seq } = JSON.parse(emitted.stdout) as { seq: number };
    expect(await machine.show(service, 'ActiveState')).toBe('active');
    expect(recordsIn(machine.path(state)).find((record) => record.seq === seq)).toMatchObject({ event: { action: 'first' }, source: { listener: 'default' } });
    // It is systemd's: no daemon takes it away or puts another in its place.
    await machine.sh(`systemctl restart ${service}; systemctl stop ${service}`);
    expect(statSync(machine.path(socket)).ino).toBe(ino);
  });

  test('keeps those who connect while nobody listens until the daemon is there', async () => {
    await machine.sh(`systemctl stop ${service}`);
    const emitted = await Promise.all(Array.from({ length: 5 }, (_, i) => machine.as('alice', ['indelible', 'emit', '--action', `early-${i}`])));
    expect(emitted.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('a client', () => {
  test('of another user is known by uid, gid and the start of its process', async () => {
    const [uid, gid] = (await machine.sh('id -u alice; id -g alice')).split('\n').map(Number);
    const { stdout } = await machine.as('alice', ['indelible', 'emit', '--action', 'who']);
    const { seq } = JSON.parse(stdout) as { seq: number };
    const source = recordsIn(machine.path(state)).find((record) => record.seq === seq)?.source ?? {};
    expect(source).toMatchObject({ listener: 'default', uid, gid });
    expect([source['pid'], source['start']].every((value) => typeof value === 'number' && value > 0)).toBe(true);
  });

  test('outside the group is refused, and nothing is recorded', async () => {
    const before = recordsIn(machine.path(state)).length;
    const { code, stderr } = await machine.as('bob', ['indelible', 'emit', '--action', 'no']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('EACCES')]);
    expect(recordsIn(machine.path(state)).length).toBe(before);
  });

  test('inside the group cannot read others\' records', async () => {
    const { code, stderr } = await machine.as('alice', ['indelible', 'tail', '-n', '1']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('forbidden')]);
  });
});

describe('systemd', () => {
  test('hears READY only when appends work', async () => {
    await machine.sh(`systemctl stop ${service}`);
    await machine.withShim(service);
    await machine.sh(`touch /run/disk/hang; systemctl start --no-block ${service}`);
    await machine.until(service, 'StatusText', (text) => text === 'opening the log');
    expect(await machine.show(service, 'ActiveState')).toBe('activating');
    await machine.sh('rm /run/disk/hang');
    await machine.untilState(service, 'active');
    const { code } = await machine.as('alice', ['indelible', 'emit', '--action', 'ready']);
    expect(code).toBe(0);
  });

  test('gives a slow start more time as long as it gets on, and takes one that hangs for failed', async () => {
    await machine.withShim(service, ['TimeoutStartSec=3s', 'Restart=no']);
    await machine.sh(`systemctl stop indelible.socket ${service}; echo 1000 > /run/disk/slow`);
    await machine.sh(`systemctl start ${service}`);
    const span = await machine.sh(`systemctl show -p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic --value ${service}`);
    const [begun = 0, ready = 0] = span.split('\n').map(Number).sort((a, b) => a - b);
    expect(ready - begun).toBeGreaterThan(3_000_000);
    await machine.sh(`rm /run/disk/slow; systemctl stop indelible.socket ${service}; touch /run/disk/hang; systemctl start --no-block ${service}`);
    expect(await machine.until(service, 'Result', (value) => value !== 'success')).toBe('timeout');
    await machine.sh('rm /run/disk/hang');
    await machine.untilState(service, 'failed');
    await machine.withShim(service);
    await machine.sh(`systemctl reset-failed ${service}; systemctl start ${service}`);
  });

  test('is shown state, record and rate', async () => {
    const client = await connect({ socket: machine.path(socket), client: 'test/1' });
    await client.append(Array.from({ length: 500 }, (_, i) => ({ action: 'burst', detail: i })));
    const { head } = await client.status();
    await machine.until(service, 'StatusText', (text) => text.startsWith(`ready: record ${head.seq}, `) && /\d+ records\/s, \d+ clients/.test(text));
    await client.close();
    expect(await machine.sh(`systemctl status --no-pager ${service}`)).toMatch(/Status: "ready: record \d+, \d+ records\/s/);
  });

  test('stops it only when all that was taken in is acknowledged, however long that takes', async () => {
    await machine.withShim(service, ['TimeoutStopSec=2s']);
    await machine.sh(`systemctl restart ${service}`);
    const client = await connect({ socket: machine.path(socket), client: 'test/1' });
    await client.append({ action: 'before' });
    await machine.sh('echo 150 > /run/disk/slow');
    const appends = Array.from({ length: 40 }, (_, i) => client.append({ action: 'under-load', detail: i }));
    // Taken in, most of them waiting: their number is in the status, which needs no disk.
    for (let waiting = 0; waiting < 30;) waiting = (await client.status()).queue.events;
    const stopped = machine.sh(`systemctl stop indelible.socket ${service}`);
    const receipts = await Promise.all(appends);
    await stopped;
    const last = Math.max(...receipts.map(({ seq }) => seq ?? 0));
    expect(await machine.show(service, 'Result')).toBe('success');
    const records = recordsIn(machine.path(state)).filter(({ event }) => event['action'] === 'under-load');
    expect(records.map(({ event }) => event['detail'])).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(records.at(-1)?.seq).toBe(last);
    await client.close();
    await machine.sh(`rm /run/disk/slow; systemctl start indelible.socket`);
  });
});
