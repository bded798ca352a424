// The known answers: both logs are intact, with the key and with log.pub alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realDisk } from '../../src/disk/disk.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { parseLogPub } from '../../src/verify/facts.js';
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
