// Moving over: files of the five systems go in through a real daemon and come out the same.
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/client.js';
import { Daemon, program, recordsIn, temporaryDirectory, verified } from '../daemon.js';

let daemon: Daemon;
const place = temporaryDirectory();
const at = (name: string): string => join(place, name);

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Outcome {
  return runUnder([], ...args);
}

/** `under`: the words of what runs it. */
function runUnder(under: readonly string[], ...args: readonly string[]): Outcome {
  const env = { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: daemon.state, INDELIBLE_SOCKET: daemon.socket };
  const [command = '', ...words] = [...under, process.execPath, program, ...args];
  // Longer than any takes: one that no signal ends would keep the others from being run.
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024, timeout: 120_000, killSignal: 'SIGKILL' });
  return { status, stdout, stderr };
}

interface Imported extends Outcome {
  readonly report: Readonly<Record<string, unknown>>;
}

function importFile(from: string, content: string | Buffer, ...more: readonly string[]): Imported {
  writeFileSync(at('source'), content);
  const outcome = run('import', '--from', from, ...more, at('source'));
  return { ...outcome, report: outcome.stdout === '' ? {} : JSON.parse(outcome.stdout) as Record<string, unknown> };
}

const exported = (to: string, ...more: readonly string[]): string[] => run('export', '--to', to, ...more).stdout.split('\n').slice(0, -1);
const records = (): number => recordsIn(daemon.state).length;
const hex = (character: string, count: number): string => character.repeat(count);

beforeAll(async () => { daemon = await Daemon.start({ env: { INDELIBLE_SYNC: 'group' } }); });
afterAll(async () => {
  await daemon.kill('SIGTERM');
  rmSync(daemon.state, { recursive: true });
  rmSync(place, { recursive: true });
});

/** Complete lines, as each system writes them. */
const files: Readonly<Record<string, readonly string[]>> = {
  'mvm-local': [
    '{"timestamp":"2026-01-01T00:00:00.123456789+00:00","kind":"vm_start","vm_name":"web-1","detail":null}',
    '{"timestamp":"2026-01-01T00:00:01+00:00","kind":"config_change","vm_name":null,"detail":"größer \\u0000 \\"quoted\\""}',
  ],
  'mvm-tenant': [
    '{"timestamp":"2026-01-01T00:00:00Z","tenant_id":"t1","pool_id":null,"instance_id":"i1","action":"CommandBlocked","detail":null,' +
      '"threats":[{"category":"Destructive","pattern_id":"rm_rf_root","severity":"Critical","matched_text":"rm -rf /","context":"shell"}],' +
      '"gate_decision":{"Blocked":{"pattern":"rm","reason":"no"}},"frame_sequence":18446744073709551615}',
  ],
  codetether: [
    '{"id":"00000000-0000-4000-8000-000000000001","timestamp":"2026-01-01T00:00:00Z","category":"api","action":"call","principal":"p","outcome":"success",' +
      '"detail":{"b":1,"a":[1.5,null,{"x":"y"}]},"duration_ms":12}',
    '{"id":"00000000-0000-4000-8000-000000000002","timestamp":"2026-01-01T00:00:00Z","category":"k8s","action":"apply","principal":null,"outcome":"denied"}',
  ],
  x0x: [
    `{"event":"request","ts_unix_ms":1,"request_id":"${hex('a', 32)}","agent_id":"${hex('b', 64)}","machine_id":"${hex('c', 64)}","argv":["ls","-l"],"matched_acl":null,"stdin_bytes":0,"timeout_ms":5}`,
    `{"event":"exit","ts_unix_ms":2,"request_id":"${hex('a', 32)}","code":0,"signal":null,"duration_ms":9007199254740993,"stdout_bytes":1,"stderr_bytes":0,"truncated":false}`,
  ],
  tryaudex: [
    '{"timestamp":"2026-01-01T00:00:00Z","session_id":"s","provider":"aws","event":{"type":"budget_warning","current_spend":1.25,"limit":2.5}}',
    '{"timestamp":"2026-01-01T00:00:00Z","session_id":"s","provider":"gcp","event":{"type":"session_ended","status":"done","duration_seconds":-9223372036854775808,"exit_code":null}}',
  ],
};

