// Proofs out of a log's files: every record under every checkpoint, after retention, and never a wrong one.
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, test } from 'vitest';
import { leafHash } from '../../src/checkpoint/merkle.js';
import { rootFromPath } from '../../src/checkpoint/proof.js';
import { openCheckpoint } from '../../src/checkpoint/seal.js';
import { verifierOf } from '../../src/checkpoint/signer.js';
import { proveRecord } from '../../src/log/prover.js';
import { segmentName } from '../../src/log/segment.js';
import { LogMaker } from '../verify/make-log.js';

const cleanup: (() => void)[] = [];
afterEach(() => { for (const undo of cleanup.splice(0)) undo(); });

function written(log: LogMaker): string {
  const directory = mkdtempSync(join(tmpdir(), 'ind-prover-'));
  cleanup.push(() => { rmSync(directory, { recursive: true }); });
  log.writeTo(directory);
  return join(directory, 'log');
}

/** Segments of these many events each, sealed in between at odd places; the last one is not closed. */
function logOf(segments: readonly number[], seed = 'seed'): LogMaker {
  const log = new LogMaker({ seed, retain: { bytes: 1, ms: 1 } });
  log.genesis();
  log.started();
  for (const [index, events] of segments.entries()) {
    if (index > 0) log.rotate();
    log.events(events);
    log.seal();
    if (index % 2 === 1) log.events(2, 2);
  }
  return log;
}

function linesOf(log: LogMaker): readonly Buffer[] {
  return log.pieces.flatMap(({ lines }) => lines);
}

function last(log: LogMaker): string {
  return log.checkpoints.at(-1) ?? '';
}

const shapes = [[1], [2, 1], [1, 1, 1, 1, 1, 1, 1, 1], [3, 30, 2, 17, 1], [64, 5, 64], [1, 100, 1], [7, 7, 7, 7, 7, 7]];

describe('a proof', () => {
  it.each(shapes.map((shape) => ({ shape })))('of every record under every checkpoint leads to its root: segments of $shape', async ({ shape }) => {
    const log = logOf(shape);
    const directory = written(log);
    const lines = linesOf(log);
    let given = 0;
    for (const note of log.checkpoints) {
      const checkpoint = openCheckpoint(note, [verifierOf(log.identity)]);
      if (checkpoint === undefined) throw new Error('a checkpoint was not signed');
      const { size, root } = checkpoint;
      for (let seq = 1; seq <= size; seq += 1) {
        const proved = await proveRecord(directory, seq, note);
        if (proved.kind !== 'proved') throw new Error(`record ${seq} of ${size}: ${JSON.stringify(proved)}`);
        const { proof } = proved;
        expect(proof.line).toEqual(lines[seq - 1]);
        expect(proof).toMatchObject({ index: seq - 1, size, note });
        expect(rootFromPath(leafHash(proof.line), proof.index, proof.size, proof.hashes)).toEqual(root);
        given += 1;
      }
    }
    expect(given).toBeGreaterThan(1);
  });

  it('is not given for a record that the checkpoint does not cover', async () => {
    const log = logOf([3, 3]);
    const size = openCheckpoint(last(log), [])?.size ?? 0;
    const directory = written(log);
    expect(await proveRecord(directory, size, last(log))).toMatchObject({ kind: 'proved' });
    expect(await proveRecord(directory, size + 1, last(log))).toEqual({ kind: 'not_covered', size });
    expect(await proveRecord(directory, Number.MAX_SAFE_INTEGER, last(log))).toEqual({ kind: 'not_covered', size });
  });

  it('ends when nobody waits for it any more', async () => {
    const log = logOf([3, 3]);
    expect(await proveRecord(written(log), 1, last(log), AbortSignal.abort())).toEqual({ kind: 'aborted' });
  });

  it('takes a record of several pieces of reading', async () => {
    const log = new LogMaker();
    log.genesis();
    log.events(1, 1, 'long', 'x'.repeat(1_000_000));
    log.events(3);
    log.seal();
    const proved = await proveRecord(written(log), 2, last(log));
    expect(proved.kind === 'proved' && proved.proof.line.equals(linesOf(log)[1] ?? Buffer.alloc(0))).toBe(true);
  });
});

describe('after retention', () => {
  it('every record that is still there is proven, and of the others is said what is there', async () => {
    for (const shape of shapes.filter(({ length }) => length > 1)) {
      const log = logOf(shape);
      for (let removed = 1; removed < shape.length; removed += 1) {
        log.retire();
        log.seal();
        const first = log.pieces[0]?.first ?? 0;
        const directory = written(log);
        expect(readdirSync(directory)).not.toContain(segmentName(1));
        const lines = linesOf(log);
        const size = openCheckpoint(last(log), [])?.size ?? 0;
        for (let seq = 1; seq <= size; seq += 1) {
          const proved = await proveRecord(directory, seq, last(log));
          if (seq < first) expect(proved).toEqual({ kind: 'removed', first });
          else expect(proved).toMatchObject({ kind: 'proved', proof: { line: lines[seq - first] } });
        }
      }
    }
  });
});

