/**
 * Whose log this is: the name, the public keys, and where the belief in them comes from. Invariant: with a
 * verification key the identity is the one that key names; with a public key it is that key; nothing that lies in
 * the checked directory is ever believed by itself.
 */
import { parseVkey } from '../checkpoint/note.js';
import type { Verifier } from '../checkpoint/note.js';
import { epochKeyName } from '../checkpoint/seal.js';
import type { Disk } from '../disk/disk.js';
import type { VerificationKey } from '../keys/verification.js';
import { readFirstFrame } from '../log/first-line.js';
import { parseGenesis, parseHeader } from '../log/own.js';
import type { LogPub } from '../log/own.js';

/** What a log is believed to be. */
export interface Facts {
  readonly origin: string;
  readonly logPub: LogPub;
  readonly identity: Verifier;
  readonly epochZero: Verifier;
}

/** Facts from two vkeys, if these are an identity's and its epoch 0's. */
export function factsFrom(logPub: LogPub): Facts | undefined {
  const identity = parseVkey(logPub[0]);
  const epochZero = parseVkey(logPub[1]);
  if (identity === undefined || epochZero?.name !== epochKeyName(identity.name, 0)) return undefined;
  return { origin: identity.name, logPub, identity, epochZero };
}

/** The two lines of `log.pub`. */
export function parseLogPub(text: string): LogPub | undefined {
  const [identity, epochZero, end, ...rest] = text.split('\n');
  if (identity === undefined || epochZero === undefined || end !== '' || rest.length > 0) return undefined;
  return factsFrom([identity, epochZero]) === undefined ? undefined : [identity, epochZero];
}

/** The inverse of `parseLogPub`. */
export function formatLogPub(logPub: LogPub): string {
  return `${logPub[0]}\n${logPub[1]}\n`;
}

/** Whether a key was made for the log with this identity. */
export function isKeyOf(key: VerificationKey, facts: Facts): boolean {
  return key.origin === facts.origin && key.identityKeyId === facts.identity.keyId.toString('hex');
}

/** The public keys that a file's first line states, if it is a genesis or a header. Not to be believed by itself. */
export function statedIn(disk: Disk, path: string): LogPub | undefined {
  const frame = readFirstFrame(disk, path);
  return frame === undefined ? undefined : (parseGenesis(frame.body) ?? parseHeader(frame.body))?.log_pub;
}

/** What a search for the facts came to. */
export type Established =
  | { readonly kind: 'found'; readonly facts: Facts }
  /** Something is stated, and it is not the key's log. */
  | { readonly kind: 'another_log'; readonly origin: string }
  | { readonly kind: 'nothing_stated' };

/** The first of the stated pairs that the key was made for; every MAC will tell whether it really was. */
export function establish(key: VerificationKey, stated: readonly (LogPub | undefined)[]): Established {
  const candidates = stated.flatMap((logPub) => {
    const facts = logPub === undefined ? undefined : factsFrom(logPub);
    return facts === undefined ? [] : [facts];
  });
  const facts = candidates.find((candidate) => isKeyOf(key, candidate));
  if (facts !== undefined) return { kind: 'found', facts };
  const other = candidates[0];
  return other === undefined ? { kind: 'nothing_stated' } : { kind: 'another_log', origin: other.origin };
}
