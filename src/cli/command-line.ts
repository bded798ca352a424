// What stands on our command line, byte for byte: Node gives it as text, with what is not UTF-8 silently replaced.
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/** Whether all of it is UTF-8, and so what Node says it is. */
export function isCommandLineText(): boolean {
  try {
    return isUtf8(readFileSync('/proc/self/cmdline'));
  } catch {
    // Without /proc nobody can say; it is text nearly always.
    return true;
  }
}
