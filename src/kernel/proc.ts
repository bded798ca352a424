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

/** Which file it is, on which device. */
export interface FileNumber {
  readonly device: bigint;
  readonly inode: bigint;
}

/** The pid that holds an flock on what lies at `path`, if /proc/locks shows it. */
export function lockHolder(path: string): number | undefined {
  const { dev: device, ino: inode } = statSync(path, { bigint: true });
  return holderIn(readText('/proc/locks') ?? '', { device, inode });
}

/**
 * The pid that holds an flock on a file, by the text of /proc/locks. Those who wait for one hold nothing. Filesystems without a
 * device of their own (btrfs, overlay) may show another number there than `stat` does, but always one with major number 0.
 */
export function holderIn(locks: string, { device, inode }: FileNumber): number | undefined {
  let likely: number | undefined;
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, place = ''] = line.trim().split(/\s+/);
    const [major = '', minor = '', number] = place.split(':');
    if (kind !== 'FLOCK' || number !== String(inode)) continue;
    const there = { major: BigInt(`0x${major}`), minor: BigInt(`0x${minor}`) };
    if (there.major === majorOf(device) && there.minor === minorOf(device)) return Number(pid);
    if (there.major === 0n && majorOf(device) === 0n) likely = Number(pid);
  }
  return likely;
}

/** As the C library packs them. */
function majorOf(device: bigint): bigint {
  return (device >> 8n & 0xfffn) | (device >> 32n & ~0xfffn);
}

function minorOf(device: bigint): bigint {
  return (device & 0xffn) | (device >> 12n & ~0xffn & 0xffffffffn);
}

/** The gid of a group by its name, from /etc/group. */
export function groupId(name: string): number | undefined {
  for (const line of readText('/etc/group')?.split('\n') ?? []) {
    const [group, , gid] = line.split(':');
    if (group === name && gid !== undefined) return Number(gid);
  }
  return undefined;
}
