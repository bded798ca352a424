// The file of receipts: what is acknowledged is in it, and whatever happens to it, appends do not notice.
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../src/client/client.js';
import { ReceiptFile, receiptBytesMax } from '../../src/client/receipts.js';
import type { Ack } from '../../src/wire/message.js';
import { Daemon, macOf } from './daemon.js';

let daemon: Daemon;
let directory: string;
let path: string;
const clients: Client[] = [];

beforeEach(async () => {
  daemon = await new Daemon().start();
  directory = mkdtempSync(join(tmpdir(), 'ind-receipts-'));
  path = join(directory, 'receipts.jsonl');
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close({ timeoutMs: 100 });
  await daemon.end();
  rmSync(directory, { recursive: true });
});

async function keeping(receiptsFile: string): Promise<Client> {
  const client = await connect({ socket: daemon.path, receiptsFile });
  clients.push(client);
  return client;
}

function kept(): { readonly seq: number; readonly mac: string }[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as { seq: number; mac: string });
}

function ack(seq: number): Ack {
  return { op: 'ack', id: 1, first: seq, count: 1, mac: macOf(seq), ts: 'now' };
}

describe('receipts', () => {
  test('are in the file, one for each acknowledgement and each duplicate, for the owner only', async () => {
    const client = await keeping(path);
    await client.append([{ action: 'a' }, { action: 'b' }]);
    await client.append({ action: 'c' }, { id: 'once' });
    const { duplicates } = await client.append({ action: 'c' }, { id: 'once' });
    expect(duplicates).toEqual([[0, 3, macOf(3)]]);
    client.emit({ action: 'd' });
    await client.close();
    expect(kept()).toEqual([
      { seq: 2, mac: macOf(2), ts: 'now' }, { seq: 3, mac: macOf(3), ts: 'now' }, { seq: 3, mac: macOf(3) }, { seq: 4, mac: macOf(4), ts: 'now' },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(client.receipts).toEqual({ written: 4, waiting: 0, lost: 0, error: undefined });
  });

  test('are added to those of earlier runs, and are there after a flush', async () => {
    writeFileSync(path, `{"seq":1,"mac":"${macOf(1)}"}\n`);
    const client = await keeping(path);
    daemon.record({ profile: 'generic', event: { action: 'other' }, id: undefined, traceparent: undefined, bytes: 1, json: undefined });
    await client.append({ action: 'a' });
    await client.flush();
    expect(kept().map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('are kept of what was refused to nobody: a refusal gives none', async () => {
    const client = await keeping(path);
    daemon.answer = ({ id }) => ({ op: 'error', id, code: 'forbidden', message: 'no' });
    await expect(client.append({ action: 'a' })).rejects.toMatchObject({ code: 'forbidden' });
    await client.close();
    expect(client.receipts).toMatchObject({ written: 0, waiting: 0, lost: 0 });
  });

  test('are not there without a file to keep them in', async () => {
    const client = await connect({ socket: daemon.path });
    clients.push(client);
    await client.append({ action: 'a' });
    expect(client.receipts).toBeUndefined();
  });
});

describe('a file that cannot be written', () => {
  test('lets appends go on, is reported, and gets what waited when it can be written again', async () => {
    const parent = join(directory, 'later');
    path = join(parent, 'receipts.jsonl');
    const client = await keeping(path);
    await client.append({ action: 'a' });
    await client.append({ action: 'b' });
    await client.flush();
    expect(client.receipts).toMatchObject({ written: 0, waiting: 2, lost: 0, error: { code: 'ENOENT' } });
    mkdirSync(parent);
    await client.append({ action: 'c' });
    await client.flush();
    expect(client.receipts).toEqual({ written: 3, waiting: 0, lost: 0, error: undefined });
    expect(kept().map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test('costs the receipts that wait when the client is closed, and they are counted', async () => {
    const client = await keeping(join(directory, 'nowhere', 'receipts.jsonl'));
    await client.append({ action: 'a' });
    await client.close();
    expect(client.receipts).toMatchObject({ written: 0, waiting: 0, lost: 1, error: { code: 'ENOENT' } });
  });

  test('is one that is no file of receipts: not a byte of it changes', async () => {
    writeFileSync(path, 'my notes');
    for (const place of [path, directory, '/dev/null']) {
      const file = new ReceiptFile(place);
      file.take(ack(1));
      await file.flush();
      expect([place, file.tally]).toMatchObject([place, { written: 0, waiting: 1 }]);
      expect(file.tally.error).toBeInstanceOf(Error);
      await file.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('my notes');
  });

  test('holds no more than its bound in memory', async () => {
    const file = new ReceiptFile(join(directory, 'nowhere', 'receipts.jsonl'));
    const count = Math.ceil(receiptBytesMax / 80);
    for (let seq = 1; seq <= count; seq += 1) file.take(ack(seq));
    const { waiting, lost } = file.tally;
    expect(waiting + lost).toBe(count);
    expect(waiting * 80).toBeLessThanOrEqual(receiptBytesMax);
    expect(lost).toBeGreaterThan(0);
    await file.flush();
    await file.close();
    expect(file.tally).toMatchObject({ written: 0, waiting: 0, lost: count });
  });
});

describe('behind a killed process', () => {
  test.each(['{', '{"seq":7,"mac":"abc', `{"seq":7,"mac":"${macOf(7)}"`])('half a receipt is taken off: %s', async (half) => {
    for (const before of [`{"seq":1,"mac":"${macOf(1)}"}\n`, '']) {
      writeFileSync(path, before + half);
      const file = new ReceiptFile(path);
      file.take(ack(2));
      await file.flush();
      await file.close();
      expect(kept().map(({ seq }) => seq)).toEqual(before === '' ? [2] : [1, 2]);
    }
  });

  test('a receipt that lacks its LF only is kept', async () => {
    writeFileSync(path, `{"seq":1,"mac":"${macOf(1)}"}\n{"seq":7,"mac":"${macOf(7)}"}`);
    const file = new ReceiptFile(path);
    file.take(ack(8));
    await file.flush();
    await file.close();
    expect(kept().map(({ seq }) => seq)).toEqual([1, 7, 8]);
  });
});

test('a flush under load waits for its own receipts only', async () => {
  const file = new ReceiptFile(path);
  let next = 0;
  let isOver = false;
  const load = (): void => {
    if (isOver) return;
    file.take(ack(next += 1));
    setImmediate(load);
  };
  load();
  await file.flush();
  isOver = true;
  expect(file.tally.written).toBeGreaterThan(0);
  await file.close();
});

test('another process may add to the same file in between', async () => {
  const file = new ReceiptFile(path);
  file.take(ack(1));
  await file.flush();
  appendFileSync(path, `{"seq":9,"mac":"${macOf(9)}"}\n`);
  file.take(ack(2));
  await file.flush();
  expect(kept().map(({ seq }) => seq)).toEqual([1, 9, 2]);
  chmodSync(path, 0o644);
  await file.close();
  expect(statSync(path).mode & 0o777).toBe(0o644);
});
