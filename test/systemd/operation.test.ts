// A host in operation: keys at the first start, several logs side by side, the nightly verification, the journal, the
// settings, guests.
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/client/client.js';
import { variableNames } from '../../src/config/variables.js';
import { recordsIn } from '../daemon.js';
import { Machine, service, socket, state } from './machine.js';

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.boot();
  expect((await machine.install()).code).toBe(0);
}, 300_000);
afterAll(() => machine.end());

function modeOf(inside: string): string {
  const { mode, uid } = statSync(machine.path(inside));
  return `${(mode & 0o777).toString(8)} ${uid === 0 ? 'root' : 'other'}`;
}

describe('the verification key', () => {
  test('of a first start is where only root can read it, and the journal says where, and that it should leave', async () => {
    const key = '/var/lib/indelible-keys/indelible.key';
    expect([modeOf('/var/lib/indelible-keys'), modeOf(key)]).toEqual(['700 root', '600 root']);
    const said = (await machine.journal('indelible-init.service')).map((entry) => entry['MESSAGE']);
    expect(said).toContain(`Its verification key is in ${key}: move it off this host.`);
    expect((await machine.run(['setpriv', '--reuid=indelible', '--regid=indelible', '--init-groups', 'cat', key])).code).toBe(1);
    expect(await machine.sh(`ls ${state}/keys`)).toBe('current\nidentity\nsalt');
    const { code, stdout } = await machine.run(['indelible', 'doctor', '--no-canary', '--state-dir', state, '--socket', socket, '--json']);
    const { checks } = JSON.parse(stdout) as { checks: readonly { check: string; result: string; found: string }[] };
    expect([code, checks.find(({ check }) => check === 'verification_key')]).toEqual([0, expect.objectContaining({ result: 'warn', found: expect.stringContaining(key) as string })]);
  });

  test('fits the log; once it has been moved away nobody complains, and no start makes another', async () => {
    const key = machine.read('/var/lib/indelible-keys/indelible.key');
    machine.write('/run/moved.key', key);
    await machine.sh(`rm /var/lib/indelible-keys/indelible.key; systemctl restart ${service}`);
    expect((await machine.run(['indelible', 'verify', '--state-dir', state, '--key', '/run/moved.key'])).code).toBe(0);
    expect(await machine.sh('ls /var/lib/indelible-keys')).toBe('indelible.pub');
    expect(await machine.sh(`indelible doctor --no-canary --state-dir ${state} --socket ${socket}`)).toMatch(/ok +verification_key/);
  });

  test('may be prepared elsewhere and handed in as a sealed credential: then it is not on this host at all', async () => {
    const secret = randomBytes(32).toString('base64');
    await machine.run(['sh', '-c', `mkdir -p /etc/credstore.encrypted
      systemd-creds encrypt --name=verification-secret - /etc/credstore.encrypted/indelible-sealed.secret`], `${secret}\n`);
    const { code, stdout } = await machine.install('--instance', 'sealed');
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('move it off this host')]);
    expect(statSync(machine.path('/var/lib/indelible-keys/indelible-sealed.key')).size).toBe(0);
    const said = (await machine.journal('indelible-init@sealed.service')).map((entry) => String(entry['MESSAGE'])).join('\n');
    const prefix = /behind these words, in one line: (indelible-verification-key:v1:\S+:)$/m.exec(said)?.[1] ?? '';
    expect(said).not.toContain(secret);
    machine.write('/run/sealed.key', `${prefix}${secret}\n`);
    const verified = await machine.run(['indelible', 'verify', '--state-dir', '/var/lib/indelible-sealed', '--key', '/run/sealed.key']);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('authenticity  ok')]);
    expect((await machine.run(['grep', '-rlF', secret, '/var/lib', '/etc', '/run/indelible'])).code).toBe(1);
  });
});

