// Loaded before the daemon, in the benchmark alone, to see what a promise costs: it takes one of them away. What such a
// daemon writes verifies as nothing. `BENCH_WITHOUT` names the promise.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

const without = process.env['BENCH_WITHOUT'];

if (without === 'tree') {
  // Leaves and nodes are the only things hashed that begin with a byte of 0 or 1 as often as always.
  const { hash } = crypto;
  const nothing = '\0'.repeat(32);
  crypto.hash = ((algorithm: string, data: Uint8Array, encoding: crypto.BinaryToTextEncoding) => (
    (data[0] ?? 2) <= 1 ? nothing : hash(algorithm, data, encoding))) as typeof crypto.hash;
  syncBuiltinESMExports();
} else if (without === 'chain') {
  const { hash } = crypto;
  const nothing = { binary: '\0'.repeat(32), hex: '0'.repeat(64) } as const;
  crypto.hash = ((algorithm: string, data: Uint8Array, encoding: 'binary' | 'hex') => (
    (data[0] ?? 0) > 1 ? nothing[encoding] : hash(algorithm, data, encoding))) as typeof crypto.hash;
  syncBuiltinESMExports();
} else if (without === 'steps') {
  const { createHmac } = crypto;
  crypto.createHmac = ((algorithm: string, key: Uint8Array) => {
    const real = createHmac(algorithm, key);
    const update = real.update.bind(real) as (data: string | Uint8Array) => crypto.Hmac;
    real.update = ((data: string | Uint8Array) => (
      data === 'indelible v1 step' ? { digest: () => Buffer.alloc(32) } : update(data))) as typeof real.update;
    return real;
  }) as typeof crypto.createHmac;
  syncBuiltinESMExports();
} else if (without === 'head') {
  const path = new URL('../../../dist/log/anchor.js', import.meta.url).href;
  const { Anchor } = await import(path) as { readonly Anchor: { readonly prototype: { move: () => void } } };
  Anchor.prototype.move = () => undefined;
}
