// `indelible query` as a person types it, on the log of a daemon that is running.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/client.js';
import { segmentName } from '../../src/log/segment.js';
import { Daemon, linesIn, program, temporaryDirectory } from '../daemon.js';
import { smallLog } from '../verify/make-log.js';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function query(state: string, ...args: readonly string[]): Outcome {
  return run('query', state, ...args);
}

function run(command: string, state: string, ...args: readonly string[]): Outcome {
  const words = [program, command, '--state-dir', state, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  return { status, stdout, stderr };
}

const rows = (stdout: string): string[] => stdout.split('\n').slice(0, -1);

describe('on a live log', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await Daemon.start({ env: { INDELIBLE_SYNC: 'group' } });
    const client = await connect({ socket: daemon.socket, profile: 'generic' });
    await client.append(Array.from({ length: 300 }, (_, n) => ({
      action: n % 3 === 0 ? 'deploy' : '\u001b[2J', outcome: n % 10 === 0 ? 'denied' as const : 'success' as const, resource: `r${n}`,
      detail: { n: 18_446_744_073_709_551_615n },
    })));
    await client.close();
  });

  afterAll(async () => {
    await daemon.kill('SIGTERM');
    rmSync(daemon.state, { recursive: true });
  });

  it('--json gives the raw lines, both ways round', () => {
    const lines = linesIn(daemon.state);
    const forward = query(daemon.state, '--json');
    expect([forward.status, rows(forward.stdout)]).toEqual([0, lines]);
    expect(forward.stderr).toBe(`indelible: checked ${lines.length} lines in 1 segments, shown ${lines.length}, broken 0, not JSON 0, torn tail 0 bytes\n`);
    expect(rows(query(daemon.state, '--json', '--reverse').stdout)).toEqual(lines.toReversed());
  });

  it('narrows by filters and by --limit, in either direction', () => {
    const wanted = linesIn(daemon.state).filter((line) => line.includes('"outcome":"denied"') && line.includes('"kind":"deploy"'));
    expect(rows(query(daemon.state, '--json', '--outcome', 'denied', '--kind', 'deploy').stdout)).toEqual(wanted);
    expect(rows(query(daemon.state, '--json', '--outcome', 'denied', '--kind', 'deploy', '--limit', '2', '--reverse').stdout)).toEqual(wanted.toReversed().slice(0, 2));
    expect(rows(query(daemon.state, '--json', '--since', '2999-01-01T00:00:00Z').stdout)).toEqual([]);
  });

  it('shows people a table in which nothing moves the cursor', () => {
    const { status, stdout } = query(daemon.state, '--limit', '20');
    expect([status, rows(stdout)].flat()).toHaveLength(21);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('--csv is a table with a header and one row a record', () => {
    const { stdout } = query(daemon.state, '--csv', '--kind', 'deploy');
    const [header, ...records] = stdout.split('\r\n').slice(0, -1);
    expect(header).toBe('seq,ts,profile,kind,listener,pid,uid,gid,outcome,id,event');
    expect(records).toHaveLength(100);
    expect(records[0]).toContain('{""n"":18446744073709551615}');
  });
});

describe('on a log that was tampered with', () => {
  const state = temporaryDirectory();
  const log = smallLog();
  const file = join(state, 'log', segmentName(1));

  beforeAll(() => {
    log.writeTo(state);
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.toSpliced(4, 1, 'gar\u001bbage').join('\n'));
  });
  afterAll(() => { rmSync(state, { recursive: true }); });

  it('a broken line is marked, never shown as sound, and the exit status is 1', () => {
    const table = query(state);
    expect([table.status, rows(table.stdout).filter((line) => line.startsWith('! '))]).toEqual([1, [
      `! not_a_record ${segmentName(1)}:5 gar\\u001bbage`, expect.stringContaining(`! unlinked ${segmentName(1)}:6 {"seq":6,`),
    ]]);
    expect(table.stderr).toContain(`shown ${log.seq}, broken 1, not JSON 1,`);
    const json = query(state, '--json', '--reverse');
    const broken = rows(json.stdout).filter((line) => line.startsWith('{"broken"')).map((line) => JSON.parse(line) as object);
    expect(broken).toEqual([
      { broken: 'unlinked', segment: segmentName(1), line: 6, raw: expect.stringContaining('{"seq":6,') as string },
      { broken: 'not_a_record', segment: segmentName(1), line: 5, raw: 'gar\\u001bbage' },
    ]);
    const csv = query(state, '--csv');
    expect([csv.status, csv.stdout.split('\r\n').length]).toEqual([1, 1 + log.seq - 2 + 1]);
  });

  it('what is behind the head is not shown, and counted', () => {
    appendFileSync(join(state, 'log', segmentName(log.piece.first)), '{"seq":99}\n{"torn');
    expect(query(state).stderr).toContain('torn tail 6 bytes, not acknowledged 1 lines, not shown');
  });
});

