// Where a new log's verification key goes: to its owner, before anything depends on it, and nowhere else.
import { fstatSync, fsyncSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, realDisk } from '../disk/disk.js';
import { createFile, replaceFile } from '../disk/write.js';
import { parseSecret } from '../keys/verification.js';
import type { Places } from '../log/segment.js';

/** The credential, by systemd's LoadCredential=, that is the secret of the key. */
const credentialName = 'verification-secret';

/** What was handed in as a secret is not what one is. */
export class BadSecret extends Error {}

/** The secret that was prepared for this log, if one was handed in. @throws BadSecret */
export function preparedSecret(environment: NodeJS.ProcessEnv): Buffer | undefined {
  const directory = environment['CREDENTIALS_DIRECTORY'] ?? '';
  if (directory === '') return undefined;
  const path = join(directory, credentialName);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const secret = parseSecret(text);
  if (secret === undefined) throw new BadSecret(`the credential ${path} should be base64 of 32 random bytes, as "openssl rand -base64 32" prints it`);
  return secret;
}

/** Hands the key over, durably; returns what to tell the person. */
export function handOver(key: string, isPrepared: boolean, keyOut: string | undefined, places: Places): string {
  if (isPrepared) {
    // The secret, which its owner has, stands behind the last colon.
    const words = key.slice(0, key.lastIndexOf(':') + 1);
    return `Its verification key is the secret that was prepared for it, behind these words, in one line: ${words}`;
  }
  const text = `${key}\n`;
  if (keyOut === undefined) return print(text);
  // What lies there can only be the key of an init that never finished.
  if (keyOut === places.verificationKey) replaceFile(realDisk, keyOut, Buffer.from(text));
  else createFile(realDisk, keyOut, Buffer.from(text));
  return `Its verification key is in ${keyOut}: move it off this host.`;
}

function print(text: string): string {
  process.stdout.write(text);
  if (!fstatSync(1).isFile()) return 'Above is its verification key: keep it away from this host, it is not stored anywhere.';
  // As durable as where a person writes it down.
  fsyncSync(1);
  return `Its verification key is in ${readlinkSync('/proc/self/fd/1')}: move it off this host.`;
}
