// What becomes of a daemon that hangs, is killed, fails or must not go on: systemd restarts it or does not, and nobody who was
// acknowledged has lost anything.
import { connect as connectTo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import { recordsIn } from '../daemon.js';
import { Machine, service, socket, state } from './machine.js';

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.boot();
  expect((await machine.install()).code).toBe(0);
  await machine.withShim(service, ['WatchdogSec=2s', 'RestartSec=300ms']);
  await machine.sh(`systemctl restart ${service}`);
}, 300_000);
afterAll(() => machine.end());
afterEach(async () => { await machine.sh(`rm -f /run/disk/*`); });

function client(): ReturnType<typeof connect> {
  return connect({ socket: machine.path(socket), client: 'test/1', timeoutMs: 60_000 });
}

function recorded(action: string): readonly unknown[] {
  return recordsIn(machine.path(state)).filter(({ event }) => event['action'] === action).map(({ event }) => event['detail']);
}

async function restarts(): Promise<number> {
  return Number(await machine.show(service, 'NRestarts'));
}

/** What happens to whoever connects now. */
function connecting(path: string): Promise<string> {
  return new Promise((resolve) => {
    const attempt = connectTo(path);
    attempt.once('connect', () => { attempt.destroy(); resolve('let in'); });
    attempt.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? ''); });
  });
}

describe('the watchdog', () => {
  test('lets an idle daemon live', async () => {
    const before = await restarts();
    // Five words of its, half a second apart at least, and so more than the two seconds that silence would have been given.
    for (let heard = 0, last = ''; heard < 5; heard += 1) {
      last = await machine.until(service, 'WatchdogTimestampMonotonic', (value) => value !== last && value !== '0');
    }
    expect([await machine.show(service, 'ActiveState'), await restarts()]).toEqual(['active', before]);
  });

  test('ends one whose disk hangs; status answers meanwhile, and the append that waited is recorded once', async () => {
    const before = await restarts();
    const one = await client();
    await one.append({ action: 'before-the-hang' });
    await machine.sh('touch /run/disk/hang');
    const waiting = one.append({ action: 'hung' });
    const asked = await client();
    expect((await asked.status()).state).toBe('ready');
    expect((await machine.run(['indelible', 'status', '--socket', socket])).code).toBe(0);
    await machine.until(service, 'NRestarts', (value) => Number(value) > before);
    const said = (await machine.journal(service)).map((entry) => entry['MESSAGE']);
    expect(said.some((text) => String(text).includes('Watchdog timeout'))).toBe(true);
    await machine.sh('rm /run/disk/hang');
    const { seq, duplicates } = await waiting;
    // Where the line had arrived before the kill, the second sending is answered with where it is.
    const at = recordsIn(machine.path(state)).filter(({ event }) => event['action'] === 'hung');
    expect(at.map((record) => record.seq)).toEqual([seq ?? duplicates[0]?.[1]]);
    await Promise.all([one.close(), asked.close()]);
    expect(await machine.show(service, 'ActiveState')).toBe('active');
  });
});