describe('instances', () => {
  test('two run side by side, each with a user, a socket and a state directory of its own, closed to the other', async () => {
    for (const name of ['acme', 'globex']) expect((await machine.install('--instance', name)).code).toBe(0);
    await machine.sh('useradd --system clerk; usermod -aG indelible-acme clerk');
    const as = (name: string): ReturnType<Machine['run']> => machine.run(['setpriv', '--reuid=clerk', '--regid=clerk', '--init-groups',
      'indelible', 'emit', '--socket', `/run/indelible/${name}.sock`, '--action', 'hello']);
    expect((await as('acme')).code).toBe(0);
    expect(await as('globex')).toMatchObject({ code: 1, stderr: expect.stringContaining('EACCES') as string });
    const users = await Promise.all(['acme', 'globex'].map((name) => machine.sh(`ps -o user= -p "$(systemctl show -P MainPID indelible@${name}.service)" -ww | tr -d ' '; stat -c '%U %a' /var/lib/indelible-${name}`)));
    expect(users[0]).toMatch(/^indelible(-acme|\+)?\nindelible-acme 700$/);
    expect(users[1]).toMatch(/^indelible(-globex|\+)?\nindelible-globex 700$/);
    expect(await machine.sh('stat -c %u /var/lib/indelible-acme')).not.toBe(await machine.sh('stat -c %u /var/lib/indelible-globex'));
    expect((await machine.run(['setpriv', '--reuid=indelible-acme', '--regid=indelible-acme', '--init-groups', 'ls', '/var/lib/indelible-globex'])).code).toBe(2);
    const logs = ['', '-acme', '-globex'].map((suffix) => recordsIn(machine.path(`/var/lib/indelible${suffix}`)));
    expect(new Set(logs.map(([genesis]) => genesis?.event['origin'])).size).toBe(3);
    expect(logs.map((records) => records.filter(({ event }) => event['action'] === 'hello').length)).toEqual([0, 1, 0]);
    // One that cannot start closes its own socket, and nobody else's.
    await machine.sh('systemctl stop indelible@acme.service; echo INDELIBLE_SYNC=never >> /etc/indelible/indelible@acme.env');
    expect((await machine.run(['systemctl', 'start', 'indelible@acme.service'])).code).toBe(1);
    await machine.untilState('indelible@acme.socket', 'inactive');
    expect(await machine.sh('systemctl is-active indelible@globex.socket indelible@globex.service indelible.socket')).toBe('active\nactive\nactive');
  });
});

