/**
 * Records back in the shape of the system they came from, one line each. Invariant: an event is cut out of its record as
 * it stands there, key for key and digit for digit.
 */
import { memberSpan } from '../query/json-bytes.js';
import type { LineSigner } from './signature.js';

/** What stands behind the event of a record in which something was masked. */
const redactedKey = Buffer.from(',"redacted":[');

/** One event's line. */
export interface SourceLine {
  /** Without its LF. */
  readonly bytes: Buffer;
  /** Something in it was masked when it was recorded, so it is not what its source wrote. */
  readonly masked: boolean;
}

/** The line of a sound record; `signer` for sources whose lines are signed. Undefined for a record without an event. */
export function sourceLine(record: Buffer, signer: LineSigner | undefined): SourceLine | undefined {
  const span = memberSpan(record, 'event');
  if (span === undefined) return undefined;
  const event = record.subarray(span.start, span.end);
  const masked = record.subarray(span.end, span.end + redactedKey.length).equals(redactedKey);
  return { bytes: signer === undefined ? event : Buffer.concat([event, signer.suffix(event)]), masked };
}
