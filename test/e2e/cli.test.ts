// The commands as a person types them: what they print, what they say, and what they exit with.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/client.js';
import { Daemon } from '../daemon.js';
import { isRoot, ofRoot } from '../root.js';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const place = mkdtempSync(join(tmpdir(), 'ind-cli-'));
const state = join(place, 'state');
const key = join(place, 'log.key');
const environment = { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: state, INDELIBLE_LOG_LEVEL: 'silent' };

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], stdin: string | Buffer = '', more: Readonly<Record<string, string>> = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env: { ...environment, ...more }, input: stdin, encoding: 'utf8' });
  return { status, stdout, stderr };
}

async function startDaemon(more: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const daemon = spawn(process.execPath, [main, 'serve'], { env: { ...environment, ...more }, stdio: 'ignore' });
  const client = await connect({ socket: join(state, 'indelible.sock'), timeoutMs: 30_000 });
  await client.close();
  return daemon;
}

async function stop(daemon: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const ended = once(daemon, 'exit');
  daemon.kill(signal);
  const [code] = (await ended) as [number | null];
  return code;
}

beforeAll(() => {
  if (!existsSync(main)) throw new Error('dist/cli/main.js is not there: run npm run build first');
});

afterAll(() => { rmSync(place, { recursive: true }); });

