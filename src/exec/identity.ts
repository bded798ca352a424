// Who runs a command, where the caller does not say: ids that name the same user and machine every time and cannot be
// turned back. They are claims, not proofs; what the kernel knows of the caller is recorded beside them by the daemon.
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { sha256Hex } from '../keys/hash.js';
import { ExecError } from './failure.js';

const machineIdFile = '/etc/machine-id';

function digest(...parts: readonly string[]): string {
  return sha256Hex(Buffer.from(parts.join('\n')));
}

/**
 * SHA-256 of "indelible exec machine v1", LF and the 32 digits of /etc/machine-id; hashed with a text of ours, because
 * machine-id(5) wants the id itself to stay on the machine. @throws ExecError `identity` where there is none
 */
export function machineId(file = machineIdFile): string {
  let id = '';
  try {
    id = readFileSync(file, 'utf8').trim();
  } catch {
    // Said below, together with an empty or unfinished file: a made-up id would name no machine.
  }
  if (!/^[0-9a-f]{32}$/.test(id)) throw new ExecError('identity', `${file} holds no machine id: give --machine-id`);
  return digest('indelible exec machine v1', id);
}

/** SHA-256 of "indelible exec agent v1", LF, the uid in decimal, LF and the user's name, empty where the uid has none. */
export function agentId(uid: number): string {
  let name = '';
  try {
    name = userInfo().username;
  } catch {
    // A uid without an entry in the user database, as in many containers: the number alone is the user.
  }
  return digest('indelible exec agent v1', String(uid), name);
}
