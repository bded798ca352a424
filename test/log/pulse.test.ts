// Progress that can be seen from outside: a disk that answers moves it, one that does not leaves it where it was.
import { expect, test } from 'vitest';
import { Pulse, diskWithPulse } from '../../src/log/pulse.js';
import { MemoryDisk } from './memory-disk.js';

test('every answer of the disk that may be long in coming is a beat, and a failure is none', () => {
  const pulse = new Pulse();
  const seen = new Pulse(pulse.shared);
  const disk = diskWithPulse(new MemoryDisk(), pulse);
  const moves = (action: () => unknown): boolean => {
    const before = seen.count;
    action();
    return seen.count !== before;
  };
  disk.makeDirectory('/d');
  const file = disk.open('/d/f', 'create');
  expect(moves(() => disk.writeAt(file, Buffer.from('x'), 0))).toBe(true);
  expect(moves(() => { disk.sync(file); })).toBe(true);
  expect(moves(() => disk.readAt(file, Buffer.alloc(1), 0))).toBe(true);
  expect(moves(() => { disk.syncDirectory('/d'); })).toBe(true);
  expect(moves(() => disk.read('/d/f'))).toBe(true);
  disk.close(file);
  expect(moves(() => { expect(() => { disk.sync(file); }).toThrow(); })).toBe(false);
});
