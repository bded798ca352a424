// Small filesystems of their own, tmpfs or ext4 on a loop device, for logs that are to run out of room. Only root may mount.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryDirectory } from './daemon.js';

function run(command: string, words: readonly string[]): void {
  const { error, status, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${command} is not installed`, { cause: error });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} (this takes root): ${stderr}`);
}

export class SmallDisk {
  /** Where it is mounted. */
  readonly root: string;
  readonly #base: string;

  private constructor(base: string) {
    this.#base = base;
    this.root = join(base, 'm');
  }

  static mount(kind: 'tmpfs' | 'ext4', bytes: number): SmallDisk {
    const disk = new SmallDisk(temporaryDirectory());
    mkdirSync(disk.root);
    try {
      if (kind === 'tmpfs') {
        run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', disk.root]);
        return disk;
      }
      const image = join(disk.#base, 'image');
      writeFileSync(image, '');
      truncateSync(image, bytes);
      // Nothing kept back for root: what is free for others is what is free.
      run('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
      run('mount', ['-o', 'loop', image, disk.root]);
    } catch (error) {
      rmSync(disk.#base, { recursive: true, force: true });
      throw error;
    }
    return disk;
  }

  /** A state directory on it. */
  get state(): string {
    return join(this.root, 's');
  }

  clear(): void {
    run('umount', [this.root]);
    rmSync(this.#base, { recursive: true, force: true });
  }
}

/** Something else fills the disk beside a state directory, up to `leaveBytes`. Returns how it is taken away again. */
export function fillBeside(state: string, leaveBytes: number): () => void {
  const ballast = join(dirname(state), 'ballast');
  const { bavail, bsize } = statfsSync(dirname(state));
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
  return () => { rmSync(ballast, { force: true }); };
}
