// `indelible exec` as people run it: what the command sees, what the log says, and that nothing runs unrecorded.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Daemon as FakeDaemon } from '../client/daemon.js';
import { Daemon, program } from '../daemon.js';
import { type AclFile, readAcl } from '../../src/exec/acl-file.js';
import { makePipes } from '../../src/exec/pipe.js';
import { slotDirectory, slotName } from '../../src/exec/slots.js';
import { statOf } from '../../src/exec/stat.js';
import { Wrapped, aclIn, eventsOf, outline, wrap } from '../exec/wrapped.js';

const place = realpathSync(mkdtempSync(join(tmpdir(), 'ind-run-')));
const agent = 'a'.repeat(64);
const machine = 'b'.repeat(64);
const ids = ['--agent-id', agent, '--machine-id', machine];
afterAll(() => { rmSync(place, { recursive: true }); });

let daemon: FakeDaemon;
beforeEach(async () => { daemon = await new FakeDaemon().start(); });
afterEach(async () => { await daemon.end(); });

function events(): ReturnType<typeof eventsOf> {
  return eventsOf(daemon);
}

/** When the daemon has been sent an event of that name; `then` may bring it about. */
async function sent(name: string, then: () => void = () => undefined): Promise<void> {
  const before = daemon.answer;
  const seen = new Promise<void>((resolve) => {
    if (outline(events()).includes(name)) resolve();
    daemon.answer = (append) => {
      if (append.events.some(({ event }) => 'event' in event && event['event'] === name)) resolve();
      return before(append);
    };
  });
  then();
  await seen;
  daemon.answer = before;
}

/** A command in JavaScript. */
function js(code: string): string[] {
  return [process.execPath, '-e', code];
}

/** Whether a process goes on; one that has ended may be a zombie for ever where nobody takes orphans in. */
function isAlive(pid: number): boolean {
  return statOf(String(pid))?.isAlive ?? false;
}

function allow(rule: object, more: object = {}): string {
  return aclIn(place, { commands: [{ description: 'all', argv: ['**'], ...rule }], ...more });
}

const uid = process.getuid?.() ?? 0;
/** Which rules were counted, in the user's own home: no environment names another place. */
const counted: AclFile[] = [];
afterAll(() => {
  const slots = counted.flatMap((file) => file.acl.rules.map((rule) => slotName(file, rule, 0)));
  for (const slot of slots) rmSync(join(slotDirectory(uid, {}), slot), { force: true });
});

function allowOne(): string {
  const path = allow({ concurrency_max: 1 });
  counted.push(readAcl(path, uid));
  return path;
}

