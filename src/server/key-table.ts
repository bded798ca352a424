/**
 * Texts found again by what they hash to, in a few typed arrays: a hundred thousand objects of a Map would live longer than
 * the collector's young generation and be carried from one place to the next, which costs more than the work itself.
 *
 * A text is known by 128 bits of SHA-256 under a secret of this process. Two that meet there do not occur, nor can anybody
 * who does not know the secret choose texts that crowd one part of the table.
 */
import { randomBytes } from 'node:crypto';
import { hashBytes, sha256Into } from '../keys/hash.js';

/** What is hashed in front of every text: what it is for, and the secret. */
const domain = 'id ';
const prefixBytes = domain.length + 32;
/** 32-bit words of the hash that are kept. */
const keyWords = 4;
/** Slots for each entry: at most half of them are taken. */
const slotsPerEntry = 2;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const bytesPerUnitMax = 3;

/** What `find` says where there is no entry. */
export const absent = -1;

export class KeyTable {
  /** Domain and secret, and the text behind them. */
  #scratch = Buffer.alloc(1024);
  readonly #hash = Buffer.alloc(hashBytes);
  readonly #words = new Uint32Array(this.#hash.buffer, this.#hash.byteOffset, keyWords);
  /** The text that `#words` are of. */
  #hashed: string | undefined;
  /** By entry. */
  #keys: Uint32Array;
  /** One more than the entry, 0 where there is none. An entry stands where its first word says, or in one of the next. */
  #slots: Int32Array;
  /** Entries that were taken out, the last `#freeCount` of which nobody has. */
  #free: Int32Array;
  #freeCount = 0;
  /** Entries that were ever used. */
  #used = 0;

  /** Room for so many entries, a power of two, to begin with: memory that is the kernel's until something is written to it. */
  constructor(entries: number) {
    this.#keys = new Uint32Array(entries * keyWords);
    this.#slots = new Int32Array(entries * slotsPerEntry);
    this.#free = new Int32Array(entries);
    this.#scratch.write(domain);
    randomBytes(prefixBytes - domain.length).copy(this.#scratch, domain.length);
  }

  /** Entries there is room for before it grows; every entry is less than this. */
  get capacity(): number {
    return this.#free.length;
  }

  get size(): number {
    return this.#used - this.#freeCount;
  }

  /** The text's entry, or `absent`. */
  find(text: string): number {
    this.#hashOf(text);
    const mask = this.#slots.length - 1;
    for (let slot = this.#home(this.#words, 0); ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry === absent || this.#isAt(entry)) return entry;
    }
  }

  /** An entry for a text that has none. */
  add(text: string): number {
    this.#hashOf(text);
    if (this.size === this.capacity) this.#grow();
    const entry = this.#takeFree();
    this.#keys.set(this.#words, entry * keyWords);
    this.#place(entry);
    return entry;
  }

  /** Takes an entry out; its number will be another's. */
  remove(entry: number): void {
    const mask = this.#slots.length - 1;
    let gap = this.#home(this.#keys, entry);
    while (this.#slots[gap] !== entry + 1) gap = (gap + 1) & mask;
    // What stands behind it, and would be looked for from before the gap, moves up.
    for (let slot = (gap + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#home(this.#keys, (this.#slots[slot] ?? 0) - 1);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#slots[gap] = this.#slots[slot] ?? 0;
      gap = slot;
    }
    this.#slots[gap] = 0;
    this.#free[this.#freeCount] = entry;
    this.#freeCount += 1;
  }

  #takeFree(): number {
    if (this.#freeCount === 0) return this.#used++;
    this.#freeCount -= 1;
    return this.#free[this.#freeCount] ?? 0;
  }

  #hashOf(text: string): void {
    if (text === this.#hashed) return;
    const room = prefixBytes + text.length * bytesPerUnitMax;
    if (this.#scratch.length < room) this.#scratch = Buffer.concat([this.#scratch.subarray(0, prefixBytes)], room);
    const end = prefixBytes + this.#scratch.write(text, prefixBytes, 'utf8');
    sha256Into(this.#scratch.subarray(0, end), this.#hash, 0);
    this.#hashed = text;
  }

  #home(keys: Uint32Array, entry: number): number {
    return (keys[entry * keyWords] ?? 0) & (this.#slots.length - 1);
  }

  #isAt(entry: number): boolean {
    const at = entry * keyWords;
    const [keys, words] = [this.#keys, this.#words];
    return keys[at] === words[0] && keys[at + 1] === words[1] && keys[at + 2] === words[2] && keys[at + 3] === words[3];
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#home(this.#keys, entry);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  /** Only when every entry is in use. */
  #grow(): void {
    const keys = new Uint32Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#free = new Int32Array(this.capacity * 2);
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.#used; entry += 1) this.#place(entry);
  }
}
