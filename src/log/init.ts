/**
 * The birth of a log. Everything a log stands on is on the disk before its first segment is made; until then a crash
 * leaves an unfinished init, which is begun anew with a new verification key.
 */
import { randomBytes } from 'node:crypto';
import { epochKeyName } from '../checkpoint/seal.js';
import { Frontier } from '../checkpoint/merkle.js';
import { generateSeed, signerFrom } from '../checkpoint/signer.js';
import type { Disk } from '../disk/disk.js';
import { replaceFile } from '../disk/write.js';
import { keyBytes, KeyWalker, firstEpoch } from '../keys/schedule.js';
import { KeyFile, encodeIdentity, readIdentity } from '../keys/store.js';
import { formatVerificationKey } from '../keys/verification.js';
import { refused } from './failure.js';
import { encodeHead } from './head.js';
import { logStart } from './record.js';
import type { Places } from './segment.js';
import type { LogState } from './state.js';

/** The identity key's seed. @throws LogError `refused` if it is not there */
export function readIdentitySeed(disk: Disk, places: Places): Buffer {
  const identity = readIdentity(disk, places.identity);
  if (identity === undefined) throw refused('identity_mismatch', 'keys/identity is not there, or damaged');
  return identity.seed;
}

/**
 * The log's salt, which tells equal masked secrets equal and nothing else. Made anew where it was lost: it is no evidence,
 * and without the old one, old and new masks merely cannot be compared.
 */
export function readSalt(disk: Disk, places: Places): { readonly salt: Buffer; readonly wasLost: boolean } {
  const stored = disk.read(places.salt);
  return stored?.length === keyBytes ? { salt: stored, wasLost: false } : { salt: makeSalt(disk, places), wasLost: true };
}

function makeSalt(disk: Disk, places: Places): Buffer {
  const salt = randomBytes(keyBytes);
  replaceFile(disk, places.salt, salt);
  return salt;
}

/** `log.pub`: the log's two verifier keys, a line for each. */
export function encodeLogPub([identity, signer]: LogState['logPub']): Buffer {
  return Buffer.from(`${identity}\n${signer}\n`);
}

/**
 * Makes salt, identity, keys, `log.pub` and the empty head, all synced. `handOver` gets the verification key first: a log
 * whose key nobody has could never be checked. `secret` is that key's R, which is wiped. The caller has made sure that there
 * is no log here.
 */
export function createLog(
  disk: Disk, places: Places, origin: string, handOver: (verificationKey: string) => void,
  secret: Buffer = randomBytes(keyBytes),
): LogState {
  for (const directory of [places.state, places.log, places.keys, places.quarantine]) disk.makeDirectory(directory);
  const identitySeed = generateSeed();
  const signerSeed = generateSeed();
  const identity = signerFrom(origin, identitySeed);
  const signer = signerFrom(epochKeyName(origin, 0), signerSeed);
  handOver(formatVerificationKey({ origin, identityKeyId: identity.keyId.toString('hex'), secret }));

  const epochKey = firstEpoch(secret, identity.vkey);
  const keys = KeyWalker.atStart(epochKey);
  // From here on only the one-way keys exist on this side.
  secret.fill(0);
  epochKey.fill(0);
  const tree = Frontier.empty();
  const state: LogState = {
    origin, logPub: [identity.vkey, signer.vkey], identity, genesisMac: '', last: logStart, openCommit: false, keys, tree,
    segment: undefined, epoch: { first: 1, dirty: false, signer, nextSeed: null }, sealed: undefined,
  };
  const root = tree.root();
  makeSalt(disk, places);
  replaceFile(disk, places.identity, encodeIdentity({ origin, seed: identitySeed }));
  replaceFile(disk, places.logPub, encodeLogPub(state.logPub));
  replaceFile(disk, places.head, encodeHead({ origin, ...logStart, segment: '', bytes: 0, root, key: keys.name }, keys.step));
  // Last: what was stored before under this name belongs to an init that never finished.
  KeyFile.create(disk, places.currentKeys, {
    name: keys.name, step: keys.step, nextEpoch: keys.nextEpoch, signer: signerSeed, nextSigner: null, seq: 0, root,
  });
  disk.syncDirectory(places.state);
  return state;
}
