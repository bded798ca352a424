// Where the daemon and its clients meet: pure functions of the environment, so that both sides agree by construction.
// Invariant: an empty variable counts as unset, and no place is ever made up (never /tmp, which others can write).
import { join } from 'node:path';
import { WireError } from './error.js';

/** `sun_path` holds 108 bytes with its NUL; the kernel silently cuts a longer one and binds another file. */
export const socketPathBytesMax = 107;

type Environment = Readonly<Record<string, string | undefined>>;

/** The state directory that these variables name, or undefined when none of them is set. */
export function stateDirectory(env: Environment): string | undefined {
  if (env['INDELIBLE_STATE_DIR']) return env['INDELIBLE_STATE_DIR'];
  if (env['STATE_DIRECTORY']) return env['STATE_DIRECTORY'];
  if (env['XDG_STATE_HOME']) return join(env['XDG_STATE_HOME'], 'indelible');
  return env['HOME'] ? join(env['HOME'], '.local', 'state', 'indelible') : undefined;
}

/**
 * The socket that these variables name, or undefined when none of them is set.
 * Throws WireError `bad_path` for a path over 107 bytes.
 */
export function socketPath(env: Environment): string | undefined {
  const path = namedSocket(env);
  return path === undefined ? undefined : checkedSocketPath(path);
}

/** The path itself; throws WireError `bad_path` when it is empty, or the kernel would cut it short. */
export function checkedSocketPath(path: string): string {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0) throw new WireError('bad_path', 'the socket path is empty');
  if (bytes <= socketPathBytesMax) return path;
  throw new WireError('bad_path', `socket path of ${bytes} bytes, at most ${socketPathBytesMax} fit: ${path}`);
}

function namedSocket(env: Environment): string | undefined {
  if (env['INDELIBLE_SOCKET']) return env['INDELIBLE_SOCKET'];
  if (env['RUNTIME_DIRECTORY']) return join(env['RUNTIME_DIRECTORY'], 'indelible.sock');
  if (env['XDG_RUNTIME_DIR']) return join(env['XDG_RUNTIME_DIR'], 'indelible', 'indelible.sock');
  const state = stateDirectory(env);
  return state === undefined ? undefined : join(state, 'indelible.sock');
}
