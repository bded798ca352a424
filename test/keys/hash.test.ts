// The fast hashes against Node's plain ones, at every length where they could part, and what they leave in memory.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { LineMac } from '../../src/chain/line-mac.js';
import { leafHash, leafHashInPlace } from '../../src/checkpoint/merkle.js';
import { HmacBench, hmac, hmacHex, sha256, sha256Hex } from '../../src/keys/hash.js';

const lengths = [0, 1, 31, 32, 63, 64, 65, 127, 128, 960, 1023, 1024, 1025, 65_535, 65_536, 65_537];
const keyLengths = [0, 1, 32, 63, 64, 65, 200];

test.each(lengths)('hashes of %d bytes are those of Node', (length) => {
  const data = randomBytes(length);
  const plain = createHash('sha256').update(data).digest();
  expect([sha256(data), sha256Hex(data)]).toEqual([plain, plain.toString('hex')]);
  const leaf = createHash('sha256').update(Buffer.of(0)).update(data).digest();
  const prefixed = Buffer.concat([Buffer.of(7), data]);
  expect([leafHash(data), leafHashInPlace(prefixed, length), prefixed[0]]).toEqual([leaf, leaf, 7]);
});

describe.each(keyLengths)('MACs under a key of %d bytes', (keyLength) => {
  test.each(lengths)('of %d bytes are those of Node', (length) => {
    const [key, data] = [randomBytes(keyLength), randomBytes(length)];
    const plain = createHmac('sha256', key).update(data).digest();
    expect([hmac(key, data), hmacHex(key, data)]).toEqual([plain, plain.toString('hex')]);
  });
});

test('lines under one key after another, and under one again, have the MACs of Node', () => {
  const lineMac = new LineMac();
  const keys = [randomBytes(32), randomBytes(32)] as const;
  for (const [index, length] of [...lengths, ...lengths.toReversed()].entries()) {
    const [key, line] = [keys[index % 3 === 0 ? 0 : 1], randomBytes(length)];
    const plain = createHmac('sha256', key).update(line).digest('hex');
    expect([lineMac.of(key, line), lineMac.matches(key, line, plain), lineMac.matches(key, line, '0'.repeat(64))]).toEqual([plain, true, false]);
    if (index % 5 === 0) lineMac.forget();
  }
});

test('a bench that has forgotten holds nothing of the key, and takes it for a new one', () => {
  const bench = new HmacBench(64);
  const key = randomBytes(32);
  const clean = Buffer.from(bench.prefixed.buffer).toString('hex');
  bench.hex(key, 0);
  expect(Buffer.from(bench.prefixed.buffer).toString('hex')).not.toBe(clean);
  bench.forget();
  expect(Buffer.from(bench.prefixed.buffer).toString('hex')).toBe(clean);
  // The same memory with another key in it.
  key.fill(1);
  expect(bench.hex(key, 0)).toBe(createHmac('sha256', key).digest('hex'));
});