describe('the nightly verification', () => {
  beforeAll(async () => {
    // A timer that is due soon would begin a verification at the reload; while that goes on another one is none of its own.
    await machine.sh(`systemctl stop indelible-verify.timer
      printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "echo rung >> /run/alarm"\\n' > /etc/systemd/system/pager.service
      mkdir -p /etc/systemd/system/indelible-verify.{timer,service}.d
      printf '[Unit]\\nStartLimitIntervalSec=0\\n' | tee /etc/systemd/system/indelible-verify.{timer,service}.d/often.conf
      printf '[Timer]\\nOnCalendar=\\nOnActiveSec=100ms\\nAccuracySec=10ms\\nRandomizedDelaySec=0\\n' > /etc/systemd/system/indelible-verify.timer.d/now.conf
      systemctl daemon-reload; systemctl add-wants indelible-alarm.target pager.service`);
  });

  /** Lets the timer elapse; resolves with how the verification ended. */
  async function elapsed(): Promise<string> {
    const before = await machine.show('indelible-verify.service', 'ExecMainExitTimestampMonotonic');
    const looked = await machine.show('indelible-verify.service', 'ConditionTimestampMonotonic');
    await machine.sh('systemctl restart indelible-verify.timer');
    await machine.until('indelible-verify.service', 'ConditionTimestampMonotonic', (value) => value !== looked);
    expect(await machine.show('indelible-verify.service', 'ConditionResult')).toBe('yes');
    await machine.until('indelible-verify.service', 'ExecMainExitTimestampMonotonic', (value) => value !== before && value !== '0');
    await machine.until('indelible-verify.service', 'ActiveState', (value) => value === 'inactive' || value === 'failed');
    return await machine.show('indelible-verify.service', 'ExecMainStatus');
  }

  test('is enabled, and due', async () => {
    expect(await machine.sh('systemctl is-enabled indelible-verify.timer')).toBe('enabled');
    expect(await machine.sh('systemctl cat indelible-verify.timer')).toContain('OnCalendar=*-*-* 03:00:00');
  });

  test('finds an intact log intact, says so in the journal, and keeps its checkpoint', async () => {
    // A seal, without which the public key says nothing.
    await machine.sh(`systemctl restart ${service}`);
    expect(await elapsed()).toBe('0');
    const said = (await machine.journal('indelible-verify.service')).map((entry) => String(entry['MESSAGE'])).join('\n');
    expect(said).toMatch(/^\/var\/lib\/indelible: intact$/m);
    expect(machine.read('/var/lib/indelible-verified/indelible.checkpoint')).toMatch(/^\S+\n\d+\n/);
    expect((await machine.run(['ls', '/run/alarm'])).code).toBe(2);
    expect(await elapsed()).toBe('0');
  });

  test('fails on a log that was changed, and raises the alarm, each time', async () => {
    await machine.sh(`systemctl stop indelible.socket ${service}`);
    const segment = `${state}/log/00000000000000000001.jsonl`;
    const intact = machine.read(segment);
    machine.write(segment, intact.replace('"action":"doctor.canary"', '"action":"doctor.canarY"'));
    expect(machine.read(segment)).not.toBe(intact);
    for (const rung of ['rung\n', 'rung\nrung\n']) {
      const before = await machine.show('pager.service', 'ExecMainExitTimestampMonotonic');
      expect(await elapsed()).toBe('1');
      await machine.until('pager.service', 'ExecMainExitTimestampMonotonic', (value) => value !== before);
      expect(machine.read('/run/alarm')).toBe(rung);
    }
    const said = (await machine.journal('indelible-verify.service')).map((entry) => String(entry['MESSAGE'])).join('\n');
    expect(said).toMatch(/TAMPERED WITH OR LOST/);
    expect(await machine.sh('systemctl is-failed indelible-verify.service')).toBe('failed');
    machine.write(segment, intact);
    expect(await elapsed()).toBe('0');
    await machine.sh('systemctl start indelible.socket');
  });

  test('does not take a log that is gone for one that was never made', async () => {
    await machine.sh(`systemctl stop indelible.socket ${service}; mv ${state}/log /var/lib/indelible-log`);
    const status = await elapsed();
    await machine.sh(`mv /var/lib/indelible-log ${state}/log; systemctl start indelible.socket`);
    expect(status).toBe('1');
  });

  test('does not pass over a log whose public key it was never given', async () => {
    await machine.sh('mv /var/lib/indelible-keys/indelible.pub /run/kept.pub');
    // systemd's own status for credentials that are not there.
    expect(await elapsed()).toBe('243');
    await machine.sh('mv /run/kept.pub /var/lib/indelible-keys/indelible.pub');
    expect(await elapsed()).toBe('0');
  });
});

describe('the journal', () => {
  test('has each of the daemon\'s lines as JSON fields, filed under how grave it is', async () => {
    // A file that is no listener: something to warn of.
    await machine.sh(`install -d -o indelible -g indelible -m 0700 ${state}/listeners; install -o indelible -m 0600 /dev/null ${state}/listeners/bad.json
      systemctl restart ${service}; rm ${state}/listeners/bad.json`);
    const entries = (await machine.journal(service)).filter((entry) => entry['_COMM'] === 'node' && entry['SYSLOG_IDENTIFIER'] === 'indelible');
    const lines = entries.map(({ MESSAGE, PRIORITY }) => {
      const fields = JSON.parse(String(MESSAGE)) as Readonly<Record<string, unknown>> & { readonly level: number };
      return { fields, level: fields.level, PRIORITY };
    });
    expect(lines.length).toBeGreaterThan(5);
    for (const { fields, level, PRIORITY } of lines) {
      expect([fields['name'], typeof fields['msg'], typeof fields['pid']]).toEqual(['indelible', 'string', 'number']);
      expect([level, PRIORITY]).toEqual([level, { 30: '6', 40: '4', 50: '3', 60: '2' }[level]]);
    }
    expect(await machine.sh(`journalctl --no-pager -u ${service} -o cat -p warning | grep -c 'listeners/bad.json'`)).toBe('1');
  });
});

