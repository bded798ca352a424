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
const prefixBytes = domain.length + 16;
/** 32-bit words of the hash that are kept. */
const keyWords = 4;
/** Slots for each entry: at most half of them are taken. */
const slotsPerEntry = 2;
/** Of 32 bits. */
const slotWords = 2;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const bytesPerUnitMax = 3;

/** What `find` says where there is no entry. */
export const absent = -1;

export class KeyTable {
  /** Domain and secret, and the text behind them. */
  #scratch = Buffer.alloc(1024);
  /** All of it up to the text's end. */
  #hashed = this.#scratch;
  readonly #hash = Buffer.alloc(hashBytes);
  readonly #words = new Uint32Array(this.#hash.buffer, this.#hash.byteOffset, keyWords);
  /** What `#words` are of. */
  #scope: string | undefined;
  #text: string | undefined;
  /** By entry. */
  #keys: Uint32Array;
  /**
   * For each slot one more than its entry, 0 where there is none, and the entry's first word: it says where the entry's slot is,
   * that one or one of the next, and nearly always that a text is another's. So the keys, which lie elsewhere, are hardly needed.
   */
  #slots: Int32Array;
  /** Entries that were taken out, the last `#freeCount` of which nobody has. */
  #free: Int32Array;
  #freeCount = 0;
  /** Entries that were ever used. */
  #used = 0;

  /** Room for so many entries, a power of two, to begin with: memory that is the kernel's until something is written to it. */
  constructor(entries: number) {
    this.#keys = new Uint32Array(entries * keyWords);
    this.#slots = new Int32Array(entries * slotsPerEntry * slotWords);
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

  /** The text's entry in its scope, or `absent`. No scope may begin with another. */
  find(scope: string, text: string): number {
    this.#hashOf(scope, text);
    const word = (this.#words[0] ?? 0) | 0;
    for (let slot = this.#home(word); ; slot = this.#next(slot)) {
      const entry = this.#entryIn(slot);
      if (entry === absent || (this.#slots[slot + 1] === word && this.#isAt(entry))) return entry;
    }
  }

  /** An entry for a text that has none. */
  add(scope: string, text: string): number {
    this.#hashOf(scope, text);
    if (this.size === this.capacity) this.#grow();
    const entry = this.#takeFree();
    this.#keys.set(this.#words, entry * keyWords);
    this.#place(entry);
    return entry;
  }

  /** Takes an entry out; its number will be another's. */
  remove(entry: number): void {
    const slots = this.#slots;
    let gap = this.#home(this.#keys[entry * keyWords] ?? 0);
    while (this.#entryIn(gap) !== entry) gap = this.#next(gap);
    // What stands behind it, and would be looked for from before the gap, moves up.
    for (let slot = this.#next(gap); this.#entryIn(slot) !== absent; slot = this.#next(slot)) {
      const home = this.#home(slots[slot + 1] ?? 0);
      if (this.#distance(home, slot) < this.#distance(gap, slot)) continue;
      slots.copyWithin(gap, slot, slot + slotWords);
      gap = slot;
    }
    slots[gap] = 0;
    this.#free[this.#freeCount] = entry;
    this.#freeCount += 1;
  }

  #takeFree(): number {
    if (this.#freeCount === 0) return this.#used++;
    this.#freeCount -= 1;
    return this.#free[this.#freeCount] ?? 0;
  }

  #hashOf(scope: string, text: string): void {
    if (text === this.#text && scope === this.#scope) return;
    const room = prefixBytes + (scope.length + text.length) * bytesPerUnitMax;
    if (this.#scratch.length < room) this.#hashed = this.#scratch = Buffer.concat([this.#scratch.subarray(0, prefixBytes)], room);
    const end = this.#write(text, this.#write(scope, prefixBytes));
    if (this.#hashed.length !== end) this.#hashed = this.#scratch.subarray(0, end);
    sha256Into(this.#hashed, this.#hash, 0);
    this.#text = text;
    this.#scope = scope;
  }

  /** Writes a text as UTF-8; returns where it ends. */
  #write(text: string, at: number): number {
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return at + this.#scratch.write(text, at, 'utf8');
      this.#scratch[at + i] = unit;
    }
    return at + text.length;
  }

  /** Where the slot of an entry with this first word is looked for first. */
  #home(word: number): number {
    return (word * slotWords) & (this.#slots.length - 1);
  }

  #next(slot: number): number {
    return (slot + slotWords) & (this.#slots.length - 1);
  }

  /** From one slot on to another. */
  #distance(from: number, to: number): number {
    return (to - from) & (this.#slots.length - 1);
  }

  #entryIn(slot: number): number {
    return (this.#slots[slot] ?? 0) - 1;
  }

  #isAt(entry: number): boolean {
    const at = entry * keyWords;
    const [keys, words] = [this.#keys, this.#words];
    return keys[at] === words[0] && keys[at + 1] === words[1] && keys[at + 2] === words[2] && keys[at + 3] === words[3];
  }

  #place(entry: number): void {
    const word = this.#keys[entry * keyWords] ?? 0;
    let slot = this.#home(word);
    while (this.#entryIn(slot) !== absent) slot = this.#next(slot);
    this.#slots[slot] = entry + 1;
    this.#slots[slot + 1] = word;
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
