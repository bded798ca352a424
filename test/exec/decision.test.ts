import { describe, expect, test } from 'vitest';
import { type Acl, parseAcl } from '../../src/exec/acl.js';
import { type Call, type Decision, decide } from '../../src/exec/decision.js';
import { ExecError } from '../../src/exec/failure.js';

const agent = 'a'.repeat(64);
const machine = 'b'.repeat(64);
const call: Call = { agentId: agent, machineId: machine, uid: 1000, argv: ['git', 'log'], brokenVariables: [], stdinBytes: 0, timeoutMs: undefined, cwd: '/srv/app' };
const eventBytesMax = 256 * 1024;

function aclOf(parts: object): Acl {
  return parseAcl(JSON.stringify({ version: 1, enabled: true, commands: [{ description: 'git', argv: ['git', '**'] }], ...parts }));
}

function reasonOf(decision: Decision): string {
  return decision.kind === 'denied' ? decision.reason : 'allowed';
}

function reason(parts: object, change: Partial<Call> = {}): string {
  return reasonOf(decide({ ...call, ...change }, aclOf(parts), eventBytesMax));
}

describe('without an ACL', () => {
  test('every argv may run, within the usual limits', () => {
    const decision = decide({ ...call, argv: ['sh', '-c', 'a; b | c > d'], timeoutMs: 86_400_000 }, undefined, eventBytesMax);
    expect(decision).toEqual({
      kind: 'allowed', rule: undefined,
      limits: { stdinBytes: undefined, stdoutBytes: 16 * 2 ** 20, stderrBytes: 16 * 2 ** 20, durationMs: 86_400_000 },
    });
    expect(decide(call, undefined, eventBytesMax)).toMatchObject({ limits: { durationMs: 300_000 } });
  });

  test('what an event cannot hold as it is, is malformed; what is too large is recorded empty', () => {
    expect(decide({ ...call, argv: ['touch', 'a\ufffdb'] }, undefined, eventBytesMax)).toMatchObject({ reason: 'malformed_frame', argv: ['touch', 'a\ufffdb'], why: 'argument 1 is not UTF-8' });
    expect(decide({ ...call, brokenVariables: ['A'] }, undefined, eventBytesMax)).toMatchObject({ reason: 'malformed_frame', argv: ['git', 'log'] });
    expect(decide({ ...call, argv: ['echo', 'x'.repeat(eventBytesMax)] }, undefined, eventBytesMax)).toMatchObject({ reason: 'malformed_frame', argv: [] });
    expect(decide({ ...call, argv: Array.from({ length: 9001 }, () => 'x') }, undefined, eventBytesMax)).toMatchObject({ argv: [] });
  });
});

describe('who', () => {
  test('an ACL that is off denies everything', () => {
    expect(reason({ enabled: false })).toBe('exec_disabled');
  });

  test('an agent is known by both its ids, on any machine where none is named', () => {
    expect(reason({ agents: [] })).toBe('agent_machine_not_in_acl');
    expect(reason({ agents: [{ agent_id: machine }] })).toBe('agent_machine_not_in_acl');
    expect(reason({ agents: [{ agent_id: agent, machine_id: agent }] })).toBe('agent_machine_not_in_acl');
    expect(reason({ agents: [{ agent_id: agent, machine_id: machine }] })).toBe('allowed');
    expect(reason({ agents: [{ agent_id: agent }] })).toBe('allowed');
  });

  test('an id is taken only from the user it belongs to', () => {
    expect(reason({ agents: [{ agent_id: agent, uid: 1001 }] })).toBe('unverified_sender');
    expect(reason({ agents: [{ agent_id: agent, uid: 1001 }, { agent_id: agent, uid: 1000 }] })).toBe('allowed');
  });

  test('whoever is not trusted is denied, whatever else allows him', () => {
    expect(reason({ agents: [{ agent_id: agent }, { agent_id: agent, trusted: false }] })).toBe('trust_rejected');
  });
});

