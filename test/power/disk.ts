/** Disks made of files: one that records what it is sent, and copies of it as they were when their power went. Takes root. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, fstatSync, mkdirSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const diskBytes = 64 * 1024 * 1024;

/** How ext4 orders what it writes: `data=` of mount(8). */
export const journals = ['ordered', 'writeback', 'journal'] as const;
export type Journal = (typeof journals)[number];

/** Where programs for the administrator lie, whoever's shell this is. */
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

function run(command: string, ...words: string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', env });
}

/** An empty ext4 in a file. */
function makeImage(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, diskBytes);
  // Everything is written here and now: a journal that is made afterwards would be most of what is recorded.
  run('mkfs.ext4', '-q', '-F', '-b', '4096', '-E', 'nodiscard,lazy_itable_init=0,lazy_journal_init=0', path);
}

export function mountImage(image: string, at: string, journal: Journal): void {
  run('mount', '-o', `loop,data=${journal}`, image, at);
}

/**
 * The same for a disk whose power went, and with what a machine does at boot when that fails: ext4 keeps its superblock
 * on two sectors of 512 bytes, of which such a disk may have written one. False: it needed mending.
 */
export function mountAfterLoss(image: string, at: string, journal: Journal): boolean {
  try {
    mountImage(image, at, journal);
    return true;
  } catch {
    const { status, stdout, stderr } = spawnSync('e2fsck', ['-f', '-y', image], { encoding: 'utf8', env });
    // Up to 3: mended.
    if (status === null || status > 3) throw new Error(`e2fsck ended with ${status ?? 'a signal'}: ${stdout}${stderr}`);
    mountImage(image, at, journal);
    return false;
  }
}

export function unmount(at: string): void {
  run('umount', at);
}

/** Copies an image and leaves its holes. */
export function copyImage(from: string, to: string): void {
  run('cp', '--sparse=always', from, to);
}

/** A mounted filesystem on a disk that records. */
export class RecordedDisk {
  /** Where it is mounted. */
  readonly directory: string;
  /** The image as it was before anything was recorded. */
  readonly before: string;
  /** The image as it is. */
  readonly image: string;
  readonly log: string;
  readonly #front: string;
  readonly #recorder: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #file: number;

  private constructor(place: string, recorder: ChildProcess) {
    [this.directory, this.#front, this.before, this.image, this.log] = pathsIn(place);
    this.#recorder = recorder;
    this.#closed = new Promise((resolve) => { recorder.once('close', resolve); });
    this.#file = openSync(this.log, 'r');
  }

  /** Makes one in an empty directory. `program`: recorder.c, compiled. */
  static async make(program: string, place: string, journal: Journal): Promise<RecordedDisk> {
    const [directory, front, before, image, log] = pathsIn(place);
    mkdirSync(directory);
    mkdirSync(front);
    makeImage(before);
    copyFileSync(before, image);
    const recorder = spawn(program, [image, log, front], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    recorder.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
    await new Promise<void>((resolve, reject) => {
      recorder.once('error', reject);
      recorder.stdout.once('data', () => { resolve(); });
      recorder.once('close', (code) => { reject(new Error(`the recorder ended with ${code ?? 'a signal'}: ${said}`)); });
    });
    const disk = new RecordedDisk(place, recorder);
    try {
      mountImage(join(front, 'disk'), directory, journal);
    } catch (error) {
      await disk.#leaveFront();
      throw error;
    }
    return disk;
  }

  /** Length of the log: whatever was answered by now was recorded before. */
  get position(): number {
    return fstatSync(this.#file).size;
  }

  /** Takes it off, when nothing uses it any more; what it was sent stays in the log. */
  async end(): Promise<void> {
    unmount(this.directory);
    await this.#leaveFront();
  }

  async #leaveFront(): Promise<void> {
    closeSync(this.#file);
    if (this.#recorder.exitCode === null) unmount(this.#front);
    await this.#closed;
  }
}

function pathsIn(place: string): [string, string, string, string, string] {
  return [join(place, 'disk'), join(place, 'front'), join(place, 'before'), join(place, 'image'), join(place, 'writes')];
}
