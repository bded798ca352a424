// One link: the tail of a line, in its one spelling, and the MAC over everything before it.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { macTailBytes, isMac, macMatches, macOf, macTail, splitTail } from '../../src/chain/link.js';

const key = Buffer.alloc(32, 1);

it('whatever is covered, the tail is split off again and its MAC matches', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const covered = Buffer.from(bytes);
    const mac = macOf(key, covered);
    expect(macTail(mac)).toHaveLength(macTailBytes);
    const tail = splitTail(Buffer.concat([covered, Buffer.from(macTail(mac))]));
    expect(tail).toEqual({ covered, mac });
    expect(macMatches(key, covered, mac)).toBe(true);
  }), { seed: 1 });
});

it('one changed bit, in the bytes, the MAC or the key, does not match', () => {
  const covered = Buffer.from('{"seq":1');
  const mac = macOf(key, covered);
  expect(macMatches(key, Buffer.from('{"seq":2'), mac)).toBe(false);
  expect(macMatches(Buffer.alloc(32, 2), covered, mac)).toBe(false);
  expect(macMatches(key, covered, (mac.startsWith('0') ? '1' : '0') + mac.slice(1))).toBe(false);
});

it('every other spelling of the tail is refused', () => {
  const mac = 'ab'.repeat(32);
  expect(splitTail(Buffer.from(macTail(mac)))?.mac).toBe(mac);
  for (const tail of [macTail(mac.toUpperCase()), macTail(mac).replace('":"', '": "'), `${macTail(mac)} `, macTail(mac).slice(1), macTail('zz'.repeat(32)), '']) {
    expect(splitTail(Buffer.from(tail))).toBeUndefined();
  }
  expect(isMac(mac)).toBe(true);
  expect(isMac(`${mac}\n`)).toBe(false);
});