describe.each(Object.entries(files))('%s', (from, lines) => {
  it('comes back line by line as it went in, and a second import adds nothing', () => {
    const content = lines.map((line) => `${line}\n`).join('');
    const first = importFile(from, content);
    const fresh = { source: from, lines: lines.length, recorded: lines.length, already: 0, rejected: 0 };
    expect([first.status, first.report]).toMatchObject([0, fresh]);
    expect(exported(from)).toEqual(lines);
    const before = records();
    const second = importFile(from, content);
    expect([second.status, second.report]).toMatchObject([0, { recorded: 0, already: lines.length, rejected: 0 }]);
    expect(records()).toBe(before);
  });
});

describe('import', () => {
  it('records identical lines once each, and of a file that has grown only what is new', () => {
    const line = '{"timestamp":"2026-02-02T00:00:00Z","kind":"vm_stop","vm_name":"same","detail":null}\n';
    const before = exported('mvm-local').length;
    expect(importFile('mvm-local', line.repeat(3)).report).toMatchObject({ recorded: 3 });
    expect(importFile('mvm-local', line.repeat(5)).report).toMatchObject({ recorded: 2, already: 3 });
    expect(exported('mvm-local').length).toBe(before + 5);
  });

  it('records what it did: when it began, which file, and what became of it', () => {
    const notes = recordsIn(daemon.state).filter(({ kind }) => kind === 'import.finished' || kind === 'import.started').map(({ event }) => event);
    expect(notes[0]).toMatchObject({ action: 'import.started', resource: at('source'), detail: { source: 'mvm-local', profile: 'mvm.local' } });
    expect(notes[1]).toMatchObject({ action: 'import.finished', outcome: 'success', detail: { lines: 2, recorded: 2, rejected: 0, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
  });

  it('keeps the order of the file around lines that are refused', () => {
    const line = (n: number): string => (
      `{"timestamp":"2026-03-03T00:00:00Z","kind":"${n % 7 === 0 ? 'nonsense' : 'vm_start'}","vm_name":"ordered-${n}","detail":null}`);
    const all = Array.from({ length: 3000 }, (_, n) => line(n));
    const { status, report } = importFile('mvm-local', `${all.join('\n')}\n`);
    const good = all.filter((text) => !text.includes('nonsense'));
    expect([status, report]).toMatchObject([1, { recorded: good.length, rejected: all.length - good.length }]);
    expect(exported('mvm-local').filter((text) => text.includes('ordered-'))).toEqual(good);
  });

  it('leaves nothing in the log that guesses of a masked secret could be tried against', () => {
    const line = (secret: string): string => `{"timestamp":"2026-03-04T00:00:00Z","kind":"vm_start","vm_name":"v","detail":"--password ${secret}"}\n`;
    expect(importFile('mvm-local', line('hunter2')).report).toMatchObject({ recorded: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const [record, finished] = recordsIn(daemon.state).slice(-2);
    expect(record?.event['detail']).toMatch(/^--password \[redacted:/);
    expect(finished?.event['detail']).toMatchObject({ sha256: null });
    // The same but for the secret: nobody could tell the ids apart.
    expect(importFile('mvm-local', line('correct-horse')).report).toMatchObject({ already: 1 });
    expect(importFile('mvm-local', line('one') + line('two')).report).toMatchObject({ already: 1, recorded: 1 });
  });

  it('imports nothing where --rejects cannot be made', () => {
    const before = recordsIn(daemon.state).length;
    const { status, stderr } = importFile('mvm-local', 'nonsense\n', '--rejects', at('no/such/directory'));
    expect([status, stderr]).toEqual([2, expect.stringContaining('no/such/directory')]);
    expect(recordsIn(daemon.state)).toHaveLength(before);
  });

  it('is cut short where --rejects takes no more, also in the middle of a line', () => {
    writeFileSync(at('source'), `${'not JSON '.repeat(200)}\n`);
    // In KiB.
    const { status, stdout, stderr } = runUnder(['bash', '-c', 'ulimit -f 1; exec "$@"', 'bash'], 'import', '--from', 'x0x', '--rejects', at('short'), at('source'));
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/the import was cut short[^\n]*\n.*EFBIG/);
  });

  it('refuses what is no regular file, and does not wait for the other end of a FIFO', () => {
    expect(spawnSync('mkfifo', [at('fifo')]).status).toBe(0);
    for (const path of [at('fifo'), place]) expect([path, run('import', '--from', 'x0x', path)]).toEqual([path, { status: 2, stdout: '', stderr: `indelible: ${path} is no regular file\n` }]);
  });

  it('puts every bad line into --rejects with number and reason, and loses none', () => {
    const good = (n: number): string => `{"timestamp":"2026-04-04T00:00:00Z","kind":"vm_start","vm_name":"odd-${n}","detail":null}`;
    const content = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(`${good(1)}\r\n\n${good(2)}${good(3)}\nnonsense\n{"kind":7}\n${good(4).slice(0, 30)}${good(5)}\n`),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a]), Buffer.from(good(6).slice(0, 50)),
    ]);
    const { status, report, stderr } = importFile('mvm-local', content, '--rejects', at('rejects'));
    expect([status, report]).toMatchObject([1, { lines: 8, recorded: 4, rejected: 5, fused: 2, torn: 2, blank: 1, crlf: 1 }]);
    expect(stderr).toContain('2 lines held more than one object');
    const rejects = readFileSync(at('rejects'), 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rejects.map(({ line, reason, raw, raw_base64: base64 }) => [line, reason, raw ?? base64])).toEqual([
      [4, 'not_json', 'nonsense'], [5, 'invalid_event', '{"kind":7}'], [6, 'torn', good(4).slice(0, 30)],
      [7, 'not_utf8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64')], [8, 'torn', good(6).slice(0, 50)],
    ]);
    for (const { offset, raw } of rejects) if (typeof raw === 'string') expect(content.subarray(Number(offset)).toString()).toContain(raw);
    expect(exported('mvm-local').filter((line) => line.includes('odd-'))).toEqual([1, 2, 3, 5].map(good));
    const again = importFile('mvm-local', content, '--rejects', at('rejects'));
    expect([again.status, again.stdout]).toEqual([2, '']);
  });

  it('says where in an event it is that the client will not send', () => {
    const line = (detail: string): string => `{"id":"place-${detail.length}","timestamp":"2026-04-05T00:00:00Z","category":"api","action":"a","outcome":"success","detail":${detail}}\n`;
    const { status, report } = importFile('codetether', line('{"a":["\\ud800"]}') + line('[0,100000000000000000001]') + line('[1,{"b":100000000000000000000}]'), '--rejects', at('placed'));
    expect([status, report]).toMatchObject([1, { recorded: 1, rejected: 2 }]);
    const rejects = readFileSync(at('placed'), 'utf8').split('\n').slice(0, -1).map((text) => (JSON.parse(text) as { message: string }).message);
    expect(rejects).toEqual([expect.stringMatching(/^\/detail\/a\/0: /), expect.stringMatching(/^\/detail\/1: /)]);
    expect(exported('codetether').filter((text) => text.includes('"place-'))).toEqual([expect.stringContaining('"detail":[1,{"b":100000000000000000000}]')]);
  });

  it('completes a line from before fields existed, and gives it back complete', () => {
    const old = '{"timestamp":"2026-01-01T00:00:00Z","tenant_id":"old","action":"InstanceCreated"}';
    expect(importFile('mvm-tenant', `${old}\n`).report).toMatchObject({ recorded: 1 });
    expect(exported('mvm-tenant', '--tenant-id', 'old')).toEqual(['{"timestamp":"2026-01-01T00:00:00Z","tenant_id":"old",' +
      '"pool_id":null,"instance_id":null,"action":"InstanceCreated","detail":null,"threats":[],"gate_decision":null,"frame_sequence":null}']);
  });

  it('wrong usage is 2', () => {
    for (const args of [
      ['--from', 'nobody', at('source')], [at('source')], ['--from', 'x0x', at('absent')],
      ['--from', 'x0x', '--hmac-key', at('source'), at('source')], ['--from', 'x0x', place],
    ]) {
      const { status, stdout, stderr } = run('import', ...args);
      expect([args, status, stdout]).toEqual([args, 2, '']);
      expect(stderr).not.toBe('');
    }
  });
});

