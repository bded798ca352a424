/**
 * How often each of very many digests was seen, in 20 bytes for each and not in a hundred. Invariant: digests are told
 * apart by all their 16 bytes; they are even, being cut off a hash, so their own bits are their place in the table.
 */

/** Bytes of a digest. */
export const digestBytes = 16;

const digestWords = 4;
const firstSlots = 4096;
/** Digests at most: some gigabytes of table; a file with more lines is to be imported in parts. */
const digestsMax = 64 * 1024 * 1024;

export class DigestTally {
  #words = new Uint32Array(firstSlots * digestWords);
  #counts = new Uint32Array(firstSlots);
  #used = 0;

  get size(): number {
    return this.#used;
  }

  /** How often it was added. */
  count(digest: Buffer): number {
    return this.#counts[this.#slotOf(digest)] ?? 0;
  }

  /** Adds it; returns how often it had been added before. @throws RangeError beyond `digestsMax` */
  add(digest: Buffer): number {
    if ((this.#used + 1) * 4 > this.#counts.length * 3) this.#grow();
    const slot = this.#slotOf(digest);
    const before = this.#counts[slot] ?? 0;
    if (before === 0) {
      if (this.#used >= digestsMax) throw new RangeError(`more than ${digestsMax} different lines`);
      this.#used += 1;
      for (let word = 0; word < digestWords; word += 1) this.#words[slot * digestWords + word] = digest.readUInt32LE(word * 4);
    }
    this.#counts[slot] = before + 1;
    return before;
  }

  // Its own slot, or the empty one where it belongs.
  #slotOf(digest: Buffer): number {
    const mask = this.#counts.length - 1;
    for (let slot = digest.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      if ((this.#counts[slot] ?? 0) === 0 || this.#isAt(slot, digest)) return slot;
    }
  }

  #isAt(slot: number, digest: Buffer): boolean {
    for (let word = 0; word < digestWords; word += 1) {
      if (this.#words[slot * digestWords + word] !== digest.readUInt32LE(word * 4)) return false;
    }
    return true;
  }

  #grow(): void {
    const [words, counts] = [this.#words, this.#counts];
    this.#words = new Uint32Array(words.length * 2);
    this.#counts = new Uint32Array(counts.length * 2);
    const digest = Buffer.alloc(digestBytes);
    for (const [slot, count] of counts.entries()) {
      if (count === 0) continue;
      for (let word = 0; word < digestWords; word += 1) digest.writeUInt32LE(words[slot * digestWords + word] ?? 0, word * 4);
      const to = this.#slotOf(digest);
      this.#counts[to] = count;
      this.#words.set(words.subarray(slot * digestWords, (slot + 1) * digestWords), to * digestWords);
    }
  }
}
