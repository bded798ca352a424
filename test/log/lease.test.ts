// The writer's own look at its lock: who has not looked for a while looks before he writes.
import { expect, test } from 'vitest';
import { LogError } from '../../src/log/failure.js';
import { Lease } from '../../src/log/lease.js';
import { MemoryDisk } from './memory-disk.js';
import { StillClock } from './run.js';

const path = '/state/indelible.lock';

function fresh(): { readonly disk: MemoryDisk; readonly clock: StillClock; readonly fence: Int32Array; readonly lease: Lease } {
  const disk = new MemoryDisk();
  const clock = new StillClock();
  disk.makeDirectory('/state');
  // What it is does not matter, only that it is the same.
  disk.put(path, Buffer.alloc(0));
  const fence = new Int32Array(new SharedArrayBuffer(4));
  return { disk, clock, fence, lease: new Lease(disk, clock, path, fence) };
}

test('that is ours for as long as it is there', () => {
  const { clock, lease } = fresh();
  for (let n = 0; n < 5; n += 1) {
    clock.pass(20_000);
    lease.check();
  }
});

test.each(['passed', 'set'] as const)('that another made anew is lost at the first look after a second has %s, for good', (how) => {
  const { disk, clock, fence, lease } = fresh();
  disk.remove(path);
  disk.put(path, Buffer.alloc(0));
  lease.check();
  if (how === 'passed') clock.pass(1000);
  else clock.set(1000);
  expect(() => { lease.check(); }).toThrow(LogError);
  expect(fence[0]).toBe(1);
  expect(() => { lease.check(); }).toThrow('lock');
});

test('that is gone is lost; and whoever must know looks whatever the time', () => {
  const { disk, lease } = fresh();
  disk.remove(path);
  lease.check();
  expect(() => { lease.look(); }).toThrow('gone');
});

test('that was said to be lost is lost at once', () => {
  const { fence, lease } = fresh();
  fence[0] = 1;
  expect(() => { lease.check(); }).toThrow(LogError);
});