describe('what', () => {
  const commands = (argv: readonly string[], more: object = {}): object => ({ commands: [{ description: 'it', argv, ...more }] });

  test('what no pattern lists is denied', () => {
    expect(reason({ commands: [] })).toBe('argv_not_allowed');
    for (const [argv, expected] of [
      [['git'], 'argv_not_allowed'], [['git', '*'], 'allowed'], [['git', 'l*g'], 'allowed'], [['git', 'l*x'], 'argv_not_allowed'],
      [['git', 'log', '*'], 'argv_not_allowed'], [['git', 'log', '**'], 'allowed'], [['**'], 'allowed'], [['Git', '**'], 'argv_not_allowed'],
      [['git', 'log*'], 'allowed'], [['git', '*l*o*g*'], 'allowed'], [['*', 'log'], 'allowed'], [['git', ''], 'argv_not_allowed'],
    ] as const) expect([argv, reason(commands(argv))]).toEqual([argv, expected]);
  });

  test('in a command `*` is one name of its path, which never goes up', () => {
    for (const [pattern, command, expected] of [
      ['/usr/bin/*', '/usr/bin/git', 'allowed'], ['/usr/bin/*', '/usr/bin/a/b', 'argv_not_allowed'],
      ['/usr/bin/*', '/usr/bin/../../../tmp/evil.sh', 'argv_not_allowed'], ['/usr/bin/*', '/usr/bin/..', 'argv_not_allowed'],
      ['/usr/*/git', '/usr/../git', 'argv_not_allowed'], ['/opt/*/bin/*', '/opt/a/bin/b', 'allowed'], ['*', './git', 'argv_not_allowed'],
      ['*', '/tmp/evil.sh', 'argv_not_allowed'], ['/usr/bin/*', '/usr/bin/a..b', 'allowed'],
    ] as const) expect([pattern, command, reason(commands([pattern, '**']), { argv: [command, 'log'] })]).toEqual([pattern, command, expected]);
    expect(reason(commands(['git', '/srv/*']), { argv: ['git', '/srv/a/../b'] })).toBe('allowed');
  });

  test('a shell\'s metacharacters are allowed only where the pattern spells them out', () => {
    for (const character of ['|', '&', ';', '(', ')', '<', '>', '$', '`', '\\', '\n', '\r']) {
      const argv = ['git', `a${character}b`];
      expect([character, reason(commands(['git', '*']), { argv })]).toEqual([character, 'shell_metachar_in_argv']);
      expect([character, reason(commands(['git', '**']), { argv })]).toEqual([character, 'shell_metachar_in_argv']);
      expect([character, reason(commands(['git', `*${character}*`]), { argv })]).toEqual([character, 'allowed']);
      expect([character, reason(commands(['git', `*${character}*`]), { argv: ['git', `${character}b${character}`] })]).toEqual([character, 'shell_metachar_in_argv']);
    }
    expect(reason(commands(['git', '*']), { argv: ['git', 'it\'s "a" [*]?{b}~ c'] })).toBe('allowed');
    expect(reason(commands(['ls', '*']), { argv: ['git', 'a;b'] })).toBe('shell_metachar_in_argv');
  });

  test('a hostile argument is matched in time', () => {
    expect(reason(commands(['git', `${'*a'.repeat(500)}b`]), { argv: ['git', 'a'.repeat(20_000)] })).toBe('argv_not_allowed');
  });

  test('the working directory, `*` for one name and `/**` for all below', () => {
    for (const [cwd, expected] of [
      [[], 'cwd_not_allowed'], [['/srv'], 'cwd_not_allowed'], [['/srv/*'], 'allowed'], [['/*'], 'cwd_not_allowed'], [['/**'], 'allowed'],
      [['/srv/**'], 'allowed'], [['/srv/app/**'], 'allowed'], [['/srv/ap/**'], 'cwd_not_allowed'], [['/s*/a*'], 'allowed'], [['/x', '/srv/app'], 'allowed'],
      [['/srv/app/*'], 'cwd_not_allowed'],
    ] as const) expect([cwd, reason(commands(['**'], { cwd }))]).toEqual([cwd, expected]);
    expect(reason(commands(['**'], { cwd: ['/srv/app/**'] }), { cwd: '/srv/apple' })).toBe('cwd_not_allowed');
  });

  test('stdin and time', () => {
    expect(reason(commands(['**'], { stdin_bytes_max: 9 }), { stdinBytes: 9 })).toBe('allowed');
    expect(reason(commands(['**'], { stdin_bytes_max: 9 }), { stdinBytes: 10 })).toBe('stdin_too_large');
    expect(reason(commands(['**'], { timeout_ms_max: 9 }), { timeoutMs: 10 })).toBe('timeout_too_large');
    expect(reason(commands(['**']), { timeoutMs: 300_000 })).toBe('allowed');
    expect(reason(commands(['**']), { timeoutMs: 300_001 })).toBe('timeout_too_large');
    expect(decide(call, aclOf(commands(['**'], { timeout_ms_max: 9 })), eventBytesMax)).toMatchObject({ limits: { durationMs: 9 } });
    expect(decide(call, aclOf(commands(['**'], { timeout_ms_max: 900_000 })), eventBytesMax)).toMatchObject({ limits: { durationMs: 300_000 } });
  });

  test('the first rule that admits everything decides; if none does, the first that lists the call says why', () => {
    const rules = [
      { description: 'elsewhere', argv: ['git', '**'], cwd: ['/x'] }, { description: 'short', argv: ['git', '**'], timeout_ms_max: 5 },
      { description: 'long', argv: ['git', '**'], timeout_ms_max: 50, stdout_bytes_max: 7, stderr_bytes_max: 8, stdin_bytes_max: 9 },
    ];
    expect(decide({ ...call, timeoutMs: 20 }, aclOf({ commands: rules }), eventBytesMax)).toMatchObject({
      kind: 'allowed', rule: { description: 'long' }, limits: { stdinBytes: 9, stdoutBytes: 7, stderrBytes: 8, durationMs: 20 },
    });
    expect(reason({ commands: rules }, { timeoutMs: 99 })).toBe('cwd_not_allowed');
  });
});

