// Bytes of a known log, changed or taken out, so near to each other that no field is without one: found with the key; found
// without it where a seal covers it. `scripts/attacks --full` changes every byte.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { parseLogPub } from '../../src/verify/facts.js';
import { verify } from '../../src/verify/verify.js';
import { MemoryDisk } from './memory-disk.js';

const vectors = new URL('../vectors/', import.meta.url).pathname;
/** Of so many bytes one is changed. */
const changedStride = 3;
/** Bytes between two that are taken out, and between two that are changed where only the public key is at hand. */
const stride = 41;

/** Claims it of the log in `test/vectors/<name>`. */
export function claimNoByteGoesUnnoticed(name: string): void {
  const directory = join(vectors, name);
  const key = parseVerificationKey(readFileSync(join(directory, 'keys/verification.key'), 'utf8'));
  const pub = parseLogPub(readFileSync(join(directory, 'log.pub'), 'utf8'));
  if (key === undefined || pub === undefined) throw new Error('the vectors hold a key that cannot be read');
  const base = MemoryDisk.load(directory);
  const files = [...base.nodes].flatMap(([path, node]) =>
    path.startsWith('/log/') && Buffer.isBuffer(node) && node.length > 100 ? [{ path, bytes: node }] : []);

  function spoiled(path: string, bytes: Buffer): MemoryDisk {
    const disk = base.copy();
    disk.nodes.set(path, bytes);
    return disk;
  }

  it.each(files)(`${name}: a changed or missing byte of $path is found with the key`, ({ path, bytes }) => {
    const limit = path.endsWith('head') ? bytes.indexOf(0x20) : bytes.length;
    const unnoticed: string[] = [];
    for (let at = 0; at < limit; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const removed = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      for (const [what, edited] of [['changed', changed], ['removed', removed]] as const) {
        if (edited.equals(bytes) || at % (what === 'removed' ? stride : changedStride) !== 0) continue;
        const disk = spoiled(path, edited);
        const report = verify({ disk, stateDirectory: '/', key: { key, besideLog: false } });
        if (report.exit !== 1 || report.findings.length === 0 || disk.opened > 0) unnoticed.push(`${path} ${at} ${what}: ${report.exit}`);
      }
    }
    expect(unnoticed).toEqual([]);
  });

  it(`${name}: a changed byte before the last seal is found with log.pub alone`, () => {
    const path = '/log/00000000000000000023.jsonl';
    const bytes = base.file(path);
    const covered = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    const unnoticed: number[] = [];
    for (let at = covered % stride; at < covered; at += stride) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      if (verify({ disk: spoiled(path, changed), stateDirectory: '/', pub }).exit !== 1) unnoticed.push(at);
    }
    expect(unnoticed).toEqual([]);
  });
}
