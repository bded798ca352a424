// The descriptors above 2 that we were started with and the command is to have. Node hides them from its children, by making
// them close-on-exec like its own, so the two are told apart by what they are: Node's are nameless files of the kernel
// (eventfd, epoll) and pipes of which it holds both ends. Invariant: nothing of ours goes to the command. It gets everything
// else but such a nameless file of the caller's, and such a pipe where the caller no longer holds it.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const closeOnExec = 0o2000000;
const accessMode = 0o3;

interface Descriptor {
  readonly number: number;
  /** What /proc calls it: a path, or `pipe:[inode]`, `socket:[inode]`, `anon_inode:...`. */
  readonly file: string;
  readonly flags: number;
}

/**
 * Which they are, ascending, as it was when this file was loaded: that MUST come before every module that opens something
 * (whoever looks at process.stdout does), or that would be taken for the caller's. Node passes on by itself what it did not
 * hide, from 16 on and behind a gap; those are not among them. Empty without /proc.
 */
export const inheritedDescriptors: readonly number[] = inherited();

function inherited(): readonly number[] {
  const open = descriptors();
  const callers = new Set(filesOf(process.ppid));
  const hasEnd = (file: string, mode: number): boolean =>
    open.some((one) => one.file === file && (one.flags & accessMode) === mode);
  const isNodes = ({ file }: Descriptor): boolean => file.startsWith('anon_inode:') ||
    (file.startsWith('pipe:') && hasEnd(file, 0) && hasEnd(file, 1) && !callers.has(file));
  return open.filter((one) => (one.flags & closeOnExec) !== 0 && !isNodes(one)).map(({ number }) => number).sort((a, b) => a - b);
}

function descriptors(): readonly Descriptor[] {
  return numbersOf('self').filter((number) => number > 2).flatMap((number) => {
    try {
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1] ?? '';
      return { number, file: readlinkSync(`/proc/self/fd/${number}`), flags: Number.parseInt(flags, 8) };
    } catch {
      // The one by which the list was read.
      return [];
    }
  });
}

function filesOf(pid: number): readonly string[] {
  return numbersOf(String(pid)).flatMap((number) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${number}`);
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

function numbersOf(pid: string): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    // No /proc, or another user's process.
    return [];
  }
}
