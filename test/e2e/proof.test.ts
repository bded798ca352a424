// Proofs and receipts as their users have them: a real daemon, the SDK, the commands, and a log that is changed afterwards.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafHash } from '../../src/checkpoint/merkle.js';
import { rootFromPath } from '../../src/checkpoint/proof.js';
import { openCheckpoint } from '../../src/checkpoint/seal.js';
import { type Client, connect } from '../../src/client/client.js';
import type { ProofReport } from '../../src/verify/proof.js';
import type { Report } from '../../src/verify/report.js';
import { Conversation, Daemon, linesIn, program, temporaryDirectory } from '../daemon.js';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const place = temporaryDirectory();
const state = join(place, 'state');
const copy = join(place, 'copy');
const pub = join(state, 'log.pub');
const receipts = join(place, 'receipts.jsonl');
const eventsCount = 600;
let daemon: Daemon;
let client: Client;
let seqs: readonly number[];

function run(...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8', env: { PATH: process.env['PATH'], INDELIBLE_SOCKET: daemon.socket },
  });
  return { status, stdout, stderr };
}

/** Proof and record of `seq` as files. */
function proved(seq: number, ...options: readonly string[]): { readonly proof: string; readonly record: string } {
  const files = { proof: join(place, `${seq}.tlog-proof`), record: join(place, `${seq}.json`) };
  const { status, stdout, stderr } = run('prove', String(seq), '--record', files.record, ...options);
  expect([seq, status, stderr]).toEqual([seq, 0, '']);
  writeFileSync(files.proof, stdout);
  return files;
}

function checked(proof: string, record: string, key = pub, ...more: readonly string[]): Outcome {
  return run('verify', '--proof', proof, '--record', record, '--pub', key, ...more);
}

