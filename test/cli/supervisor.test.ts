// What the service manager hears: that we get on, only while the writer does.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isJournal, withPriority } from '../../src/cli/process-log.js';
import { Supervisor, statusLine, watchdogOf } from '../../src/cli/supervisor.js';
import { Pulse } from '../../src/log/pulse.js';
import { temporaryDirectory } from '../daemon.js';
import { Manager } from '../kernel/manager.js';

const head = { seq: 10, mac: '', ts: null };
const status = { state: 'ready', head, clients: 2, queue: { events: 3, bytes: 0 }, last_error: null } as const;
const silent = pino({ level: 'silent' });

describe('a supervisor', () => {
  let directory: string;
  let manager: Manager;
  let supervisor: Supervisor | undefined;
  let heard: string[];
  const pulse = new Pulse();

  beforeEach(() => {
    directory = temporaryDirectory();
    manager = new Manager(join(directory, 'n'));
    heard = [];
  });
  afterEach(() => {
    supervisor?.close();
    manager.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(): Supervisor {
    // Looks four times in 40 ms.
    const environment = { NOTIFY_SOCKET: join(directory, 'n'), WATCHDOG_USEC: '40000' };
    supervisor = new Supervisor({ environment, pid: 1, pulse, logger: silent, monotonic: () => performance.now() });
    return supervisor;
  }

  /** Listens for as long as it takes until a word is heard; `meanwhile` runs before each look. */
  async function until(word: string, meanwhile: () => void = () => undefined): Promise<void> {
    while (!heard.some((text) => text.split('\n').includes(word))) {
      meanwhile();
      await delay(1);
      heard.push(...manager.heard());
    }
  }

  test('asks for more time while a start gets on, and says nothing of a watchdog before it is ready', async () => {
    const one = start();
    one.say('opening\nthe log');
    await until('EXTEND_TIMEOUT_USEC=30000000', () => { pulse.beat(); });
    expect(heard[0]).toBe('STATUS=opening the log');
    one.ready(() => status);
    await until('WATCHDOG=1', () => { pulse.beat(); });
    const at = heard.findIndex((text) => text.startsWith('READY=1'));
    expect(heard[at]).toBe('READY=1\nSTATUS=ready: record 10, 0 records/s, 2 clients, 3 events waiting');
    expect(heard.slice(0, at).join()).not.toContain('WATCHDOG');
    one.stopping('SIGTERM');
    heard.length = 0;
    await until('EXTEND_TIMEOUT_USEC=30000000', () => { pulse.beat(); });
    expect(heard[0]).toBe('STOPPING=1\nSTATUS=stopping: SIGTERM');
    expect(heard.join()).not.toContain('WATCHDOG');
  });

  test('is silent as long as the writer stands still, however long it looks', async () => {
    let looks = 0;
    const one = start();
    // What `status` says changes at each look and is told every two seconds: so it is known that looks were taken.
    one.ready(() => ({ ...status, head: { ...head, seq: looks += 1 } }));
    await until('STATUS=the end of this test', () => {
      if (looks >= 2) one.say('the end of this test');
    });
    expect(heard.join('\n')).toMatch(/STATUS=ready: record 2/);
    expect(heard.join('\n')).not.toContain('WATCHDOG=1');
  });

  test('without a service manager is nobody', () => {
    const one = new Supervisor({ environment: {}, pid: 1, pulse, logger: silent, monotonic: () => 0 });
    one.ready(() => status);
    one.stopping('SIGTERM');
    one.close();
    expect(manager.heard()).toEqual([]);
  });
});

test('the watchdog\'s time is ours only with our pid', () => {
  expect(watchdogOf({ WATCHDOG_USEC: '2000000' }, 7)).toBe(2000);
  expect(watchdogOf({ WATCHDOG_USEC: '2000000', WATCHDOG_PID: '7' }, 7)).toBe(2000);
  expect(watchdogOf({ WATCHDOG_USEC: '2000000', WATCHDOG_PID: '8' }, 7)).toBeUndefined();
  expect(watchdogOf({ WATCHDOG_USEC: 'soon' }, 7)).toBeUndefined();
  expect(watchdogOf({}, 7)).toBeUndefined();
});

test('the status line has state, record and rate, and what is wrong', () => {
  expect(statusLine({ ...status, head: { ...head, seq: 110 } }, { seq: 10, atMs: 0 }, 2000, 0).text).toBe('ready: record 110, 50 records/s, 2 clients, 3 events waiting');
  expect(statusLine({ ...status, state: 'degraded', last_error: 'no room' }, undefined, 0, 7400).text)
    .toBe('degraded: the disk has not answered for 7 s, record 10, 0 records/s, 2 clients, 3 events waiting, last error: no room');
});

describe('the process log', () => {
  test.each([[60, 2], [50, 3], [40, 4], [30, 6], [20, 7], [10, 7]])('files level %i under priority %i', (level, priority) => {
    const line = `{"level":${level},"msg":"x"}\n`;
    expect(withPriority(line)).toBe(`<${priority}>${line}`);
  });

  test('is the journal\'s only where JOURNAL_STREAM is what stderr is', () => {
    expect(isJournal(undefined)).toBe(false);
    expect(isJournal('1:2')).toBe(false);
  });
});
