// The newest records in memory, and tails that read from there and from the disk without a hole.
import { describe, expect, test } from 'vitest';
import type { CommittedLines } from '../../src/log/mailbox.js';
import type { FollowerParts } from '../../src/server/follower.js';
import { follow } from '../../src/server/follower.js';
import type { Found } from '../../src/server/ring.js';
import { Ring, answerBytesMax, ringBytesMax } from '../../src/server/ring.js';
import { RecordFilter } from '../../src/wire/filter.js';
import { randomFrom } from '../log/memory-disk.js';

const everything = new RecordFilter({});

function lineOf(seq: number, kind = `k${seq % 3}`): string {
  const zeros = '0'.repeat(64);
  return `{"seq":${seq},"ts":"2026-11-20T00:00:00.000Z","key":"0.${seq}","profile":"generic","kind":"${kind}","source":{},"event":{"action":"${kind}"},"prev":"${zeros}","mac":"${zeros}"}`;
}

function commitOf(first: number, count: number, pad = 0): CommittedLines {
  const lines = Array.from({ length: count }, (_, i) => Buffer.from(`${lineOf(first + i)}${' '.repeat(pad)}\n`));
  const bytes = Buffer.from(new ArrayBuffer(lines.reduce((sum, line) => sum + line.length, 0)));
  const ends: number[] = [];
  let at = 0;
  for (const line of lines) {
    line.copy(bytes, at);
    at += line.length;
    ends.push(at);
  }
  return { first, ts: '2026-11-20T00:00:00.000Z', bytes, ends, syncMs: 0, isRequest: true };
}

function seqs(lines: readonly string[]): number[] {
  return lines.map((line) => (JSON.parse(line) as { readonly seq: number }).seq);
}

/** A search to its end, and what it found. */
function searched(ring: Ring, ...[limit, before, filter]: Parameters<Ring['newest']>): Found {
  const search = ring.newest(limit, before, filter);
  for (;;) {
    const step = search.next();
    if (step.done === true) return step.value;
  }
}

/** The records that the ring shows, kept. */
function after(ring: Ring, from: number, limit: number): { readonly seq: number; readonly text: string }[] {
  const shown: { readonly seq: number; readonly text: string }[] = [];
  ring.visit(from, limit, (seq, line) => shown.push({ seq, text: line.toString() }) > 0);
  return shown;
}

