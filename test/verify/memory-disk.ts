/**
 * A disk in memory that can be read only: a copy of a state directory that a test may spoil, thousands of times a
 * second. What is not needed for reading throws.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk, Entry } from '../../src/disk/disk.js';

export type Node = Buffer | { readonly link: string } | 'directory' | 'fifo' | 'unreadable';

function fail(code: string, path: string): never {
  throw Object.assign(new Error(`${code}: ${path}`), { code });
}

function refuse(): never {
  throw new Error('verification must not write');
}

export class MemoryDisk implements Disk {
  readonly nodes = new Map<string, Node>();
  readonly #open = new Map<number, { readonly path: string; last: Buffer }>();
  #next = 3;
  /** Called before every read of a descriptor or a whole file, so that a test can change what lies there meanwhile. */
  onRead: (path: string) => void = () => undefined;

  /** A copy of a directory on the real disk. */
  static load(root: string): MemoryDisk {
    const disk = new MemoryDisk();
    const walk = (directory: string, at: string): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const from = join(directory, entry.name);
        const to = join(at, entry.name);
        if (entry.isDirectory()) walk(from, to);
        else disk.nodes.set(to, entry.isSymbolicLink() ? { link: readlinkSync(from) } : readFileSync(from));
      }
    };
    walk(root, '/');
    return disk;
  }

  copy(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, node] of this.nodes) disk.nodes.set(path, node);
    return disk;
  }

  file(path: string): Buffer {
    const node = this.nodes.get(path);
    return Buffer.isBuffer(node) ? node : fail('ENOENT', path);
  }

  open(path: string): number {
    const node = this.nodes.get(path) ?? fail('ENOENT', path);
    if (node === 'unreadable') fail('EACCES', path);
    if (node === 'directory') fail('EISDIR', path);
    if (!Buffer.isBuffer(node)) fail('ELOOP', path);
    this.#next += 1;
    this.#open.set(this.#next, { path, last: node });
    return this.#next;
  }

  close(file: number): void {
    this.#open.delete(file);
  }

  /** Descriptors still open: a verifier that leaks them cannot read a log of many segments. */
  get opened(): number {
    return this.#open.size;
  }

  /** An open file that was removed can still be read, as on a real disk. */
  #bytes(file: number): Buffer {
    const open = this.#open.get(file) ?? fail('EBADF', String(file));
    this.onRead(open.path);
    const node = this.nodes.get(open.path);
    if (Buffer.isBuffer(node)) open.last = node;
    return open.last;
  }

  readAt(file: number, into: Uint8Array, position: number): number {
    return this.#bytes(file).copy(into, 0, position);
  }

  size(file: number): number {
    return this.#bytes(file).length;
  }

  read(path: string): Buffer | undefined {
    const node = this.nodes.get(path);
    if (node === undefined) return undefined;
    if (node === 'unreadable') fail('EACCES', path);
    this.onRead(path);
    return Buffer.isBuffer(node) ? Buffer.from(node) : fail('EISDIR', path);
  }

  list(path: string): readonly string[] {
    const prefix = path.endsWith('/') ? path : `${path}/`;
    return [...this.nodes.keys()].filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes('/'))
      .map((key) => key.slice(prefix.length)).sort();
  }

  entry(path: string): Entry | undefined {
    const node = this.nodes.get(path);
    if (node === undefined) return undefined;
    const usual = { links: 1, device: 1, inode: 0, changedMs: 0, mode: 0o600 };
    if (Buffer.isBuffer(node)) return { kind: 'file', bytes: node.length, ...usual };
    if (node === 'unreadable') return { kind: 'file', bytes: 1, ...usual };
    if (node === 'directory') return { kind: 'directory', bytes: 0, ...usual };
    return node === 'fifo' ? { kind: 'other', bytes: 0, ...usual } : { kind: 'link', bytes: node.link.length, ...usual };
  }

  linkTarget(path: string): string {
    const node = this.nodes.get(path);
    return typeof node === 'object' && 'link' in node ? node.link : fail('EINVAL', path);
  }

  describe = refuse;
  space = refuse;
  isWritable = refuse;
  setMode = refuse;
  writeAt = refuse;
  truncate = refuse;
  sync = refuse;
  syncDirectory = refuse;
  makeDirectory = refuse;
  rename = refuse;
  remove = refuse;
  link = refuse;
}
