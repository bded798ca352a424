// What to do about an error of the system that ends a command or a start: the same words wherever it was met.
import { errorCode } from '../disk/disk.js';
import { LogError } from '../log/failure.js';

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'make room on the disk that it lies on',
  EDQUOT: 'raise the quota of this user, or make room within it',
  EFBIG: 'raise the limit on the size of one file (LimitFSIZE= in a unit, ulimit -f)',
  EROFS: 'find out why the filesystem is read-only (dmesg, or the unit\'s ReadWritePaths=), and mount it to be written: mount -o remount,rw',
  EEXIST: 'it is no directory: name another one',
  ENOTDIR: 'what stands above it is no directory: name another one',
  EMFILE: 'raise the limit on open files (LimitNOFILE= in a unit, ulimit -n)',
  ENFILE: 'raise the limit on the open files of this machine (sysctl fs.file-max)',
  EACCES: 'start this as the user who owns the directory, or give it to this one with chown',
  EPERM: 'start this as the user who owns the directory, or give it to this one with chown',
  EIO: 'the disk fails: see dmesg, and copy the directory to another one',
};

/** The code of the system's own error (`EROFS`) that an error goes back to. */
export function systemCodeOf(error: unknown): string | undefined {
  return errorCode(error instanceof LogError ? error.cause : error);
}

/** What an error says, with its code and what to do about it where that is known. */
export function messageWithAdvice(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = systemCodeOf(error);
  const todo = code === undefined ? undefined : advice[code];
  if (code === undefined || todo === undefined) return message;
  return `${message.includes(code) ? message : `${message} (${code})`}; ${todo}`;
}
