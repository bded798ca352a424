// What /proc says of processes and locks. All of it may be hidden from us, so absence is an answer everywhere.
import { readFileSync, statSync } from 'node:fs';

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not readable under hidepid, or the process is gone: the caller asks for "where readable".
    return undefined;
  }
}

/**
 * When a process started, in clock ticks since boot: with the pid it names a process that lived, and not one that got
 * its number later. Undefined where it cannot be read.
 */
export function processStart(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The name stands in parentheses and may hold spaces and parentheses itself; `starttime` is field 22.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = Number(fields?.[22 - 3]);
  return Number.isSafeInteger(start) ? start : undefined;
}

/** A soft limit in the text of /proc/PID/limits; Infinity for `unlimited`, undefined if it is not in there. */
export function softLimit(limits: string, name: string): number | undefined {
  const line = limits.split('\n').find((one) => one.startsWith(`${name}  `));
  const [soft] = line?.slice(name.length).trim().split(/\s+/) ?? [];
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return soft === undefined || !/^\d+$/.test(soft) ? undefined : Number(soft);
}

/** How many files this process may have open; Infinity where nobody says. */
export function openFilesMax(): number {
  return softLimit(readText('/proc/self/limits') ?? '', 'Max open files') ?? Number.POSITIVE_INFINITY;
}

/** Distinguishes this boot from every other; empty where it cannot be read. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** The pid that holds an flock on what lies at `path`, if /proc/locks shows it. */
export function lockHolder(path: string): number | undefined {
  const { ino } = statSync(path, { bigint: true });
  return holderIn(readText('/proc/locks') ?? '', ino);
}

/** The pid that holds an flock on an inode, by the text of /proc/locks. Those who wait for one hold nothing. */
export function holderIn(locks: string, inode: bigint): number | undefined {
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, place] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && place?.endsWith(`:${inode}`) === true) return Number(pid);
  }
  return undefined;
}

/** The gid of a group by its name, from /etc/group. */
export function groupId(name: string): number | undefined {
  for (const line of readText('/etc/group')?.split('\n') ?? []) {
    const [group, , gid] = line.split(':');
    if (group === name && gid !== undefined) return Number(gid);
  }
  return undefined;
}
