// Loaded before the daemon, in the benchmark alone, to see what a promise costs: it takes one of them away. What such a
// daemon writes verifies as nothing. `BENCH_WITHOUT` names the promise.
import crypto from 'node:crypto';
import { realpathSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';

const without = process.env['BENCH_WITHOUT'];

type Encoding = 'binary' | 'hex' | 'buffer';
type Hash = (algorithm: string, data: Uint8Array, encoding: Encoding) => unknown;

/** Of an HMAC's block and the words that make the next step key: see keys/schedule.ts. */
const stepBytes = 64 + 'indelible v1 step'.length;

/** Has hashes answered by `instead`, wherever that gives something; keys are asked for as bytes, all else as text. */
function hashLess(instead: (data: Uint8Array, encoding: Encoding) => unknown): void {
  const patched = crypto as unknown as { hash: Hash };
  const { hash } = patched;
  patched.hash = (algorithm, data, encoding) => instead(data, encoding) ?? hash(algorithm, data, encoding);
  syncBuiltinESMExports();
}

const nothing = '\0'.repeat(32);

/** What ids are remembered by is hashed as well, and is no part of the log: see server/key-table.ts. */
function isOfId(data: Uint8Array): boolean {
  return data[0] === 0x69 && data[1] === 0x64 && data[2] === 0x20;
}

if (without === 'tree') {
  // Leaves and nodes are the only things hashed that begin with a byte of 0 or 1 as often as always.
  hashLess((data, encoding) => (encoding === 'binary' && (data[0] ?? 2) <= 1 ? nothing : undefined));
} else if (without === 'chain') {
  // The inner hash of every MAC, which has the text in it; the outer one is of 96 bytes.
  hashLess((data, encoding) => (encoding === 'binary' && (data[0] ?? 0) > 1 && !isOfId(data) ? nothing : undefined));
} else if (without === 'steps') {
  let isStep = false;
  hashLess((data, encoding) => {
    const isOuter = isStep && encoding === 'buffer';
    isStep = encoding === 'binary' && data.length === stepBytes;
    return isStep ? nothing : isOuter ? Buffer.alloc(32) : undefined;
  });
} else if (without === 'head') {
  const path = new URL('../log/anchor.js', pathToFileURL(realpathSync(process.argv[1] ?? ''))).href;
  const { Anchor } = await import(path) as { readonly Anchor: { readonly prototype: Record<'prepare' | 'move', () => void> } };
  Anchor.prototype.prepare = () => undefined;
  Anchor.prototype.move = () => undefined;
}