describe('tryaudex signatures', () => {
  const key = Buffer.alloc(32, 7);
  const events = Array.from({ length: 20 }, (_, n) => (
    `{"timestamp":"2026-06-06T00:00:00Z","session_id":"signed-${n}","provider":"aws","event":{"type":"credentials_issued","access_key_id":"id-${n}","expires_at":"2026-06-06T01:00:00Z"}}`));
  const sign = (lines: readonly string[]): string[] => {
    let previous = 'genesis';
    return lines.map((line) => {
      previous = createHmac('sha256', key).update(previous + line).digest('hex');
      return `${line}\t#HMAC:${previous}`;
    });
  };

  it('are checked with the key, and the result is recorded', () => {
    writeFileSync(at('key'), key.toString('hex'));
    const spoiled = sign(events).with(4, (sign(events)[4] ?? '').replace('id-4', 'id-X'));
    const { status, report } = importFile('tryaudex', `${spoiled.join('\n')}\n`, '--hmac-key', at('key'));
    const signatures = { valid: 19, unsigned: 0, stripped: 0, forked: 0, wrong: 1 };
    expect([status, report]).toMatchObject([1, { recorded: 20, suspect: [5], signatures }]);
    const note = recordsIn(daemon.state).find(({ kind }) => kind === 'import.verified');
    expect(note?.event).toMatchObject({ outcome: 'failure', detail: { suspect: [5], signatures: { valid: 19, wrong: 1 } } });
  });

  it('are made anew by export --hmac-key, so that the old reader takes them', () => {
    const lines = exported('tryaudex', '--hmac-key', at('key'));
    expect(lines).toEqual(sign(lines.map((line) => line.slice(0, line.indexOf('\t')))));
    const fresh = importFile('tryaudex', `${lines.join('\n')}\n`, '--hmac-key', at('key'));
    const signatures = { valid: lines.length, wrong: 0 };
    expect([fresh.status, fresh.report]).toMatchObject([0, { recorded: 0, already: lines.length, signatures }]);
  });
});

