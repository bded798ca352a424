// Memory after a restart: the newest records and the ids in them, read back from the log before the first connection,
// so that a restart neither empties `recent` nor doubles an event that is sent again.
import { parseFrame } from '../log/record.js';
import { readNewest } from '../log/newest.js';
import type { IdMemory } from './ids.js';
import { idScope, noId } from './ids.js';
import type { Ring } from './ring.js';
import { ringBytesMax } from './ring.js';

/** Records whose ids are read back, or 64 MiB of them, whichever is less. */
const recordsRemembered = 10_000;

interface Identified {
  readonly id?: string;
  readonly source?: { readonly listener?: string; readonly uid?: number };
}

/** Reads the records up to `last` into both. Returns the name of a segment that is not what it was, and was left out. */
export async function refill(logDirectory: string, last: number, ring: Ring, ids: IdMemory): Promise<string | undefined> {
  const wanted = Math.max(recordsRemembered, ring.capacity);
  const { pieces, untrusted } = await readNewest(logDirectory, last, wanted, ringBytesMax);
  for (const { first, bytes, ends } of pieces) {
    ring.add({ first, bytes, ends });
    let from = 0;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const end of ends) {
      rememberId(text.subarray(from, end - 1), ids);
      from = end;
    }
  }
  return untrusted;
}

const idTrace = Buffer.from('"id":"');

/** The id of one line, if it has one: only lines that might are opened. */
function rememberId(line: Buffer, ids: IdMemory): void {
  const frame = line.includes(idTrace) ? parseFrame(line) : undefined;
  if (frame === undefined) return;
  const { id, source } = JSON.parse(`{${frame.body.toString('utf8')}}`) as Identified;
  if (id === undefined || source?.listener === undefined || source.uid === undefined) return;
  const scope = idScope(source.listener, source.uid);
  // There are two of an id only where the first had been forgotten: either is a right answer.
  if (ids.lookup(scope, id) === noId) ids.durable(ids.expect(scope, id), frame.seq, frame.mac);
}
