// Bytes between memory that two threads share and memory of one's own. `set` and `copy` take such bytes one by one, as if the
// other thread wrote there at the same moment; that takes three times as long. Nobody else writes to what is handed over, so
// it is copied in one piece: by a fill with a pattern as long as what it fills.

/** Copies all of `from` to `at`; no other thread may write to either meanwhile. @throws RangeError where it does not fit */
export function copyShared(from: Uint8Array, to: Buffer, at: number): void {
  if (from.length > 0) to.fill(from, at, at + from.length);
}