test('a removal that comes in between is seen, and said as it is', async () => {
  const log = logOf([5, 5, 5]);
  const directory = written(log);
  const [first = 0, second = 0, third = 0] = log.pieces.map((piece) => piece.first);
  const proving = proveRecord(directory, first, last(log));
  for (const gone of [first, second]) rmSync(join(directory, segmentName(gone)));
  expect(await proving).toEqual({ kind: 'removed', first: third });
});

describe('what is needed of the log', () => {
  const log = logOf([10, 10, 10, 10, 10]);
  const firsts = log.pieces.map(({ first }) => first);
  const spoil = (directory: string, first: number): void => {
    const path = join(directory, segmentName(first));
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.indexOf('\n') + 1) + text.slice(text.indexOf('\n') + 1).replaceAll('deploy', 'invent'));
  };

  it('is nothing before the record\'s own segment', async () => {
    for (const at of [1, 2, 3, 4]) {
      const directory = written(log);
      for (const before of firsts.slice(0, at)) rmSync(join(directory, segmentName(before)));
      for (const seq of [firsts[at] ?? 0, (firsts[at] ?? 0) + 3]) {
        expect(await proveRecord(directory, seq, last(log))).toMatchObject({ kind: 'proved' });
      }
    }
  });

  it('is not every segment behind it either', async () => {
    // Of the second segment a record of the first needs what is in the headers only, or it needs its lines.
    const unneeded = await Promise.all(firsts.slice(1).map(async (first) => {
      const directory = written(log);
      spoil(directory, first);
      return (await proveRecord(directory, 2, last(log))).kind;
    }));
    expect(new Set(unneeded)).toEqual(new Set(['proved', 'mismatch']));
  });
});

describe('a log that was changed gives no proof', () => {
  const log = logOf([5, 5, 5]);
  const size = openCheckpoint(last(log), [])?.size ?? 0;

  it('whatever line of it was changed, moved or taken away: it is the right one or none', async () => {
    const lines = linesOf(log);
    const changes: readonly ((all: string[], at: number) => unknown)[] = [
      (all, at) => { all[at] = (all[at] ?? '').replace(/"(profile|kind)":"./, '"$1":"Z'); },
      (all, at) => all.splice(at, 1),
      (all, at) => all.splice(at, 0, all[at] ?? ''),
      (all, at) => { all[at] = 'nonsense'; },
      (all, at) => { all.length = at; },
    ];
    let refused = 0;
    for (const { first, lines: own } of log.pieces) {
      for (let at = 0; at < own.length; at += 1) {
        for (const change of changes) {
          const directory = written(log);
          const path = join(directory, segmentName(first));
          const all = readFileSync(path, 'utf8').split('\n').slice(0, -1);
          change(all, at);
          writeFileSync(path, all.map((line) => `${line}\n`).join(''));
          for (const seq of [1, 2, first + at, size].filter((one) => one <= size)) {
            const proved = await proveRecord(directory, seq, last(log));
            if (proved.kind === 'proved') expect(proved.proof.line).toEqual(lines[seq - 1]);
            else {
              expect(proved.kind).toBe('mismatch');
              refused += 1;
            }
            if (seq === first + at) expect([seq, proved.kind]).not.toEqual([seq, change === changes[2] ? '' : 'proved']);
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('nor without segments, with one that is missing in between, or under a checkpoint that is none', async () => {
    const directory = written(log);
    expect(await proveRecord(directory, 1, 'no note')).toMatchObject({ kind: 'mismatch' });
    expect(await proveRecord(directory, 1, last(logOf([5, 5, 5], 'another log')))).toMatchObject({ kind: 'mismatch' });
    const second = log.pieces[1]?.first ?? 0;
    rmSync(join(directory, segmentName(second)));
    expect(await proveRecord(directory, second + 1, last(log))).toMatchObject({ kind: 'mismatch' });
    symlinkSync('/dev/zero', join(directory, segmentName(second)));
    await expect(proveRecord(directory, second + 1, last(log))).rejects.toMatchObject({ code: 'ELOOP' });
    for (const { first } of log.pieces) rmSync(join(directory, segmentName(first)), { force: true });
    expect(await proveRecord(directory, 1, last(log))).toMatchObject({ kind: 'mismatch' });
  });
});
