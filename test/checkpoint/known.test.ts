// The tree and the notes against known answers that another implementation made.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Frontier, frontierLength, leafHash } from '../../src/checkpoint/merkle.js';
import { openNote, parseVkey } from '../../src/checkpoint/note.js';
import type { Verifier } from '../../src/checkpoint/note.js';
import { epochKeyName, formatCheckpoint, openCheckpoint, openSeal, parseCheckpoint } from '../../src/checkpoint/seal.js';
import { signNote, signSeal, signerFrom } from '../../src/checkpoint/signer.js';

interface KnownTrees {
  readonly trees: readonly { readonly size: number; readonly root: string; readonly frontier: readonly string[] }[];
}
interface KnownNotes {
  readonly ed25519_seeds_hex: readonly [string, string];
  readonly vkeys: readonly [string, string];
  readonly checkpoint: string;
  readonly foreign: { readonly vkey: string; readonly note: string };
  readonly refused: readonly string[];
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
}

function verifier(vkey: string): Verifier {
  const parsed = parseVkey(vkey);
  if (parsed === undefined) throw new Error(vkey);
  return parsed;
}

describe('the tree', () => {
  const { trees } = read('merkle.json') as KnownTrees;

  it.each(trees)('has the known root and frontier at size $size, and goes on from there', ({ size, root, frontier }) => {
    const tree = Frontier.empty();
    for (let i = 0; i < size; i += 1) tree.append(leafHash(Buffer.from(`line ${i}`)));
    expect(tree.root().toString('base64')).toBe(root);
    expect(tree.nodes.map((node) => node.toString('base64'))).toEqual(frontier);
    expect(frontierLength(size)).toBe(frontier.length);
    const resumed = Frontier.from(size, frontier.map((node) => Buffer.from(node, 'base64')));
    expect(resumed?.root().toString('base64')).toBe(root);
    resumed?.append(leafHash(Buffer.from('next')));
    tree.append(leafHash(Buffer.from('next')));
    expect(resumed?.root()).toEqual(tree.root());
  });

  it('is not made from a frontier that does not fit its size', () => {
    expect(Frontier.from(3, [Buffer.alloc(32)])).toBeUndefined();
    expect(Frontier.from(1, [Buffer.alloc(31)])).toBeUndefined();
  });

  it('hashes a line the same whichever way it takes', () => {
    for (const length of [64 * 1024 - 2, 64 * 1024 - 1, 64 * 1024]) {
      const hash = leafHash(Buffer.alloc(length, 0x61));
      expect(hash).toHaveLength(32);
      expect(leafHash(Buffer.alloc(length, 0x61))).toEqual(hash);
    }
  });
});

describe('notes', () => {
  const known = read('notes.json') as KnownNotes;
  const [identity, epoch] = known.vkeys.map(verifier);
  if (identity === undefined || epoch === undefined) throw new Error('two vkeys were expected');
  const signers = known.ed25519_seeds_hex.map((seed, i) => signerFrom(i === 0 ? identity.name : epoch.name, Buffer.from(seed, 'hex')));

  it('has the known vkeys, and signs the known checkpoint to the byte', () => {
    expect(signers.map((signer) => signer.vkey)).toEqual(known.vkeys);
    const checkpoint = openCheckpoint(known.checkpoint, [identity, epoch]);
    if (checkpoint === undefined) throw new Error('the known checkpoint was refused');
    expect(signNote(formatCheckpoint(checkpoint), signers)).toBe(known.checkpoint);
  });

  it('accepts a foreign note', () => {
    const { note, vkey } = known.foreign;
    expect(openNote(note, [verifier(vkey)])).toMatchObject({ ok: true, signedBy: [vkey] });
    expect(openNote(known.foreign.note, [])).toMatchObject({ ok: true, signedBy: [] });
  });

  it.each(known.refused.map((note, i) => [i, note] as const))('refuses text %d', (_, note) => {
    expect(openCheckpoint(note, [identity, epoch])).toBeUndefined();
  });

  it('refuses every changed byte of a signed text', () => {
    for (let at = 0; at < known.checkpoint.indexOf('\n\n'); at += 1) {
      const bytes = Buffer.from(known.checkpoint);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(openCheckpoint(bytes.toString('utf8'), [identity, epoch])).toBeUndefined();
    }
  });

  it('passes over signatures of keys it does not know, and demands those it was told to', () => {
    const witness = signerFrom('witness.example/w', Buffer.alloc(32, 7));
    const text = 'example.org/audit\n7\nd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=\n';
    expect(openCheckpoint(signNote(text, [...signers, witness]), [identity, epoch])).toBeDefined();
    expect(openCheckpoint(signNote(text, signers.slice(0, 1)), [identity, epoch])).toBeUndefined();
  });

  it('a seal names the next epoch\'s key and is opened only with its own', () => {
    const [id, signer] = signers;
    if (id === undefined || signer === undefined) throw new Error('two signers were expected');
    const next = signerFrom(epochKeyName(identity.name, 1), Buffer.alloc(32, 9));
    const root = Buffer.alloc(32, 1);
    const notes = signSeal({
      origin: identity.name, epoch: 0, first: 1, size: 7, root, time: '2026-01-01T00:00:00.000Z', identity: id, signer, nextVkey: next.vkey,
    });
    const said = { origin: identity.name, epoch: 0, first: 1, last: 7, size: 7, root, next: { vkey: next.vkey } };
    expect(openSeal(notes.seal, epoch)).toMatchObject(said);
    expect(openSeal(notes.seal, identity)).toBeUndefined();
    expect(openCheckpoint(notes.checkpoint, [identity, epoch])).toEqual({ origin: identity.name, size: 7, root });
    expect(parseCheckpoint(notes.seal)).toBeUndefined();
  });
});