describe('the ring', () => {
  test('holds exactly its capacity of the newest records, in whatever commits they came', () => {
    const random = randomFrom(1);
    const ring = new Ring(100);
    let next = 1;
    expect([ring.oldest, ring.size]).toEqual([undefined, 0]);
    for (let round = 0; round < 3000; round += 1) {
      const count = 1 + Math.floor(random() * (round % 50 === 0 ? 250 : 7));
      ring.add(commitOf(next, count));
      next += count;
      const oldest = Math.max(1, next - 100);
      expect([ring.oldest, ring.size]).toEqual([oldest, Math.min(100, next - 1)]);
      const from = oldest + Math.floor(random() * 100);
      expect(after(ring, from, 10).map(({ seq }) => seq)).toEqual(
        Array.from({ length: Math.max(0, Math.min(10, next - from)) }, (_, i) => from + i));
    }
    expect(after(ring, (ring.oldest ?? 1) - 1, 10)).toEqual([]);
    expect(after(ring, next, 10)).toEqual([]);
  });

  test('shows only as many as are wanted', () => {
    const ring = new Ring(20);
    ring.add(commitOf(1, 10));
    const seen: number[] = [];
    expect(ring.visit(3, 10, (seq) => seen.push(seq) < 4)).toBe(false);
    expect(seen).toEqual([3, 4, 5, 6]);
    expect(ring.visit(7, 2, (seq) => seen.push(seq) > 0)).toBe(true);
    expect(seen).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test('gives what it holds also where its memory was used before', () => {
    const ring = new Ring(20);
    for (let seq = 1; seq <= 4000; seq += 4) {
      ring.add(commitOf(seq, 4, 5_000));
      for (const { seq: at, text } of after(ring, Math.max(1, seq - 16), 20)) expect(text.trimEnd()).toBe(lineOf(at));
      const found = seqs(searched(ring, 20, Number.POSITIVE_INFINITY, everything).lines);
      expect(found).toEqual(Array.from({ length: Math.min(20, seq + 3) }, (_, i) => seq + 3 - i));
    }
  });

  test('gives the newest first, below `before`, and counts all that match', () => {
    const ring = new Ring(10);
    for (let seq = 1; seq <= 30; seq += 3) ring.add(commitOf(seq, 3));
    const found = searched(ring, 4, Number.POSITIVE_INFINITY, everything);
    expect([seqs(found.lines), found.total]).toEqual([[30, 29, 28, 27], 10]);
    expect(seqs(searched(ring, 4, 23, everything).lines)).toEqual([22, 21]);
    const matching = searched(ring, 2, 28, new RecordFilter({ kind: 'k0' }));
    expect([seqs(matching.lines), matching.total]).toEqual([[27, 24], 4]);
  });

  test('is searched piece by piece, as it was at the beginning, whatever comes and goes meanwhile', () => {
    const ring = new Ring(100);
    for (let seq = 1; seq <= 100; seq += 5) ring.add(commitOf(seq, 5, 10_000));
    const search = ring.newest(1000, Number.POSITIVE_INFINITY, everything);
    let pieces = 0;
    for (let step = search.next(); ; step = search.next()) {
      if (step.done === true) {
        expect(seqs(step.value.lines)).toEqual(Array.from({ length: 100 }, (_, i) => 100 - i));
        break;
      }
      pieces += 1;
      ring.add(commitOf(100 + pieces, 1));
    }
    expect(pieces).toBeGreaterThan(10);
  });

  test('gives no more than 16 MiB in one answer, and counts the others all the same', () => {
    const ring = new Ring(1000);
    const pad = 1024 * 1024;
    for (let seq = 1; seq <= 40; seq += 1) ring.add(commitOf(seq, 1, pad));
    const { lines, total } = searched(ring, 1000, Number.POSITIVE_INFINITY, everything);
    expect([lines.length, total]).toEqual([Math.ceil(answerBytesMax / commitOf(1, 1, pad).bytes.length), 40]);
    expect(seqs(lines)).toEqual(Array.from(lines, (_, i) => 40 - i));
  });

  test('is bounded by bytes, whatever its capacity, and keeps the newest commit at least', () => {
    const ring = new Ring(1_000_000);
    const pad = 1024 * 1024;
    for (let seq = 1; seq <= 80; seq += 1) ring.add(commitOf(seq, 1, pad));
    const kept = Math.floor(ringBytesMax / commitOf(80, 1, pad).bytes.length);
    expect(ring.size).toBe(kept);
    expect(ring.oldest).toBe(81 - kept);
  });

  test.each([1_000, 40_000, 200_000, 300_000, 600_000, 1_100_000])('keeps nearly as much as it may, and no more memory, in commits of %d bytes', (pad) => {
    const ring = new Ring(1_000_000);
    const commit = commitOf(1, 1, pad);
    const size = commit.bytes.length;
    for (let seq = 1; seq * size < 2 * ringBytesMax; seq += 1) ring.add({ ...commit, first: seq });
    expect(ring.size * size).toBeGreaterThan(0.85 * ringBytesMax);
    expect(ring.memory).toBeLessThanOrEqual(ringBytesMax);
    // Each block once, as they are: what the ring counts is what there is.
    const blocks = new Set(ring.buffers);
    expect([...blocks].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(ring.memory);
  });

  test('large commits leave part by part, and are found as they came', () => {
    const ring = new Ring(100);
    for (let seq = 1; seq <= 3000; seq += 150) {
      ring.add(commitOf(seq, 150, 5_000));
      expect([ring.oldest, ring.size]).toEqual([seq + 50, 100]);
      const all = after(ring, seq + 50, 1000);
      expect(all.map((line) => line.seq)).toEqual(Array.from({ length: 100 }, (_, i) => seq + 50 + i));
      for (const { seq: at, text } of all) expect(text.trimEnd()).toBe(lineOf(at));
      const found = seqs(searched(ring, 100, Number.POSITIVE_INFINITY, everything).lines);
      expect(found).toEqual(Array.from({ length: 100 }, (_, i) => seq + 149 - i));
    }
    // Of a commit of 840 kB no more is kept than the parts that the 100 newest records are in.
    expect(ring.memory).toBeLessThanOrEqual(3 * 512 * 1024);
    expect(ring.buffers.length).toBeLessThan(11);
  });

  test('goes on where small commits all left while large ones came, whatever is looked at meanwhile', () => {
    const ring = new Ring(3);
    let next = 1;
    for (let round = 0; round < 50; round += 1) {
      const search = ring.newest(10, Number.POSITIVE_INFINITY, everything);
      search.next();
      for (const pad of [10, 400_000, 10, 400_000, 400_000, 400_000, 10]) {
        ring.add(commitOf(next, 1, pad));
        next += 1;
        const found = seqs(searched(ring, 10, Number.POSITIVE_INFINITY, everything).lines);
        expect(found).toEqual([next - 1, next - 2, next - 3].filter((seq) => seq > 0));
      }
      if (round % 3 === 0) search.return({ lines: [], total: 0 });
      else for (; search.next().done !== true;);
    }
  });
});

/** A log that grows when it is told to, a ring over its end, and a client that reads as it likes. */
class Scene {
  readonly ring: Ring;
  readonly got: number[] = [];
  readonly sources = new Set<string>();
  closed = false;
  durable = 0;
  #wake: (() => void)[] = [];

  constructor(capacity: number) {
    this.ring = new Ring(capacity);
  }

  commit(count: number): void {
    this.ring.add(commitOf(this.durable + 1, count));
    this.durable += count;
    for (const wake of this.#wake.splice(0)) wake();
  }

  parts(overrides: Partial<FollowerParts> = {}): FollowerParts {
    const history = async function* (this: Scene, from: number): ReturnType<FollowerParts['history']> {
      this.sources.add('disk');
      for (let seq = from; seq <= this.durable; seq += 1) {
        yield { seq, line: Buffer.from(lineOf(seq)) };
        await Promise.resolve();
      }
    };
    return {
      ring: this.ring,
      durable: () => this.durable,
      history: history.bind(this),
      nextCommit: () => new Promise((resolve) => { this.#wake.push(resolve); }),
      send: (seq) => {
        this.got.push(seq);
        return true;
      },
      drained: () => Promise.resolve(true),
      isClosed: () => this.closed,
      mayGoOn: () => true,
      turn: () => new Promise(setImmediate),
      ...overrides,
    };
  }

  close(): void {
    this.closed = true;
    for (const wake of this.#wake.splice(0)) wake();
  }
}

describe('a follower', () => {
  test.each([1, 2, 3, 4, 5])('gets every record once and in order while commits come and memory forgets (seed %i)', async (seed) => {
    const random = randomFrom(seed);
    const scene = new Scene(20);
    const total = 3000;
    scene.commit(500);
    const following = follow(1, everything, scene.parts({
      // A slow client: many records go by while it takes a few.
      send: (seq) => {
        scene.got.push(seq);
        return random() < 0.9;
      },
      drained: () => new Promise((resolve) => {
        setImmediate(() => {
          if (scene.durable < total) scene.commit(1 + Math.floor(random() * 60));
          resolve(true);
        });
      }),
    }));
    while (scene.durable < total || scene.got.length < scene.durable) {
      if (scene.durable < total && random() < 0.3) scene.commit(1 + Math.floor(random() * 5));
      await new Promise(setImmediate);
    }
    scene.close();
    await following;
    expect(scene.got).toEqual(Array.from({ length: scene.durable }, (_, i) => i + 1));
    expect(scene.sources).toEqual(new Set(['disk']));
  });

  test('that keeps up never touches the disk', async () => {
    const scene = new Scene(20);
    const following = follow(1, everything, scene.parts());
    for (let i = 0; i < 50; i += 1) {
      scene.commit(3);
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
    while (scene.got.length < 150) await new Promise(setImmediate);
    scene.close();
    await following;
    expect(scene.sources.size).toBe(0);
  });

  test('from a record that is not there yet waits for it', async () => {
    const scene = new Scene(20);
    scene.commit(5);
    const following = follow(8, everything, scene.parts());
    await new Promise(setImmediate);
    expect(scene.got).toEqual([]);
    scene.commit(4);
    while (scene.got.length < 2) await new Promise(setImmediate);
    scene.close();
    await following;
    expect(scene.got).toEqual([8, 9]);
  });

  test('is sent only what its filter lets through', async () => {
    const scene = new Scene(100);
    scene.commit(30);
    const following = follow(1, new RecordFilter({ kind: 'k1' }), scene.parts());
    while (scene.got.length < 10) await new Promise(setImmediate);
    scene.close();
    await following;
    expect(scene.got).toEqual([1, 4, 7, 10, 13, 16, 19, 22, 25, 28]);
  });

  test('that takes nothing in time is given up, and nothing is kept for it', async () => {
    const scene = new Scene(100);
    scene.commit(30);
    const send = (seq: number): boolean => scene.got.push(seq) < 3;
    await follow(1, everything, scene.parts({ send, drained: () => Promise.resolve(false) }));
    expect(scene.got).toEqual([1, 2, 3]);
  });

  test('that is closed while it reads the disk reads no further', async () => {
    const scene = new Scene(5);
    scene.commit(3);
    scene.commit(1000);
    const send = (seq: number): boolean => {
      scene.closed = seq === 10;
      return scene.got.push(seq) > 0;
    };
    await follow(1, everything, scene.parts({ send }));
    expect(scene.got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('gives the files up for as long as it has to wait, and goes on where it was', async () => {
    const scene = new Scene(5);
    scene.commit(2000);
    let opened = 0;
    let turns = 0;
    const usual = scene.parts();
    const following = follow(1, everything, scene.parts({
      history: (from) => {
        opened += 1;
        return usual.history(from);
      },
      mayGoOn: () => {
        turns += 1;
        return turns % 2 === 0;
      },
    }));
    while (scene.got.length < 2000) await new Promise(setImmediate);
    scene.close();
    await following;
    expect(scene.got).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
    expect(opened).toBeGreaterThan(3);
  });

  test('gives them up, too, where the client takes nothing for a while', async () => {
    const scene = new Scene(5);
    scene.commit(1000);
    let opened = 0;
    let isOpen = false;
    let wasOpen: boolean | undefined;
    const following = follow(1, everything, scene.parts({
      history: async function* (from) {
        opened += 1;
        isOpen = true;
        try {
          await Promise.resolve();
          for (let seq = from; seq <= scene.durable; seq += 1) yield { seq, line: Buffer.from(lineOf(seq)) };
        } finally {
          isOpen = false;
        }
      },
      send: (seq) => scene.got.push(seq) !== 500,
      drained: () => new Promise((resolve) => {
        setTimeout(() => {
          wasOpen = isOpen;
          resolve(true);
        }, 1_500);
      }),
    }));
    while (scene.got.length < 1000) await new Promise(setImmediate);
    scene.close();
    await following;
    expect(scene.got).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    expect([opened, wasOpen]).toEqual([2, false]);
  });

  test('of records that are in no segment any more ends with an error, not with a hole', async () => {
    const scene = new Scene(5);
    scene.commit(3);
    scene.commit(10);
    const nothing = async function* (): AsyncGenerator<never> { await Promise.resolve(); };
    await expect(follow(1, everything, scene.parts({ history: nothing }))).rejects.toThrow();
    expect(scene.got).toEqual([]);
  });
});
