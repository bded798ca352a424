// The known answers: both logs are intact, with the key and with log.pub alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatTlogProof } from '../../src/checkpoint/tlog-proof.js';
import { realDisk } from '../../src/disk/disk.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { proveRecord } from '../../src/log/prover.js';
import { parseLogPub } from '../../src/verify/facts.js';
import { checkProof, parseIdentity } from '../../src/verify/proof.js';
import { verify } from '../../src/verify/verify.js';

const vectors = new URL('../vectors/', import.meta.url).pathname;

describe.each(['log-state', 'log-retired'])('%s', (name) => {
  const stateDirectory = join(vectors, name);
  const key = parseVerificationKey(readFileSync(join(stateDirectory, 'keys/verification.key'), 'utf8'));
  const pub = parseLogPub(readFileSync(join(stateDirectory, 'log.pub'), 'utf8'));
  if (key === undefined || pub === undefined) throw new Error('the vectors hold a key that cannot be read');

  it('is intact with the key', () => {
    const report = verify({ disk: realDisk, stateDirectory, key: { key, besideLog: false } });
    expect(report.findings).toEqual([]);
    expect(report.exit).toBe(0);
  });

  it('is intact with log.pub alone', () => {
    const report = verify({ disk: realDisk, stateDirectory, pub });
    expect(report.findings).toEqual([]);
    expect(report.exit).toBe(0);
    expect(report.verdicts.completeness.verdict).toBe('not_checked');
    expect(report.counts.not_checked).toBe(1);
  });
});

describe('record-2.tlog-proof', () => {
  const stateDirectory = join(vectors, 'log-state');
  const text = readFileSync(join(vectors, 'record-2.tlog-proof'), 'utf8');

  it('is what is printed for record 2', async () => {
    const proved = await proveRecord(join(stateDirectory, 'log'), 2, readFileSync(join(stateDirectory, 'checkpoint'), 'utf8'));
    expect(proved.kind === 'proved' ? formatTlogProof(proved.proof) : proved.kind).toBe(text);
  });

  it('proves that record, and no other', () => {
    const identity = parseIdentity(readFileSync(join(stateDirectory, 'log.pub'), 'utf8'));
    if (identity === undefined) throw new Error('the vectors hold a key that cannot be read');
    const lines = readFileSync(join(stateDirectory, 'log/00000000000000000001.jsonl'), 'utf8').split('\n');
    const prove = (line: string): boolean => checkProof({ proof: text, record: Buffer.from(line), identity }).proven;
    expect(lines.slice(0, 3).map((line) => prove(line))).toEqual([false, true, false]);
  });
});
