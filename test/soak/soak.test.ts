// A soak in short; scripts/soak goes on for minutes. And the book itself: what is lost, doubled or changed is found.
import { expect, test } from 'vitest';
import type { Receipt } from '../../src/client/client.js';
import { Book } from './book.js';
import { soak } from './soak.js';

test('a daemon that is killed, stopped, held and has its clock set under mixed load loses nothing', async () => {
  const soaked = await soak({ minutes: 0.25, seed: 7 });
  expect(soaked.alarms).toEqual([]);
  expect(soaked.problems).toEqual([]);
  expect(soaked.acknowledged).toBeGreaterThan(0);
  expect(soaked.read).toBeGreaterThanOrEqual(soaked.acknowledged);
  expect(soaked.verifications).toBeGreaterThan(0);
});

function receipt(first: number, count: number): Receipt {
  return { first, count, mac: 'ab'.repeat(32), seq: first + count - 1, ts: '2026-11-20T10:00:00.000Z', duplicates: [] };
}

function line(seq: number, id: string, action = id): string {
  return JSON.stringify({ seq, profile: 'generic', kind: action, id, event: { action } });
}

/** Two events, acknowledged as records 1 and 2. */
function twoEvents(): Book {
  const book = new Book();
  for (const [index, id] of ['a', 'b'].entries()) {
    book.send([id], [{ profile: 'generic', event: { action: id } }]);
    book.take([id], receipt(index + 1, 1));
  }
  return book;
}

const both = [line(1, 'a'), line(2, 'b')];

test('a log that holds what was acknowledged is right', () => {
  const book = twoEvents();
  for (const [index, one] of both.entries()) book.follow(index + 1, one);
  book.check(1, both);
  expect(book.problems).toEqual([]);
});

test.each([
  ['lost', [line(1, 'a')], /b was acknowledged as record 2 and is lost/],
  ['recorded twice', [...both, line(3, 'a')], /record 3 is also record 1/],
  ['elsewhere', [line(1, 'b'), line(2, 'a')], /a was acknowledged as record 1 and is 2/],
  ['changed', [line(1, 'a'), line(2, 'b', 'c')], /record 2 is not what was sent/],
  ['never sent', [...both, line(3, 'x')], /record 3, x, was never sent/],
])('an event that is %s is found', (_, lines, problem) => {
  const book = twoEvents();
  book.check(1, lines);
  expect(book.problems.join('\n')).toMatch(problem);
});

test('a secret that is shown is found', () => {
  const book = new Book();
  book.send(['a'], [{ profile: 'generic', event: { action: 'a', detail: 'a secret' }, secret: 'secret' }]);
  book.follow(1, JSON.stringify({ seq: 1, profile: 'generic', kind: 'a', id: 'a', event: { action: 'a', detail: 'a secret' } }));
  expect(book.problems).toEqual(['record 1 shows a secret']);
});

test('what retention removed is forgotten when it was read, and only then', () => {
  const book = twoEvents();
  book.follow(1, line(1, 'a'));
  book.retire(3);
  book.check(3, []);
  expect(book.problems).toEqual([]);
  book.check(1, [line(1, 'a')]);
  expect(book.problems).toEqual([
    'record 1, a, was never sent, or is recorded twice', 'b was acknowledged as record 2 and is lost',
  ]);
});
