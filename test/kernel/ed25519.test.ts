// Signatures by OpenSSL without Node between: they are RFC 8032's, and nothing of a key is left in memory behind them.
import { spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, sign as signByNode } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { publicKeyOf, sign } from '../../src/kernel/ed25519.js';
import { compile } from '../compile.js';

/** RFC 8032, 7.1, the first three: seed, public key, message, signature. */
const known = [
  ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'],
  ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'],
  ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'],
] as const;

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

test.each(known)('are those of RFC 8032, seed %s', (seed, publicKey, message, signature) => {
  expect(publicKeyOf(bytes(seed)).toString('hex')).toBe(publicKey);
  expect(sign(bytes(seed), bytes(message)).toString('hex')).toBe(signature);
});

test('are Node\'s', () => {
  for (let n = 0; n < 200; n += 1) {
    const seed = createHash('sha256').update(`seed ${n}`).digest();
    const message = Buffer.alloc(n * 7, n);
    const key = createPrivateKey({ key: Buffer.concat([bytes('302e020100300506032b657004220420'), seed]), format: 'der', type: 'pkcs8' });
    expect(sign(seed, message)).toEqual(signByNode(null, message, key));
    expect(publicKeyOf(seed).toString('base64url')).toBe(createPublicKey(key).export({ format: 'jwk' }).x);
  }
});

test('a seed of another length is refused', () => {
  for (const length of [0, 31, 33, 64]) {
    expect(() => sign(Buffer.alloc(length), Buffer.alloc(1))).toThrow('OpenSSL');
    expect(() => publicKeyOf(Buffer.alloc(length))).toThrow('OpenSSL');
  }
});

describe('of a key nothing is left in memory that was freed', () => {
  const shim = join(mkdtempSync(join(tmpdir(), 'ind-freed-')), 'freed.so');
  const library = new URL('../../dist/kernel/ed25519.js', import.meta.url).href;
  const secret = Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7 + 13));

  beforeAll(() => { compile(new URL('freed.c', import.meta.url), shim, ['-shared', '-fPIC'], ['-ldl']); });

  /** What a program says of freed memory that uses `seed` and then overwrites it, having done `more` with it. */
  function freed(more: string): string {
    const program = `
      const { publicKeyOf, sign } = await import(${JSON.stringify(library)});
      const seed = Buffer.from(new ArrayBuffer(32));
      for (let n = 0; n < 32; n += 1) seed[n] = n * 7 + 13;
      for (let n = 0; n < 100; n += 1) { publicKeyOf(seed); sign(seed, Buffer.alloc(n)); }
      ${more}
      seed.fill(0);`;
    const env = { ...process.env, LD_PRELOAD: shim, SECRET: secret.toString('hex') };
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { env, encoding: 'utf8' });
    expect(status).toBe(0);
    return stderr;
  }

  test('by signing', () => {
    expect(freed('')).toBe('');
  });

  test('which would show', () => {
    expect(freed('globalThis.left = Buffer.from(new ArrayBuffer(4096)); left.set(seed, 100);')).toContain('freed with the secret in it');
  });
});