describe('the environment file', () => {
  test('has every variable', () => {
    const text = machine.read('/etc/indelible/indelible.env');
    const inFile = [...text.matchAll(/^#(INDELIBLE_[A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(inFile.sort()).toEqual([...variableNames].sort());
  });

  test('can have every one of them set: to its default, and to something else that then is so', async () => {
    const shipped = machine.read('/etc/indelible/indelible.env');
    machine.write('/etc/indelible/indelible.env', shipped.replace(/^#(INDELIBLE_)/gm, '$1'));
    await machine.sh(`systemctl restart ${service}`);
    const changed = {
      ORIGIN: 'never/looked-at', SYNC: 'group', HEAD_SYNC: 'always', SEGMENT_BYTES: '70000', SEGMENT_MS: '3600000', SEAL_MS: '1234', HEARTBEAT_MS: '4321',
      RETAIN_BYTES: '123456789', RETAIN_MS: '987654321', DISK_LOW_BYTES: '1000', READERS: 'daemon,4242', RATE: '1000', UNKNOWN_KINDS: 'accept', REDACT: 'off',
      SOCKET: socket, SOCKET_MODE: '0666', MAX_FRAME_BYTES: '500000', MAX_EVENT_BYTES: '2000', MAX_EVENTS: '7', MAX_CLIENTS: '9', QUEUE_BYTES: '100000', RECENT: '200',
      LOG_LEVEL: 'debug', MIRROR: 'on', STATE_DIR: `${state}/second`,
      LISTENERS: JSON.stringify([{ name: 'default', path: socket, labels: { host: 'a' } }, { name: 'more', path: '/run/indelible/guests/more.sock' }]),
    };
    machine.write('/etc/indelible/indelible.env', Object.entries(changed).map(([name, value]) => `INDELIBLE_${name}='${value}'\n`).join(''));
    await machine.sh(`systemctl restart ${service}`);
    const client = await connect({ socket: machine.path(socket), client: 'test/1' });
    expect(client.welcome).toMatchObject({ sync: 'group', max_frame_bytes: 500_000, max_events: 7, max_event_bytes: 2000, origin: 'never/looked-at', source: { listener: 'default', labels: { host: 'a' } } });
    await client.append({ action: 'Authorization: Bearer abcdefghijklmnop' });
    expect((await client.status()).recent.capacity).toBe(200);
    await client.close();
    const records = recordsIn(machine.path(`${state}/second`));
    expect(records.find(({ kind }) => kind === 'started')?.event).toMatchObject({ sync: 'group', head_sync: 'always', seal_ms: 1234, heartbeat_ms: 4321, listeners: ['default', 'more'] });
    expect(records[0]?.event).toMatchObject({ retain: { bytes: 123456789, ms: 987654321 } });
    expect(statSync(machine.path('/run/indelible/guests/more.sock')).mode & 0o777).toBe(0o666);
    expect(await machine.sh(`journalctl --sync; journalctl --no-pager -u ${service} -o cat | grep -c '"msg":"recorded"'`)).not.toBe('0');
    machine.write('/etc/indelible/indelible.env', 'INDELIBLE_SOCKET=/run/indelible/guests/elsewhere.sock\n');
    expect((await machine.run(['systemctl', 'restart', service])).code).toBe(1);
    expect((await machine.journal(service)).some(({ MESSAGE }) => String(MESSAGE).includes('change ListenStream in the socket unit'))).toBe(true);
    machine.write('/etc/indelible/indelible.env', shipped);
    await machine.sh(`systemctl start ${service}`);
  });
});

describe('a guest', () => {
  test('has a listener of its own, added while the daemon runs, whose labels stand in all it says', async () => {
    await machine.sh(`useradd --system vmm; useradd --system client; usermod -aG indelible client
      install -d -o indelible -g vmm -m 0770 /run/indelible/guests/vm-7
      INDELIBLE_STATE_DIR=${state} indelible listen add vm-7 --path /run/indelible/guests/vm-7/v.sock_5000 --label vm=vm-7 --mode 0666`);
    const words = ['indelible', 'emit', '--socket', '/run/indelible/guests/vm-7/v.sock_5000', '--action', 'from-the-guest'];
    expect(await machine.as('vmm', words)).toMatchObject({ code: 0, stderr: '' });
    // Nobody else can speak as the guest, not even who may record.
    expect(await machine.as('client', words)).toMatchObject({ code: 1, stderr: expect.stringContaining('EACCES') as string });
    expect(recordsIn(machine.path(state)).find(({ event }) => event['action'] === 'from-the-guest')?.source).toMatchObject({ listener: 'vm-7', labels: { vm: 'vm-7' } });
    await machine.sh(`systemctl restart ${service}; INDELIBLE_STATE_DIR=${state} indelible listen list | grep -q vm-7`);
  });
});
