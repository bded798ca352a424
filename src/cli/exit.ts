// Exit codes, for scripts and service managers.
import { errorCode } from '../disk/disk.js';

export const exitCodes = {
  ok: 0,
  /** `verify`: tampered or lost. Other commands: something was refused. */
  failed: 1,
  /** Wrong usage or bad configuration. */
  usage: 2,
  /** A log that will not be extended, or could not be checked. */
  unverifiable: 3,
  /** State directory or socket held by a live daemon. */
  held: 4,
  /** The disk failed, or there are no descriptors. */
  writeFailed: 5,
} as const;

/** What says that a path cannot be what it was named for, today or tomorrow. */
const misnamed = new Set([
  'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'EINVAL', 'EADDRINUSE', 'ENOTEMPTY', 'ENXIO', 'EXDEV',
]);

/** Of an error at a path that somebody configured: `usage` if another path would help, or else the machine has failed. */
export function exitCodeOf(error: unknown): number {
  return misnamed.has(errorCode(error) ?? '') ? exitCodes.usage : exitCodes.writeFailed;
}
