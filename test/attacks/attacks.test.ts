// A seeded short form of the attack suite, and that the suite itself can fail.
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeHead } from '../../src/log/head.js';
import { randomFrom } from '../log/memory-disk.js';
import type { Attack, MemoryAttempt } from './attack.js';
import { allAttacks, memoryAttacks } from './catalogue.js';
import { drawBelow, order } from './draw.js';
import { makeLogs } from './logs.js';
import type { Logs } from './logs.js';
import { Run, byLibrary, failing } from './run.js';
import type { Verifier } from './run.js';
import { isClean, tableText, untried } from './table.js';
import { Forger } from './toolkit.js';
import { paths } from './victim.js';

const seed = 20_260;
const sample = 6;
/** Attempts through the real command cost a process each: of those on a real disk this many. */
const sampleOnDisk = 3;
/** Attempts in all that the short form must come to, so that a class cannot shrink to nothing unseen. */
const triedMin = 400;

let logs: Logs;
beforeAll(async () => { logs = await makeLogs(seed, 3); });

const isOnDisk = (attack: Attack): boolean => !memoryAttacks.includes(attack);

describe('the logs', () => {
  it('are intact before anybody attacks them, and have what is attacked', () => {
    for (const victim of [logs.line, logs.group, logs.fork, logs.twin, logs.retired]) {
      for (const means of ['key', 'public'] as const) expect([victim.name, byLibrary(victim.disk, victim, means)]).toMatchObject([victim.name, { exit: 0, findings: [] }]);
      expect(victim.segments.length).toBeGreaterThan(2);
      expect(victim.loot.stored.name.epoch).toBeGreaterThan(3);
    }
    for (const { lines } of [logs.line, logs.group]) {
      for (const own of ['genesis', 'segment', 'seal', 'started']) expect(lines.some((line) => line.own === own)).toBe(true);
      for (const text of ['"redacted":', '"traceparent":', '"id":', '"current_spend":4.5', '日本']) {
        expect(lines.some(({ bytes }) => bytes.includes(text))).toBe(true);
      }
    }
    expect(logs.line.lines.some(({ own }) => own === 'recovered')).toBe(true);
    expect(logs.group.lines.some(({ frame }) => frame.open)).toBe(true);
    expect(logs.retired.lines[0]?.seq).toBeGreaterThan(1);
    // What stands behind the head may go: a log that ends there would have attacks that take nothing away.
    for (const { disk, last } of [logs.line, logs.group, logs.retired]) {
      expect(decodeHead(disk.file(paths.head))?.seq).toBe(last.seq);
    }
  });

  it('are whole in the hands of the thief, before he touches what was acknowledged', () => {
    const moments = [...logs.group.snapshots, ...logs.line.snapshots];
    expect(moments.length).toBeGreaterThan(3);
    for (const moment of moments) {
      expect([moment.name, byLibrary(Forger.onto(moment).disk(), moment, 'receipts')]).toMatchObject([moment.name, { exit: 0, findings: [] }]);
    }
  });
});

describe('the attacks', () => {
  it.each(['One line', 'Lines', 'Commits', 'Segments', 'State', 'Thief'] as const)('%s: nothing is missed but named residuals', (family) => {
    const run = new Run(logs, { sample, throughCommand: 200 }, randomFrom(seed));
    for (const attack of memoryAttacks) if (attack.family === family) run.carryOut(attack);
    expect(run.outcome.misses).toEqual([]);
    expect(untried(run.outcome)).toEqual([]);
    expect(isClean(run.outcome)).toBe(true);
  });

  it('something else in a file\'s place is found by the command, which ends', () => {
    const run = new Run(logs, { sample: sampleOnDisk, throughCommand: 0 }, randomFrom(seed));
    for (const attack of allAttacks) if (isOnDisk(attack)) run.carryOut(attack);
    expect(run.outcome.misses).toEqual([]);
    expect(untried(run.outcome)).toEqual([]);
  });

  it('every class has its number of attempts', () => {
    const countOf = (attack: Attack): number => attack.on(logs).reduce((sum, victim) => sum + attack.count(victim, logs), 0);
    const tried = memoryAttacks.map((attack) => [attack.name, countOf(attack)] as const);
    expect(tried.filter(([, count]) => count === 0)).toEqual([]);
    expect(tried.reduce((sum, [, count]) => sum + Math.min(count, sample), 0)).toBeGreaterThan(triedMin);
    expect(new Set(allAttacks.map(({ name }) => name)).size).toBe(allAttacks.length);
  });
});

