// The environment as the kernel has it. Node hands a command its variables as text, and what is no UTF-8 comes out as something
// else; so a command with such a variable is not run, rather than run with another one.
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/** Names of the variables whose name or value is not UTF-8. None without /proc. */
export function brokenVariables(file = '/proc/self/environ'): readonly string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return [];
  }
  if (isUtf8(bytes)) return [];
  // As latin1 every byte is one character, and back again.
  const variables = bytes.toString('latin1').split('\0').map((variable) => Buffer.from(variable, 'latin1'));
  return variables.filter((variable) => !isUtf8(variable)).map((variable) => variable.toString('utf8').replace(/=.*$/s, ''));
}