describe('export', () => {
  it('to jsonl is the log itself, to csv a table', () => {
    expect(exported('jsonl').map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(recordsIn(daemon.state).map(({ seq }) => seq));
    expect(run('export', '--to', 'csv').stdout.split('\r\n')).toHaveLength(records() + 2);
  });

  it('narrows by the filters of query, and refuses a profile that is not its own', () => {
    expect(exported('codetether', '--outcome', 'denied')).toEqual([files['codetether']?.[1]]);
    expect(run('export', '--to', 'codetether', '--profile', 'generic').status).toBe(2);
  });
});

describe('when the daemon has forgotten the ids', () => {
  it('a second import adds nothing, because the log still has them', async () => {
    // More than a start reads back.
    const client = await connect({ socket: daemon.socket, timeoutMs: 120_000 });
    await Promise.all(Array.from({ length: 11 }, () => client.append(Array.from({ length: 1000 }, () => ({ action: 'later' })))));
    await client.close();
    await daemon.kill('SIGTERM');
    daemon = await Daemon.start({ state: daemon.state, socket: daemon.socket, env: { INDELIBLE_SYNC: 'group' } });
    const before = records();
    for (const [from, lines] of Object.entries(files)) {
      const { report } = importFile(from, lines.map((line) => `${line}\n`).join(''));
      expect(report).toMatchObject({ recorded: 0, already: lines.length });
    }
    expect(records()).toBe(before);
    // That it has forgotten them shows where the log cannot be read; and that is said.
    const blind = importFile('codetether', `${files['codetether']?.[0] ?? ''}\n`, '--state-dir', place);
    expect(blind.report).toMatchObject({ recorded: 1, already: 0 });
    expect(blind.stderr).toContain('the newest 65,536 ids only');
    expect(verified(daemon.state).exit).toBe(0);
  });
});

describe('last, for it spoils the log', () => {
  it('a line that does not follow is left out of an export, and the exit status is 1', async () => {
    await daemon.kill('SIGTERM');
    const path = join(daemon.state, 'log', '00000000000000000001.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    const index = lines.findIndex((line) => line.includes('"vm_name":"web-1"'));
    writeFileSync(path, lines.with(index, (lines[index] ?? '').replace(/"prev":"./, '"prev":"x')).join('\n'));
    const { status, stdout, stderr } = run('export', '--to', 'mvm-local');
    expect([status, stdout.includes('web-1')]).toEqual([1, false]);
    expect(stderr).toMatch(/broken 1, not JSON 1,/);
    rmSync(daemon.state, { recursive: true });
    daemon = await Daemon.start();
  });
});