describe('an ACL with a mistake', () => {
  const good = { version: 1, enabled: true, commands: [{ description: 'a', argv: ['a'] }] };
  const command = (more: object): object => ({ ...good, commands: [{ description: 'a', argv: ['a'], ...more }] });

  test('is an error that names the place', () => {
    for (const [acl, place] of [
      [{ ...good, version: 2 }, '/version '], [{ ...good, enabled: 'yes' }, '/enabled '], [{ ...good, agent: [] }, '/agent '],
      [{ version: 1, enabled: true }, '/commands '], [[], '/ '], [command({ argv: [] }), '/commands/0/argv '], [command({ argv: ['/bin/../x'] }), '/commands/0/argv/0 '],
      [command({ argv: ['**', 'b'] }), '/commands/0/argv/0 '], [command({ argv: ['a', 'b**'] }), '/commands/0/argv/1 '],
      [command({ timeout_max: 1 }), '/commands/0/timeout_max '], [command({ timeout_ms_max: 2 ** 31 }), '/commands/0/timeout_ms_max '],
      [command({ stdin_bytes_max: -1 }), '/commands/0/stdin_bytes_max '], [command({ cwd: ['srv'] }), '/commands/0/cwd/0 '],
      [command({ cwd: ['/**/x'] }), '/commands/0/cwd/0 '], [command({ description: '' }), '/commands/0/description '],
      [{ ...good, agents: [{ agent_id: 'A'.repeat(64) }] }, '/agents/0/agent_id '], [{ ...good, agents: [{ agent_id: agent, user: 1 }] }, '/agents/0/user '],
      [command({ concurrency_max: 1.5 }), '/commands/0/concurrency_max '], [command({ cwd: null }), '/commands/0/cwd '],
    ] as const) {
      expect(() => parseAcl(JSON.stringify(acl))).toThrow(ExecError);
      expect(() => parseAcl(JSON.stringify(acl))).toThrow(new RegExp(`^${place}`));
    }
    expect(() => parseAcl('{')).toThrow(/^not JSON/);
  });

  test('may not have a key twice, however it is spelled', () => {
    const rule = String.raw`{"description": "\"}{", "argv": ["a", "argv", "argv"]}`;
    expect(parseAcl(`{"version": 1, "enabled": true, "commands": [${rule}, ${rule}]}`).rules).toHaveLength(2);
    expect(() => parseAcl('{"version": 1, "enabled": false, "commands": [],\n"enabled": true}')).toThrow('line 2: the key "enabled" is there twice');
    expect(() => parseAcl(String.raw`{"version": 1, "enabled": false, "\u0065nabled" : true, "commands": []}`)).toThrow(/is there twice/);
    expect(() => parseAcl('{"version": 1, "enabled": true, "commands": [{"description": "d", "argv": ["a"], "argv": ["b"]}]}')).toThrow(/"argv" is there twice/);
  });
});
