// Never a false alarm, in short: every scenario with a fixed seed. And the suite itself: what is tampered with is an alarm.
import { readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { realDisk } from '../../src/disk/disk.js';
import { listSegments } from '../../src/log/segment.js';
import type { Bench } from './bench.js';
import { produce } from './producer.js';
import { runOnce } from './scenario.js';
import type { Outcome } from './scenario.js';
import { scenarios } from './scenarios.js';
import { summarize } from './suite.js';

describe.each(scenarios)('$name', (scenario) => {
  test('is no tampering and raises no alarm', async () => {
    const { alarms, undone, verifications } = await runOnce(scenario, 1);
    expect({ alarms, undone }).toEqual({ alarms: [], undone: [] });
    expect(verifications).toBeGreaterThan(0);
  });
});

/** A log like any other, until `tamper` gets at it; then it is looked at like any other. */
async function tampered(tamper: (bench: Bench) => void): Promise<Outcome> {
  const outcome = await runOnce({
    name: 'tampered with',
    weight: 1,
    async run(bench) {
      await bench.start({ INDELIBLE_SEAL_MS: '50' });
      await produce(bench, 100);
      await bench.stop();
      bench.check('before');
      expect(bench.alarms).toEqual([]);
      bench.keepCheckpoint();
      tamper(bench);
      bench.check('behind it');
      await bench.checkByCommand('behind it');
    },
  }, 3);
  for (const { kept } of outcome.alarms) if (kept !== undefined) rmSync(kept, { recursive: true });
  return outcome;
}

function newestSegment(bench: Bench): string {
  return listSegments(realDisk, bench.places.log).at(-1)?.path ?? '';
}

describe('the suite can fail', () => {
  test('a changed byte is an alarm, by the key, by the public key and by the command', async () => {
    const { alarms, undone } = await tampered((bench) => {
      const path = newestSegment(bench);
      const bytes = readFileSync(path);
      bytes.write('X', bytes.indexOf('xxxx'));
      writeFileSync(path, bytes);
    });
    for (const by of ['with the key', 'with the public key', 'by the command']) {
      expect(alarms.some(({ what }) => what.startsWith(`behind it, ${by}: exit 1, `))).toBe(true);
    }
    expect(undone).toEqual([]);
  });

  test('an acknowledged event that is gone is an alarm', async () => {
    const { alarms } = await tampered((bench) => {
      const path = newestSegment(bench);
      truncateSync(path, readFileSync(path).subarray(0, statSync(path).size - 1).lastIndexOf('\n') + 1);
    });
    expect(alarms.some(({ what }) => what.includes('log_truncated'))).toBe(true);
  });

  test('a receipt for what is not in the log is an alarm', async () => {
    const { alarms } = await tampered((bench) => { bench.acknowledged({ seq: 1_000_000, mac: 'ab'.repeat(32) }); });
    expect(alarms.every(({ what }) => what.includes('receipt_missing'))).toBe(true);
    expect(alarms).toHaveLength(3);
  });

  test('a log that is not there any more is an alarm', async () => {
    const { alarms } = await tampered((bench) => { renameSync(bench.places.log, join(bench.elsewhere, 'log')); });
    expect(alarms.length).toBeGreaterThan(0);
  });

  test('a daemon that refuses to start is an alarm', async () => {
    const { alarms } = await runOnce({
      name: 'refusing',
      weight: 1,
      async run(bench) {
        await bench.start();
        await bench.stop();
        writeFileSync(bench.places.currentKeys, 'no keys');
        await bench.start();
        bench.check('behind it');
      },
    }, 4);
    for (const { kept } of alarms) if (kept !== undefined) rmSync(kept, { recursive: true });
    expect(alarms.map(({ what }) => what.slice(0, 24))).toEqual(['the daemon did not start']);
  });

  test('a silence that nobody brought about is an alarm, and one that somebody did is none', async () => {
    for (const [isTrue, count] of [[true, 0], [false, 1]] as const) {
      const { alarms } = await runOnce({
        name: 'silent',
        weight: 1,
        async run(bench) {
          const daemon = await bench.start({ INDELIBLE_HEARTBEAT_MS: '300' });
          bench.silences = () => isTrue;
          daemon?.process.kill('SIGSTOP');
          await new Promise((resolve) => { setTimeout(resolve, 1200); });
          daemon?.process.kill('SIGCONT');
          await produce(bench, 30);
          await bench.kill();
          bench.check('behind it', bench.state, bench.given(), 'key');
        },
      }, 5);
      for (const { kept } of alarms) if (kept !== undefined) rmSync(kept, { recursive: true });
      expect(alarms.map(({ what }) => what.includes('silence'))).toEqual(Array.from({ length: count }, () => true));
    }
  });

  test('a run that breaks, or verifies nothing, is not a pass', async () => {
    const idle = await runOnce({ name: 'idle', weight: 1, run: () => Promise.resolve() }, 6);
    const broken = await runOnce({ name: 'broken', weight: 1, run: () => Promise.reject(new Error('no such thing here')) }, 6);
    expect(summarize([idle, broken]).map(({ scenario, undone }) => [scenario, undone])).toEqual([['idle', 1], ['broken', 1]]);
  });
});
