// The key schedule against known answers, and the texts and names around it against their one spelling.
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macOf } from '../../src/chain/link.js';
import { formatKeyName, parseKeyName, successor } from '../../src/keys/name.js';
import { KeyWalker, firstEpoch, firstStep, nextEpoch } from '../../src/keys/schedule.js';
import { decodeKeys, encodeKeys } from '../../src/keys/store.js';
import { formatVerificationKey, parseVerificationKey } from '../../src/keys/verification.js';
import { parseVkey } from '../../src/checkpoint/note.js';

interface Known {
  readonly identity_vkey: string;
  readonly verification_key: string;
  readonly root_base64: string;
  readonly epoch_keys: Readonly<Record<string, string>>;
  readonly step_keys: Readonly<Record<string, string>>;
  readonly mac: { readonly key: string; readonly bytes: string; readonly hex: string };
}

const known = JSON.parse(readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8')) as Known;
const root = Buffer.from(known.root_base64, 'base64');

function stepKey(text: string): Buffer {
  const name = parseKeyName(text);
  if (name === undefined) throw new Error(text);
  const walker = KeyWalker.atStart(firstEpoch(root, known.identity_vkey));
  while (walker.name.epoch < name.epoch) walker.evolve(true);
  while (walker.name.step < name.step) walker.evolve(false);
  return Buffer.from(walker.step);
}

describe('the schedule', () => {
  it('derives the known epoch keys', () => {
    let key = firstEpoch(root, known.identity_vkey);
    for (let epoch = 0; epoch < Object.keys(known.epoch_keys).length; epoch += 1) {
      expect(key.toString('hex')).toBe(known.epoch_keys[String(epoch)]);
      expect(KeyWalker.atEpoch(epoch, key).step).toEqual(firstStep(key));
      key = nextEpoch(key);
    }
  });

  it.each(Object.entries(known.step_keys))('derives step key %s', (name, hex) => {
    expect(stepKey(name).toString('hex')).toBe(hex);
  });

  it('makes the known MAC', () => {
    expect(macOf(stepKey(known.mac.key), Buffer.from(known.mac.bytes))).toBe(known.mac.hex);
  });

  it('goes on in a copy without moving the walker it was copied from', () => {
    const walker = KeyWalker.atStart(firstEpoch(root, known.identity_vkey));
    const copy = walker.copy();
    copy.evolve(true);
    copy.evolve(false);
    expect(copy.step.toString('hex')).toBe(known.step_keys['1.1']);
    expect(walker.step.toString('hex')).toBe(known.step_keys['0.0']);
  });

  it('leaves none of its keys in memory when it is forgotten, and none that it left behind', () => {
    const walker = KeyWalker.atStart(firstEpoch(root, known.identity_vkey));
    const held = [walker.step, walker.nextEpoch];
    walker.evolve(true);
    held.push(walker.step);
    walker.evolve(false);
    held.push(walker.step, walker.nextEpoch);
    const copy = walker.copy();
    walker.forget();
    expect(held.map((key) => key.every((byte) => byte === 0))).toEqual(held.map(() => true));
    expect(copy.step.toString('hex')).toBe(known.step_keys['1.1']);
    // Nothing else lies in the memory that they lay in: what copies a piece of memory may copy all of it.
    expect(held.map(({ buffer }) => buffer.byteLength)).toEqual(held.map(() => 32));
  });
});

describe('texts', () => {
  it('a verification key is read back, names its log, and has one spelling', () => {
    const key = parseVerificationKey(known.verification_key);
    if (key === undefined) throw new Error('the known key cannot be read');
    expect(formatVerificationKey(key)).toBe(known.verification_key);
    expect(key.secret).toEqual(root);
    expect(key.identityKeyId).toBe(parseVkey(known.identity_vkey)?.keyId.toString('hex'));
    for (const other of [` ${known.verification_key}`, `${known.verification_key}\n\n`, known.verification_key.replace('v1', 'v2'), known.verification_key.slice(0, -1)]) {
      expect(parseVerificationKey(other)).toBeUndefined();
    }
  });

  it('a key name is read back as it is written, and not otherwise spelled', () => {
    fc.assert(fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (epoch, step) => {
      expect(parseKeyName(formatKeyName({ epoch, step }))).toEqual({ epoch, step });
    }), { seed: 1 });
    for (const text of ['', '0', '00.0', '0.00', '0.0+', '-1.0', '0.9007199254740992', '1e3.0', ' 0.0']) expect(parseKeyName(text)).toBeUndefined();
  });

  it('behind a seal comes the next epoch, else the next step', () => {
    expect(successor({ epoch: 3, step: 7 }, true)).toEqual({ epoch: 4, step: 0 });
    expect(successor({ epoch: 3, step: 7 }, false)).toEqual({ epoch: 3, step: 8 });
  });

  it('the key file is read back; one changed byte is damage, another version is said to be one', () => {
    const keys = { name: { epoch: 2, step: 5 }, step: root, nextEpoch: root, signer: root, nextSigner: null, seq: 9, root };
    const bytes = encodeKeys(keys);
    expect(bytes.length).toBeLessThan(512);
    expect(decodeKeys(bytes)).toEqual({ state: 'ok', keys });
    for (let at = 6; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(decodeKeys(changed).state).not.toBe('ok');
    }
    expect(decodeKeys(Buffer.from(bytes.toString().replace('"v":1', '"v":2')))).toEqual({ state: 'unknown_version' });
  });
});
