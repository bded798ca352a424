// A proof away from its log: what holds, and that nothing holds once a byte of it was changed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leafHash } from '../../src/checkpoint/merkle.js';
import { parseVkey } from '../../src/checkpoint/note.js';
import { formatCheckpoint } from '../../src/checkpoint/seal.js';
import { formatTlogProof } from '../../src/checkpoint/tlog-proof.js';
import { signNote, signerFrom, verifierOf } from '../../src/checkpoint/signer.js';
import type { InclusionProof } from '../../src/log/prover.js';
import { proveRecord } from '../../src/log/prover.js';
import { formatLogPub } from '../../src/verify/facts.js';
import { UnusableInput } from '../../src/verify/outside.js';
import type { ProofInput, ProofReport } from '../../src/verify/proof.js';
import { checkProof, parseIdentity } from '../../src/verify/proof.js';
import { LogMaker, smallLog } from './make-log.js';

const log = smallLog();
const identity = verifierOf(log.identity);
const directory = mkdtempSync(join(tmpdir(), 'ind-proof-'));
const seq = 5;
let proof: InclusionProof;
let text: string;

beforeAll(async () => {
  log.writeTo(directory);
  const proved = await proveRecord(join(directory, 'log'), seq, log.checkpoints.at(-1) ?? '');
  if (proved.kind !== 'proved') throw new Error(proved.kind);
  ({ proof } = proved);
  text = formatTlogProof(proof);
});

afterAll(() => { rmSync(directory, { recursive: true }); });

function check(changed: Partial<ProofInput> = {}): ProofReport {
  return checkProof({ proof: text, record: proof.line, identity, ...changed });
}

function codes(report: ProofReport): readonly string[] {
  return report.findings.map(({ code }) => code);
}

/** A checkpoint of this log's identity over what is said. */
function signed(size: number, root: Buffer, origin = log.origin): string {
  return signNote(formatCheckpoint({ origin, size, root }), [log.identity]);
}

describe('a proof', () => {
  it('holds, with the line\'s LF or without, and says what it proves', () => {
    const report: ProofReport = {
      version: 1, exit: 0, proven: true, origin: log.origin,
      record: { seq, ts: expect.stringMatching(/^2026-01-01T/) as string, profile: 'generic', kind: 'deploy-1-0' },
      checkpoint: { size: proof.size, root: expect.stringMatching(/=$/) as string },
      epoch_key: `${log.origin}/epoch/4`, identity_theft: 'not_excluded', findings: [],
    };
    expect(check()).toEqual(report);
    expect(check({ record: Buffer.concat([proof.line, Buffer.from('\n')]) })).toEqual(report);
  });

  it('with one byte of the line, or one more, does not hold', () => {
    for (let at = 0; at < proof.line.length; at += 1) {
      const record = Buffer.from(proof.line);
      record[at] = (record[at] ?? 0) ^ 1;
      expect([at, check({ record })]).toMatchObject([at, { exit: 1, proven: false, record: null }]);
    }
    for (const more of [' ', '\r', '\n\n', '\n{}', '\0']) {
      expect([more, check({ record: Buffer.concat([proof.line, Buffer.from(more)]) }).exit]).toEqual([more, 1]);
    }
    expect(codes(check({ record: Buffer.alloc(0) }))).toEqual(['record_malformed']);
    expect(codes(check({ record: Buffer.concat([proof.line, Buffer.from('\n'), proof.line, Buffer.from('\n')]) }))).toEqual(['record_malformed']);
  });

  it('with one character changed does not hold, but in the signatures of keys that are not looked at', () => {
    const end = text.indexOf(`— ${log.origin}/epoch/`);
    for (let at = 0; at < end; at += 1) {
      const changed = `${text.slice(0, at)}${text[at] === 'B' ? 'C' : 'B'}${text.slice(at + 1)}`;
      expect([at, check({ proof: changed })]).toMatchObject([at, { exit: 1, proven: false }]);
    }
  });

  it('without its signature, of another log or under another key does not hold', () => {
    const bare = signNote(proof.note.slice(0, proof.note.indexOf('\n\n') + 1), [log.signer(4)]);
    expect(codes(check({ proof: formatTlogProof({ ...proof, note: bare }) }))).toEqual(['not_signed']);
    const thief = signerFrom(log.origin, Buffer.alloc(32, 1));
    expect(codes(check({ identity: verifierOf(thief) }))).toEqual(['not_signed']);
    expect(codes(check({ identity: verifierOf(signerFrom('example.org/other', Buffer.alloc(32, 1))) }))).toEqual(['other_log']);
    const root = Buffer.from(check().checkpoint?.root ?? '', 'base64');
    const other = formatTlogProof({ ...proof, note: signed(proof.size, root, 'example.org/other') });
    expect(codes(check({ proof: other }))).toEqual(['other_log']);
    expect(codes(check({ proof: formatTlogProof({ ...proof, note: 'nothing\n' }) }))).toEqual(['proof_malformed']);
    expect(codes(check({ proof: '' }))).toEqual(['proof_malformed']);
    expect(codes(check({ proof: log.checkpoints.at(-1) ?? '' }))).toEqual(['proof_malformed']);
  });

  it('is of the record whose place it says, whatever the line says', () => {
    const single = new LogMaker();
    single.genesis();
    const [line = Buffer.alloc(0)] = single.pieces[0]?.lines ?? [];
    const note = signNote(formatCheckpoint({ origin: single.origin, size: 1, root: single.tree.root() }), [single.identity]);
    const whole = formatTlogProof({ index: 0, hashes: [], note });
    expect(checkProof({ proof: whole, record: line, identity: verifierOf(single.identity) }))
      .toMatchObject({ exit: 0, record: { seq: 1, kind: 'genesis' }, epoch_key: null });
    const report = check({ proof: text.replace(`index ${seq - 1}`, `index ${seq}`) });
    expect(codes(report)).toEqual(['root_mismatch', 'seq_mismatch']);
    // Whoever has the identity key can sign a tree in which the record stands in another place.
    const moved = formatTlogProof({ index: 0, hashes: [], note: signed(1, leafHash(proof.line)) });
    expect(codes(check({ proof: moved }))).toEqual(['seq_mismatch']);
    const nonsense = Buffer.from('{"seq":1}');
    const made = formatTlogProof({ index: 0, hashes: [], note: signed(1, leafHash(nonsense)) });
    expect(codes(check({ proof: made, record: nonsense }))).toEqual(['record_malformed']);
  });
});

