// Putting a log aside for its successor, on a real filesystem: a death at every call is finished by the same command, and
// nothing is begun in between.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makeWay } from '../../src/cli/successor.js';
import { realDisk } from '../../src/disk/disk.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { makeLog } from '../../src/log/birth.js';
import { LogError } from '../../src/log/failure.js';
import { parseGenesis } from '../../src/log/own.js';
import { parseFrame } from '../../src/log/record.js';
import { isUnborn, openLog } from '../../src/log/recovery.js';
import { listSegments, placesIn } from '../../src/log/segment.js';
import type { Places } from '../../src/log/segment.js';
import { lastWordOf, previousOf } from '../../src/log/successor.js';
import { Writer } from '../../src/log/writer.js';
import { verify } from '../../src/verify/verify.js';
import { BrokenDisk } from './broken-disk.js';
import { StillClock, bear, body, origin, usual } from './run.js';

const directories: string[] = [];
afterEach(() => { for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true }); });

const second = 'test.example/second';

/** A state directory with a log of six records, closed without a stop. */
function withLog(): Places {
  const state = mkdtempSync(join(tmpdir(), 'ind-succ-'));
  directories.push(state);
  const places = placesIn(state);
  bear(realDisk, new StillClock(), places);
  const writer = opened(places);
  writer.append([body('one'), body('two')]);
  writer.seal();
  writer.append([body('three'), body('four')]);
  writer.close();
  mkdirSync(join(state, 'listeners'));
  return places;
}

/** Opens the log for writing, as a start does. */
function opened(places: Places): Writer {
  const clock = new StillClock();
  const found = openLog(realDisk, clock, places);
  if (found === 'absent') throw new Error('there is no log');
  const nobody = { committed: () => undefined, delayed: () => undefined };
  const writer = new Writer(realDisk, clock, places, found.state, usual, nobody);
  writer.begin(found.state.last.seq === 0 ? previousOf(realDisk, places) : null);
  return writer;
}

/** The whole command but for the lock. */
function succeed(disk: BrokenDisk | typeof realDisk, places: Places): string {
  const way = makeWay(disk, places.state, second);
  if (way.kind !== 'free') return way.kind;
  let key = '';
  makeLog(disk, new StillClock(), places, {
    origin: second, options: usual, previous: way.previous, handOver: (text) => { key = text; },
  });
  return key;
}

function verified(places: Places, keyText: string): number {
  const key = parseVerificationKey(keyText);
  if (key === undefined) throw new Error('no key');
  return verify({ disk: realDisk, stateDirectory: places.state, key: { key, besideLog: false } }).exit;
}

function genesisOf(places: Places): ReturnType<typeof parseGenesis> {
  const line = readFileSync(listSegments(realDisk, places.log)[0]?.path ?? '').toString('utf8').split('\n')[0] ?? '';
  const frame = parseFrame(Buffer.from(line));
  return frame === undefined ? undefined : parseGenesis(frame.body);
}

function findingOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    if (error instanceof LogError) return error.what;
    throw error;
  }
}

describe('a successor', () => {
  test('names the old head; the old log verifies where it is now, with its own key; listeners stay', () => {
    const places = withLog();
    const oldKey = readFileSync(places.verificationKey, 'utf8');
    const key = succeed(realDisk, places);
    const old = placesIn(join(places.state, 'predecessor-1'));
    expect([verified(old, oldKey), verified(places, key)]).toEqual([0, 0]);
    const head = lastWordOf(realDisk, old);
    expect(head).toMatchObject({ from: 'head', previous: { origin, seq: 6 } });
    expect(genesisOf(places)?.previous).toEqual(head?.previous);
    expect(readdirSync(old.state).sort()).toEqual(['checkpoint', 'keys', 'log', 'log.pub', 'quarantine']);
    expect(statSync(old.state).mode & 0o777).toBe(0o700);
    expect(readdirSync(places.state)).toContain('listeners');
  });

  test('names the last whole line where the head cannot be read, and is refused where there is neither', () => {
    const places = withLog();
    writeFileSync(places.head, 'damaged');
    const [segment] = listSegments(realDisk, places.log);
    const lines = readFileSync(segment?.path ?? '', 'utf8');
    writeFileSync(segment?.path ?? '', lines.slice(0, -30));
    succeed(realDisk, places);
    expect(genesisOf(places)?.previous).toMatchObject({ origin, seq: 5 });

    const bare = withLog();
    rmSync(bare.log, { recursive: true });
    const before = readdirSync(bare.state);
    expect(findingOf(() => succeed(realDisk, bare))).toBe('nothing_to_succeed');
    expect(readdirSync(bare.state)).toEqual(before);
  });

  test('of a successor goes to the next place; one without a record of its own is not succeeded', () => {
    const places = withLog();
    succeed(realDisk, places);
    expect(findingOf(() => succeed(realDisk, places))).toBe('nothing_to_succeed');
    const writer = opened(places);
    writer.append([body('a')]);
    writer.close();
    const way = makeWay(realDisk, places.state, 'test.example/third');
    expect(way).toMatchObject({ kind: 'free', movedTo: join(places.state, 'predecessor-2'), previous: { origin: second, seq: 2 } });
  });

  test('has another name, and there is something to succeed: else nothing moves', () => {
    const places = withLog();
    expect(makeWay(realDisk, places.state, origin)).toEqual({ kind: 'same_name' });
    const empty = mkdtempSync(join(tmpdir(), 'ind-succ-'));
    directories.push(empty);
    expect(findingOf(() => makeWay(realDisk, empty, second))).toBe('nothing_to_succeed');
    expect([readdirSync(places.state).includes('predecessor-1'), readdirSync(empty)]).toEqual([false, []]);
  });
});

test('a death at every call is finished by the same command; until then nothing else is begun, and nothing is lost', () => {
  const trial = new BrokenDisk(realDisk);
  succeed(trial, withLog());
  expect(trial.calls.length).toBeGreaterThan(40);
  const seen = new Set<string>();
  for (let at = 0; at < trial.calls.length; at += 1) {
    const places = withLog();
    const oldKey = readFileSync(places.verificationKey, 'utf8');
    const disk = new BrokenDisk(realDisk, ({ index }) => (index === at ? { crash: 100 } : 'pass'));
    expect(() => succeed(disk, places)).toThrow();
    expect(disk.isDead).toBe(true);
    const old = placesIn(join(places.state, 'predecessor-1'));
    const found = findingOf(() => isUnborn(realDisk, places));
    seen.add(found);
    try {
      let key: string | undefined;
      if (found === 'none' && genesisOf(places)?.origin !== origin) {
        // The new log has its segment: a start goes on with it, and its genesis names the old one.
        opened(places).close();
      } else {
        expect(['none', 'succession_unfinished']).toContain(found);
        key = succeed(realDisk, places);
        expect(verified(places, key)).toBe(0);
      }
      expect(genesisOf(places)).toMatchObject({ origin: second, previous: { origin, seq: 6 } });
      expect(verified(old, oldKey)).toBe(0);
      expect(findingOf(() => isUnborn(realDisk, places))).toBe('none');
    } catch (error) {
      throw new Error(`after call ${at} (${disk.trace().at(-1) ?? ''})`, { cause: error });
    }
  }
  expect([...seen].sort()).toEqual(['none', 'succession_unfinished']);
});
