// The only door to msgpackr. Invariant: what goes in has passed the strict scan or comes from the daemon, and has no
// extensions; so nothing of msgpackr's own dialect (records, bundles, references) is ever live here.
import { Unpackr } from 'msgpackr';

// Integers up to 2^53 exactly and without a bigint on the way; the strict scan sends larger ones elsewhere.
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/** The value in `bytes` from `start` to `end`. Throws whatever msgpackr throws when these are not exactly one value. */
export function unpackValue(bytes: Buffer, start: number, end: number): unknown {
  return unpackr.unpack(bytes, { start, end });
}
