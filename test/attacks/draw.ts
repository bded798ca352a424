// Seeded choice. Invariant: the same seed draws the same.

/** From 0, below 1. */
export type Random = () => number;

/** A whole number from 0, below `below`. */
export function drawBelow(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** One of a list. @throws RangeError if it is empty */
export function draw<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new RangeError('nothing to draw from');
  return list[drawBelow(random, list.length)] as T;
}

/** Bytes. */
export function drawBytes(random: Random, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => drawBelow(random, 256)));
}

/** Bytes that are neither zeros nor line ends. */
export function drawJunk(random: Random, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => 11 + drawBelow(random, 245)));
}

/** Numbers from 0 below `count`, each once: all of them in order, or in a drawn order. */
export function* order(random: Random, count: number, all: boolean): Generator<number> {
  if (all) {
    for (let index = 0; index < count; index += 1) yield index;
    return;
  }
  // Fisher and Yates, swapping only what was drawn.
  const moved = new Map<number, number>();
  for (let left = count; left > 0; left -= 1) {
    const at = drawBelow(random, left);
    yield moved.get(at) ?? at;
    moved.set(at, moved.get(left - 1) ?? left - 1);
  }
}
