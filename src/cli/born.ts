// A daemon's first start: the log is made by `indelible init` in a process of its own. The verification key passes through
// that process and is gone with it; what a thief finds in the daemon's memory later was never it. Invariant: that process
// never outlives the daemon. One that did would hold the lock, and make a log, behind the back of the next start.
import { spawnSync } from 'node:child_process';
import { realDisk } from '../disk/disk.js';
import { isUnborn } from '../log/recovery.js';
import { placesIn } from '../log/segment.js';
import { exitCodes } from './exit.js';

/** What came of it: nothing had to be made, or where the verification key is, or how `init` ended. */
export type Birthed =
  | { readonly kind: 'exists' }
  /** `keyWrittenTo`: undefined where the key was prepared, and is with whoever did that. `said`: by `init`. */
  | { readonly kind: 'made'; readonly keyWrittenTo: string | undefined; readonly said: string }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly message: string };

/**
 * Makes a log in `state` if there is none. `keyOut`: where its key goes; undefined: into the state directory, where it
 * should not stay. @throws LogError `refused` where a log was and is no more
 */
export function makeLogIfUnborn(state: string, origin: string, keyOut: string | undefined): Birthed {
  const places = placesIn(state);
  if (!isUnborn(realDisk, places)) return { kind: 'exists' };
  const keyWrittenTo = keyOut ?? places.verificationKey;
  const main = new URL('./main.js', import.meta.url).pathname;
  const { status, stderr } = spawnSync(
    process.execPath,
    [main, 'init', '--state-dir', state, '--origin', origin, '--key-out', keyWrittenTo, '--parent', String(process.pid)],
    { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
  );
  if (status === exitCodes.ok) {
    const isWritten = realDisk.entry(keyWrittenTo) !== undefined;
    return { kind: 'made', keyWrittenTo: isWritten ? keyWrittenTo : undefined, said: stderr.trim() };
  }
  // Somebody else was quicker; the lock will tell who goes on.
  if (status === exitCodes.failed && !isUnborn(realDisk, places)) return { kind: 'exists' };
  return { kind: 'failed', exitCode: status ?? exitCodes.writeFailed, message: stderr.trim() };
}
