// The descriptors above 2 that we were started with and the command is to have. Node hides them from its children, by making
// them close-on-exec like its own, so the two are told apart by what they are: Node's are nameless files of the kernel
// (eventfd, epoll) and pipes of which it holds both ends. Invariant: nothing of ours goes to the command. It gets everything
// else but such a nameless file of the caller's, and such a pipe where the caller no longer holds it.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const closeOnExec = 0o2000000;
const accessMode = 0o3;

/** What is open: numbers, and what /proc calls the file: a path, or `pipe:[inode]`, `anon_inode:...`. */
type Descriptors = ReadonlyMap<number, string>;

// MUST be loaded before every module that opens something (whoever looks at process.stdout does), or that would be taken for
// the caller's.
const atStart = descriptorsOf('self');

/**
 * Which they are, ascending. Node passes on by itself what it did not hide, from 16 on and behind a gap; those are not among
 * them. Empty without /proc.
 */
export function inheritedDescriptors(): readonly number[] {
  const open = [...atStart].filter(([number]) => number > 2).map(([number, file]) => ({ number, file, flags: flagsOf(number) }));
  const callers = new Set(descriptorsOf(String(process.ppid)).values());
  const hasEnd = (pipe: string, mode: number): boolean =>
    open.some(({ file, flags }) => file === pipe && (flags & accessMode) === mode);
  const isNodes = (file: string): boolean => file.startsWith('anon_inode:') ||
    (file.startsWith('pipe:') && hasEnd(file, 0) && hasEnd(file, 1) && !callers.has(file));
  return open.filter(({ file, flags }) => (flags & closeOnExec) !== 0 && !isNodes(file))
    .map(({ number }) => number).sort((a, b) => a - b);
}

function descriptorsOf(pid: string): Descriptors {
  const found = new Map<number, string>();
  try {
    for (const number of readdirSync(`/proc/${pid}/fd`)) {
      const file = linkOf(`/proc/${pid}/fd/${number}`);
      if (file !== undefined) found.set(Number(number), file);
    }
  } catch {
    // No /proc, or another user's process.
  }
  return found;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile, as the one by which the list was read.
    return undefined;
  }
}

function flagsOf(number: number): number {
  try {
    return Number.parseInt(/^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1] ?? '0', 8);
  } catch {
    // Closed since the start, so it was Node's.
    return 0;
  }
}
