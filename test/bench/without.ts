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
  // As far as the daemon uses it.
  interface Maker { update(data: string | Uint8Array): Maker; digest(encoding?: string): unknown }
  const patched = crypto as unknown as { createHmac: (algorithm: string, key: Uint8Array) => Maker };
  const { createHmac } = patched;
  const sameKey: Maker = { update: () => sameKey, digest: () => Buffer.alloc(32) };
  patched.createHmac = (algorithm, key) => {
    const real = createHmac(algorithm, key);
    const shown: Maker = {
      update: (data) => (data === 'indelible v1 step' ? sameKey : real.update(data)), digest: (encoding) => real.digest(encoding),
    };
    return shown;
  };
  syncBuiltinESMExports();
} else if (without === 'head') {
  const path = new URL('../../../dist/log/anchor.js', import.meta.url).href;
  const { Anchor } = await import(path) as { readonly Anchor: { readonly prototype: { move: () => void } } };
  Anchor.prototype.move = () => undefined;
}