describe('on a log with something in it that is no file', () => {
  // Of the three segments the middle one, whose beginning the end of the first one tells.
  const makers: Readonly<Record<string, readonly [what: string, make: (path: string) => void]>> = {
    directory: ['a directory', (path) => { mkdirSync(path); }],
    fifo: ['a FIFO, a socket or a device', (path) => { execFileSync('mkfifo', [path]); }],
    link: ['a symbolic link', (path) => { symlinkSync('/etc/passwd', path); }],
  };

  it.each(Object.entries(makers))('a %s is named, the rest is shown, and the exit status is 1', (_, [what, make]) => {
    const log = smallLog();
    const [, middle] = log.pieces;
    const name = segmentName(middle?.first ?? 0);
    const state = temporaryDirectory();
    log.writeTo(state);
    rmSync(join(state, 'log', name));
    make(join(state, 'log', name));
    const said = `indelible: ${name} was not read: it is ${what}, not a regular file\n`;
    const rest = log.seq - (middle?.lines.length ?? 0);
    for (const [command, shown, ...args] of [
      ['query', rest], ['query', rest, '--json', '--reverse'], ['export', rest - 1, '--to', 'jsonl'], ['export', rest - 1, '--to', 'csv'],
    ] as const) {
      const { status, stderr } = run(command, state, ...args);
      expect([status, stderr]).toEqual([1, expect.stringContaining(said)]);
      expect(stderr.split('\n')).toEqual([said.trimEnd(), expect.stringContaining(`shown ${shown}, broken 1,`), '']);
    }
    rmSync(state, { recursive: true });
  });

  it.each(Object.entries(makers))('a %s for retired.jsonl is named, and only the first line follows nothing', (_, [what, make]) => {
    const log = smallLog({ retain: { bytes: 1, ms: 0 } });
    log.retire();
    const state = temporaryDirectory();
    log.writeTo(state);
    const path = join(state, 'log', 'retired.jsonl');
    rmSync(path);
    make(path);
    for (const command of [['query', '--reverse'], ['export', '--to', 'csv']] as const) {
      const { status, stderr } = run(command[0], state, ...command.slice(1));
      expect([status, stderr.split('\n')]).toEqual([1, [
        `indelible: retired.jsonl was not read: it is ${what}, not a regular file`, expect.stringContaining('broken 1, not JSON 0,'), '',
      ]]);
    }
    rmSync(state, { recursive: true });
  });
});

it('wrong usage is 2, no log is 3, and neither says anything on stdout', () => {
  const nowhere = temporaryDirectory();
  for (const [args, status] of [
    [['--since', 'yesterday'], 2], [['--until', '2026-02-30T00:00:00Z'], 2], [['--limit', '0'], 2], [['--json', '--csv'], 2], [['--nonsense'], 2], [[], 3],
    [['--kind', 'a', '--kind', 'b'], 2], [['--kind', 'a', '--kind', 'a'], 2],
  ] as const) {
    const outcome = query(nowhere, ...args);
    expect([args, outcome.status, outcome.stdout]).toEqual([args, status, '']);
    expect(outcome.stderr).not.toBe('');
  }
  rmSync(nowhere, { recursive: true });
});

it('--help says what every filter reads', () => {
  const { stdout } = query('/', '--help');
  for (const text of ['tenant_id    mvm.tenant tenant_id', 'agent_id     x0x.exec agent_id, tryaudex event.agent_id', 'Exit status', 'Example']) expect(stdout).toContain(text);
});
