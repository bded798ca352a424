// A disk that does as it is told: counts what is done to it, fails a call, takes fewer bytes than it was given, or dies.
import { basename } from 'node:path';
import type { Descriptor, Disk, OpenMode } from '../../src/disk/disk.js';

const sectorBytes = 512;

/** Calls that change something, or that make a change last. */
export type CallKind = 'create' | 'write' | 'truncate' | 'sync' | 'syncDirectory' | 'makeDirectory' | 'rename' | 'remove' | 'link';

const syscalls: Readonly<Record<CallKind, string>> = {
  create: 'open', write: 'write', truncate: 'ftruncate', sync: 'fdatasync', syncDirectory: 'fsync', makeDirectory: 'mkdir', rename: 'rename',
  remove: 'unlink', link: 'symlink',
};

export interface Call {
  /** From 0, over all kinds. */
  readonly index: number;
  readonly kind: CallKind;
  /** The file's or directory's own name. */
  readonly name: string;
  readonly path: string;
  /** Of a write. */
  readonly bytes: number;
}

/**
 * What a call comes to. `fail`: nothing happens, and Node's error is thrown, with its `errno` where one is given; with `at`,
 * of a directory's sync, it is the opening that failed. `short`: this many bytes are taken, of a write. `crash`: of a write
 * this many bytes are taken, whole sectors of them where it goes over what is there already; nothing else happens, and
 * nothing ever happens again.
 */
export type Verdict =
  | 'pass'
  | { readonly fail: string; readonly at?: 'open'; readonly errno?: number }
  | { readonly short: number }
  | { readonly crash: number };

/** Thrown by a disk that died, from then on by every call. */
export class Died extends Error {}

export class BrokenDisk implements Disk {
  readonly #disk: Disk;
  readonly #paths = new Map<Descriptor, string>();
  readonly calls: Call[] = [];
  #decide: (call: Call) => Verdict;
  #isDead = false;

  constructor(disk: Disk, decide: (call: Call) => Verdict = () => 'pass') {
    this.#disk = disk;
    this.#decide = decide;
  }

  /** From now on. */
  set decide(decide: (call: Call) => Verdict) {
    this.#decide = decide;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** `kind name` of every call from the `from`-th on. */
  trace(from = 0): string[] {
    return this.calls.slice(from).map(({ kind, name }) => `${kind} ${name}`);
  }

  open(path: string, mode: OpenMode): Descriptor {
    const open = (): Descriptor => {
      const file = this.#disk.open(path, mode);
      this.#paths.set(file, path);
      return file;
    };
    return mode === 'create' ? this.#mutate('create', path, open) : this.#alive(open);
  }

  close(file: Descriptor): void {
    this.#alive(() => { this.#disk.close(file); });
  }

  readAt(file: Descriptor, into: Uint8Array, position: number): number {
    return this.#alive(() => this.#disk.readAt(file, into, position));
  }

  writeAt(file: Descriptor, bytes: Uint8Array, position: number): number {
    const write = (count: number): number => count === 0 ? 0 : this.#disk.writeAt(file, bytes.subarray(0, count), position);
    return this.#mutate('write', this.#paths.get(file) ?? '', () => write(bytes.length), bytes.length, (count) => {
      const isInPlace = this.#isDead && position + bytes.length <= this.#disk.size(file);
      return write(isInPlace && count < bytes.length ? count - (count % sectorBytes) : count);
    });
  }

  size(file: Descriptor): number {
    return this.#alive(() => this.#disk.size(file));
  }

  describe(file: Descriptor): ReturnType<Disk['describe']> {
    return this.#alive(() => this.#disk.describe(file));
  }

  truncate(file: Descriptor, bytes: number): void {
    this.#mutate('truncate', this.#paths.get(file) ?? '', () => { this.#disk.truncate(file, bytes); });
  }

  sync(file: Descriptor): void {
    this.#mutate('sync', this.#paths.get(file) ?? '', () => { this.#disk.sync(file); });
  }

  syncDirectory(path: string): void {
    this.#mutate('syncDirectory', path, () => { this.#disk.syncDirectory(path); });
  }

  read(path: string): Buffer | undefined {
    return this.#alive(() => this.#disk.read(path));
  }

  list(path: string): readonly string[] {
    return this.#alive(() => this.#disk.list(path));
  }

  entry(path: string): ReturnType<Disk['entry']> {
    return this.#alive(() => this.#disk.entry(path));
  }

  isWritable(directory: string): boolean {
    return this.#alive(() => this.#disk.isWritable(directory));
  }

  setMode(path: string, mode: number): void {
    this.#alive(() => { this.#disk.setMode(path, mode); });
  }

  space(path: string): ReturnType<Disk['space']> {
    return this.#alive(() => this.#disk.space(path));
  }

  makeDirectory(path: string): void {
    this.#mutate('makeDirectory', path, () => { this.#disk.makeDirectory(path); });
  }

  rename(from: string, to: string): void {
    this.#mutate('rename', to, () => { this.#disk.rename(from, to); });
  }

  remove(path: string): void {
    this.#mutate('remove', path, () => { this.#disk.remove(path); });
  }

  link(target: string, path: string): void {
    this.#mutate('link', path, () => { this.#disk.link(target, path); });
  }

  linkTarget(path: string): string {
    return this.#alive(() => this.#disk.linkTarget(path));
  }


  #alive<T>(action: () => T): T {
    if (this.#isDead) throw new Died('the disk is dead');
    return action();
  }

  #mutate<T>(kind: CallKind, path: string, action: () => T, bytes = 0, partly: (count: number) => unknown = () => undefined): T {
    if (this.#isDead) throw new Died('the disk is dead');
    const call = { index: this.calls.length, kind, path, name: basename(path), bytes };
    this.calls.push(call);
    const verdict = this.#decide(call);
    if (verdict === 'pass') return action();
    if ('fail' in verdict) {
      const { fail: code, at, errno } = verdict;
      throw Object.assign(new Error(`${code}: ${kind} ${path}`), { code, syscall: at ?? syscalls[kind], ...(errno === undefined ? {} : { errno }) });
    }
    // A write that is cut short says how much it took.
    if ('short' in verdict) return partly(Math.min(verdict.short, bytes)) as T;
    this.#isDead = true;
    partly(Math.min(verdict.crash, bytes));
    throw new Died(`died at call ${call.index}: ${kind} ${path}`);
  }
}