describe('a command', () => {
  test('runs as if called directly, and its life is on record', async () => {
    const ended = await wrap(daemon.path, [...ids, '--', 'sh', '-c', 'echo out; echo err >&2; pwd; exit 7'], { cwd: place });
    expect(ended).toMatchObject({ code: 7, stdout: Buffer.from(`out\n${place}\n`), stderr: 'err\n' });
    const [request, started, exit] = events();
    expect(request).toEqual({
      event: 'request', ts_unix_ms: expect.any(Number) as number, request_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, agent_id: agent,
      machine_id: machine, argv: ['sh', '-c', 'echo out; echo err >&2; pwd; exit 7'], matched_acl: null, stdin_bytes: 0, timeout_ms: 300_000,
    });
    const { request_id } = request ?? {};
    expect(started).toEqual({ event: 'started', ts_unix_ms: expect.any(Number) as number, request_id, pid: expect.any(Number) as number });
    expect(exit).toEqual({
      event: 'exit', ts_unix_ms: expect.any(Number) as number, request_id, code: 7, signal: null, duration_ms: expect.any(Number) as number,
      stdout_bytes: 5 + place.length, stderr_bytes: 4, truncated: false,
    });
    expect(daemon.records).toHaveLength(3);
    expect(daemon.records.every(({ entry }) => entry.profile === 'x0x.exec')).toBe(true);
  });

  test('gets its arguments untouched, options and all, and ids are derived where none are given', async () => {
    const argv = ['printf', '%s\n', '--acl', '-h', '--', '', 'a b', '*', '\u202e'];
    const { stdout } = await wrap(daemon.path, ['--', ...argv]);
    expect(stdout.toString('utf8')).toBe('--acl\n-h\n--\n\na b\n*\n\u202e\n');
    expect(events()[0]).toMatchObject({ argv, agent_id: expect.stringMatching(/^[0-9a-f]{64}$/) as string, machine_id: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  test('passes 3 MB of every byte through both ways, exactly', async () => {
    const bytes = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16)) & 255));
    writeFileSync(join(place, 'bytes'), bytes);
    const file = openSync(join(place, 'bytes'), 'r');
    const ended = await wrap(daemon.path, ['--', 'sh', '-c', 'tee /dev/stderr | cat'], { stdin: file });
    closeSync(file);
    expect(createHash('sha256').update(ended.stdout).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(events()[0]).toMatchObject({ stdin_bytes: 3_000_000 });
    expect(events().at(-1)).toMatchObject({ stdout_bytes: 3_000_000, stderr_bytes: 3_000_000, truncated: false });
    const piped = Wrapped.start(daemon.path, ['--acl', allow({ stdin_bytes_max: 3_000_000 }), '--', 'cat'], { stdin: 'pipe' });
    piped.process.stdin?.end(bytes);
    expect((await piped.ended).stdout.equals(bytes)).toBe(true);
  });

  test('writes as it goes: what it says is there before it ends', async () => {
    const run = Wrapped.start(daemon.path, ['--', 'sh', '-c', 'printf now; read line; echo " $line"'], { stdin: 'pipe' });
    await run.says(/^now$/);
    run.type('then\n');
    expect((await run.ended).stdout.toString('utf8')).toBe('now then\n');
  });

  test('may open its output by name, and ends by SIGPIPE when nobody reads it', async () => {
    expect((await wrap(daemon.path, ['--', 'sh', '-c', 'echo a >/dev/stdout; echo b >/dev/stderr'])).stdout.toString('utf8')).toBe('a\n');
    const run = Wrapped.start(daemon.path, ['--', 'yes']);
    await run.says(/y/);
    run.process.stdout?.destroy();
    expect(await run.ended).toMatchObject({ code: 128 + 13 });
    expect(events().at(-1)).toMatchObject({ code: null, signal: 13, truncated: false });
  });

  test('whose output finds no room has not succeeded, as it would not have by itself; a failure and the record stay its own', async () => {
    const full = openSync('/dev/full', 'w');
    for (const [own, code] of [[0, 125], [7, 7]] as const) {
      const ended = await wrap(daemon.path, ['--', 'sh', '-c', `echo lost; exit ${own}`], { stdout: full });
      expect(ended).toMatchObject({ code, stderr: expect.stringMatching(/^indelible: output could not be passed on: ENOSPC[^\n]*\n$/) as string });
      expect(events().at(-1)).toMatchObject({ event: 'exit', code: own, signal: null, stdout_bytes: 0, truncated: false });
    }
    expect(await wrap(daemon.path, ['--', 'true'], { stdout: full })).toMatchObject({ code: 0, stderr: '' });
    closeSync(full);
  });

  test('has the descriptors above 2 that we were given, and none of ours', async () => {
    writeFileSync(join(place, 'seven'), 'seven');
    const exec = `${process.execPath} ${program} exec --socket ${daemon.path} --`;
    const [numbers, token] = ['ls /proc/self/fd', 'echo token >&4; head -n 1 <&3'];
    const seven = `exec 7<${join(place, 'seven')};`;
    const lines = [
      numbers, `${exec} ${numbers}`, `${seven} ${numbers}`, `${seven} ${exec} ${numbers}`, `${seven} ${exec} sh -c 'head -c 5 <&7'`,
      // Both ends of one pipe, as make(1) passes its jobserver's.
      `true | { exec 3<&0 4>/proc/self/fd/0 </dev/null; ${exec} sh -c '${token}'; exit $?; }`,
    ];
    const [none, noneHere, one, oneHere, ...read] = await Promise.all(lines.map(async (line) => {
      const shell = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
      return (await shell.stdout.setEncoding('utf8').toArray()).join('');
    }));
    expect([noneHere, oneHere]).toEqual([none, one]);
    expect(read).toEqual(['seven', 'token\n']);
  });

  test('leaves the pipes it was given blocking, for whoever else writes to them', async () => {
    const [pipe] = makePipes(1);
    if (pipe === undefined) throw new Error('no pipe');
    const run = spawn(process.execPath, [program, 'exec', '--socket', daemon.path, '--', 'cat'], { stdio: ['pipe', pipe.write, pipe.write], detached: true });
    await sent('exit', () => { run.stdin?.end(); });
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${pipe.write}`, 'utf8'))?.[1];
    expect(Number.parseInt(flags ?? '', 8) & constants.O_NONBLOCK).toBe(0);
    await once(run, 'exit');
    closeSync(pipe.read);
    closeSync(pipe.write);
  });

  test('that cannot be started is a request and a denial', async () => {
    const script = join(place, 'script');
    writeFileSync(script, '#!/nonexistent/interpreter\n', { mode: 0o755 });
    for (const [name, code, said] of [
      ['no-such-command', 127, 'not found: no-such-command'], [join(place, 'absent'), 127, `not found: ${place}/absent`],
      [script, 127, `cannot be started: ${script}: the interpreter that it names was not found`],
      ['/etc/passwd', 126, 'cannot be started: /etc/passwd: permission denied'], [place, 126, `cannot be started: ${place}: permission denied`],
    ] as const) {
      daemon.records.length = 0;
      expect(await wrap(daemon.path, ['--', name, 'x'])).toMatchObject({ code, stderr: `indelible: ${said}\n` });
      expect(outline(events())).toEqual(['request', 'denial spawn_failed']);
      expect(events()[1]).toMatchObject({ argv: [name, 'x'], request_id: events()[0]?.['request_id'] });
    }
  });

  test('that a signal ended gives 128 and its number', async () => {
    expect((await wrap(daemon.path, ['--', 'sh', '-c', 'kill -KILL $$'])).code).toBe(137);
    expect(events().at(-1)).toMatchObject({ code: null, signal: 9 });
  });
});

describe('signals', () => {
  const names = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTSTP', 'SIGCONT', 'SIGTERM'] as const;

  test('are passed on, each once and in their order', async () => {
    const run = Wrapped.start(daemon.path, ['--', ...js(`
      for (const s of ${JSON.stringify(names)}) process.on(s, () => { console.log(s); if (s === 'SIGTERM') process.exit(3); });
      console.log('ready'); setInterval(() => {}, 1e6);`)]);
    await run.says(/ready\n/);
    for (const name of names) {
      run.process.kill(name);
      await run.says(new RegExp(`${name}\n`));
    }
    const ended = await run.ended;
    expect(ended).toMatchObject({ code: 3, signal: null });
    expect(ended.stdout.toString('utf8')).toBe(`ready\n${names.join('\n')}\n`);
  });

  test('reach the whole group of the command', async () => {
    const run = Wrapped.start(daemon.path, ['--', 'sh', '-c', `${js('process.on("SIGTERM", () => { console.log("inner"); process.exit(0); }); console.log("ready"); setInterval(() => {}, 1e6)')
      .map((word) => `'${word}'`).join(' ')}; echo never`]);
    await run.says(/ready\n/);
    run.process.kill('SIGTERM');
    const { code, stdout } = await run.ended;
    expect([code, stdout.toString('utf8')]).toEqual([143, 'ready\ninner\n']);
  });
});

describe('what a command leaves in the background', () => {
  test('belongs to it: its end is the end of both', async () => {
    const marker = join(place, 'background');
    const run = Wrapped.start(daemon.path, ['--', 'sh', '-c', `exec 3<&0; (cat <&3; touch ${marker}) >/dev/null 2>&1 & echo ready; exit 3`], { stdin: 'pipe' });
    await Promise.all([run.says(/ready/), sent('started')]);
    run.process.stdin?.end();
    expect([(await run.ended).code, existsSync(marker)]).toEqual([3, true]);
    expect(outline(events())).toEqual(['request', 'started', 'exit']);
    expect(events().at(-1)).toMatchObject({ code: 3, signal: null, truncated: false });
  });

  test('ends a moment after a signal that it does not mind', async () => {
    const deaf = join(place, 'deaf.sh');
    writeFileSync(deaf, 'trap "" INT; echo "pid $$"; exec sleep 1000 >/dev/null 2>&1');
    const run = Wrapped.start(daemon.path, ['--', 'sh', '-c', `sh ${deaf} &`]);
    const left = Number(await run.says(/pid (\d+)\n/));
    run.process.kill('SIGINT');
    await run.ended;
    expect(isAlive(left)).toBe(false);
    expect(outline(events())).toEqual(['request', 'started', 'warning cancelled', 'exit']);
  });
});

describe('under a terminal', () => {
  test('the command has it: stdin, stdout, stderr, /dev/tty, its size', async () => {
    const run = Wrapped.underTerminal(daemon.path, ['sh', '-c', 'test -t 0 && test -t 1 && test -t 2 && echo three >/dev/tty; stty rows 12 cols 34; stty size; exit 5']);
    const { code, stdout } = await run.ended;
    expect(stdout.toString('utf8')).toBe('three\r\n12 34\r\n');
    expect(code).toBe(5);
    expect(events().at(-1)).toMatchObject({ event: 'exit', code: 5, stdout_bytes: 0, stderr_bytes: 0 });
  });

  test('^C comes to it once, from the terminal and not from us; what others send is passed on', async () => {
    const run = Wrapped.underTerminal(daemon.path, js(`
      let n = 0;
      process.on('SIGINT', () => { n += 1; console.log('int'); });
      process.on('SIGUSR1', () => { console.log('total ' + n); process.exit(9); });
      console.log('ready ' + process.ppid); setInterval(() => {}, 1e6);`));
    const wrapper = Number(await run.says(/ready (\d+)\r\n/));
    run.type('\u0003');
    await run.says(/int\r\n/);
    process.kill(wrapper, 'SIGUSR1');
    const { code, stdout } = await run.ended;
    expect(stdout.toString('utf8')).toContain('total 1\r\n');
    expect(code).toBe(9);
  });
});

describe('caps', () => {
  test('warn once and cut output off, byte for byte, and the command sees a closed pipe', async () => {
    for (const [name, to] of [['stdout', ''], ['stderr', ' >&2']] as const) {
      daemon.records.length = 0;
      const argv = ['sh', '-c', `exec cat /dev/zero${to}`];
      const ended = await wrap(daemon.path, ['--acl', allow({ argv, [`${name}_bytes_max`]: 100_000 }), '--', ...argv]);
      expect(ended.code).toBe(141);
      if (name === 'stdout') expect(ended.stdout.equals(Buffer.alloc(100_000))).toBe(true);
      expect(ended.stderr).toContain(`${name} was cut off after its cap of 100000 bytes`);
      expect(outline(events())).toEqual(['request', 'started', `warning ${name}_approaching_cap`, `warning ${name}_cap_hit`, 'exit']);
      expect(events()[3]).toMatchObject({ bytes: 100_000 });
      expect(events()[4]).toMatchObject({ [`${name}_bytes`]: 100_000, truncated: true, signal: 13 });
    }
  });

  test('that are just reached cut nothing off', async () => {
    await wrap(daemon.path, ['--acl', allow({ stdout_bytes_max: 10 }), '--', 'printf', '0123456789']);
    expect(outline(events())).toEqual(['request', 'started', 'warning stdout_approaching_cap', 'exit']);
    expect(events().at(-1)).toMatchObject({ code: 0, stdout_bytes: 10, truncated: false });
  });

  test('by default come at 16 MiB, after a warning at 8', async () => {
    const { stdout } = await wrap(daemon.path, ['--', 'head', '-c', '17000000', '/dev/zero']);
    expect(stdout.length).toBe(16 * 2 ** 20);
    expect(outline(events()).slice(2, 4)).toEqual(['warning stdout_approaching_cap', 'warning stdout_cap_hit']);
    expect(Number(events()[2]?.['bytes'])).toBeGreaterThanOrEqual(8 * 2 ** 20);
  });

  test('of a pipe that is stdin end the command, which never gets more', async () => {
    const argv = ['sh', '-c', 'head -c 5; echo; exec sleep 1000'];
    const run = Wrapped.start(daemon.path, ['--acl', allow({ argv, stdin_bytes_max: 5 }), '--', ...argv], { stdin: 'pipe' });
    run.type('01234');
    await run.says(/01234\n/);
    run.type('5');
    const ended = await run.ended;
    expect([ended.code, ended.stdout.toString('utf8')]).toEqual([143, '01234\n']);
    expect(outline(events())).toEqual(['request', 'started', 'warning cancelled', 'exit']);
    expect(events()[2]).toMatchObject({ bytes: 5 });
  });

  test('a command that wants no stdin ends without waiting for it', async () => {
    const run = Wrapped.start(daemon.path, ['--acl', allow({ stdin_bytes_max: 5 }), '--', 'true'], { stdin: 'pipe' });
    expect((await run.ended).code).toBe(0);
    expect((await wrap(daemon.path, ['--acl', allow({ stdin_bytes_max: 0 }), '--', 'cat'])).code).toBe(0);
  });
});

describe('the time limit', () => {
  test('warns, then ends the command and its group', async () => {
    for (const other of ['sleep 1000', '(trap "" TERM; sleep 1000)']) {
      daemon.records.length = 0;
      const { code, stderr } = await wrap(daemon.path, ['--timeout', '400', '--', 'sh', '-c', `${other} & sleep 1000; echo never`]);
      expect(code).toBe(143);
      expect(stderr).toContain('over its limit of 400 ms');
      expect(outline(events())).toEqual(['request', 'started', 'warning duration_approaching_cap', 'warning cancelled', 'exit']);
      // Not truncated: its output was closed, so nobody of the group is left.
      expect(events().at(-1)).toMatchObject({ code: null, signal: 15, truncated: false });
    }
  });

  test('kills a command that does not mind SIGTERM', async () => {
    const { code } = await wrap(daemon.path, ['--timeout', '400', '--', 'sh', '-c', 'trap "" TERM; sleep 1000; sleep 1000']);
    expect(code).toBe(137);
    expect(events().at(-1)).toMatchObject({ signal: 9 });
  });

  test('ends what the command left in the background, whether it holds the output or not', async () => {
    for (const output of ['', ' >/dev/null 2>&1']) {
      daemon.records.length = 0;
      const run = Wrapped.start(daemon.path, ['--timeout', '400', '--', 'sh', '-c', `sleep 1000${output} & echo "pid $!"; exit 4`]);
      const left = Number(await run.says(/pid (\d+)\n/));
      const { code, stderr } = await run.ended;
      expect([code, isAlive(left)]).toEqual([4, false]);
      expect(stderr).toContain('what it left behind, was ended: over its limit of 400 ms');
      expect(outline(events())).toEqual(['request', 'started', 'warning duration_approaching_cap', 'warning cancelled', 'exit']);
      expect(events().at(-1)).toMatchObject({ code: 4, signal: null, truncated: false });
      expect(Number(events().at(-1)?.['duration_ms'])).toBeGreaterThanOrEqual(400);
    }
  });

  test('ends the wait for what left the group of the command with its output open', async () => {
    const run = Wrapped.start(daemon.path, ['--timeout', '400', '--', 'sh', '-c', 'setsid sleep 1000 & echo "pid $!"; exit 4']);
    const left = Number(await run.says(/pid (\d+)\n/));
    expect((await run.ended).code).toBe(4);
    process.kill(left, 'SIGKILL');
    expect(outline(events()).slice(-2)).toEqual(['warning cancelled', 'exit']);
    expect(events().at(-1)).toMatchObject({ code: 4, truncated: true });
  });

  test('holds also when nobody takes the output', async () => {
    const run = Wrapped.start(daemon.path, ['--timeout', '400', '--', 'yes'], { stdout: 'stalled' });
    expect(await run.ended).toMatchObject({ signal: 'SIGTERM' });
    run.process.stdout?.destroy();
    expect(outline(events())).toEqual(['request', 'started', 'warning duration_approaching_cap', 'warning cancelled', 'exit']);
    expect(events().at(-1)).toMatchObject({ signal: 15, truncated: true });
  });
});

describe('a denial', () => {
  const marker = join(place, 'marker');
  const touch = ['--', 'touch', marker];

  async function reasonOf(args: readonly string[], options: Parameters<typeof wrap>[2] = {}): Promise<string> {
    daemon.records.length = 0;
    const { code } = await wrap(daemon.path, [...ids, ...args], options);
    expect(existsSync(marker)).toBe(false);
    expect([code, events().length]).toEqual([126, 1]);
    expect(events()[0]).toMatchObject({ event: 'denial', agent_id: agent, machine_id: machine });
    return String(events()[0]?.['reason']);
  }

  test('is alone in the log, for every reason, and nothing runs', async () => {
    const agents = (entry: object): string => allow({}, { agents: [{ agent_id: agent, ...entry }] });
    writeFileSync(join(place, 'input'), '0123456789');
    const input = openSync(join(place, 'input'), 'r');
    expect(await reasonOf(['--acl', allow({}, { enabled: false }), ...touch])).toBe('exec_disabled');
    expect(await reasonOf(['--acl', agents({ uid: (process.getuid?.() ?? 0) + 1 }), ...touch])).toBe('unverified_sender');
    expect(await reasonOf(['--acl', agents({ trusted: false }), ...touch])).toBe('trust_rejected');
    expect(await reasonOf(['--acl', agents({ machine_id: agent }), ...touch])).toBe('agent_machine_not_in_acl');
    expect(await reasonOf(['--acl', allow({ argv: ['touch'] }), ...touch])).toBe('argv_not_allowed');
    expect(await reasonOf(['--acl', allow({ stdin_bytes_max: 9 }), ...touch], { stdin: input })).toBe('stdin_too_large');
    expect(await reasonOf(['--acl', allow({ timeout_ms_max: 9 }), '--timeout', '10', ...touch])).toBe('timeout_too_large');
    expect(await reasonOf(['--acl', allow({ cwd: ['/nowhere/**'] }), ...touch])).toBe('cwd_not_allowed');
    expect(await reasonOf(['--acl', allow({ concurrency_max: 0 }), ...touch])).toBe('concurrency_limit_reached');
    expect(await reasonOf(['--acl', allow({}), '--', 'sh', '-c', `touch ${marker};`])).toBe('shell_metachar_in_argv');
    expect(await reasonOf(['--', 'touch', marker, 'x'.repeat(10_000)])).toBe('malformed_frame');
    closeSync(input);
  });

  test('meets an argument or a variable that is not UTF-8, which would otherwise become another one', async () => {
    const exec = `exec ${process.execPath} ${program} exec --socket ${daemon.path} --`;
    const bad = '"$(printf \'\\377\')"';
    for (const [line, why] of [[`${exec} touch ${bad}`, 'argument 1'], [`export BAD=${bad}; ${exec} touch never`, 'the variable BAD']] as const) {
      daemon.records.length = 0;
      const cwd = mkdtempSync(join(place, 'odd-'));
      const shell = spawn('sh', ['-c', line], { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd });
      const [said, [code]] = await Promise.all([shell.stderr.setEncoding('utf8').toArray(), once(shell, 'exit') as Promise<[number]>]);
      expect([code, outline(events()), readdirSync(cwd)]).toEqual([126, ['denial malformed_frame'], []]);
      expect(said.join('')).toContain(`denied: malformed_frame: ${why}`);
    }
  });

  test('a matched rule is recorded by its description', async () => {
    await wrap(daemon.path, ['--acl', allow({ description: 'look around', argv: ['ls', '*'] }), '--', 'ls', place]);
    expect(events()[0]).toMatchObject({ event: 'request', matched_acl: 'look around' });
  });

  test('for concurrency ends with the wrapper, even one that is killed, and the environment has no say', async () => {
    const acl = allowOne();
    const first = Wrapped.start(daemon.path, ['--acl', acl, '--', 'cat'], { stdin: 'pipe' });
    await sent('started');
    for (const name of ['XDG_RUNTIME_DIR', 'XDG_STATE_HOME', 'INDELIBLE_STATE_DIR', 'HOME', 'STATE_DIRECTORY', 'RUNTIME_DIRECTORY']) {
      expect([name, await reasonOf(['--acl', acl, ...touch], { env: { [name]: place } })]).toEqual([name, 'concurrency_limit_reached']);
    }
    first.process.kill('SIGKILL');
    first.process.stdin?.destroy();
    await first.ended;
    expect((await wrap(daemon.path, ['--acl', acl, '--', 'true'])).code).toBe(0);
  });

  test('for concurrency lasts as long as what the command left in the background', async () => {
    const acl = allowOne();
    const script = join(place, 'leaves.sh');
    writeFileSync(script, 'exec 3<&0; (while [ -d /proc/$$ ]; do sleep 0.01; done; echo gone; exec cat <&3 >/dev/null 2>&1) & exit 0');
    const first = Wrapped.start(daemon.path, ['--acl', acl, '--', 'sh', script], { stdin: 'pipe' });
    await Promise.all([first.says(/gone/), sent('started')]);
    expect(await reasonOf(['--acl', acl, ...touch])).toBe('concurrency_limit_reached');
    first.process.stdin?.end();
    expect((await first.ended).code).toBe(0);
    expect((await wrap(daemon.path, ['--acl', acl, '--', 'true'])).code).toBe(0);
  });
});

describe('nothing runs unrecorded', () => {
  const marker = join(place, 'ran');
  const touch = ['--', 'touch', marker];

  test('without a daemon', async () => {
    const { code, stderr } = await wrap(join(place, 'no-socket'), touch);
    expect([code, existsSync(marker)]).toEqual([125, false]);
    expect(stderr).toContain('nothing was run');
  });

  test('with too few threads to pass its streams on', async () => {
    expect((await wrap(daemon.path, touch, { env: { UV_THREADPOOL_SIZE: '3' } })).code).toBe(125);
    expect([existsSync(marker), daemon.records]).toEqual([false, []]);
  });

  test('when the request is refused', async () => {
    daemon.answer = ({ id }) => ({ op: 'error', id, code: 'forbidden', message: 'not here' });
    const { code, stderr } = await wrap(daemon.path, touch);
    expect([code, existsSync(marker)]).toEqual([125, false]);
    expect(stderr).toContain('not here');
  });

  test('before the request is acknowledged', async () => {
    const asked = new Promise<void>((resolve) => {
      daemon.answer = () => {
        resolve();
        return 'silence';
      };
    });
    const run = Wrapped.start(daemon.path, touch);
    await asked;
    run.process.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ signal: 'SIGTERM' });
    expect(existsSync(marker)).toBe(false);
  });

  test('with an ACL that is wrong, unreadable or not to be trusted, exit 2', async () => {
    const acl = allow({});
    for (const [mode, text] of [['666', /written by others/], ['600', /\/commands\/0\/typo is not a key/]] as const) {
      const path = mode === '600' ? allow({ typo: 1 }) : acl;
      chmodSync(path, Number.parseInt(mode, 8));
      const { code, stderr } = await wrap(daemon.path, ['--acl', path, ...touch]);
      expect([code, existsSync(marker)]).toEqual([2, false]);
      expect(stderr).toMatch(text);
    }
    expect((await wrap(daemon.path, ['--acl', join(place, 'absent'), ...touch])).code).toBe(2);
    expect(daemon.records).toEqual([]);
  });

  test('without "--", which would let an argument be taken for an option, exit 2', async () => {
    for (const args of [['touch', marker], ['touch', '--', marker], ['--timeout', '0', ...touch], ['--agent-id', 'x', ...touch]]) {
      expect([args, (await wrap(daemon.path, args)).code, existsSync(marker)]).toEqual([args, 2, false]);
    }
  });
});

describe('a daemon that goes away meanwhile', () => {
  test('and comes back has the whole record, each event once', async () => {
    const run = Wrapped.start(daemon.path, ['--', 'sh', '-c', 'echo ready; read line; echo "$line"'], { stdin: 'pipe' });
    await Promise.all([run.says(/ready/), sent('started')]);
    await daemon.stop();
    run.type('on\n');
    await run.says(/on\n/);
    await daemon.start();
    expect((await run.ended).code).toBe(0);
    expect(outline(events())).toEqual(['request', 'started', 'exit']);
  });

  test('or refuses the end is told of loudly, and success becomes 125, failure stays', async () => {
    daemon.answer = ({ id, events: [entry] }) => (entry !== undefined && 'event' in entry.event && entry.event['event'] === 'exit'
      ? { op: 'error', id, code: 'forbidden', message: 'no more' } : undefined);
    const ended = await wrap(daemon.path, ['--', 'true']);
    expect(ended.code).toBe(125);
    expect(ended.stderr).toMatch(/NOT ACKNOWLEDGED: exit of request [0-9a-f]{32}: no more/);
    expect((await wrap(daemon.path, ['--', 'sh', '-c', 'exit 6'])).code).toBe(6);
  });
});

test('the real daemon takes every event, masks secrets in arguments, and the log holds them by request', async () => {
  const real = await Daemon.start();
  try {
    const acl = allow({ stdout_bytes_max: 10, description: 'few' });
    await wrap(real.socket, ['--acl', acl, '--', 'printf', '01234567890']);
    await wrap(real.socket, ['--acl', allow({ argv: ['ls'] }), '--', 'touch', '/x']);
    await wrap(real.socket, ['--', join(place, 'absent'), '--password', 'hunter2-hunter2']);
    await real.stop();
    const log = readFileSync(join(real.state, 'log', 'audit.jsonl'), 'utf8');
    expect(log).not.toContain('hunter2');
    const lines = log.trimEnd().split('\n')
      .map((line) => JSON.parse(line) as { readonly profile: string; readonly event: Readonly<Record<string, unknown>> });
    const recorded = lines.filter(({ profile }) => profile === 'x0x.exec').map(({ event }) => event);
    expect(outline(recorded)).toEqual([
      'request', 'started', 'warning stdout_approaching_cap', 'warning stdout_cap_hit', 'exit', 'denial argv_not_allowed', 'request', 'denial spawn_failed',
    ]);
    expect(recorded[0]).toMatchObject({ matched_acl: 'few' });
    expect(recorded[4]).toMatchObject({ stdout_bytes: 10, truncated: true });
    expect(recorded.slice(6).map(({ argv }) => (argv as readonly string[])[2])).toEqual([expect.stringMatching(/^\[redacted:/), expect.stringMatching(/^\[redacted:/)]);
    expect(new Set(recorded.map(({ request_id }) => request_id)).size).toBe(3);
  } finally {
    await real.clear();
  }
});