describe('a restart', () => {
  test('after SIGKILL under load loses nothing and doubles nothing', async () => {
    const clients = await Promise.all([client(), client(), client()]);
    const acknowledged: number[] = [];
    let next = 0;
    const load = clients.map(async (one) => {
      while (next < 3000) {
        const detail = next;
        next += 1;
        await one.append({ action: 'loaded', detail });
        acknowledged.push(detail);
      }
    });
    for (let kill = 1; kill <= 3; kill += 1) {
      while (acknowledged.length < kill * 600) await new Promise((resolve) => { setImmediate(resolve); });
      const before = await restarts();
      await machine.sh(`kill -KILL "$(systemctl show -P MainPID ${service})"`);
      await machine.until(service, 'NRestarts', (value) => Number(value) > before);
    }
    await Promise.all(load);
    await Promise.all(clients.map((one) => one.close()));
    expect([...recorded('loaded')].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: acknowledged.length }, (_, i) => i));
    const { code, stdout } = await machine.run(['indelible', 'verify', '--state-dir', state, '--key', '/var/lib/indelible-keys/indelible.key']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('completeness  ok')]);
  });

  test('follows a failed fsync, again and again until the disk works; then what waited is recorded once', async () => {
    const before = await restarts();
    const one = await client();
    await one.append({ action: 'before-the-failure' });
    await machine.sh('touch /run/disk/broken');
    const again = (): Promise<unknown> => one.append({ action: 'failed' }, { id: 'the-one' });
    const waiting = again().catch((error: unknown) => error);
    await machine.until(service, 'NRestarts', (value) => Number(value) >= before + 3);
    const ends = (await machine.journal(service)).map((entry) => String(entry['MESSAGE'])).filter((text) => text.includes('Main process exited'));
    expect(ends.at(-1)).toContain('status=5');
    await machine.sh('rm /run/disk/broken');
    await machine.untilState(service, 'active');
    // An append that was answered with the failure is the client's to send again; one that was not is sent again by itself.
    if (await waiting instanceof Error) await again();
    expect(recorded('failed').length).toBe(1);
    await one.close();
    expect(await machine.show('indelible.socket', 'ActiveState')).toBe('active');
  });
});

describe('no restart', () => {
  test('follows exit 3: it is said why, clients are refused at once, and the alarm is raised', async () => {
    await machine.sh(`printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "echo rung >> /run/alarm"\\n' > /etc/systemd/system/pager.service
      systemctl daemon-reload; systemctl add-wants indelible-alarm.target pager.service; systemctl stop ${service}`);
    const head = machine.read(`${state}/log/head`);
    machine.write(`${state}/log/head`, head.replace(/"seq":\d+/, '"seq":1'));
    const starts = async (): Promise<number> => (await machine.journal(service)).filter(({ MESSAGE }) => typeof MESSAGE === 'string' && MESSAGE.startsWith('Starting ')).length;
    const before = await starts();
    // A client that waits, as many would: it must not start the daemon over and over.
    const waiting = connectTo(machine.path(socket));
    const refused = new Promise<void>((resolve) => { waiting.on('close', () => { resolve(); }).on('error', () => undefined); });
    await machine.untilState(service, 'failed');
    await refused;
    expect(await machine.show(service, 'ExecMainStatus')).toBe('3');
    await machine.untilState('indelible.socket', 'inactive');
    expect(await connecting(machine.path(socket))).toBe('ECONNREFUSED');
    expect([await starts(), await restarts()]).toEqual([before + 1, 0]);
    const { stdout } = await machine.run(['systemctl', 'status', '--no-pager', '--full', service]);
    expect(stdout).toMatch(/Status: "this log will not be extended: .*head.*indelible verify --key FILE/);
    await machine.until('pager.service', 'ExecMainExitTimestampMonotonic', (value) => value !== '0');
    expect(machine.read('/run/alarm')).toBe('rung\n');
    machine.write(`${state}/log/head`, head);
    await machine.sh(`systemctl start indelible.socket; indelible emit --socket ${socket} --action mended`);
    expect(await machine.show('indelible-closed@indelible.target', 'ActiveState')).toBe('inactive');
  });

  test('follows exit 2: the journal names all mistakes, and a mended file is enough', async () => {
    await machine.sh(`systemctl stop ${service}; cp /etc/indelible/indelible.env /run/env
      printf 'INDELIBLE_SYNC=sometimes\\nINDELIBLE_NOSUCH=1\\n' >> /etc/indelible/indelible.env`);
    expect((await machine.run(['systemctl', 'start', service])).code).not.toBe(0);
    expect([await machine.show(service, 'ExecMainStatus'), await machine.show(service, 'NRestarts')]).toEqual(['2', '0']);
    await machine.untilState('indelible.socket', 'inactive');
    const said = (await machine.journal(service)).map((entry) => String(entry['MESSAGE'])).join('\n');
    expect(said).toMatch(/INDELIBLE_SYNC/);
    expect(said).toMatch(/INDELIBLE_NOSUCH/);
    await machine.sh(`cp /run/env /etc/indelible/indelible.env; systemctl start ${service}; indelible emit --socket ${socket} --action configured`);
  });
});
