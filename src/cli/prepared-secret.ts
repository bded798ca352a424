// The secret of a new log's verification key that its owner prepared and handed in, so that no key has to be handed out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../disk/disk.js';
import { parseSecret } from '../keys/verification.js';

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
