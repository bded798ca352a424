// scripts/install-systemd on a bare Debian: installs in one command, changes nothing when nothing is to be changed, and takes
// everything but the log away again; and the units themselves are as systemd's own tools want them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordsIn } from '../daemon.js';
import type { Ran } from './machine.js';
import { Machine, socket, state } from './machine.js';

let machine: Machine;
let installed: Ran;

beforeAll(async () => { machine = await Machine.boot(); }, 300_000);
afterAll(() => machine.end());

/** What there is of us outside of the log, with contents, owners and times; and who may log in. */
function everything(): Promise<string> {
  return machine.sh(`{ find /usr/lib /etc /usr/bin /var/lib/indelible-keys /run/indelible -xdev \\( -ipath '*indelible*' -o -path '*pager*' \\) -printf '%p %y %m %U %G %T@ %l\\n' 2>/dev/null || true
    find /usr/lib/systemd/system/indelible* /etc/indelible /usr/lib/indelible -type f -exec sha256sum {} + 2>/dev/null || true
    cat /etc/passwd /etc/group; } | sort`);
}

describe('an installation', () => {
  test('is told by --dry-run, which does nothing', async () => {
    const before = await everything();
    const { code, stdout } = await machine.install('--dry-run');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^would install the program to \/usr\/lib\/indelible$[^]*^would enable indelible\.socket$/m)]);
    expect(await everything()).toBe(before);
  });

  test('takes one command, after which doctor finds nothing wrong', async () => {
    installed = await machine.install();
    expect([installed.code, installed.stdout]).toEqual([0, expect.stringMatching(/ 0 fail, /)]);
    expect(installed.stdout).toMatch(/ok +canary/);
    expect(await machine.sh('systemctl is-enabled indelible.socket indelible-verify.timer')).toBe('enabled\nenabled');
    expect(await machine.sh('readlink -f /usr/bin/indelible; indelible --version')).toBe('/usr/lib/indelible/bin/indelible\n0.1.0');
  });

  test('runs on what it brought, whatever becomes of the host\'s Node', async () => {
    expect(await machine.sh('readlink /proc/$(systemctl show -P MainPID indelible.service)/exe')).toBe('/usr/lib/indelible/bin/node');
    // Even in a world without any other.
    expect(await machine.sh('PATH=/nowhere /usr/lib/indelible/bin/indelible --version')).toBe('0.1.0');
  });

  test('given again changes nothing, and records nothing', async () => {
    const before = await everything();
    const records = recordsIn(machine.path(state)).length;
    const { code, stdout } = await machine.install();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^nothing is to be changed$/m)]);
    expect(await everything()).toBe(before);
    expect(recordsIn(machine.path(state)).length).toBe(records);
    expect((await machine.install('--dry-run')).stdout).toBe('nothing is to be changed\n');
  });

  test('given again mends what was changed, keeps settings, and restarts the daemon with it', async () => {
    const pid = await machine.show('indelible.service', 'MainPID');
    await machine.sh('echo >> /usr/lib/indelible/dist/cli/main.js; echo "#mine" >> /etc/indelible/indelible.env; rm /usr/lib/systemd/system/indelible-alarm.target');
    const { code, stdout } = await machine.install();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^install the program to \/usr\/lib\/indelible$[^]*^write .*indelible-alarm\.target$[^]*^restart indelible\.service$/m)]);
    expect(await machine.show('indelible.service', 'MainPID')).not.toBe(pid);
    expect(machine.read('/etc/indelible/indelible.env')).toMatch(/#mine\n$/);
  });

  test('refuses names that an instance cannot have', async () => {
    for (const name of ['', 'Upper', 'a b', '../x', 'a'.repeat(21), 'keys', 'indelible', '-x']) {
      expect((await machine.install('--instance', name, '--dry-run')).code, name).toBe(2);
    }
  });
});

