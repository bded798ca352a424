// A private key that came as a list of its lines. Invariant: only what looks like a line of such a key counts, from the
// line that begins it to the one that ends it, to where the lines look like something else, or to the end of the list.
import type { JsonValue } from '../event/json.js';

const beginsHere = /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----\s*$/;
const keyLine = /^[\s>]*(?:[A-Za-z0-9+/=]{1,256}|[A-Z][A-Za-z-]{1,30}: ?[^\n]{0,256})?\s*$/;

/** The places in a list that hold the lines of private keys, the first and the last line of each left out. */
export function keyLinesIn(list: readonly JsonValue[]): ReadonlySet<number> {
  const places = new Set<number>();
  let isInside = false;
  for (const [index, line] of list.entries()) {
    if (typeof line !== 'string') isInside = false;
    else if (line.includes('PRIVATE KEY') && beginsHere.test(line.slice(-100))) isInside = true;
    else if (isInside && keyLine.test(line)) places.add(index);
    else isInside = false;
  }
  return places;
}
