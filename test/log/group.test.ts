import { describe, expect, test } from 'vitest';
import type { GroupSink } from '../../src/log/group.js';
import { Group, gather } from '../../src/log/group.js';
import type { AppendOrder } from '../../src/log/mailbox.js';

const room = { bytes: 1 << 30, records: 1 << 20 };

function groupOf(bodies: number, lineBytes = 100, sync: 'line' | 'group' = 'group'): Group {
  const group = new Group(sync);
  for (let n = 0; n < bodies; n += 1) {
    group.add(new Uint8Array(1), lineBytes);
    group.endRequest();
  }
  return group;
}

describe('what is acknowledged together', () => {
  test('few lines do not wait for very many behind them, and these may be a commit', () => {
    expect(groupOf(0).takes(10_000)).toBe(true);
    expect(groupOf(1).takes(511)).toBe(true);
    expect(groupOf(1).takes(512)).toBe(false);
    expect(groupOf(256).takes(256)).toBe(true);
  });

  test('it ends where it has enough for one fsync, or a segment or an epoch ends', () => {
    expect(groupOf(511).isFull(room)).toBe(false);
    expect(groupOf(512).isFull(room)).toBe(true);
    expect(groupOf(4, 1024 * 1024).isFull(room)).toBe(true);
    expect(groupOf(3, 1024 * 1024).isFull(room)).toBe(false);
    expect(groupOf(3).isFull({ ...room, bytes: 301 })).toBe(false);
    expect(groupOf(3).isFull({ ...room, bytes: 300 })).toBe(true);
    expect(groupOf(3).isFull({ ...room, records: 3 })).toBe(true);
    expect(groupOf(1).isFull()).toBe(true);
  });

  test('in `line` mode, where each line is an fsync, it is a few lines', () => {
    expect(groupOf(7, 100, 'line').isFull(room)).toBe(false);
    expect(groupOf(8, 100, 'line').isFull(room)).toBe(true);
    expect(groupOf(1, 100, 'line').takes(7)).toBe(true);
    expect(groupOf(1, 100, 'line').takes(8)).toBe(false);
    expect(groupOf(0, 100, 'line').takes(1024)).toBe(true);
  });

  test('what was written of it before the disk was full is whole requests, and a part of the next one', () => {
    const group = new Group('line');
    for (const bodies of [1, 2, 1]) {
      for (let n = 0; n < bodies; n += 1) group.add(new Uint8Array(1), 100);
      group.endRequest();
    }
    const own = { isRequest: false, ends: [90] };
    const lines = [1, 2, 3].map((n) => ({ isRequest: true, ends: [n] }));
    expect(group.part([own])).toEqual({ whole: 0, wholeCommits: 0 });
    expect(group.part([own, ...lines.slice(0, 1)])).toEqual({ whole: 1, wholeCommits: 2 });
    expect(group.part(lines.slice(0, 2))).toEqual({ whole: 1, wholeCommits: 1 });
    expect(group.part(lines)).toEqual({ whole: 2, wholeCommits: 3 });
  });
});

describe('gathering', () => {
  /** Requests of so many bodies each, whose bytes are numbered. */
  function orderOf(from: number, requests: readonly number[]): AppendOrder {
    const bodies = requests.reduce((sum, count) => sum + count, 0);
    const bytes = Uint8Array.from({ length: bodies }, (_, n) => from + n);
    let end = 0;
    return {
      kind: 'append', bytes, ends: Uint32Array.from(bytes, (_, n) => n + 1), requests: Uint32Array.from(requests, (count) => end += count),
      postedAt: 0, isBrisk: false,
    };
  }

  function gathered(orders: readonly AppendOrder[], sync: 'line' | 'group', sink: Partial<GroupSink> = {}): readonly string[] {
    const said: string[] = [];
    gather(orders, sync, {
      prepare: () => { said.push('prepare'); },
      room: () => room,
      lineBytes: () => 100,
      write: ({ bodies, requests }) => { said.push(`${bodies.map((body) => [...body]).join(' ')} in ${requests.join(' ')}`); },
      ...sink,
    });
    return said;
  }

  test('requests of several orders go together, each whole and in its place, and what is owed comes before them', () => {
    expect(gathered([orderOf(1, [1, 2]), orderOf(4, [1])], 'group')).toEqual(['prepare', '1 2 3 4 in 1 3 4']);
    expect(gathered([orderOf(1, [1, 2]), orderOf(4, [2, 9]), orderOf(15, [1])], 'line')).toEqual([
      'prepare', '1 2 3 4 5 in 1 3 5', 'prepare', '6 7 8 9 10 11 12 13 14 in 9', 'prepare', '15 in 1',
    ]);
  });

  test('a group ends where a segment does, or where nobody writes any more', () => {
    expect(gathered([orderOf(1, [1, 1, 1])], 'group', { room: () => ({ bytes: 200, records: 9 }) }))
      .toEqual(['prepare', '1 2 in 1 2', 'prepare', '3 in 1']);
    expect(gathered([orderOf(1, [1, 1])], 'group', { room: () => undefined })).toEqual(['prepare', '1 in 1', 'prepare', '2 in 1']);
  });

  test('nothing is nothing', () => {
    expect(gathered([], 'group')).toEqual([]);
  });
});
