// Whatever call it dies at, and whether the process died or the power went: what was acknowledged is there, the log goes
// on, and all of it verifies.
import { describe, expect, test } from 'vitest';
import type { WriterOptions } from '../../src/log/commit.js';
import type { Call } from './broken-disk.js';
import { BrokenDisk } from './broken-disk.js';
import type { Crash } from './memory-disk.js';
import { MemoryDisk, randomFrom } from './memory-disk.js';
import type { Acknowledged, Run } from './run.js';
import { body, check, linesIn, start } from './run.js';

/** A day in the life of a log: birth, lines, a group, a seal, a rotation, a second of silence, a clean stop, a second run. */
function live(disk: BrokenDisk, options: Partial<WriterOptions>, acknowledged: Acknowledged): void {
  const first = start(disk, options, acknowledged);
  first.writer.append([body('one')]);
  first.writer.append([body('two'), body('three', 'x'.repeat(700)), body('four')]);
  first.writer.seal();
  first.writer.append([body('five')]);
  first.clock.pass(900);
  first.writer.tick();
  first.writer.append([body('six', 'y'.repeat(6000)), body('seven')]);
  first.writer.settle();
  first.writer.append([body('eight'), body('nine')]);
  first.writer.stop('test');
  first.writer.close();
  const second = start(disk, options, acknowledged, first.clock);
  second.writer.append([body('ten')]);
  second.writer.close();
}

/** Runs until the disk dies; false if it came to its end. */
function dies(disk: BrokenDisk, action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (disk.isDead) return true;
    throw error;
  }
}

function expectAllThere(disk: MemoryDisk, acknowledged: Acknowledged): void {
  const lines = linesIn(disk);
  for (const [seq, line] of acknowledged) if (lines.get(seq) !== line) throw new Error(`acknowledged record ${seq} is lost or changed`);
}

/** What a crash left must already be intact to whoever checks it, or hold nothing at all. */
function expectIntact(disk: MemoryDisk, acknowledged: Acknowledged): void {
  const report = check(disk);
  const codes = report.findings.map((finding) => finding.code);
  if (acknowledged.size > 0 || report.exit === 1) expect(codes).toEqual([]);
}

function expectRecovers(disk: MemoryDisk, options: Partial<WriterOptions>, acknowledged: Acknowledged): void {
  const before = acknowledged.size;
  const run: Run = start(disk, options, acknowledged);
  // Only where nothing was ever acknowledged may a log be begun anew.
  if (run.found === 'absent') expect(before).toBe(0);
  run.writer.append([body('afterwards')]);
  run.writer.append([body('and'), body('again')]);
  run.writer.stop('test');
  run.writer.close();
  expectAllThere(disk, acknowledged);
  expect(check(disk)).toMatchObject({ exit: 0, findings: [] });
  expect(disk.opened).toBe(0);
}

const modes: readonly { readonly name: string; readonly options: Partial<WriterOptions> }[] = [
  { name: 'line, head each second', options: { sync: 'line', headSync: 'second', segmentBytes: 5000 } },
  { name: 'line, head always', options: { sync: 'line', headSync: 'always', segmentBytes: 5000 } },
  { name: 'group, head each second', options: { sync: 'group', headSync: 'second', segmentBytes: 5000 } },
  { name: 'group, head always', options: { sync: 'group', headSync: 'always', segmentBytes: 5000 } },
];
/** Of a write: nothing, a part without its end, all of it. */
const parts = [0, 300, Number.MAX_SAFE_INTEGER];
const crashes: readonly { readonly crash: Crash; readonly seeds: readonly number[] }[] = [
  { crash: 'process', seeds: [0] },
  { crash: 'power', seeds: [1] },
];

function callsOf(options: Partial<WriterOptions>): readonly Call[] {
  const disk = new BrokenDisk(new MemoryDisk());
  live(disk, options, new Map());
  return disk.calls;
}

describe.each(modes)('$name', ({ options }) => {
  const all = callsOf(options);
  const calls = all.length;
  const writes = new Set(all.filter(({ kind }) => kind === 'write').map(({ index }) => index));

  test.each(crashes)('a death of the $crash at every call loses nothing that was acknowledged', ({ crash, seeds }) => {
    expect(calls).toBeGreaterThan(100);
    for (let at = 0; at < calls; at += 1) {
      for (const part of writes.has(at) ? parts : [0]) {
        const acknowledged: Acknowledged = new Map();
        const platter = new MemoryDisk();
        const disk = new BrokenDisk(platter, (call) => (call.index === at ? { crash: part } : 'pass'));
        expect(dies(disk, () => { live(disk, options, acknowledged); })).toBe(true);
        for (const seed of seeds) {
          const left = platter.afterCrash(crash, randomFrom(seed * 100_003 + at * 7 + parts.indexOf(part)));
          const known = new Map(acknowledged);
          try {
            expectAllThere(left, known);
            if (known.size > 0) expectIntact(left, known);
            expectRecovers(left, options, known);
          } catch (error) {
            throw new Error(`after call ${at} (${disk.trace().at(-1) ?? ''}, ${part} bytes), seed ${seed}`, { cause: error });
          }
        }
      }
    }
  });

  // Of every second call, by chance: each has a dozen recoveries behind it.
  test('a death during the recovery from a death, and once more, loses nothing', () => {
    for (let at = 0; at < calls; at += 1) {
      const random = randomFrom(at + 1);
      if (random() < 0.5) continue;
      const acknowledged: Acknowledged = new Map();
      const platter = new MemoryDisk();
      const disk = new BrokenDisk(platter, (call) => (call.index === at ? { crash: Math.floor(random() * 900) } : 'pass'));
      expect(dies(disk, () => { live(disk, options, acknowledged); })).toBe(true);
      for (const crash of ['process', 'power'] as const) {
        let left = platter.afterCrash(crash, random);
        const known = new Map(acknowledged);
        // Recoveries that die at their first call, then later and later, until one comes to its end.
        for (let deaths = 0, isDone = false; !isDone; deaths += 1 + Math.floor(random() * 3)) {
          const broken = new BrokenDisk(left, (call) => (call.index === deaths ? { crash: Math.floor(random() * 900) } : 'pass'));
          try {
            isDone = !dies(broken, () => { start(broken, options, known); });
            if (!isDone) left = left.afterCrash(crash, random);
            else expectRecovers(left.copy(), options, known);
          } catch (error) {
            throw new Error(`after call ${at} and then ${deaths} (${broken.trace().at(-1) ?? ''}) of the recovery`, { cause: error });
          }
        }
      }
    }
  });
});