describe('the suite can fail', () => {
  const intact: Verifier = () => ({ exit: 0, findings: [] });
  const some = memoryAttacks.filter((_, index) => index % 9 === 0);

  it('a verifier that calls everything intact misses everything', () => {
    const run = new Run(logs, { sample: 2, throughCommand: 0 }, randomFrom(seed), intact);
    for (const attack of some) {
      const { tried, found } = run.carryOut(attack);
      expect([attack.name, found]).toEqual([attack.name, 0]);
      expect(tried).toBeGreaterThan(0);
    }
    expect(isClean(run.outcome)).toBe(false);
    expect(tableText(run.outcome)).toContain('MISSED');
  });

  it('a verifier that cries tampering and points nowhere misses what has a place', () => {
    const vague: Verifier = () => ({ exit: 1, findings: [{ code: 'bad_mac', message: '' }] });
    const run = new Run(logs, { sample: 2, throughCommand: 0 }, randomFrom(seed), vague);
    const tally = run.carryOut(memoryAttacks[0] ?? never());
    expect(tally).toMatchObject({ found: 0, missed: 2, publicFound: tally.publicTried });
    expect(failing({ exit: 1, findings: [{ code: 'bad_mac', message: '', seq: 8 }] }, { seqs: [7, 9] })).toBeUndefined();
    expect(failing({ exit: 1, findings: [{ code: 'bad_mac', message: '', seq: 8 }] }, { seqs: [9, 9] })).toContain('no finding at');
    expect(failing({ exit: 3, findings: [] }, undefined)).toContain('exit 3');
    expect(failing({ exit: undefined, findings: [] }, undefined)).toBe('it did not end');
  });

  it('a residual that what was kept outside does not find is a miss', () => {
    const attack = memoryAttacks.find(({ name }) => name === 'an older snapshot of everything') ?? never();
    const run = new Run(logs, { sample: 2, throughCommand: 0 }, randomFrom(seed), intact);
    expect(run.carryOut(attack)).toMatchObject({ residual: 0 });
    expect(run.outcome.misses[0]?.why).toContain('with receipts: exit 0');
  });

  it('a class that tries nothing fails', () => {
    const run = new Run(logs, { sample: 2, throughCommand: 0 }, randomFrom(seed));
    run.carryOut({ ...(memoryAttacks[0] ?? never()), count: () => 0 });
    expect(isClean(run.outcome)).toBe(false);
    expect(tableText(run.outcome)).toContain('NOT TRIED');
  });

  it('attempts change something', () => {
    const random = randomFrom(seed);
    for (const attack of memoryAttacks) {
      for (const victim of attack.on(logs)) {
        const index = drawBelow(random, Math.max(1, attack.count(victim, logs)));
        const attempt = attack.at(index, victim, random, logs) as MemoryAttempt | undefined;
        const disk = attempt?.disk();
        const same = disk?.nodes.size === victim.disk.nodes.size && [...disk.nodes].every(([path, node]) => {
          const before = victim.disk.nodes.get(path);
          if (Buffer.isBuffer(node) && Buffer.isBuffer(before)) return node.equals(before);
          return JSON.stringify(node) === JSON.stringify(before);
        });
        expect([attack.name, attempt?.what, same]).toEqual([attack.name, attempt?.what, false]);
      }
    }
  });

  it('a seed draws the same again, and every number once', () => {
    expect([...order(randomFrom(5), 50, false)]).toEqual([...order(randomFrom(5), 50, false)]);
    expect([...order(randomFrom(5), 50, false)].sort((a, b) => a - b)).toEqual([...order(randomFrom(6), 50, true)]);
  });
});

function never(): never {
  throw new Error('there is no such attack');
}