describe('the units', () => {
  test('are without fault in the eyes of systemd-analyze', async () => {
    const { code, stdout, stderr } = await machine.run(['sh', '-c', 'systemd-analyze verify --man=no /usr/lib/systemd/system/indelible*']);
    expect([code, stdout, stderr]).toEqual([0, '', '']);
  });

  test('are hardened to 1.0 at most, each service', async () => {
    const services = (await machine.sh('cd /usr/lib/systemd/system; ls indelible*.service')).split('\n').map((name) => name.replace('@.', '@x.'));
    expect(services.length).toBe(6);
    for (const service of services) {
      const { code, stdout } = await machine.run(['systemd-analyze', 'security', '--no-pager', '--threshold=10', service]);
      expect([service, code, stdout]).toEqual([service, 0, expect.stringMatching(/Overall exposure level for .*: [01]\.\d/)]);
      expect(Number(/level for \S+: (\d+\.\d)/.exec(stdout)?.[1])).toBeLessThanOrEqual(1);
    }
  });

  test('of instances differ from the first one\'s in names and places only', () => {
    const plain = (text: string): string => text.split('\n').filter((line) => !line.startsWith('#')).join('\n')
      .replaceAll('indelible@%i.sock', 'indelible.sock').replaceAll('/run/indelible/%i.sock', '/run/indelible/indelible.sock')
      .replaceAll(/@?-?%i/g, '').replaceAll(' , ', ', ').replaceAll(/ +$/gm, '').replaceAll('log ,', 'log,');
    for (const kind of ['.service', '.socket', '-init.service', '-verify.service', '-verify.timer']) {
      const [first, instance] = [`indelible${kind}`, `indelible${kind.replace('.', '@.')}`].map((name) => plain(machine.read(`/usr/lib/systemd/system/${name}`)));
      expect(instance).toBe(first);
    }
  });
});

describe('an uninstallation', () => {
  test('of an instance takes that one, and leaves its log and the others', async () => {
    expect((await machine.install('--instance', 'acme')).code).toBe(0);
    await machine.sh('indelible emit --socket /run/indelible/acme.sock --action kept');
    const { code, stdout } = await machine.install('--uninstall', '--instance', 'acme');
    expect([code, stdout]).toEqual([0, expect.stringContaining('/var/lib/indelible-acme')]);
    expect(recordsIn(machine.path('/var/lib/indelible-acme')).some(({ event }) => event['action'] === 'kept')).toBe(true);
    expect(await machine.sh('systemctl is-active indelible.socket indelible@acme.socket || true')).toBe('active\ninactive');
  });

  test('is told by --dry-run, which does nothing', async () => {
    const before = await everything();
    const { code, stdout } = await machine.install('--uninstall', '--dry-run');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^would remove \/usr\/lib\/indelible$/m)]);
    expect(await everything()).toBe(before);
    expect(await machine.show('indelible.service', 'ActiveState')).toBe('active');
  });

  test('acknowledges what is under way, leaves the log and says so, and leaves nothing else', async () => {
    await machine.sh(`indelible emit --socket ${socket} --action last`);
    // From what is installed: there need be no other copy.
    const { code, stdout } = await machine.run(['/usr/lib/indelible/scripts/install-systemd', '--uninstall']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ {2}\/var\/lib\/indelible$/m)]);
    expect(recordsIn(machine.path(state)).at(-1)?.kind).toBe('seal');
    const left = await machine.sh(`find / -xdev \\( -path /proc -o -path /opt -o -path ${state} -o -path /var/lib/indelible-acme \\) -prune -o -name '*indelible*' -print`);
    expect(left.split('\n').filter((path) => !path.startsWith('/var/lib/systemd/timers/')).sort()).toEqual([
      '/etc/indelible', '/etc/indelible/indelible.env', '/etc/indelible/indelible@acme.env', '/var/lib/indelible-keys', '/var/lib/indelible-keys/indelible-acme.key',
      '/var/lib/indelible-keys/indelible-acme.pub', '/var/lib/indelible-keys/indelible.key', '/var/lib/indelible-keys/indelible.pub',
    ]);
    expect((await machine.install('--uninstall')).stdout).toMatch(/^nothing is to be changed$/m);
  });

  test('followed by an installation goes on with the same log and the same key', async () => {
    const before = recordsIn(machine.path(state));
    const key = machine.read('/var/lib/indelible-keys/indelible.key');
    expect((await machine.install()).code).toBe(0);
    expect(recordsIn(machine.path(state)).slice(0, before.length)).toEqual(before);
    expect(machine.read('/var/lib/indelible-keys/indelible.key')).toBe(key);
    expect((await machine.run(['indelible', 'verify', '--state-dir', state, '--key', '/var/lib/indelible-keys/indelible.key'])).code).toBe(0);
  });
});
