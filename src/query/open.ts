/**
 * Opening a file of the log to read it, whatever lies under its name. Invariant: what is no regular file is never read,
 * and nothing that lies there is an exception.
 */
import { errorCode } from '../disk/disk.js';
import type { Descriptor, Disk, Entry } from '../disk/disk.js';

/** `open`: to be closed by whoever asked. `unusable`: with the reason, for a person. */
export type Opened =
  | { readonly kind: 'open'; readonly file: Descriptor }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable'; readonly reason: string };

const kindNames = {
  link: 'a symbolic link', directory: 'a directory', other: 'a FIFO, a socket or a device',
} as const satisfies Record<Exclude<Entry['kind'], 'file'>, string>;

export function openFile(disk: Disk, path: string): Opened {
  try {
    // Asked first: a FIFO and a directory can be opened, and fail at some later time in words that tell nobody what they are.
    const kind = disk.entry(path)?.kind ?? 'file';
    if (kind !== 'file') return { kind: 'unusable', reason: `it is ${kindNames[kind]}, not a regular file` };
    return { kind: 'open', file: disk.open(path, 'read') };
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? { kind: 'absent' } : { kind: 'unusable', reason: reasonOf(error) };
  }
}

/** What went wrong with a file, for a person. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