describe('a checkpoint kept elsewhere', () => {
  it('over the same records excludes a later thief of the identity key', () => {
    expect(check({ checkpoint: proof.note })).toMatchObject({ exit: 0, identity_theft: 'excluded' });
  });

  it('with another root shows that two logs were shown', () => {
    const report = check({ checkpoint: signed(proof.size, Buffer.alloc(32, 1)) });
    expect(report).toMatchObject({ exit: 1, proven: false, identity_theft: 'not_excluded' });
    expect(codes(report)).toEqual(['checkpoint_mismatch']);
  });

  it('over another size cannot be compared, and that is not said to be well', () => {
    expect(check({ checkpoint: log.checkpoints[0] ?? '' })).toMatchObject({ exit: 3, proven: true, identity_theft: 'not_excluded' });
  });

  it('that this log did not sign is a finding, and what is no note at all is wrong usage', () => {
    const thief = signerFrom(log.origin, Buffer.alloc(32, 1));
    const foreign = signNote(formatCheckpoint({ origin: log.origin, size: proof.size, root: Buffer.alloc(32) }), [thief]);
    expect(codes(check({ checkpoint: foreign }))).toEqual(['checkpoint_malformed']);
    expect(() => check({ checkpoint: 'no note' })).toThrow(UnusableInput);
  });
});

describe('the identity key', () => {
  it('is read from log.pub and from its first line', () => {
    expect(parseIdentity(formatLogPub(log.logPub))?.vkey).toBe(identity.vkey);
    expect(parseIdentity(`${identity.vkey}\n`)?.vkey).toBe(identity.vkey);
    expect(parseIdentity(identity.vkey)?.vkey).toBe(identity.vkey);
    for (const wrong of ['', '\n', `${identity.vkey}\n\n`, `${identity.vkey} `, `${identity.vkey}\n${identity.vkey}\n`]) expect(parseIdentity(wrong)).toBeUndefined();
    expect(parseVkey(identity.vkey)).toBeDefined();
  });
});