describe('without a daemon', () => {
  it('every command has --help with an example, and --version', () => {
    const listed = run(['--help']);
    expect(listed.status).toBe(0);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    const named = [...listed.stdout.matchAll(/^ {2}([a-z]+) .* {2}/gm)].map(([, command = '']) => command).filter((command) => command !== 'help');
    expect(named).toHaveLength(14);
    for (const command of named) {
      const help = run([command, '--help']);
      expect([command, help.status]).toEqual([command, 0]);
      expect(help.stdout).toMatch(/^Examples?(?:, [^\n]*)?:\n {2}\S*.*indelible/m);
      expect(help.stdout).not.toMatch(/^ *\$ /m);
      expect(help.stdout).toMatch(/^Exit status:/m);
      expect(run([command, '--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('wrong usage exits 2 and says what is wrong on stderr only', () => {
    for (const args of [['nonsense'], ['emit', '--outcome', 'maybe'], ['emit', '--detail', '{'], ['tail', '-n', 'x']]) {
      const { status, stdout, stderr } = run(args);
      expect([args, status, stdout]).toEqual([args, 2, '']);
      expect(stderr).not.toBe('');
    }
  });

  it('help shows that of the command named, however far below, and says what it does not know', () => {
    for (const path of [['tail'], ['listen'], ['listen', 'add'], ['help']]) {
      expect([path, run(['help', ...path])]).toEqual([path, run([...path, '--help'])]);
    }
    expect(run(['help'])).toEqual(run(['--help']));
    expect(run(['listen', 'help', 'add'])).toEqual(run(['listen', 'add', '--help']));
    for (const path of [['nope'], ['listen', 'nope'], ['tail', 'nope'], ['a\u001bb']]) {
      const said = `error: unknown command '${path.join(' ').replace('\u001b', '\\u001b')}'\n`;
      expect([path, run(['help', ...path])]).toEqual([path, { status: 2, stdout: '', stderr: said }]);
    }
    expect(run(['listen', 'help', 'nope'])).toEqual({ status: 2, stdout: '', stderr: 'error: unknown command \'nope\'\n' });
  });

  it('a daemon that is not there is named by its socket, exit 1', () => {
    const { status, stderr } = run(['status']);
    expect(status).toBe(1);
    expect(stderr).toContain(join(state, 'indelible.sock'));
  });

  it('a socket that cannot be connected to is said with what to do', () => {
    const nobody = join(place, 'nobody');
    expect(run(['status', '--socket', nobody]).stderr).toBe(
      `indelible: not_connected: there is no socket ${nobody}. Is the daemon running, and INDELIBLE_SOCKET the one it has?\n`);
    // A name of digits is a name, and no port.
    expect(run(['status', '--socket', '1']).stderr).toBe(
      'indelible: not_connected: there is no socket 1. Is the daemon running, and INDELIBLE_SOCKET the one it has?\n');
    expect(run(['status', '--socket', '']).stderr).toBe('indelible: not_connected: the socket path is empty\n');
  });

  it('what is not what it was named for is said in one line, with its option and what to do', () => {
    const [file, none] = [join(place, 'a file'), join(place, 'none')];
    writeFileSync(file, 'text\n');
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['status', '--socket', file], 1, `not_connected: ${file} is no socket: name the daemon's with --socket, or in INDELIBLE_SOCKET`],
      [['exec', '--socket', file, '--', 'true'], 125, `nothing was run: ${file} is no socket: name the daemon's with --socket, or in INDELIBLE_SOCKET`],
      [['exec', '--socket', none, '--', 'true'], 125, `nothing was run: there is no socket ${none}. Is the daemon running, and INDELIBLE_SOCKET the one it has?`],
      [['query', '--state-dir', none], 3, `there is no log in ${none}: name the state directory with --state-dir, or in INDELIBLE_STATE_DIR`],
      [['prove', '1', '--state-dir', none], 3, `there is no log in ${none}: name the state directory with --state-dir`],
      [['init', '--state-dir', file], 2, `EEXIST: file already exists, mkdir '${file}'; it is no directory: name another one`],
      [['import', '--from', 'x0x', file, '--rejects', join(none, 'r')], 2, `--rejects: ENOENT: no such file or directory, open '${join(none, 'r')}'`],
      [['import', '--from', 'tryaudex', file, '--hmac-key', place], 2, `--hmac-key: ${place}: EISDIR: illegal operation on a directory, read`],
    ];
    for (const [args, exit, said] of cases) expect([args, run(args)]).toEqual([args, { status: exit, stdout: '', stderr: `indelible: ${said}\n` }]);
    const note = 'is not a signed checkpoint note, as "indelible checkpoint" prints it';
    for (const [option, path, exit, said] of [
      ['--key', place, 3, `${place}: EISDIR: illegal operation on a directory, read`],
      ['--checkpoint', file, 2, `${file} ${note}`], ['--from-checkpoint', file, 2, `${file} ${note}`],
    ] as const) {
      expect([option, run(['verify', option, path])]).toEqual([option, { status: exit, stdout: '', stderr: `indelible verify: ${option}: ${said}\n` }]);
    }
  });

  it.runIf(isRoot)(ofRoot('a socket that this user may not connect to is not called absent'), () => {
    // Loaded before it becomes a user who may not enter here.
    const closed = join(place, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const script = `process.argv.splice(1, 0, 'x'); const { complain } = await import(${JSON.stringify(main.replace('main.js', 'terminal.js'))});
      const { connect } = await import(${JSON.stringify(main.replace('cli/main.js', 'client/client.js'))});
      process.setgroups([]); process.setgid(64999); process.setuid(64999);
      await connect({ socket: ${JSON.stringify(join(closed, 's'))}, connectTimeoutMs: 10 }).catch(complain);`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stderr).toContain(`this user may not connect to ${join(closed, 's')} (EACCES)`);
  });

  it('serve names every mistake in its configuration at once, exit 2', () => {
    const { status, stderr } = run(['serve'], '', { INDELIBLE_SYNC: 'often', INDELIBLE_RECENT: '7', INDELIBLE_TYPO: '1', INDELIBLE_SEAL_MS: 'soon' });
    expect(status).toBe(2);
    for (const name of ['INDELIBLE_SYNC', 'INDELIBLE_RECENT', 'INDELIBLE_TYPO', 'INDELIBLE_SEAL_MS']) expect(stderr).toContain(name);
  });

  it('a mistyped variable is said by every command', () => {
    const mistyped = { INDELIBLE_SOKCET: '/x' };
    for (const command of [['status'], ['emit', '--action', 'a'], ['verify'], ['query'], ['tail']]) {
      expect([command, run(command, '', mistyped).stderr]).toEqual([command, expect.stringContaining('"INDELIBLE_SOKCET" is not a variable')]);
    }
    for (const command of [['serve'], ['init'], ['listen', 'list']]) expect([command, run(command, '', mistyped).status]).toEqual([command, 2]);
  });

  it('a command that is busy reading is ended by a signal at once', async () => {
    const fifo = join(place, 'fifo');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const verify = spawn(process.execPath, [main, 'verify', '--checkpoint', fifo], { env: environment, stdio: 'ignore' });
      const ended = once(verify, 'exit');
      // Opens when the other end is, and there is nothing to be read.
      const file = await open(fifo, 'w');
      try {
        verify.kill(signal);
        // More than a pipe holds: only who reads on takes it.
        await expect(file.writeFile(Buffer.alloc(1024 * 1024))).rejects.toThrow(/EPIPE/);
      } finally {
        await file.close();
      }
      expect(await ended).toEqual([null, signal]);
    }
  });

  it('verify of nothing is 3, never a pass', () => {
    expect(run(['verify']).status).toBe(3);
  });
});

describe('init', () => {
  it('writes the key to --key-out, for its owner only, and refuses a second time', () => {
    expect(run(['init', '--origin', 'test.example/cli', '--key-out', key]).status).toBe(0);
    expect(readFileSync(key, 'utf8')).toMatch(/^indelible-verification-key:v1:test\.example\/cli:[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n$/);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(existsSync(join(state, 'keys', 'verification.key'))).toBe(false);
    expect(run(['init', '--key-out', join(place, 'second')]).status).toBe(1);
    expect(existsSync(join(place, 'second'))).toBe(false);
  });

  it('without --key-out prints the key once, on stdout, and stores it nowhere', () => {
    const other = join(place, 'other');
    const { status, stdout } = run(['init', '--state-dir', other]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^indelible-verification-key:v1:\S+\n$/);
    expect(existsSync(join(other, 'keys', 'verification.key'))).toBe(false);
    const file = join(place, 'other.key');
    writeFileSync(file, stdout);
    expect(run(['verify', '--state-dir', other, '--key', file]).status).toBe(0);
  });

  it('never writes the key over another file', () => {
    const taken = join(place, 'taken');
    writeFileSync(taken, 'mine');
    expect(run(['init', '--state-dir', join(place, 'third'), '--key-out', taken]).status).toBe(2);
    expect(readFileSync(taken, 'utf8')).toBe('mine');
  });
});

describe('with a daemon', () => {
  let daemon: ChildProcess;

  beforeAll(async () => { daemon = await startDaemon(); });
  afterAll(async () => { await stop(daemon); });

  it('a start says that a log keeps the name it was made with', async () => {
    await stop(daemon);
    const again = await Daemon.start({ state, socket: join(state, 'indelible.sock'), env: { INDELIBLE_ORIGIN: 'another.example/name' } });
    const { stderr } = await again.stop();
    expect(stderr).toContain('INDELIBLE_ORIGIN is another.example/name, but this log was made as test.example/cli');
    daemon = await startDaemon();
  });

  it('what cannot be printed is said, and is no stack', () => {
    const help = [['--help'], ['--version'], ['help', 'tail'], ['query', '--help'], ['init', '--help'], ['exec', '--version'], ['listen', 'add', '--help']];
    const commands = [['status'], ['tail'], ['query'], ['emit', '--action', 'full'], ['doctor', '--no-canary'], ['doctor', '--json']];
    for (const command of [...commands, ...help, ['verify', '--help'], ['verify', '--version']]) {
      const { status, stderr } = spawnSync('bash', ['-c', '"$0" "$@" > /dev/full', process.execPath, main, ...command], { env: environment, encoding: 'utf8' });
      const exit = command[0] === 'verify' ? 3 : 5;
      expect([command, status, stderr]).toEqual([command, exit, expect.stringMatching(/^indelible: stdout could not be written: ENOSPC[^\n]*\n$/m)]);
    }
  });

  it('wrong usage that cannot even be said is wrong usage all the same', () => {
    for (const command of [['verify', '--bogus'], ['verify', '--state-dir'], ['--bogus'], ['listen'], [], ['exec'], ['serve', '--bogus']]) {
      const { status } = spawnSync('bash', ['-c', '"$0" "$@" 2> /dev/full', process.execPath, main, ...command], { env: environment, encoding: 'utf8' });
      expect([command, status]).toEqual([command, 2]);
    }
  });

  it('a daemon that is suspended is not called absent', () => {
    daemon.kill('SIGSTOP');
    const { status, stderr } = run(['status']);
    daemon.kill('SIGCONT');
    expect([status, stderr]).toEqual([1, expect.stringMatching(/not answered in|no answer/)]);
    expect(stderr).toContain('indelible doctor');
  });

  it('tail says where memory ends, and refuses a time that is none', async () => {
    await stop(daemon);
    daemon = await startDaemon({ INDELIBLE_RECENT: '128' });
    expect(run(['emit'], '{"action":"old"}\n' + '{"action":"new"}\n'.repeat(200)).status).toBe(0);
    const missed = run(['tail', '--kind', 'old', '-n', '5']);
    expect([missed.status, missed.stdout, missed.stderr]).toEqual([0, '', expect.stringContaining('indelible query')]);
    expect(run(['tail', '--kind', 'new', '-n', '5']).stderr).toBe('');
    expect(run(['tail', '--since', 'yesterday'])).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('such as 2026-11-20T13:00:00Z') as string });
  });

  it('emit prints the receipt of one event', () => {
    const { status, stdout } = run(['emit', '--action', 'deploy', '--outcome', 'success', '--actor', 'ci', '--id', 'one']);
    expect(status).toBe(0);
    const receipt = JSON.parse(stdout) as { seq: number; mac: string };
    expect(receipt.mac).toMatch(/^[0-9a-f]{64}$/);
    const again = run(['emit', '--action', 'deploy', '--id', 'one']);
    expect(JSON.parse(again.stdout)).toEqual({ seq: receipt.seq, mac: receipt.mac, duplicate: true });
  });

  it('emit takes JSON lines, names the refused ones by number, and exits 1 for them', () => {
    const lines = ['{"action":"a"}', '{"action":7}', '', 'nonsense', '[1]', '{"action":"b","detail":{"n":18446744073709551615}}'];
    const { status, stdout, stderr } = run(['emit'], `${lines.join('\n')}\n`);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ recorded: 2, refused: 3 });
    for (const number of [2, 4, 5]) expect(stderr).toContain(`line ${number}: `);
    expect(run(['tail', '-n', '1', '--json']).stdout).toContain('"n":18446744073709551615}');
  });

  it('emit takes the bytes of stdin as they are: LF ends a line, a byte order mark begins none, and nothing is replaced', () => {
    const lines = [
      '\ufeff{"action":"marked"}\r\n', '{"action":\r"with a CR"}\n', '{"action":"one"}\r{"action":"two"}\n', Buffer.from('{"action":"b\xff"}\n', 'latin1'),
      `{"action":"${'x'.repeat(17 * 1024 * 1024)}"}\n`, '{"action":"ordered","detail":{"10":1,"9":2}}',
    ];
    const { status, stdout, stderr } = run(['emit'], Buffer.concat(lines.map((line) => Buffer.from(line))));
    expect([status, JSON.parse(stdout)]).toEqual([1, { recorded: 3, refused: 3 }]);
    for (const said of ['line 3: the line is not JSON', 'line 4: the text is not UTF-8', 'line 5: the line is longer than any record']) expect(stderr).toContain(said);
    expect(run(['tail', '-n', '1', '--json']).stdout).toContain('"detail":{"10":1,"9":2}');
  });

  it('emit refuses what it could only record otherwise, or not use, as wrong usage', () => {
    for (const [args, said] of [
      [['--id', 'x'], '--id is for one event'], [['--action', 'a', '--duration-ms', 'abc'], '--duration-ms should be a whole number'],
    ] as const) {
      const { status, stderr } = run(['emit', ...args], '{"action":"a"}');
      expect([args, status, stderr]).toEqual([args, 2, expect.stringContaining(said)]);
    }
    for (const option of ['--actor $\'b\\xff\'', '--json $\'{"action":"b\\xff"}\'']) {
      const { status, stderr } = spawnSync('bash', ['-c', `"$0" "$1" emit --action a ${option}`, process.execPath, main], { env: environment, encoding: 'utf8' });
      expect([option, status, stderr]).toEqual([option, 2, expect.stringContaining('not UTF-8')]);
    }
  });

  it('emit says on a terminal what it waits for', () => {
    const { status, stdout } = spawnSync('script', ['-qec', `'${process.execPath}' '${main}' emit`, '/dev/null'], { env: environment, encoding: 'utf8', input: '{"action":"typed"}\n' });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/indelible: one event a line, as JSON; Ctrl-D ends\r\n[^]*{"recorded":1,"refused":0}\r\n/)]);
    expect(run(['emit'], '{"action":"piped"}\n')).toEqual({ status: 0, stdout: '{"recorded":1,"refused":0}\n', stderr: '' });
  });

  it('emit says of a stdin that cannot be read that it could not, and takes none for an empty one', () => {
    const from = (redirection: string): unknown => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', `"$0" "$@" ${redirection}`, process.execPath, main, 'emit'], { env: { ...environment, PLACE: place }, encoding: 'utf8' });
      return [status, stdout, stderr];
    };
    expect(from('< "$PLACE"')).toEqual([2, '', 'indelible: stdin is a directory, which holds no lines: name a file in it\n']);
    expect(from('0> "$PLACE/written"')).toEqual([1, '{"recorded":0,"refused":0}\n', 'indelible: stdin could not be read behind line 0: EBADF: bad file descriptor, read\n']);
    expect(from('< /dev/null')).toEqual([0, '{"recorded":0,"refused":0}\n', '']);
  });

  it('emit that is interrupted says where, and what is recorded', async () => {
    const emit = spawn(process.execPath, [main, 'emit', '--traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`], { env: environment });
    let said = '';
    emit.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
    let printed = '';
    emit.stdout.setEncoding('utf8').on('data', (text: string) => { printed += text; });
    emit.stdin.write('{"action":"interrupted"}\n');
    const client = await connect({ socket: join(state, 'indelible.sock') });
    for await (const { line } of client.tail({ from: 1, filters: { kind: 'interrupted' } })) {
      expect(line).toContain('"traceparent":"00-aaaa');
      break;
    }
    await client.close();
    emit.kill('SIGINT');
    const [code] = (await once(emit, 'close')) as [number | null];
    expect([code, JSON.parse(printed)]).toEqual([1, { recorded: 1, refused: 0 }]);
    expect(said).toContain('SIGINT: nothing is read behind line 1');
  });

  it('tail escapes control, ANSI and bidirectional characters, and gives raw lines with --json', () => {
    expect(run(['emit', '--json', JSON.stringify({ action: 'hostile', actor: '\u001b[31mroot\u202e\u0007\n2026' })]).status).toBe(0);
    const { stdout } = run(['tail', '-n', '1', '--kind', 'hostile']);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    const raw = run(['tail', '-n', '1', '--kind', 'hostile', '--json']).stdout;
    expect(JSON.parse(raw)).toMatchObject({ profile: 'generic', kind: 'hostile' });
  });

  it('status is for people and, with --json, for programs', () => {
    expect(run(['status']).stdout).toMatch(/^state {7}ready$/m);
    const status = JSON.parse(run(['status', '--json']).stdout) as Record<string, unknown>;
    expect(Object.keys(status)).toEqual(expect.arrayContaining([
      'origin', 'head', 'epoch', 'step', 'sealed_to', 'segments', 'bytes', 'sync', 'state', 'uptime_ms', 'clients', 'queue', 'accepted',
      'refused', 'duplicates', 'redacted', 'write_failures', 'last_error', 'recent', 'disk', 'fsync_ms',
    ]));
  });

  it('a second daemon on the same state exits 4 and names the first', () => {
    const { status, stdout, stderr } = run(['serve'], '', { INDELIBLE_LOG_LEVEL: 'info' });
    expect(status).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toContain(String(daemon.pid));
  });

  it('tail -f follows through a daemon that is killed and started again, each record once', async () => {
    const tail = spawn(process.execPath, [main, 'tail', '-f', '-n', '0', '--json', '--kind', 'followed'], { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
    const lines = createInterface({ input: tail.stdout })[Symbol.asyncIterator]();
    const emit = (n: number): void => { expect(run(['emit', '--action', 'followed', '--resource', String(n)]).status).toBe(0); };
    // Until the first arrives, nobody knows when the tail began; what it then shows must have no hole.
    let first = 0;
    const next = lines.next();
    const seen = next.then(() => true);
    while (!(await Promise.race([seen, new Promise<false>((resolve) => { setImmediate(resolve, false); })]))) emit(first += 1);
    await stop(daemon, 'SIGKILL');
    daemon = await startDaemon();
    emit(first += 1);
    const numberOf = (line: string): number => Number((JSON.parse(line) as { event: { resource: string } }).event.resource);
    const shown = [numberOf((await next).value as string)];
    while ((shown.at(-1) ?? 0) < first) shown.push(numberOf((await lines.next()).value as string));
    expect(shown).toEqual(Array.from({ length: shown.length }, (_, i) => (shown[0] ?? 0) + i));
    tail.kill('SIGINT');
    const [code] = (await once(tail, 'exit')) as [number];
    expect(code).toBe(0);
  });

  it('verify finds a changed byte and says where, and exits 0 before and 1 after', async () => {
    await stop(daemon);
    expect(run(['verify', '--key', key]).status).toBe(0);
    expect(run(['verify', '--pub', join(state, 'log.pub')]).status).toBe(0);
    const segment = join(state, 'log', '00000000000000000001.jsonl');
    const bytes = readFileSync(segment);
    const at = bytes.indexOf('"hostile"') + 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(segment, bytes);
    const { status, stdout } = run(['verify', '--key', key, '--json']);
    expect(status).toBe(1);
    const line = bytes.subarray(0, at).toString('utf8').split('\n').length;
    const { findings } = JSON.parse(stdout) as { findings: { code: string; line: number; segment: string }[] };
    expect(findings).toContainEqual(expect.objectContaining({ code: 'bad_mac', line, segment: '00000000000000000001.jsonl' }));
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(segment, bytes);
    daemon = await startDaemon();
  });

  it('checkpoint prints the newest note, which verify takes as proof of freshness', () => {
    const note = run(['checkpoint']);
    expect(note.status).toBe(0);
    expect(note.stdout).toMatch(/^test\.example\/cli\n\d+\n/);
    const kept = join(place, 'kept');
    writeFileSync(kept, note.stdout);
    const { status, stdout } = run(['verify', '--key', key, '--checkpoint', kept, '--json']);
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as { verdicts: { freshness: { verdict: string } } }).verdicts.freshness.verdict).toBe('ok');
  });
});
