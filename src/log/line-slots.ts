/**
 * Memory in which durable lines pass from the writer's thread to the other: no copy, and no new piece of memory for every
 * commit, of which the garbage collector would know too late. The writer fills one slot for each report; whoever took the
 * report gives the slot back. Invariant: nobody writes to a slot that the other thread may still look at.
 */

/** A few reports under way at once; a commit that finds no room has memory of its own, and is copied. */
const slotCount = 4;
const slotBytes = 2 * 1024 * 1024;

/** What both threads have. */
export interface SharedSlots {
  readonly memory: SharedArrayBuffer;
  /** One Int32 for each slot: 1 while it is the report's. */
  readonly taken: SharedArrayBuffer;
}

export class LineSlots {
  readonly #memory: SharedArrayBuffer;
  readonly #taken: Int32Array;
  /** The writer's: what it fills, and how far. */
  #slot: number | undefined;
  #used = 0;

  constructor({ memory, taken }: SharedSlots) {
    this.#memory = memory;
    this.#taken = new Int32Array(taken);
  }

  static share(): SharedSlots {
    return {
      memory: new SharedArrayBuffer(slotCount * slotBytes),
      taken: new SharedArrayBuffer(slotCount * Int32Array.BYTES_PER_ELEMENT),
    };
  }

  /** For the writer: memory for lines in the slot of the report that comes next, if it has room. */
  room(bytes: number): Buffer | undefined {
    this.#slot ??= this.#free();
    if (this.#slot === undefined || this.#used + bytes > slotBytes) return undefined;
    const room = Buffer.from(this.#memory, this.#slot * slotBytes + this.#used, bytes);
    this.#used += bytes;
    return room;
  }

  /** For the writer: ends the slot; it goes with the report, and back by `release`. Undefined where nothing is in one. */
  take(): number | undefined {
    const slot = this.#slot;
    if (slot === undefined) return undefined;
    Atomics.store(this.#taken, slot, 1);
    this.#slot = undefined;
    this.#used = 0;
    return slot;
  }

  /** For the other side: nothing of the report is looked at any more. */
  release(slot: number | undefined): void {
    if (slot !== undefined) Atomics.store(this.#taken, slot, 0);
  }

  #free(): number | undefined {
    for (let slot = 0; slot < slotCount; slot += 1) if (Atomics.load(this.#taken, slot) === 0) return slot;
    return undefined;
  }
}
