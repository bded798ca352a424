// The table that remembers ids: whatever is put in and taken out, it says what a Map would.
import { expect, test } from 'vitest';
import { KeyTable, absent } from '../../src/server/key-table.js';
import { Random } from '../random.js';

const scope = '7 listener ';

test('it finds what a Map finds, through 200,000 additions and removals and all growth', () => {
  const random = new Random(7);
  const table = new KeyTable(1024);
  const model = new Map<string, number>();
  const taken = new Set<number>();
  const keys = Array.from({ length: 6000 }, (_, n) => `${'é'.repeat(n % 3)}${n}`);
  for (let step = 0; step < 200_000; step += 1) {
    // Now most are put in, now most are taken out.
    const grows = Math.floor(step / 20_000) % 2 === 0;
    const key = keys[random.whole(0, keys.length - 1)] ?? '';
    const entry = model.get(key);
    if (table.find(scope, key) !== (entry ?? absent)) expect.fail(`step ${step}: ${key} is at ${table.find(scope, key)}, not ${entry}`);
    if (entry === undefined) {
      if (!grows && random.chance(0.75)) continue;
      const added = table.add(scope, key);
      if (taken.has(added)) expect.fail(`step ${step}: entry ${added} is another's`);
      taken.add(added);
      model.set(key, added);
    } else if (!grows || random.chance(0.25)) {
      table.remove(entry);
      taken.delete(entry);
      model.delete(key);
    }
  }
  expect(table.size).toBe(model.size);
  expect(Math.max(...model.values())).toBeLessThan(table.capacity);
  expect(table.capacity).toBeGreaterThan(1024);
  for (const key of keys) expect(table.find(scope, key)).toBe(model.get(key) ?? absent);
});

test('it does not grow while entries that were taken out are free', () => {
  const table = new KeyTable(1024);
  const { capacity } = table;
  for (let n = 0; n < 10 * capacity; n += 1) {
    const key = `key ${n}`;
    expect(table.find(scope, key)).toBe(absent);
    const entry = table.add(scope, key);
    expect(table.find(scope, key)).toBe(entry);
    if (n < capacity / 2) continue;
    table.remove(entry);
    expect(table.find(scope, key)).toBe(absent);
  }
  expect(table.capacity).toBe(capacity);
});

test('texts of any length are told apart, also those that are longer than its scratch', () => {
  const table = new KeyTable(1024);
  const long = 'x'.repeat(5000);
  const texts = [long, `${long}y`, `${long}é`, '', 'a', 'é'];
  const entries = texts.map((text) => table.add(scope, text));
  expect(texts.map((text) => table.find(scope, text))).toEqual(entries);
});
