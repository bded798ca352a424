/**
 * How the writer's thread shows from outside that it gets on: a number in shared memory that it moves whenever the disk has
 * answered, and whenever it had nothing to do. One that stands still is a disk, or a thread, that hangs.
 */
import type { Disk } from '../disk/disk.js';

export class Pulse {
  readonly shared: SharedArrayBuffer;
  readonly #count: Int32Array;

  /** `shared`: another thread's, to move or to watch that one. */
  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#count = new Int32Array(shared);
  }

  beat(): void {
    Atomics.add(this.#count, 0, 1);
  }

  /** Wraps around: only whether it differs says anything. */
  get count(): number {
    return Atomics.load(this.#count, 0);
  }
}

/** A disk of which every answer that may be long in coming is a beat; one that never comes is none. */
export function diskWithPulse(disk: Disk, pulse: Pulse): Disk {
  function beating<T>(answer: T): T {
    pulse.beat();
    return answer;
  }
  return {
    open: (path, mode) => beating(disk.open(path, mode)),
    close: (file) => { disk.close(file); },
    readAt: (file, into, position) => beating(disk.readAt(file, into, position)),
    writeAt: (file, bytes, position) => beating(disk.writeAt(file, bytes, position)),
    size: (file) => disk.size(file),
    truncate: (file, bytes) => { disk.truncate(file, bytes); },
    sync(file) {
      disk.sync(file);
      pulse.beat();
    },
    syncDirectory(path) {
      disk.syncDirectory(path);
      pulse.beat();
    },
    read: (path) => beating(disk.read(path)),
    list: (path) => beating(disk.list(path)),
    entry: (path) => disk.entry(path),
    makeDirectory: (path) => { disk.makeDirectory(path); },
    rename: (from, to) => { disk.rename(from, to); },
    remove: (path) => { disk.remove(path); },
    link: (target, path) => { disk.link(target, path); },
    linkTarget: (path) => disk.linkTarget(path),
    describe: (file) => disk.describe(file),
    space: (path) => disk.space(path),
    isWritable: (directory) => disk.isWritable(directory),
    setMode: (path, mode) => { disk.setMode(path, mode); },
  };
}
