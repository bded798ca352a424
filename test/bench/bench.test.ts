// That the benchmark runs and that its ledger is whole; of how fast anything is, nothing is asserted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Conversation, Daemon, append, linesIn, verified } from '../daemon.js';
import { whileFollowed, whilePolled } from './beside.js';
import { IndelibleDialect, RedisDialect } from './dialect.js';
import { FrameMaker, event, eventJson } from './event.js';
import { fullGrid, requestsInFlight } from './grid.js';
import { Ledger } from './ledger.js';
import { median } from './numbers.js';
import { environmentWithout, promises } from './promises.js';

const script = new URL('../../scripts/bench', import.meta.url).pathname;

test('the frames of the load are appends of the event, no two with one id, and their acks are read out of any pieces', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ind-bench-'));
  const daemon = await Daemon.start({ state: directory, env: { INDELIBLE_SYNC: 'group' } });
  try {
    const requests = 300;
    const batch = 3;
    const dialect = new IndelibleDialect(new FrameMaker('t.0', batch));
    const ledger = new Ledger(batch);
    const conversation = new Conversation(daemon.socket);
    let read = 0;
    const whole = new Promise<void>((resolve) => {
      conversation.socket.on('data', (chunk: Buffer) => {
        // In pieces, as a socket may hand them over.
        for (let at = 0; at < chunk.length; at += 7) {
          dialect.read(chunk.subarray(at, at + 7), (id, first, count) => {
            ledger.acknowledged(read, id ?? -1, first, count);
            read += 1;
            if (read === requests) resolve();
          }, (what) => { ledger.failed(what); });
        }
      });
    });
    conversation.socket.write(dialect.requests(0, requests));
    await whole;
    expect(ledger.sum(0)).toEqual({ events: requests * batch, wrong: [] });
    await conversation.close();
    await daemon.stop();
    const recorded = linesIn(directory).filter((line) => line.includes('"profile":"x0x.exec"')).map((line) => JSON.parse(line) as { id: string; event: unknown });
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(requests * batch);
    expect(recorded[0]?.event).toEqual(event);
    expect(verified(directory)).toMatchObject({ exit: 0, findings: [] });
  } finally {
    await daemon.clear();
    rmSync(directory, { recursive: true, force: true });
  }
});

test.each([undefined, ...promises])('a daemon without %s takes events, and what it writes shows what it lacks', async (without) => {
  const daemon = await Daemon.start({ env: { INDELIBLE_SYNC: 'group', ...environmentWithout(without) } });
  try {
    const conversation = new Conversation(daemon.socket);
    for (let id = 1; id <= 20; id += 1) expect(await conversation.ask(append(id, 'a', `e${id}`))).toMatchObject({ op: 'ack', id, count: 1 });
    await conversation.close();
    await daemon.kill('SIGKILL');
    // Nothing taken away would mean that nothing is measured. (Redaction is an option, and ids are left out by the load.)
    const headSeq = Number(/"seq":(\d+)/.exec(readFileSync(join(daemon.state, 'log/head'), 'latin1'))?.[1] ?? 0);
    expect(headSeq >= 20).toBe(without !== 'head');
    expect(verified(daemon.state).exit !== 0).toBe(without === 'chain' || without === 'tree' || without === 'steps');
  } finally {
    await daemon.clear();
  }
});

test('somebody follows the log, and somebody asks for the status, as long as something is measured', async () => {
  const daemon = await Daemon.start({ env: { INDELIBLE_SYNC: 'group' } });
  try {
    const clients = (wanted: number) => async (): Promise<number> => {
      const conversation = new Conversation(daemon.socket);
      for (;;) {
        const status = await conversation.ask({ op: 'status', id: 1 });
        const { clients: now } = status as unknown as { readonly clients: number };
        if (now >= wanted) {
          await conversation.close();
          return now;
        }
      }
    };
    // Who follows asks on one connection and is sent the records on another.
    expect(await whileFollowed(daemon.socket, clients(3))).toBe(3);
    expect(await whilePolled(daemon.socket, clients(2))).toBe(2);
  } finally {
    await daemon.clear();
  }
});

test('a ledger tells what was doubled, out of order, short or never answered', () => {
  const ledger = new Ledger(2);
  ledger.acknowledged(0, 0, 10, 2);
  ledger.acknowledged(1, 2, 11, 1);
  expect(ledger.sum(3).wrong).toHaveLength(4);
});

test('a Redis reply counts when a whole batch is there', () => {
  const dialect = new RedisDialect(eventJson, 2);
  expect(dialect.requests(0, 3).toString('latin1').match(/XADD/g)).toHaveLength(6);
  const counts: number[] = [];
  const wrong: string[] = [];
  for (const piece of ['$3\r\n1-', '0\r\n$3\r\n2-0\r\n-ERR no\r\n$3\r\n3-0\r\n']) {
    dialect.read(Buffer.from(piece), (_, __, count) => { counts.push(count); }, (what) => { wrong.push(what); });
  }
  expect([counts, wrong]).toEqual([[2], ['-ERR no']]);
});

test('every cell of the grid has something in flight', () => {
  expect(fullGrid).toHaveLength(24);
  for (const cell of fullGrid) expect(requestsInFlight(cell)).toBeGreaterThan(0);
  expect([median([3, 1, 2]), median([4, 1]), median([])]).toEqual([2, 2.5, 0]);
});

test('to install the peers is all that --install-peers does, and it stands alone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ind-bench-'));
  try {
    const asked = join(directory, 'asked');
    // Nothing is installed, stopped or built here: who is asked notes it, and the benchmark would end at once without a Node.
    for (const name of ['apt-get', 'systemctl', 'node']) {
      writeFileSync(join(directory, name), `#!/bin/sh\necho "${name} $*" >> '${asked}'\n[ ${name} != node ]\n`, { mode: 0o755 });
    }
    const bench = (...words: readonly string[]): number | null => spawnSync(script, words, {
      env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` }, encoding: 'utf8',
    }).status;
    expect(bench('--install-peers')).toBe(0);
    const lines = readFileSync(asked, 'utf8');
    expect(lines).toMatch(/^apt-get update .*\napt-get install .*redis-server.*\nsystemctl is-active .*\nsystemctl stop redis-server\n$/);
    for (const words of [['--install-peers', '--quick'], ['--quick', '--install-peers'], ['--help', '--install-peers']]) expect(bench(...words)).toBe(2);
    expect(readFileSync(asked, 'utf8')).toBe(lines);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
