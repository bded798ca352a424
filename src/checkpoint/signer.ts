/**
 * Who signs notes, and the two notes that end an epoch. Apart from reading them: whoever only reads needs no private key, and
 * nothing that deals with one.
 */
import { randomFillSync } from 'node:crypto';
import { publicKeyOf, sign } from '../kernel/ed25519.js';
import { secretBuffer } from '../memory/secret.js';
import { Verifier, formatVkey, keyIdOf } from './note.js';
import { formatCheckpoint, formatSeal } from './seal.js';

const seedBytes = 32;

/** A name and the seed of a private key. */
export interface Signer {
  readonly vkey: string;
  readonly name: string;
  readonly keyId: Buffer;
  readonly publicKey: Buffer;
  /** The caller's own, and the only copy: once it is overwritten nobody can sign with it again. */
  readonly seed: Buffer;
}

/** A fresh Ed25519 seed: any 32 bytes of chance (RFC 8032, 5.1.5). */
export function generateSeed(): Buffer {
  return randomFillSync(secretBuffer(seedBytes));
}

/** A signer from its 32-byte seed, which it keeps and does not copy. */
export function signerFrom(name: string, seed: Buffer): Signer {
  const publicKey = publicKeyOf(seed);
  return { vkey: formatVkey(name, publicKey), name, keyId: keyIdOf(name, publicKey), publicKey, seed };
}

/** Who believes this signer. */
export function verifierOf(signer: Signer): Verifier {
  return new Verifier(signer.vkey, signer.name, signer.keyId, signer.publicKey);
}

/** Text and one signature line for each signer, in their order. The text MUST end in LF. */
export function signNote(text: string, signers: readonly Signer[]): string {
  const lines = signers.map(({ name, keyId, seed }) => {
    const signature = sign(seed, Buffer.from(text, 'utf8'));
    return `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** What a seal is made from. */
export interface SealInput {
  readonly origin: string;
  readonly epoch: number;
  /** First record of the epoch; when it has nothing but its seal, the seal's own seq. */
  readonly first: number;
  /** Records before the seal, which is also the last record's seq. */
  readonly size: number;
  readonly root: Buffer;
  readonly time: string;
  readonly identity: Signer;
  readonly signer: Signer;
  readonly nextVkey: string;
}

/** Both notes of one epoch. */
export interface SealNotes {
  readonly seal: string;
  readonly checkpoint: string;
}

/** Signs both notes. The epoch's key MUST sign nothing else, ever. */
export function signSeal(input: SealInput): SealNotes {
  const { origin, epoch, first, size, root, time } = input;
  const body = formatSeal({ origin, epoch, first, last: size, size, root, next: { vkey: input.nextVkey }, time });
  return {
    seal: signNote(body, [input.signer]),
    checkpoint: signNote(formatCheckpoint({ origin, size, root }), [input.identity, input.signer]),
  };
}