function segmentsOf(directory: string): string[] {
  return readdirSync(join(directory, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort();
}

beforeAll(async () => {
  mkdirSync(state);
  chmodSync(state, 0o700);
  daemon = await Daemon.start({ state, env: { INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_SEAL_MS: '100', INDELIBLE_LOG_LEVEL: 'info' } });
  client = await connect({ socket: daemon.socket, receiptsFile: receipts });
  for (let i = 0; i < eventsCount; i += 1) await client.append({ action: `event ${i}`, detail: 'x'.repeat(200) });
  await client.append({ action: 'the same' }, { id: 'once' });
  await client.append({ action: 'the same' }, { id: 'once' });
  await client.flush();
  const durable = (await client.status()).head.seq;
  for (;;) {
    const { sealed_to: sealed } = await client.status();
    if (sealed >= durable) break;
    // A seal is a commit; the next record that is seen may be it.
    for await (const seen of client.tail({ from: sealed + 1, filters: { kind: 'seal' } })) if (seen.seq > 0) break;
  }
  const firsts = segmentsOf(state).map((name) => Number(name.slice(0, 20)));
  const { size } = openCheckpoint(await client.checkpoint(), []) ?? { size: 0 };
  const wanted = [1, ...firsts.slice(1, 4).flatMap((first) => [first - 1, first, first + 1]), Math.floor(size / 2), size];
  seqs = [...new Set(wanted)].filter((seq) => seq <= size);
});

afterAll(async () => {
  await client.close({ timeoutMs: 1000 });
  await daemon.clear();
  rmSync(place, { recursive: true, force: true });
});

describe('a proof', () => {
  test('of the first, the last and every record beside a segment\'s end is given and holds without the log', () => {
    expect(segmentsOf(state).length).toBeGreaterThan(2);
    expect(seqs.length).toBeGreaterThan(8);
    const lines = linesIn(state);
    for (const seq of seqs) {
      const { proof, record } = proved(seq);
      expect(readFileSync(record, 'utf8')).toBe(`${lines[seq - 1] ?? ''}\n`);
      expect(statSync(record).mode & 0o077).toBe(0);
      const { status, stdout } = checked(proof, record);
      expect([seq, status]).toEqual([seq, 0]);
      expect(stdout).toContain(`record ${seq} of the log`);
      expect(stdout).toContain('thief of the identity key');
    }
    for (const seq of seqs.slice(0, 2)) {
      const json = JSON.parse(checked(join(place, `${seq}.tlog-proof`), join(place, `${seq}.json`), pub, '--json').stdout) as ProofReport;
      expect(json).toMatchObject({ version: 1, exit: 0, proven: true, record: { seq }, identity_theft: 'not_excluded' });
      expect(json.epoch_key).toMatch(/\/epoch\/\d+$/);
    }
  });

  test('comes through the SDK with all that is needed to check it', async () => {
    const proof = await client.prove(7);
    const checkpoint = openCheckpoint(proof.note, []);
    expect(Object.keys(proof)).toEqual(['line', 'index', 'size', 'hashes', 'note']);
    expect(proof).toMatchObject({ index: 6, size: checkpoint?.size });
    expect(rootFromPath(leafHash(Buffer.from(proof.line)), 6, proof.size, proof.hashes.map((hash) => Buffer.from(hash, 'base64')))).toEqual(checkpoint?.root);
  });

  test('is the same from a copy of the files', () => {
    cpSync(state, copy, { recursive: true, filter: (path) => path !== daemon.socket && !path.endsWith('.lock') });
    for (const seq of seqs.slice(0, 4)) {
      const fromFiles = run('prove', String(seq), '--state-dir', copy, '--json');
      expect([seq, fromFiles.status, fromFiles.stderr]).toEqual([seq, 0, '']);
      const { index } = JSON.parse(fromFiles.stdout) as { index: number };
      expect(index).toBe(seq - 1);
    }
    const { proof, record } = proved(seqs.at(-1) ?? 0, '--state-dir', copy);
    expect(checked(proof, record, pub, '--checkpoint', join(copy, 'checkpoint'))).toMatchObject({ status: 0, stdout: expect.stringContaining('kept elsewhere') as string });
  });

  test('with a changed record, a changed path or another key fails; an option that is missing or does not belong is wrong usage, a file that is missing is 3', () => {
    const { proof, record } = proved(5);
    const other = proved(6);
    const bad = join(place, 'bad');
    const text = readFileSync(proof, 'utf8');
    expect(checked(proof, record).stdout).toContain(': generic "event ');
    writeFileSync(bad, readFileSync(record, 'utf8').replace('event', 'tneve'));
    expect(checked(proof, bad)).toMatchObject({ status: 1, stdout: expect.stringContaining('root_mismatch') as string });
    expect(checked(proof, other.record).status).toBe(1);
    writeFileSync(bad, text.replace(/^index 4$/m, 'index 5'));
    expect(checked(bad, record).status).toBe(1);
    writeFileSync(bad, text.replace('tlog-proof@v1', 'tlog-proof@v2'));
    expect(checked(bad, record)).toMatchObject({ status: 1, stdout: expect.stringContaining('proof_malformed') as string });
    const foreign = spawnSync(process.execPath, [program, 'init', '--key-out', join(place, 'k')], { env: { PATH: process.env['PATH'], INDELIBLE_STATE_DIR: join(place, 'foreign') } });
    expect(foreign.status).toBe(0);
    expect(checked(proof, record, join(place, 'foreign/log.pub')).status).toBe(1);
    expect(run('verify', '--proof', proof, '--pub', pub).status).toBe(2);
    expect(run('verify', '--record', record, '--pub', pub).status).toBe(2);
    expect(run('verify', '--proof', proof, '--record', record).status).toBe(2);
    expect(checked(join(place, 'nothing'), record)).toMatchObject({ status: 3, stderr: expect.stringMatching(/^indelible verify: --proof: ENOENT/) as string });
    expect(checked(proof, record, record).status).toBe(2);
    for (const [option, value] of [['--state-dir', state], ['--key', bad], ['--receipts', receipts]]) {
      expect(checked(proof, record, pub, option ?? '', value ?? '')).toMatchObject({ status: 2, stderr: expect.stringContaining(option ?? '') as string });
    }
  });

  test('is refused with its reason for what is not there, not sealed, or no number', async () => {
    expect(run('prove', '999999')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no record 999999') as string });
    for (const seq of ['0', '-1', '1.5', 'x', '9007199254740992', '']) expect([seq, run('prove', seq).status]).toEqual([seq, 2]);
    expect(run('prove', '1', '--state-dir', place).status).toBe(3);
    expect(run('prove', '1', '--state-dir', copy, '--socket', daemon.socket).status).toBe(2);
    expect(run('prove', '1', '--record', join(place, 'no/where'))).toMatchObject({ status: 1, stdout: '' });
    const conversation = new Conversation(daemon.socket);
    for (const seq of [0, 2 ** 53, -1, '1', null]) expect(await conversation.ask({ op: 'prove', id: 1, seq })).toMatchObject({ op: 'error', code: 'bad_request' });
    await conversation.close();
  });

  test('that were asked for leave before a connection that sends nothing more is closed', async () => {
    const conversation = new Conversation(daemon.socket);
    conversation.send(...Array.from({ length: 20 }, (_, id) => ({ op: 'prove', id, seq: id + 1 })));
    conversation.socket.end();
    await conversation.closed;
    expect(conversation.replies.map(({ op, id }) => [op, id])).toEqual(Array.from({ length: 20 }, (_, id) => ['proof', id]));
  });

  test('is not given of a log that was changed, and the daemon says so where it is heard', async () => {
    const [name = ''] = segmentsOf(state);
    const path = join(state, 'log', name);
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    changed.write('tneve', bytes.indexOf('event 3'));
    writeFileSync(path, changed);
    try {
      await expect(client.prove(2)).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('indelible verify') as string });
      await daemon.says('not what was sealed');
      expect(run('prove', '2', '--state-dir', state)).toMatchObject({ status: 1, stdout: '' });
    } finally {
      writeFileSync(path, bytes);
    }
    expect(await client.prove(2)).toMatchObject({ index: 1 });
  });
});

describe('receipts', () => {
  function verifyWith(directory: string, file = receipts): { readonly status: number | null; readonly report: Report } {
    const key = join(state, 'keys/verification.key');
    const { status, stdout } = run('verify', '--state-dir', directory, '--key', key, '--receipts', file, '--json');
    return { status, report: JSON.parse(stdout) as Report };
  }

  function codes({ findings }: Report): ReadonlySet<string> {
    return new Set(findings.map(({ code }) => code));
  }

  test('that the SDK kept are all in the log, those of duplicates too', () => {
    const kept = readFileSync(receipts, 'utf8').split('\n').slice(0, -1);
    expect(kept).toHaveLength(eventsCount + 2);
    expect(client.receipts).toMatchObject({ written: eventsCount + 2, lost: 0 });
    const { status, report } = verifyWith(state);
    expect(status).toBe(0);
    expect(report.counts).toMatchObject({ receipts: kept.length, receipts_found: kept.length });
  });

  test('find a log that was cut, whoever says that it was not', () => {
    const cut = join(place, 'cut');
    cpSync(copy, cut, { recursive: true });
    const segments = segmentsOf(cut);
    truncateSync(join(cut, 'log', segments.at(-1) ?? ''), 0);
    const { status, report } = verifyWith(cut);
    expect(status).toBe(1);
    expect(codes(report)).toContain('receipt_missing');
  });

  test('find a record that another was put in the place of', () => {
    const edited = join(place, 'edited');
    cpSync(copy, edited, { recursive: true });
    const path = join(edited, 'log', segmentsOf(edited)[0] ?? '');
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[5] = (lines[5] ?? '').replace(/[0-9a-f]{64}"\}$/, `${'a'.repeat(64)}"}`);
    writeFileSync(path, lines.join('\n'));
    const { status, report } = verifyWith(edited);
    expect(status).toBe(1);
    expect([...codes(report)].some((code) => code.startsWith('receipt_'))).toBe(true);
  });

  test('are kept by emit, whose exit status tells when they could not be', () => {
    const file = join(place, 'emitted.jsonl');
    expect(run('emit', '--action', 'a', '--receipts', file).status).toBe(0);
    const [line = ''] = readFileSync(file, 'utf8').split('\n');
    expect(verifyWith(state, file).report.counts.receipts_found).toBe(1);
    expect(JSON.parse(line)).toMatchObject({ mac: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const failed = run('emit', '--action', 'a', '--receipts', join(place, 'no/where'));
    expect(failed).toMatchObject({ status: 1, stderr: expect.stringContaining('recorded') as string });
    expect(JSON.parse(failed.stdout)).toHaveProperty('seq');
    expect(existsSync(join(place, 'no'))).toBe(false);
  });
});
