// One daemon for one state directory. Two locks, because each fails where the other holds: flock on the directory
// itself is dropped by the kernel at death and cannot be left behind, and decides; proper-lockfile's is seen over
// network filesystems and by people, and is a lease that a suspended holder loses. Who holds the first takes a left-behind
// second over at once; whoever loses the second stops writing.
import * as fs from 'node:fs';
import { join } from 'node:path';

/** How long the lease may go without being renewed before another may take it, and how often it is renewed. */
export const leaseMs = 10_000;
const renewMs = 2_500;
/**
 * How long a lock that is held is asked for again, and how often: whoever was killed holds it until the last of its calls
 * returns, an fsync perhaps, and neither signal nor exit status says when that is.
 */
const dyingMs = 2_000;
const askAgainMs = 20;

/** Held until `release`. */
export interface StateLock {
  release(): Promise<void>;
}

/** The directory belongs to another process. */
export class LockHeld extends Error {
  readonly code = 'lock_held';

  constructor(message: string) {
    super(message);
    this.name = 'LockHeld';
  }
}

/**
 * The lease's directory, which the package takes away by its name, at the latest when the process ends. By then it may be
 * somebody else's lease, and only ours may go.
 */
class OwnDirectory {
  readonly #path: string;
  /** Held open, so that no other gets its number. */
  #held: number | undefined;
  /** The filesystem for the package. */
  readonly fs = {
    ...fs,
    rmdir: (path: string, done: (error: Error | null) => void): void => {
      if (this.#isOurs()) fs.rmdir(path, done);
      else done(null);
    },
    rmdirSync: (path: string): void => { if (this.#isOurs()) fs.rmdirSync(path); },
  };

  constructor(path: string) {
    this.#path = path;
  }

  /** What is there now is ours, until `release`. */
  hold(): void {
    this.#held = fs.openSync(this.#path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  }

  release(): void {
    if (this.#held !== undefined) fs.closeSync(this.#held);
    this.#held = undefined;
  }

  #isOurs(): boolean {
    if (this.#held === undefined) return true;
    const there = fs.lstatSync(this.#path, { throwIfNoEntry: false });
    const { ino, dev } = fs.fstatSync(this.#held);
    return there?.ino === ino && there.dev === dev;
  }
}

/** What the lock asks of the kernel, handed in because this room does not know it. */
export interface LockKernel {
  tryLock(descriptor: number): boolean;
  lockHolder(path: string): number | undefined;
}

/** Whether the lock is ours, at once or in a moment. */
async function comesFree(descriptor: number, kernel: LockKernel): Promise<boolean> {
  const until = performance.now() + dyingMs;
  while (!kernel.tryLock(descriptor)) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => { setTimeout(resolve, askAgainMs); });
  }
  return true;
}

/**
 * Takes both locks on an existing directory, waiting a moment for a holder that is dying. `onLost` is called if the lease
 * is ever taken from us: stop writing.
 * @throws LockHeld naming the holder
 */
export async function lockState(directory: string, kernel: LockKernel, onLost: (reason: string) => void): Promise<StateLock> {
  const descriptor = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    if (!await comesFree(descriptor, kernel)) {
      const pid = kernel.lockHolder(directory);
      throw new LockHeld(`${directory} is held by ${pid === undefined ? 'another process' : `process ${pid}`}`);
    }
    const lockfilePath = join(directory, 'indelible.lock');
    // Ours is the only live claim, so a lease that is there was left by a process that died.
    fs.rmSync(lockfilePath, { recursive: true, force: true });
    const own = new OwnDirectory(lockfilePath);
    // Not before: it listens to every signal that ends a process, and a command that is busy reading would not end by one.
    const { default: lockfile } = await import('proper-lockfile');
    const release = await lockfile.lock(directory, {
      lockfilePath, stale: leaseMs, update: renewMs, onCompromised: (error) => { onLost(error.message); }, fs: own.fs,
    });
    own.hold();
    return {
      async release() {
        await release();
        own.release();
        fs.closeSync(descriptor);
      },
    };
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}
