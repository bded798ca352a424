/**
 * The verification key as people carry it: one short line that names its log, so that the wrong key is told from a
 * tampered log. It is made at init, shown once, and kept away from the host.
 */
import { decodeBase64 } from './base64.js';
import { keyBytes } from './schedule.js';

/** R with the log it belongs to. */
export interface VerificationKey {
  readonly origin: string;
  /** First 4 bytes, in hex, of the identity vkey's hash. */
  readonly identityKeyId: string;
  /** R, 32 bytes. */
  readonly secret: Buffer;
}

/** What a log may be called. */
export const originForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,149}$/;

const keyTextForm = /^indelible-verification-key:v1:([A-Za-z0-9][A-Za-z0-9._/-]{0,149}):([0-9a-f]{8}):([A-Za-z0-9+/]{43}=)$/;

/** `indelible-verification-key:v1:<origin>:<8 hex>:<base64 of 32 bytes>`, without a line end. */
export function formatVerificationKey(key: VerificationKey): string {
  return `indelible-verification-key:v1:${key.origin}:${key.identityKeyId}:${key.secret.toString('base64')}`;
}

/** The inverse of `formatVerificationKey`, one line end allowed; undefined for everything else. */
export function parseVerificationKey(text: string): VerificationKey | undefined {
  const match = keyTextForm.exec(text.endsWith('\n') ? text.slice(0, -1) : text);
  const [, origin, identityKeyId, base64] = match ?? [];
  if (origin === undefined || identityKeyId === undefined || base64 === undefined) return undefined;
  const secret = parseSecret(base64);
  return secret === undefined ? undefined : { origin, identityKeyId, secret };
}

/** R alone, prepared for a log that is not made yet: base64 of 32 bytes, one line end allowed; undefined for all else. */
export function parseSecret(text: string): Buffer | undefined {
  const secret = decodeBase64(text.endsWith('\n') ? text.slice(0, -1) : text);
  return secret?.length === keyBytes ? secret : undefined;
}
