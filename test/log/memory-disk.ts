// A disk in memory that knows what is on the platter and what is only in the cache: `sync` and `syncDirectory` are what
// moves one to the other. A crash of the process keeps everything; a loss of power keeps what was synced and, of the
// rest, what chance wants: a sector is old or new, a growing file ends anywhere and may hold zeros there.
import { dirname, basename } from 'node:path';
import type { Descriptor, Disk, Entry, OpenMode, Space } from '../../src/disk/disk.js';

const sectorBytes = 512;

interface File {
  readonly kind: 'file';
  readonly inode: number;
  now: Buffer;
  safe: Buffer;
}

interface Link {
  readonly kind: 'link';
  readonly target: string;
}

type Node = File | Link;
type Names = ReadonlyMap<string, Node>;

/** A directory's names as they were after each change since it was synced; the first is what is on the platter. */
interface Directory {
  history: Names[];
}

/** How a crash ended: the process died, or the machine lost its power. */
export type Crash = 'process' | 'power';

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function failure(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} ${path}`), { code, syscall });
}

export class MemoryDisk implements Disk {
  readonly #directories = new Map<string, Directory>();
  readonly #open = new Map<Descriptor, File>();
  #nextDescriptor = 3;
  #nextInode = 1;
  /** What `space` says. */
  room: Space = { freeBytes: 1 << 30, totalBytes: 1 << 30, freeFiles: 1 << 20 };

  /** Descriptors that were not closed. */
  get opened(): number {
    return this.#open.size;
  }

  /** What a start finds after a crash. `random` decides what power took. */
  afterCrash(crash: Crash, random: () => number): MemoryDisk {
    const disk = new MemoryDisk();
    const survivors = new Map<File, File>();
    for (const [path, { history }] of this.#directories) {
      const at = crash === 'process' ? history.length - 1 : Math.floor(random() * history.length);
      const names = new Map<string, Node>();
      for (const [name, node] of history[at] ?? []) {
        if (node.kind === 'link') {
          names.set(name, node);
          continue;
        }
        const bytes = crash === 'process' ? Buffer.from(node.now) : surviving(node, random);
        const survivor = survivors.get(node) ?? { kind: 'file', inode: node.inode, now: bytes, safe: Buffer.from(bytes) };
        survivors.set(node, survivor);
        names.set(name, survivor);
      }
      disk.#directories.set(path, { history: [names] });
    }
    disk.#nextInode = this.#nextInode;
    return disk;
  }

  /** The whole state as it is now, to try different things with. */
  copy(): MemoryDisk {
    return this.afterCrash('process', () => 0);
  }

  /** Puts bytes in a file's place, as somebody with an editor would. */
  put(path: string, bytes: Uint8Array): void {
    const file: File = { kind: 'file', inode: this.#nextInode, now: Buffer.from(bytes), safe: Buffer.from(bytes) };
    this.#nextInode += 1;
    this.#change(path, (names) => names.set(basename(path), file));
    this.syncDirectory(dirname(path));
  }

  open(path: string, mode: OpenMode): Descriptor {
    const node = this.#node(path);
    if (mode === 'create') {
      if (node !== undefined) throw failure('EEXIST', 'open', path);
      const file: File = { kind: 'file', inode: this.#nextInode, now: Buffer.alloc(0), safe: Buffer.alloc(0) };
      this.#nextInode += 1;
      this.#change(path, (names) => names.set(basename(path), file));
      return this.#describe(file);
    }
    if (node === undefined) throw failure('ENOENT', 'open', path);
    if (node.kind === 'link') throw failure('ELOOP', 'open', path);
    return this.#describe(node);
  }

  close(file: Descriptor): void {
    this.#file(file);
    this.#open.delete(file);
  }

  readAt(file: Descriptor, into: Uint8Array, position: number): number {
    return this.#file(file).now.copy(into, 0, position);
  }

  writeAt(file: Descriptor, bytes: Uint8Array, position: number): number {
    const node = this.#file(file);
    const grown = Buffer.alloc(Math.max(node.now.length, position + bytes.length));
    node.now.copy(grown);
    grown.set(bytes, position);
    node.now = grown;
    return bytes.length;
  }

  size(file: Descriptor): number {
    return this.#file(file).now.length;
  }

  describe(file: Descriptor): Entry {
    return this.#entryOf(this.#file(file));
  }

  truncate(file: Descriptor, bytes: number): void {
    const node = this.#file(file);
    node.now = Buffer.from(node.now.subarray(0, bytes));
  }

  sync(file: Descriptor): void {
    const node = this.#file(file);
    node.safe = Buffer.from(node.now);
  }

  syncDirectory(path: string): void {
    const directory = this.#directory(path);
    directory.history = directory.history.slice(-1);
  }

  read(path: string): Buffer | undefined {
    const node = this.#node(path);
    if (node?.kind === 'link') throw failure('ELOOP', 'open', path);
    return node === undefined ? undefined : Buffer.from(node.now);
  }

  list(path: string): readonly string[] {
    return [...(this.#directories.get(path)?.history.at(-1)?.keys() ?? [])].sort();
  }

  entry(path: string): Entry | undefined {
    if (this.#directories.has(path)) return { kind: 'directory', bytes: 0, links: 2, device: 1, inode: 0, changedMs: 0, mode: 0o700 };
    const node = this.#node(path);
    if (node === undefined) return undefined;
    return node.kind === 'link'
      ? { kind: 'link', bytes: node.target.length, links: 1, device: 1, inode: 0, changedMs: 0, mode: 0o777 }
      : this.#entryOf(node);
  }

  space(): Space {
    return this.room;
  }

  isWritable(): boolean {
    return true;
  }

  setMode(): void {
    // Everything here may be written to.
  }

  /** On the platter at once: what is tried here is files. */
  makeDirectory(path: string): void {
    for (let at = path; at !== '/' && !this.#directories.has(at); at = dirname(at)) this.#directories.set(at, { history: [new Map()] });
  }

  rename(from: string, to: string): void {
    const node = this.#node(from);
    if (node === undefined) throw failure('ENOENT', 'rename', from);
    if (dirname(from) !== dirname(to)) throw failure('EXDEV', 'rename', from);
    this.#change(from, (names) => {
      names.delete(basename(from));
      names.set(basename(to), node);
    });
  }

  remove(path: string): void {
    if (this.#node(path) === undefined) throw failure('ENOENT', 'unlink', path);
    this.#change(path, (names) => names.delete(basename(path)));
  }

  link(target: string, path: string): void {
    if (this.#node(path) !== undefined) throw failure('EEXIST', 'symlink', path);
    this.#change(path, (names) => names.set(basename(path), { kind: 'link', target }));
  }

  linkTarget(path: string): string {
    const node = this.#node(path);
    if (node?.kind !== 'link') throw failure('EINVAL', 'readlink', path);
    return node.target;
  }

  #entryOf(file: File): Entry {
    const names = [...this.#directories.values()].flatMap(({ history }) => [...history.at(-1)?.values() ?? []]);
    const links = names.filter((node) => node === file).length;
    return { kind: 'file', bytes: file.now.length, links, device: 1, inode: file.inode, changedMs: 0, mode: 0o600 };
  }

  #describe(file: File): Descriptor {
    this.#nextDescriptor += 1;
    this.#open.set(this.#nextDescriptor, file);
    return this.#nextDescriptor;
  }

  #file(file: Descriptor): File {
    const node = this.#open.get(file);
    if (node === undefined) throw failure('EBADF', 'descriptor', String(file));
    return node;
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw failure('ENOENT', 'directory', path);
    return directory;
  }

  #node(path: string): Node | undefined {
    return this.#directories.get(dirname(path))?.history.at(-1)?.get(basename(path));
  }

  #change(path: string, change: (names: Map<string, Node>) => unknown): void {
    const directory = this.#directory(dirname(path));
    const names = new Map(directory.history.at(-1));
    change(names);
    directory.history.push(names);
  }
}

/** What is left of a file whose last changes were not synced. */
function surviving({ now, safe }: File, random: () => number): Buffer {
  const [shorter, longer] = [Math.min(now.length, safe.length), Math.max(now.length, safe.length)];
  const [at, of] = [random(), 3];
  const length = at * of < 1 ? now.length : at * of < 2 ? safe.length : shorter + Math.floor(random() * (longer - shorter + 1));
  const bytes = Buffer.alloc(length);
  // Written in order up to somewhere; behind it the blocks are there and empty.
  const reached = random() < 0.5 ? length : shorter + Math.floor(random() * (longer - shorter + 1));
  safe.copy(bytes, 0, 0, Math.min(length, safe.length));
  now.copy(bytes, Math.min(shorter, length), shorter, Math.min(length, now.length, Math.max(reached, shorter)));
  if (now.length < safe.length) safe.copy(bytes, Math.min(shorter, length), shorter, length);
  // Overwritten in place: each sector is the old one or the new one.
  for (let sector = 0; sector < Math.min(shorter, length); sector += sectorBytes) {
    const end = Math.min(sector + sectorBytes, shorter, length);
    if (random() < 0.5) now.copy(bytes, sector, sector, end);
  }
  // A sector of the new part that never arrived.
  const first = Math.ceil(safe.length / sectorBytes);
  const last = Math.floor(length / sectorBytes);
  if (now.length > safe.length && last > first && random() < 0.3) {
    const lost = (first + Math.floor(random() * (last - first))) * sectorBytes;
    bytes.fill(0, lost, lost + sectorBytes);
  }
  return bytes;
}
